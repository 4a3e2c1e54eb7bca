//! How a pull is made, changed and ended.

use super::{DANA, SECRET, World};
use crate::harness::BOTH;
use actix_web::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

#[actix_web::test]
async fn a_pull_is_a_draft_with_what_is_usual_and_never_shows_its_secret() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        world.api.get(&world.path("")).await.problem(404);
        let made = world
            .set_up(&json!({"credential": {"secret": SECRET, "expires_at": "2099-01-31T12:00:00Z"}, "test_accounts": [format!(" {DANA} ")]}))
            .await;
        assert_eq!(
            (&made["state"], &made["mode"], &made["cloud"]),
            (&json!("draft"), &json!("pull"), &json!("global"))
        );
        assert_eq!(
            (&made["scope"], &made["guests"], &made["nested"]),
            (&json!("all"), &json!("take"), &json!(false))
        );
        assert_eq!(
            (&made["interval_seconds"], &made["test_accounts"]),
            (&json!(900), &json!([DANA]))
        );
        assert_eq!(made["permissions"], json!(["User.Read.All", "GroupMember.Read.All"]));
        assert_eq!(made["consent_redirect_uri"], "https://rollcall.example/graph/consent");
        assert_eq!(made["attribute_map"]["is_usual"], true);
        let credential = &made["credentials"][0];
        assert_eq!(
            (&credential["kind"], &credential["state"]),
            (&json!("secret"), &json!("active"))
        );
        assert_eq!(
            (&credential["hint"], &credential["expires_at"]),
            (&json!("abc…"), &json!("2099-01-31T12:00:00.000Z"))
        );
        assert_eq!(world.get("").await, made);

        let calendar = world
            .api
            .get("/api/v1/credentials?kind=graph_secret")
            .await
            .expect(StatusCode::OK);
        assert_eq!(calendar["data"][0]["id"], credential["id"]);
        assert_eq!(calendar["data"][0]["ends_at"], credential["expires_at"]);
        world.post("", &world.body(&json!({}))).await.problem(409);
        let log = world.api.get("/api/v1/audit-log?format=jsonl").await.text;
        assert!(log.contains("graph_pull.created") && !log.contains(SECRET));

        world.api.delete(&world.path("")).await.expect(StatusCode::NO_CONTENT);
        world.api.get(&world.path("")).await.problem(404);
        let calendar = world
            .api
            .get("/api/v1/credentials?kind=graph_secret")
            .await
            .expect(StatusCode::OK);
        assert_eq!(calendar["data"], json!([]));
        assert_eq!(world.acts().await, ["graph_pull.created", "graph_pull.deleted"]);
        world.close().await;
    }
}

#[actix_web::test]
async fn ids_the_wrong_way_round_and_the_id_of_a_secret_are_recognized() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let post = async |more: Value| world.post("", &world.body(&more)).await;
        let swapped = json!({"tenant_id": world.app, "client_id": world.tenant.id()});
        let answer = post(swapped).await.problem(422);
        assert_eq!(answer["errors"][0]["pointer"], "#/tenant_id");
        assert!(
            answer["errors"][0]["detail"]
                .as_str()
                .unwrap()
                .contains("wrong way round"),
            "{answer}"
        );
        assert_eq!(answer["errors"][1]["pointer"], "#/client_id");
        let twice = json!({"client_id": world.tenant.id()});
        assert_eq!(post(twice).await.faults(422), ["#/client_id"]);
        let nobody = json!({"tenant_id": Uuid::from_u128(5)});
        assert_eq!(post(nobody).await.faults(422), ["#/tenant_id"]);
        let id = json!({"credential": {"secret": Uuid::from_u128(7)}});
        let answer = post(id).await.problem(422);
        assert_eq!(answer["errors"][0]["pointer"], "#/credential/secret");
        assert!(
            answer["errors"][0]["detail"].as_str().unwrap().contains("Secret ID"),
            "{answer}"
        );
        world.api.get(&world.path("")).await.problem(404);
        world.close().await;
    }
}

#[actix_web::test]
async fn every_fault_of_a_body_is_told_with_its_place() {
    let world = World::on(BOTH[1]).await;
    let faults = async |more: Value| world.post("", &world.body(&more)).await.faults(422);
    let group = Uuid::from_u128(9);
    for (more, places) in [
        (json!({"test_accounts": []}), &["#/test_accounts"] as &[&str]),
        (json!({"test_accounts": ["a@b", "A@b"]}), &["#/test_accounts/1"]),
        (json!({"credential": {}}), &["#/credential"]),
        (
            json!({"credential": {"certificate": {}, "secret": "s"}}),
            &["#/credential"],
        ),
        (
            json!({"credential": {"certificate": {}, "expires_at": "2099-01-01T00:00:00Z"}}),
            &["#/credential/expires_at"],
        ),
        (
            json!({"credential": {"secret": "s", "expires_at": "2001-01-01T00:00:00Z"}}),
            &["#/credential/expires_at"],
        ),
        (
            json!({"credential": {"certificate": {"bits": 512}}}),
            &["#/credential/certificate/bits"],
        ),
        (json!({"scope": "groups"}), &["#/groups"]),
        (json!({"scope": "all", "groups": [group]}), &["#/groups"]),
        (json!({"scope": "groups", "groups": [group, group]}), &["#/groups/1"]),
        (json!({"scope": "some", "cloud": "moon"}), &["#/scope", "#/cloud"]),
        (
            json!({"interval_seconds": 1, "tenant_id": "contoso"}),
            &["#/tenant_id", "#/interval_seconds"],
        ),
        (
            json!({"user_map": [{"graph": "id", "scim": "externalId"}]}),
            &["#/user_map"],
        ),
        (
            json!({"user_map": [
                {"graph": "id", "scim": "externalId"}, {"graph": "photo", "scim": "title"},
            ]}),
            &["#/user_map/1"],
        ),
        (
            json!({"group_map": [{"graph": "id", "scim": "no.such.path"}]}),
            &["#/group_map/0"],
        ),
    ] {
        assert_eq!(faults(more.clone()).await, places, "{more}");
    }
    world.close().await;
}

#[actix_web::test]
async fn a_change_replaces_what_it_names_and_null_brings_back_what_is_usual() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let group = Uuid::from_u128(9);
        let rows = json!([
            {"graph": "id", "scim": "externalId"}, {"graph": ["mail", "userPrincipalName"], "scim": "userName", "transform": "first_of"},
            {"graph": "accountEnabled", "scim": "active"},
        ]);
        let first =
            json!({"scope": "groups", "groups": [group], "guests": "skip", "interval_seconds": 600, "user_map": rows});
        let made = world.set_up(&first).await;
        assert_eq!(
            made["attribute_map"]["users"][1]["graph"],
            json!(["mail", "userPrincipalName"])
        );
        assert_eq!(made["attribute_map"]["is_usual"], false);
        let changed = world
            .patch(&json!({"scope": "assigned", "user_map": null, "interval_seconds": null}))
            .await;
        let changed = changed.expect(StatusCode::OK);
        assert_eq!(
            (&changed["groups"], &changed["scope"]),
            (&json!([]), &json!("assigned"))
        );
        assert_eq!(
            (&changed["interval_seconds"], &changed["guests"]),
            (&json!(900), &json!("skip"))
        );
        assert_eq!(changed["attribute_map"]["is_usual"], true);
        assert_eq!(changed["permissions"][2], "Application.Read.All");
        assert_eq!(world.patch(&json!({"scope": "groups"})).await.faults(422), ["#/groups"]);
        let swapped = json!({"tenant_id": world.app, "client_id": world.tenant.id()});
        assert_eq!(world.patch(&swapped).await.faults(422), ["#/tenant_id", "#/client_id"]);
        assert_eq!(world.get("").await, changed, "nothing was changed");
        world.close().await;
    }
}

#[actix_web::test]
async fn another_application_pauses_what_was_started() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        world.set_up(&json!({})).await;
        world.post("/resume", &json!({})).await.expect(StatusCode::OK);
        let same = world
            .patch(&json!({"client_id": world.app, "interval_seconds": 60}))
            .await;
        assert_eq!(same.expect(StatusCode::OK)["state"], "active");
        let other = world.patch(&json!({"client_id": Uuid::from_u128(3)})).await;
        assert_eq!(other.expect(StatusCode::OK)["state"], "paused");
        world.post("/resume", &json!({})).await.problem(409);
        world.close().await;
    }
}
