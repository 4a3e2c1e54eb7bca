//! Live events and the past of a directory: each event comes from one of them only.

use crate::world::{BOTH, Fixture, now};
use events::EndpointId;
use store::{CatchUp, CatchUpFrom, CatchUpPhase};

/// Lets an endpoint begin with a snapshot and returns the row to go on with.
async fn begin(f: &Fixture, endpoint: EndpointId) -> CatchUp {
    let change = f.store().change(None).await.unwrap();
    change
        .start_catch_up(endpoint, CatchUpFrom::Snapshot, None, None, now())
        .await
        .unwrap();
    change.commit().await.unwrap();
    f.store().catch_ups().open(None, 10).await.unwrap()[0]
}

/// Takes the snapshot at the end of the log and hands over to live events.
async fn take_snapshot(f: &Fixture, row: CatchUp) {
    let catch_ups = f.store().catch_ups();
    let step = catch_ups.begin(row).await.unwrap().unwrap();
    let sequence = step.last_sequence().await.unwrap();
    let next = CatchUp {
        phase: CatchUpPhase::Done,
        snapshot_at: sequence,
        sequence,
        ..row
    };
    step.finish(&next, &[], &[], now()).await.unwrap();
    assert_eq!(catch_ups.complete(now()).await.unwrap(), 1);
}

#[tokio::test]
async fn an_event_that_comes_after_its_snapshot_is_not_sent_beside_it() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let late = f.events(&[None]).await;
        let row = begin(&f, endpoint).await;
        // The dispatcher has not seen yet that the endpoint begins with the past.
        assert_eq!(f.insert(endpoint, &late, true).await[0].1, None, "{dialect:?}");
        take_snapshot(&f, row).await;
        assert_eq!(f.insert(endpoint, &late, true).await[0].1, None, "{dialect:?}");
        let news = f.events(&[None]).await;
        assert_eq!(f.insert(endpoint, &news, true).await[0].1, Some(true), "{dialect:?}");
        let other = f.endpoint(false).await;
        assert_eq!(f.insert(other, &late, true).await[0].1, Some(true), "{dialect:?}");
    }
}

#[tokio::test]
async fn a_second_snapshot_begins_where_the_log_is_then() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        f.events(&[None, None]).await;
        let first = begin(&f, endpoint).await;
        take_snapshot(&f, first).await;
        let between = f.events(&[None]).await;
        let second = begin(&f, endpoint).await;
        assert_eq!((second.phase, second.snapshot_at), (CatchUpPhase::Start, 0));
        take_snapshot(&f, second).await;
        assert_eq!(f.insert(endpoint, &between, true).await[0].1, None, "{dialect:?}");
    }
}
