//! Certificates and secrets, and how one takes the place of another.

use super::{SECRET, World};
use crate::harness::{BOTH, text};
use actix_web::http::{Method, StatusCode};
use entra::{AppChange, NewCredential};
use serde_json::{Value, json};

/// The application has these credentials from now on.
fn registered(world: &World, credentials: Vec<NewCredential>) {
    let change = AppChange {
        credentials: Some(credentials),
        ..AppChange::default()
    };
    world.tenant.change_app(world.app, change).unwrap();
}

fn states(pull: &Value) -> Vec<(&str, &str)> {
    let all = pull["credentials"].as_array().unwrap();
    all.iter().map(|one| (text(one, "kind"), text(one, "state"))).collect()
}

#[actix_web::test]
async fn a_certificate_is_made_here_and_proves_the_directory_once_it_is_uploaded() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let made = world.set_up(&json!({"credential": {"certificate": {}}})).await;
        let own = &made["credentials"][0]["certificate"];
        let shown = world.get("/certificate").await;
        assert_eq!(&shown, own);
        assert_eq!(made["credentials"][0]["hint"], own["thumbprint_sha1"]);
        let (status, headers) = world
            .api
            .call(Method::GET, &world.path("/certificate?format=cer"))
            .status_and_headers()
            .await;
        let header = |name: &str| headers.get(name).unwrap().to_str().unwrap();
        assert_eq!(
            (status, header("content-type")),
            (StatusCode::OK, "application/pkix-cert")
        );
        assert!(header("content-disposition").ends_with(".cer\""));
        world.api.get(&world.path("/certificate?format=pem")).await.problem(400);
        let calendar = world
            .api
            .get("/api/v1/credentials?kind=graph_certificate")
            .await
            .expect(StatusCode::OK);
        assert_eq!(calendar["data"][0]["ends_at"], own["not_after"]);

        let refused = world.post("/test", &json!({})).await.expect(StatusCode::OK);
        let error = &refused["steps"][0]["error"];
        assert_eq!(error["aadsts"], 700_027, "{refused}");
        assert!(text(error, "detail").contains(text(own, "thumbprint_sha1")));
        registered(&world, vec![NewCredential::Certificate(text(own, "pem").to_owned())]);
        let test = world.post("/test", &json!({})).await.expect(StatusCode::OK);
        assert_eq!(test["is_good"], true, "{test}");
        world.close().await;
    }
}

#[actix_web::test]
async fn a_second_credential_takes_the_place_of_the_first_without_a_gap() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let first = world.set_up(&json!({})).await["credentials"][0].clone();
        world.api.get(&world.path("/certificate")).await.problem(404);
        let added = world
            .post("/credentials", &json!({"certificate": {}}))
            .await
            .expect(StatusCode::CREATED);
        assert_eq!(added["state"], "pending");
        assert_eq!(
            states(&world.get("").await),
            [("certificate", "pending"), ("secret", "active")]
        );
        let of = |one: &Value, verb: &str| format!("/credentials/{}{verb}", text(one, "id"));

        let refused = world.post(&of(&added, "/activate"), &json!({})).await.problem(409);
        assert!(text(&refused, "detail").contains("AADSTS700027"), "{refused}");
        world.api.delete(&world.path(&of(&first, ""))).await.problem(409);
        let pem = text(&added["certificate"], "pem").to_owned();
        registered(
            &world,
            vec![NewCredential::secret(SECRET), NewCredential::Certificate(pem)],
        );
        let used = world
            .post(&of(&added, "/activate"), &json!({}))
            .await
            .expect(StatusCode::OK);
        assert_eq!(used["state"], "active");
        assert!(used["proved_at"].is_string());
        world.post(&of(&added, "/activate"), &json!({})).await.problem(409);
        let pull = world.get("").await;
        assert_eq!(states(&pull), [("certificate", "active"), ("secret", "retiring")]);
        assert!(pull["credentials"][1]["retires_at"].is_string());
        let calendar = world.api.get("/api/v1/credentials").await.expect(StatusCode::OK);
        let kinds: Vec<_> = calendar["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(one, "kind"))
            .collect();
        assert!(
            kinds.contains(&"graph_certificate") && !kinds.contains(&"graph_secret"),
            "{kinds:?}"
        );

        world
            .api
            .delete(&world.path(&of(&first, "")))
            .await
            .expect(StatusCode::NO_CONTENT);
        world.api.delete(&world.path(&of(&first, ""))).await.problem(404);
        assert_eq!(states(&world.get("").await), [("certificate", "active")]);
        let acts = ["created", "activated", "deleted"].map(|verb| format!("graph_credential.{verb}"));
        assert_eq!(world.acts().await[1..], acts);
        world.close().await;
    }
}

#[actix_web::test]
async fn faults_of_a_credential_are_told_and_of_those_there_are_few() {
    let world = World::on(BOTH[1]).await;
    world.set_up(&json!({})).await;
    for (body, place) in [
        (json!({}), "#/certificate"),
        (json!({"secret": "0190f5a4-3b1e-7c3a-8d2f-000000000001"}), "#/secret"),
        (
            json!({"secret": "s", "expires_at": "2001-01-01T00:00:00Z"}),
            "#/expires_at",
        ),
        (json!({"secret": ""}), "#/secret"),
    ] {
        assert_eq!(world.post("/credentials", &body).await.faults(422), [place], "{body}");
    }
    for _ in 0..9 {
        world
            .post("/credentials", &json!({"secret": "s"}))
            .await
            .expect(StatusCode::CREATED);
    }
    world.post("/credentials", &json!({"secret": "s"})).await.problem(409);
    world.close().await;
}
