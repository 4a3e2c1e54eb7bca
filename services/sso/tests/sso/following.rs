//! Sessions go on ending, whatever the reader of the log finds where it had come to.

use crate::house::{ADA, BO, House, LANES};
use crate::world::BOTH;
use events::{EventId, EventType, ResourceId, Source, Timestamp, lane_of};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use store::{EventDraft, SessionEnd};
use uuid::Uuid;

/// For how long something is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl House {
    /// Appends an event of a person to the log.
    async fn append(&self, kind: EventType, person: ResourceId, data: Value) {
        let draft = EventDraft {
            id: EventId::new(),
            kind,
            organization_id: self.organization,
            directory_id: self.directory,
            source: Source::Scim,
            subject_id: Some(person),
            timestamp: Timestamp::now(),
            traceparent: None,
            data,
        };
        let lane = lane_of(self.directory, LANES);
        let change = self.world.db.store.change(Some(lane)).await.unwrap();
        change.append(lane, vec![draft]).await.unwrap();
        change.commit().await.unwrap();
    }

    /// Everybody is deactivated, and the log tells it of Ada.
    async fn deactivate_ada(&self) {
        self.set_active(false).await;
        self.append(
            EventType::UserDeactivated,
            self.ada,
            json!({ "user": { "id": self.ada } }),
        )
        .await;
    }

    /// Why the sessions ended, the newest first.
    async fn ends(&self) -> Vec<Option<SessionEnd>> {
        let sessions = self.sessions().await.into_iter();
        sessions.map(|session| session.end_reason).collect()
    }

    async fn ada_is_out(&self) {
        until("the session of Ada ends", async || {
            // Nobody told of Bo, whose session goes on until it is used.
            self.ends().await == [None, Some(SessionEnd::Deactivated)]
        })
        .await;
    }
}

#[actix_web::test]
async fn a_place_that_is_not_in_the_log_or_is_no_longer_kept_does_not_stop_the_reader() {
    for dialect in BOTH {
        for is_cut in [false, true] {
            let house = House::new(dialect).await;
            house.append(EventType::UserCreated, house.ada, json!({})).await;
            if is_cut {
                let cut = "INSERT INTO log_copies (directory_id, name, sequence, updated_at) \
                           SELECT id, 'base', 0, 0 FROM directories";
                house.world.db.execute(cut).await;
            }
            let lost = EventId::from(Uuid::from_u128(1));
            let reader = house.world.db.store.log_reader("sso");
            reader.note(Some(lost), Timestamp::now()).await.unwrap();
            let sso = house.world.start(house.config()).await;
            house.tokens(&sso, ADA, Uuid::new_v4()).await;
            house.tokens(&sso, BO, Uuid::new_v4()).await;
            until("the reader goes on from the end of the log", async || {
                reader.position().await.unwrap() != Some(Some(lost))
            })
            .await;
            house.deactivate_ada().await;
            house.ada_is_out().await;
            house.stop().await;
        }
    }
}

#[actix_web::test]
async fn an_event_that_names_nobody_does_not_stop_the_reader() {
    for dialect in BOTH {
        let house = House::new(dialect).await;
        let sso = house.world.start(house.config()).await;
        house.tokens(&sso, ADA, Uuid::new_v4()).await;
        house.tokens(&sso, BO, Uuid::new_v4()).await;
        for data in [
            json!({}),
            json!({ "user": 7 }),
            json!({ "user": { "id": "nobody" } }),
            json!([]),
        ] {
            house.append(EventType::GroupMemberRemoved, house.bo, data).await;
        }
        house.append(EventType::UserDeleted, ResourceId::new(), json!({})).await;
        house.deactivate_ada().await;
        house.ada_is_out().await;
        house.stop().await;
    }
}
