//! How a pull is started, paused, asked for and held, and what its status says.

use super::World;
use crate::harness::{BOTH, text};
use actix_web::http::StatusCode;
use events::{DirectoryId, GraphRoundId, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;
use store::{GraphClaim, GraphEnd, GraphOutcome, GraphRound};

const MINUTE: Duration = Duration::from_secs(60);

impl World {
    fn id(&self) -> DirectoryId {
        text(&self.directory, "id").parse().unwrap()
    }

    /// Somebody works on the directory.
    async fn claim(&self) -> Option<GraphClaim> {
        let pulls = self.api.db.store.graph_pulls();
        let claimed = pulls.claim("worker", Timestamp::now(), MINUTE, 1).await.unwrap();
        claimed.into_iter().next()
    }

    async fn ended(&self, claim: &GraphClaim, end: GraphEnd) {
        let now = Timestamp::now();
        let outcome = GraphOutcome {
            next_due: now.plus(MINUTE),
            end,
        };
        let pulls = self.api.db.store.graph_pulls();
        pulls.release(claim.lease, &outcome, now).await.unwrap();
    }
}

#[actix_web::test]
async fn a_pull_is_started_and_paused_and_a_round_begins_when_it_is_asked_for() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        world.set_up(&json!({})).await;
        assert!(world.claim().await.is_none(), "a draft is not pulled");
        world.post("/sync", &json!({})).await.problem(409);
        world.post("/resume", &json!({})).await.expect(StatusCode::OK);
        let claim = world.claim().await.unwrap();
        let status = world.get("/status").await;
        assert_eq!(
            (&status["state"], &status["next_round_at"]),
            (&json!("active"), &Value::Null)
        );
        assert!(status["worked_on_until"].is_string());
        world.ended(&claim, GraphEnd::Good).await;
        assert!(world.claim().await.is_none(), "the next round is due later");
        assert!(world.get("/status").await["next_round_at"].is_string());

        let asked = world.post("/sync", &json!({})).await.expect(StatusCode::ACCEPTED);
        assert_eq!(asked["is_full"], false);
        let claim = world.claim().await.unwrap();
        let generation = claim.pull.generation;
        let full = world
            .post("/sync", &json!({"full": true}))
            .await
            .expect(StatusCode::ACCEPTED);
        assert_eq!(full["is_full"], true);
        let again = world.claim().await.unwrap();
        assert_eq!(
            again.pull.generation,
            generation + 1,
            "and whoever worked on it has lost it"
        );
        let paused = world.post("/pause", &json!({})).await.expect(StatusCode::OK);
        assert_eq!(paused["state"], "paused");
        assert!(world.claim().await.is_none());
        let ended = world.api.delete(&world.path("")).await;
        ended.expect(StatusCode::NO_CONTENT);
        let acts = ["created", "resumed", "synced", "synced", "paused", "stopped", "deleted"]
            .map(|verb| format!("graph_pull.{verb}"));
        assert_eq!(world.acts().await, acts);
        world.close().await;
    }
}

#[actix_web::test]
async fn a_pull_that_is_held_goes_on_when_an_administrator_says_how_many_may_go() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        world.set_up(&json!({})).await;
        world.post("/release", &json!({})).await.problem(409);
        world.post("/resume", &json!({})).await.expect(StatusCode::OK);
        let claim = world.claim().await.unwrap();
        let reason =
            json!({"code": "many_would_go", "detail": "40 of 100 people would go.", "would_go": 40, "known": 100});
        world
            .ended(
                &claim,
                GraphEnd::Held {
                    reason: reason.to_string(),
                },
            )
            .await;
        let status = world.get("/status").await;
        assert_eq!(
            (&status["state"], &status["last_error"]["would_go"]),
            (&json!("held"), &json!(40))
        );
        world.post("/resume", &json!({})).await.problem(409);
        world.post("/sync", &json!({})).await.problem(409);
        assert_eq!(
            world.post("/release", &json!({"would_go": 39})).await.faults(422),
            ["#/would_go"]
        );
        let released = world
            .post("/release", &json!({"would_go": 40}))
            .await
            .expect(StatusCode::OK);
        assert_eq!(released["state"], "active");
        assert!(world.claim().await.is_some());
        world.close().await;
    }
}

#[actix_web::test]
async fn the_status_tells_of_rounds_errors_and_what_is_missing() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        world
            .set_up(&json!({"credential": {"secret": super::SECRET, "expires_at": "2099-01-31T12:00:00Z"}}))
            .await;
        world.post("/resume", &json!({})).await.expect(StatusCode::OK);
        let claim = world.claim().await.unwrap();
        let error = json!({
            "code": "forbidden", "detail": "A permission is missing.", "missing": ["GroupMember.Read.All", "Group.Read.All"],
            "request_id": "1b0c7a52-6f0e-4c39-8a0e-7f2f9d1c4e22",
        });
        let now = Timestamp::now();
        let round = GraphRound {
            id: GraphRoundId::new(),
            is_full: true,
            began_at: now,
            ended_at: now,
            outcome: "failed".to_owned(),
            counts: json!({"users": 7}).to_string(),
            error: Some(error.to_string()),
        };
        let rounds = world.api.db.store.graph_rounds(world.id());
        rounds.add(claim.lease, &round, 10).await.unwrap();
        let failed = GraphEnd::Failed {
            error: error.to_string(),
            is_failing: true,
        };
        world.ended(&claim, failed).await;
        let status = world.get("/status").await;
        assert_eq!((&status["state"], &status["failures"]), (&json!("failing"), &json!(1)));
        assert_eq!(status["missing_permissions"], json!(["GroupMember.Read.All"]));
        assert_eq!(status["last_error"]["request_id"], error["request_id"]);
        assert_eq!(status["credential_expires_at"], "2099-01-31T12:00:00.000Z");
        assert_eq!(
            (&status["rounds"][0]["counts"]["users"], &status["rounds"][0]["outcome"]),
            (&json!(7), &json!("failed"))
        );
        assert_eq!(
            (&status["current"], &status["counts"]["users"]),
            (&Value::Null, &json!(0))
        );
        assert!(text(&status, "consent_url").contains("/adminconsent?"));
        world.close().await;
    }
}

#[actix_web::test]
async fn in_whom_directory_and_tenant_differ_is_listed_with_the_names_of_now() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        world.set_up(&json!({})).await;
        world.post("/resume", &json!({})).await.expect(StatusCode::OK);
        assert_eq!(world.get("/drift").await["data"], json!([]));
        let claim = world.claim().await.unwrap();
        let object = uuid::Uuid::from_u128(7);
        let found_at = Timestamp::now();
        let drift = |difference, object_id, fields: &[&str]| store::GraphDrift {
            id: events::GraphDriftId::new(),
            kind: store::GraphObjectKind::User,
            difference,
            object_id,
            resource_id: object_id.is_none().then(events::ResourceId::new),
            fields: fields.iter().map(|field| (*field).to_owned()).collect(),
            found_at,
        };
        let found = [
            drift(store::GraphDifference::Different, Some(object), &["title"]),
            drift(store::GraphDifference::Unexpected, None, &[]),
        ];
        let writer = world.api.db.store.graph_writer(claim.lease);
        writer.compared(&found).await.unwrap();
        let first = world.get("/drift?limit=1").await;
        assert_eq!(
            (&first["data"][0]["difference"], &first["data"][0]["object_id"]),
            (&json!("unexpected"), &Value::Null)
        );
        // Whoever is gone meanwhile has no name any more.
        assert_eq!(first["data"][0]["name"], Value::Null);
        let next = world
            .get(&format!("/drift?limit=1&cursor={}", text(&first, "next_cursor")))
            .await;
        assert_eq!(
            (&next["data"][0]["fields"], &next["data"][0]["object_id"]),
            (&json!(["title"]), &json!(object))
        );
        world.close().await;
    }
}
