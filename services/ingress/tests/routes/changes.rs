//! Changes: what goes on the bus, and what is answered when a verdict comes back.

use crate::harness::{BOTH, Ingress};
use events::{Command, Outcome, ResourceKind, StoredResource, Timestamp, Verb, Verdict};
use serde_json::{Value, json};

/// Takes one command, answers it as this says, and returns it.
async fn answer(ingress: &Ingress, outcome: impl FnOnce(&Command) -> Outcome) -> Command {
    let consumer = ingress.bus.commands(vec![0]);
    let batch = consumer.next(1).await.unwrap();
    let delivery = batch.first().unwrap();
    let verdict = Verdict {
        command_id: delivery.payload.id,
        outcome: outcome(&delivery.payload),
    };
    consumer.replier().reply(delivery, &verdict).await;
    consumer.acker().ack(&batch).await;
    delivery.payload.clone()
}

/// The resource of a command, stored with this name.
fn stored(command: &Command, attributes: &Value) -> Outcome {
    Outcome::Stored {
        created: matches!(command.verb, Verb::Create(_)),
        resource: Box::new(StoredResource {
            id: command.resource_id,
            version: 3,
            created_at: Timestamp::now(),
            updated_at: Timestamp::now(),
            attributes: attributes.as_object().unwrap().clone(),
            groups: Vec::new(),
            members: None,
        }),
    }
}

#[actix_web::test]
async fn each_route_of_a_change_sends_its_command_and_shows_its_verdict() {
    for dialect in BOTH {
        let ingress = Ingress::on(dialect).await;
        let id = "0190f5a4-3b1e-7c3a-8d2f-000000000001";
        let user = json!({ "userName": "ada@contoso.example" });
        let group = json!({ "displayName": "Engineers" });
        let patch = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "externalId", "value": "1" }],
        });
        for (kind, many, attributes) in [
            (ResourceKind::User, "users", &user),
            (ResourceKind::Group, "groups", &group),
        ] {
            for (method, path, body, status) in [
                ("POST", many.to_owned(), Some(attributes), 201),
                ("PUT", format!("{many}/{id}"), Some(attributes), 200),
                ("PATCH", format!("{many}/{id}"), Some(&patch), 200),
                ("DELETE", format!("{many}/{id}"), None, 204),
            ] {
                let path = format!("{}/{path}", ingress.base());
                let verdict = |command: &Command| match command.verb {
                    Verb::Delete => Outcome::Deleted,
                    _ => stored(command, attributes),
                };
                let (answer, command) = tokio::join!(ingress.send(method, &path, body), answer(&ingress, verdict));
                answer.expect(status);
                assert_eq!((command.kind, command.directory_id), (kind, ingress.directory));
                let verb = match command.verb {
                    Verb::Create(_) => "POST",
                    Verb::Replace(_) => "PUT",
                    Verb::Patch(_) => "PATCH",
                    Verb::Delete => "DELETE",
                };
                assert_eq!(verb, method);
                if method == "POST" {
                    let location = format!("/{}", command.resource_id);
                    assert!(answer.header("location").ends_with(&location), "{answer:?}");
                } else {
                    assert_eq!(command.resource_id.to_string(), id);
                }
                if status != 204 {
                    assert_eq!(answer.header("etag"), "W/\"3\"");
                }
            }
        }
        ingress.close().await;
    }
}

#[actix_web::test]
async fn a_patch_of_a_group_that_is_only_noted_is_answered_without_a_body() {
    let ingress = Ingress::on(BOTH[1]).await;
    let path = format!("{}/Groups/0190f5a4-3b1e-7c3a-8d2f-000000000001", ingress.base());
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "add", "path": "members", "value": [{ "value": "x" }] }],
    });
    let noted = |command: &Command| Outcome::Applied {
        created: false,
        resource_id: command.resource_id,
        version: 7,
    };
    let (answered, _) = tokio::join!(ingress.send("PATCH", &path, Some(&patch)), answer(&ingress, noted));
    assert_eq!(
        (
            answered.status.as_u16(),
            answered.header("etag"),
            answered.text.as_str()
        ),
        (204, "W/\"7\"", "")
    );
    ingress.close().await;
}

#[actix_web::test]
async fn a_refusal_of_the_rules_is_answered_as_it_is() {
    let ingress = Ingress::on(BOTH[1]).await;
    let path = format!("{}/Users", ingress.base());
    let refused = |_: &Command| Outcome::Refused {
        status: 409,
        scim_type: Some("uniqueness".to_owned()),
        detail: "userName is taken".to_owned(),
    };
    let body = json!({ "userName": "ada@contoso.example" });
    let (answered, _) = tokio::join!(ingress.send("POST", &path, Some(&body)), answer(&ingress, refused));
    assert_eq!(answered.detail(409), "userName is taken");
    assert_eq!(answered.expect(409)["scimType"], "uniqueness");
    ingress.close().await;
}
