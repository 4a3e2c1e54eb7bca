//! `/credentials`: everything that ends, announced in time; and keys that take the place of others.

use crate::harness::{Api, BOTH, text};
use actix_web::http::{Method, StatusCode};
use events::{DirectoryId, KeyId, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;
use store::KeyUse;

const PATH: &str = "/api/v1/credentials";
const DAY: Duration = Duration::from_secs(24 * 3_600);

fn in_days(days: u32) -> Timestamp {
    Timestamp::now().plus(DAY * days)
}

async fn data(api: &Api, query: &str) -> Vec<Value> {
    let list = api.get(&format!("{PATH}{query}")).await.expect(StatusCode::OK);
    list["data"].as_array().unwrap().clone()
}

fn names(list: &[Value]) -> Vec<&str> {
    list.iter().map(|one| text(one, "name")).collect()
}

async fn key(api: &Api, directory: &Value, name: &str, ends: Timestamp) -> Value {
    let path = format!("/api/v1/directories/{}/keys", text(directory, "id"));
    let body = json!({"name": name, "expires_at": ends});
    api.post(&path, &body).await.expect(StatusCode::CREATED)
}

#[actix_web::test]
async fn everything_that_ends_is_in_one_list_the_next_end_first() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let own = api.directory("own.example").await;
        let other = api.directory("other.example").await;
        let organization = text(&own, "organization_id");
        key(&api, &own, "third", in_days(30)).await;
        key(&api, &other, "first", in_days(10)).await;
        let clients = format!("/api/v1/directories/{}/oauth-clients", text(&own, "id"));
        let body = json!({"name": "second", "expires_at": in_days(20)});
        let client = api.post(&clients, &body).await.expect(StatusCode::CREATED);
        let body =
            json!({"name": "fourth", "scopes": ["read"], "organization_id": organization, "expires_at": in_days(40)});
        let admin_key = api.post("/api/v1/admin-keys", &body).await.expect(StatusCode::CREATED);
        let endpoint = json!({"url": "https://app.example/hook", "organization_ids": [organization]});
        let endpoint = api
            .post("/api/v1/endpoints", &endpoint)
            .await
            .expect(StatusCode::CREATED);
        let rotate = format!("/api/v1/endpoints/{}/rotate-secret", text(&endpoint, "id"));
        api.post(&rotate, &json!({})).await.expect(StatusCode::OK);

        let all = data(&api, "").await;
        assert_eq!(
            names(&all),
            ["https://app.example", "first", "second", "third", "fourth"]
        );
        let kinds: Vec<_> = all.iter().map(|one| text(one, "kind")).collect();
        assert_eq!(
            kinds,
            [
                "previous_secret",
                "directory_key",
                "oauth_client",
                "directory_key",
                "admin_key"
            ]
        );
        assert_eq!(all[2]["id"], client["client_id"]);
        assert_eq!(
            (&all[2]["organization_id"], &all[2]["directory_id"]),
            (&own["organization_id"], &own["id"])
        );
        assert_eq!(all[0]["organization_id"], own["organization_id"]);
        assert!(all.iter().all(|one| one["has_ended"] == false));

        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = api.get(&format!("{PATH}?limit=2{cursor}")).await.expect(StatusCode::OK);
            paged.extend(page["data"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, all);
        let of = async |query: String| names(&data(&api, &query).await).join(" ");
        assert_eq!(of(format!("?directory_id={}", text(&own, "id"))).await, "second third");
        assert_eq!(
            of(format!("?organization_id={organization}&kind=directory_key")).await,
            "third"
        );
        assert_eq!(
            of(format!("?ends_before={}&kind=directory_key", in_days(15))).await,
            "first"
        );
        api.get(&format!("{PATH}?kind=nothing&ends_before=soon"))
            .await
            .faults(400);

        // A key of one organization sees what is the organization's, and without the scope admin no admin keys.
        let body = json!({"name": "own", "scopes": ["read"], "organization_id": organization});
        let foreign = api.admin_key(&body).await;
        let seen = api
            .call_with(&foreign, Method::GET, PATH)
            .send()
            .await
            .expect(StatusCode::OK);
        assert_eq!(
            names(seen["data"].as_array().unwrap()),
            ["https://app.example", "second", "third"]
        );
        let refused = api.call_with(&foreign, Method::GET, &format!("{PATH}?kind=admin_key"));
        refused.send().await.problem(403);

        // What is revoked or deleted, or has no end any more, is not in it.
        api.delete(&format!("{clients}/{}", text(&client, "client_id"))).await;
        api.delete(&format!("/api/v1/admin-keys/{}", text(&admin_key, "id")))
            .await;
        api.delete(&format!("/api/v1/endpoints/{}", text(&endpoint, "id")))
            .await;
        api.delete(&format!("/api/v1/directories/{}", text(&other, "id"))).await;
        assert_eq!(names(&data(&api, "").await), ["third"]);
        let third = format!(
            "/api/v1/directories/{}/keys/{}",
            text(&own, "id"),
            text(&data(&api, "").await[0], "id")
        );
        api.patch(&third, &json!({"expires_at": null}))
            .await
            .expect(StatusCode::OK);
        assert!(data(&api, "").await.is_empty());
        api.close().await;
    }
}

#[actix_web::test]
async fn an_end_is_announced_once_for_each_threshold_however_many_announce_it() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let made = key(&api, &directory, "Entra", in_days(100)).await;
        let store = &api.db.store;
        let announced = async |days: u32| {
            // As many processes do at the same time.
            let now = in_days(days);
            let (one, two) = tokio::join!(store.announce_endings(now, 4), store.announce_endings(now, 4));
            assert!(!one.unwrap() && !two.unwrap());
            let events = store.events();
            let id: DirectoryId = text(&directory, "id").parse().unwrap();
            let log = events.of_directory(id, 2, &[], 100).await.unwrap();
            let left = |event: &events::Event| {
                let body: Value = serde_json::from_str(&event.body).unwrap();
                (event.kind.as_str() == "directory.credential_expiring").then(|| body["data"]["credential"].clone())
            };
            log.iter().filter_map(left).collect::<Vec<Value>>()
        };
        let days = |told: &[Value]| -> Vec<u64> { told.iter().map(|one| one["days_left"].as_u64().unwrap()).collect() };
        assert!(announced(39).await.is_empty());
        let told = announced(41).await;
        assert_eq!(days(&told), [60]);
        assert_eq!(
            (&told[0]["id"], &told[0]["kind"]),
            (&made["id"], &json!("directory_key"))
        );
        assert_eq!(
            (&told[0]["name"], &told[0]["expires_at"]),
            (&json!("Entra"), &made["expires_at"])
        );
        assert_eq!(days(&announced(42).await), [60]);
        // Who was away for long tells the nearest only.
        assert_eq!(days(&announced(94).await), [60, 7]);
        assert_eq!(days(&announced(98).await), [60, 7]);
        // One that is prolonged starts anew.
        let path = format!(
            "/api/v1/directories/{}/keys/{}",
            text(&directory, "id"),
            text(&made, "id")
        );
        let longer = json!({"expires_at": in_days(200)});
        api.patch(&path, &longer).await.expect(StatusCode::OK);
        api.patch(&path, &json!({"name": "Entra ID"}))
            .await
            .expect(StatusCode::OK);
        assert_eq!(days(&announced(139).await), [60, 7]);
        let told = announced(141).await;
        assert_eq!(days(&told), [60, 7, 60]);
        assert_eq!(told[2]["name"], "Entra ID");
        // One that is over, or revoked, is no longer told of.
        assert_eq!(days(&announced(201).await), [60, 7, 60]);
        api.patch(&path, &longer).await.expect(StatusCode::OK);
        assert_eq!(api.delete(&path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(days(&announced(199).await), [60, 7, 60]);
        api.close().await;
    }
}

/// A key was used, as the ingress notes it.
async fn seen(api: &Api, directory: &Value, key: &Value) {
    let used = KeyUse {
        key_id: text(key, "id").parse::<KeyId>().unwrap(),
        directory_id: text(directory, "id").parse::<DirectoryId>().unwrap(),
        at: Timestamp::now(),
        error: None,
    };
    api.db.store.directories().note_use(&[used]).await.unwrap();
}

#[actix_web::test]
async fn a_key_takes_the_place_of_another_once_it_was_seen_in_traffic() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let directory = api.directory("contoso.com").await;
        let keys = format!("/api/v1/directories/{}/keys", text(&directory, "id"));
        let body = json!({"name": "Entra", "description": "production", "retrievable": true, "expires_at": in_days(5)});
        let old = api.post(&keys, &body).await.expect(StatusCode::CREATED);
        assert!(old["rotation"].is_null());
        let old_path = format!("{keys}/{}", text(&old, "id"));
        let rotate = format!("{old_path}/rotate");
        let rotation = async |key: &Value| {
            let list = api.get(&keys).await.expect(StatusCode::OK);
            let found = list["data"]
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["id"] == key["id"])
                .cloned();
            found.map(|key| key["rotation"].clone())
        };

        let new = api.post(&rotate, &json!({})).await.expect(StatusCode::CREATED);
        assert_eq!(
            (&new["name"], &new["description"]),
            (&json!("Entra"), &json!("production"))
        );
        assert_eq!((&new["retrievable"], &new["expires_at"]), (&json!(true), &Value::Null));
        let token = api.get(&format!("{keys}/{}/token", text(&new, "id"))).await;
        assert_eq!(token.expect(StatusCode::OK)["token"], new["token"]);
        assert_eq!(
            new["rotation"],
            json!({"state": "new", "replaces": old["id"], "replaced_by": null})
        );
        assert_eq!(
            rotation(&old).await.unwrap(),
            json!({"state": "new", "replaces": null, "replaced_by": new["id"]})
        );
        let again = api.post(&rotate, &json!({})).await.problem(409);
        assert!(text(&again, "detail").contains(text(&new, "id")), "{again}");
        let refused = api.delete(&old_path).await.problem(409);
        assert!(text(&refused, "detail").contains("force=true"), "{refused}");

        // The new one is given up: the old one keeps its place.
        assert_eq!(
            api.delete(&format!("{keys}/{}", text(&new, "id"))).await.status,
            StatusCode::NO_CONTENT
        );
        assert_eq!(rotation(&old).await.unwrap(), Value::Null);

        let body = json!({"name": "Entra 2", "expires_at": in_days(300)});
        let new = api.post(&rotate, &body).await.expect(StatusCode::CREATED);
        assert_eq!(new["name"], "Entra 2");
        seen(&api, &directory, &new).await;
        assert_eq!(rotation(&new).await.unwrap()["state"], "seen");
        assert_eq!(rotation(&old).await.unwrap()["state"], "seen");
        assert_eq!(api.delete(&old_path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(rotation(&new).await.unwrap()["state"], "revoked");
        assert_eq!(rotation(&old).await, None);

        // Who knows what they do may revoke the old one before.
        let next = format!("{keys}/{}", text(&new, "id"));
        api.post(&format!("{next}/rotate"), &json!({}))
            .await
            .expect(StatusCode::CREATED);
        api.delete(&format!("{next}?force=maybe")).await.faults(400);
        assert_eq!(
            api.delete(&format!("{next}?force=true")).await.status,
            StatusCode::NO_CONTENT
        );
        api.post(&format!("{keys}/{}/rotate", text(&old, "id")), &json!({}))
            .await
            .problem(404);
        let log = api.get("/api/v1/audit-log?limit=100").await;
        assert!(log.text.contains(&format!("to take the place of {}", text(&old, "id"))));
        assert!(!log.text.contains(text(&new, "token")));
        api.close().await;
    }
}
