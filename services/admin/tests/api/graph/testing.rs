//! A test says what is missing, and how people would look; it changes nothing.

use super::{DANA, World};
use crate::harness::{BOTH, text};
use actix_web::http::StatusCode;
use entra::{AppChange, NewServicePrincipal};
use serde_json::{Value, json};

fn outcomes(test: &Value) -> Vec<(&str, &str)> {
    let steps = test["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| (text(step, "step"), text(step, "outcome")))
        .collect()
}

#[actix_web::test]
async fn a_test_shows_each_account_as_it_would_come_and_changes_nothing() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        world
            .tenant
            .service_principal(NewServicePrincipal {
                app_id: world.app,
                ..NewServicePrincipal::default()
            })
            .unwrap();
        world
            .set_up(&json!({"scope": "assigned", "test_accounts": [DANA, "nobody@fabrikam.example"]}))
            .await;
        let before = world.get("").await;
        let test = world.post("/test", &json!({})).await.expect(StatusCode::OK);
        let expected = [
            ("token", "good"),
            ("users", "good"),
            ("group_members", "good"),
            ("assignments", "nothing_there"),
        ];
        assert_eq!(outcomes(&test), expected);
        assert_eq!(
            (&test["is_good"], &test["missing_permissions"]),
            (&json!(false), &json!([])),
            "one is not there"
        );
        let [dana, nobody] = test["accounts"].as_array().unwrap().as_slice() else {
            panic!("{test}");
        };
        assert_eq!((&dana["found"], &nobody["found"]), (&json!(true), &json!(false)));
        assert_eq!((&nobody["scim"], &nobody["preview"]), (&Value::Null, &Value::Null));
        let scim = &dana["scim"];
        assert_eq!(
            (&scim["userName"], &scim["active"], &scim["title"]),
            (&json!(DANA), &json!(true), &json!("Driver"))
        );
        assert_eq!(scim["schemas"][0], "urn:ietf:params:scim:schemas:core:2.0:User");
        assert_eq!(
            scim["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]["department"],
            "Depot"
        );
        let normalized = &dana["normalized"];
        assert_eq!(
            (&normalized["user_name"], &normalized["first_name"]),
            (&json!(DANA), &json!("Dana"))
        );
        assert_eq!(
            (&normalized["department"], &normalized["state"]),
            (&json!("Depot"), &json!("active"))
        );
        assert!(normalized.get("id").is_none() && normalized.get("raw").is_none());
        assert_eq!(dana["preview"]["effect"], "created");
        assert_eq!(world.get("").await, before);
        let users = format!("/api/v1/directories/{}/users", text(&world.directory, "id"));
        assert_eq!(world.api.get(&users).await.expect(StatusCode::OK)["data"], json!([]));
        assert_eq!(world.acts().await, ["graph_pull.created", "graph_pull.tested"]);
        world.close().await;
    }
}

#[actix_web::test]
async fn a_missing_permission_is_named_with_the_link_that_asks_for_consent() {
    for dialect in BOTH {
        let world = World::with(dialect, &["User.Read.All"]).await;
        world.set_up(&json!({})).await;
        let test = world.post("/test", &json!({})).await.expect(StatusCode::OK);
        assert_eq!(
            outcomes(&test),
            [
                ("token", "good"),
                ("users", "good"),
                ("group_members", "permission_missing")
            ]
        );
        assert_eq!(test["missing_permissions"], json!(["GroupMember.Read.All"]));
        assert_eq!(test["steps"][2]["any_of"][2], "Directory.Read.All");
        let link: url::Url = text(&test, "consent_url").parse().unwrap();
        assert_eq!(link.path(), format!("/{}/adminconsent", world.tenant.id()));
        let query: Vec<_> = link.query_pairs().into_owned().collect();
        assert_eq!(query[0], ("client_id".to_owned(), world.app.to_string()));
        assert_eq!(query[2].1, "https://rollcall.example/graph/consent");
        let keys = world.api.state_key();
        let now = events::Timestamp::now();
        let state = graph::consent::ConsentState::open(&query[1].1, keys, now).unwrap();
        assert_eq!(
            (state.tenant, state.directory.to_string().as_str()),
            (world.tenant.id(), text(&world.directory, "id"))
        );

        // What was consented to since shows at once: no token from before is used.
        world.post("/resume", &json!({})).await.problem(409);
        let more = ["User.Read.All", "GroupMember.Read.All"].map(str::to_owned).to_vec();
        let consented = AppChange {
            consented: Some(more),
            ..AppChange::default()
        };
        world.tenant.change_app(world.app, consented).unwrap();
        let test = world.post("/test", &json!({})).await.expect(StatusCode::OK);
        assert_eq!(test["is_good"], true, "{test}");
        assert_eq!(
            world.post("/resume", &json!({})).await.expect(StatusCode::OK)["state"],
            "active"
        );
        world.close().await;
    }
}

#[actix_web::test]
async fn a_refused_secret_is_told_with_its_code_and_the_ids_for_support() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        world.set_up(&json!({"credential": {"secret": "another secret"}})).await;
        let test = world.post("/test", &json!({})).await.expect(StatusCode::OK);
        assert_eq!(
            outcomes(&test),
            [
                ("token", "failed"),
                ("users", "not_tried"),
                ("group_members", "not_tried")
            ]
        );
        let error = &test["steps"][0]["error"];
        assert_eq!(
            (&error["code"], &error["aadsts"]),
            (&json!("credential_invalid"), &json!(7_000_215))
        );
        assert!(
            error["trace_id"].is_string() && error["correlation_id"].is_string(),
            "{error}"
        );
        assert!(text(error, "detail").contains("AADSTS7000215"));
        assert_eq!(test["accounts"], json!([]));
        let refused = world.post("/resume", &json!({})).await.problem(409);
        assert!(text(&refused, "detail").contains("AADSTS7000215"), "{refused}");
        let forced = world.post("/resume", &json!({"force": true})).await;
        assert_eq!(forced.expect(StatusCode::OK)["state"], "active");
        world.close().await;
    }
}
