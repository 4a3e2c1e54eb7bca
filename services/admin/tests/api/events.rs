//! `/events` and `/event-types`.

use crate::harness::{Api, BOTH, text};
use actix_web::http::StatusCode;
use events::EventType;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/events";

fn ids(list: &Value) -> Vec<String> {
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| text(event, "id").to_owned())
        .collect()
}

#[actix_web::test]
async fn the_log_is_read_in_parts_without_a_gap() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        for n in 0..3 {
            api.directory(&format!("c{n}.example")).await;
        }
        api.log(6).await;
        let all = ids(&api
            .get(&format!("{PATH}?after=0&limit=100"))
            .await
            .expect(StatusCode::OK));
        assert_eq!(all.len(), 6);
        let (mut seen, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let part = api
                .get(&format!("{PATH}?limit=4&after={after}"))
                .await
                .expect(StatusCode::OK);
            seen.extend(ids(&part));
            let Some(cursor) = part["next_cursor"].as_str() else {
                break;
            };
            assert_eq!(Some(cursor), ids(&part).last().map(String::as_str));
            after = cursor.to_owned();
        }
        assert_eq!(seen, all);
        // A reader at the end goes on from the last event that it read.
        api.directory("late.example").await;
        api.log(8).await;
        let late = api
            .get(&format!("{PATH}?after={}", seen[5]))
            .await
            .expect(StatusCode::OK);
        assert_eq!(ids(&late).len(), 2);
        api.close().await;
    }
}

#[actix_web::test]
async fn the_last_events_are_read_without_knowing_where_the_log_ends() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let mut directories = Vec::new();
        for n in 0..4 {
            directories.push(text(&api.directory(&format!("c{n}.example")).await, "id").to_owned());
        }
        api.log(8).await;
        let read = async |query: &str| ids(&api.get(&format!("{PATH}?{query}")).await.expect(StatusCode::OK));
        let all = read("after=0&limit=100").await;
        assert_eq!(read("last=3&limit=100").await, all[all.len() - 3..]);
        assert_eq!(read("last=200&limit=100").await, all);
        let of_one = read(&format!("after=0&directory_id={}", directories[1])).await;
        assert_eq!(
            read(&format!("last=1&directory_id={}", directories[1])).await,
            of_one[of_one.len() - 1..]
        );
        for bad in ["last=0", "last=201", "last=x", "last=3&after=0"] {
            api.get(&format!("{PATH}?{bad}")).await.expect(StatusCode::BAD_REQUEST);
        }
        api.close().await;
    }
}

#[actix_web::test]
async fn the_log_is_narrowed_by_organization_directory_and_type() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (ours, theirs) = (api.directory("contoso.com").await, api.directory("fabrikam.com").await);
        let second = api.directory("contoso.com").await;
        let (organization, directory) = (text(&ours, "organization_id"), text(&theirs, "id"));
        api.log(6).await;
        let of = async |query: String| api.get(&format!("{PATH}?{query}")).await.expect(StatusCode::OK);
        let mine = of(format!("organization_id={organization}")).await;
        assert_eq!(mine["data"].as_array().unwrap().len(), 4);
        assert!(
            mine["data"]
                .as_array()
                .unwrap()
                .iter()
                .all(|event| event["organization_id"] == ours["organization_id"])
        );
        let one = of(format!("directory_id={directory}&types=directory.created")).await;
        assert_eq!(one["data"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&one["data"][0]["directory_id"], &one["data"][0]["sequence"]),
            (&theirs["id"], &json!(1))
        );
        let none = of(format!("organization_id={organization}&directory_id={directory}")).await;
        assert_eq!(none["data"], json!([]));
        let two = of(format!(
            "directory_id={}&types=directory.created,directory.key_created",
            text(&second, "id")
        ))
        .await;
        assert_eq!(ids(&two).len(), 2);
        api.close().await;
    }
}

#[actix_web::test]
async fn bodies_are_given_out_as_they_were_stored() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        api.directory("contoso.com").await;
        api.log(2).await;
        let stored = api
            .db
            .store
            .events()
            .unpublished(&[0, 1, 2, 3], 10)
            .await
            .unwrap()
            .events;
        let answer = api.get(&format!("{PATH}?limit=1")).await;
        let expected = format!(r#"{{"data":[{}],"next_cursor":"{}"}}"#, stored[0].body, stored[0].id);
        assert_eq!(answer.text, expected);
        api.close().await;
    }
}

#[actix_web::test]
async fn a_place_that_is_not_in_the_log_is_refused() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let unknown = format!("{PATH}?after=0190f5a4-3b1e-7c3a-8d2f-000000000001");
        assert_eq!(api.get(&unknown).await.faults(400), ["after"]);
        let query = "after=x&types=user.created,nope&directory_id=1&limit=500";
        assert_eq!(
            api.get(&format!("{PATH}?{query}")).await.faults(400),
            ["directory_id", "types", "after", "limit"]
        );
        api.close().await;
    }
}

#[actix_web::test]
async fn the_catalogue_names_every_type() {
    let api = Api::on(BOTH[1]).await;
    let list = api.get("/api/v1/event-types").await.expect(StatusCode::OK);
    let types: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| text(entry, "type"))
        .collect();
    assert_eq!(
        types,
        EventType::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>()
    );
    assert!(
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|entry| text(entry, "description").ends_with('.'))
    );
    api.close().await;
}

#[actix_web::test]
async fn an_event_is_shown_with_what_became_of_it_and_only_to_its_organization() {
    for dialect in BOTH {
        let api = Api::on(dialect).await;
        let (own, other) = (api.directory("own.example").await, api.directory("other.example").await);
        let log = api.log(4).await;
        let of = |directory: &Value| {
            let found = log.iter().find(|event| event["directory_id"] == directory["id"]);
            found.unwrap().clone()
        };
        let (mine, theirs) = (of(&own), of(&other));
        let path = |event: &Value| format!("{PATH}/{}", text(event, "id"));
        let shown = api.get(&path(&mine)).await.expect(StatusCode::OK);
        assert_eq!((&shown["event"], &shown["told"]), (&mine, &json!([])));
        assert!(shown.get("trace_id").is_some());
        let key = json!({ "name": "own", "scopes": ["read"], "organization_id": own["organization_id"] });
        let key = api.admin_key(&key).await;
        let ask = async |path: String| api.call_with(&key, actix_web::http::Method::GET, &path).send().await;
        assert_eq!(ask(path(&mine)).await.status, 200);
        ask(path(&theirs)).await.problem(404);
        for none in ["0190f5a4-3b1e-7c3a-8d2f-000000000001", "nothing"] {
            api.get(&format!("{PATH}/{none}")).await.problem(404);
        }
        api.close().await;
    }
}
