//! What the dispatcher does.

use super::*;

pub(super) async fn endpoints(store: &Store) {
    store.endpoints().by_id(endpoint(0)).await.unwrap().unwrap();
    for owner in [None, Some(id(Kind::Organization, 0))] {
        two_pages!(|page: ListPage| async move { store.endpoints().list(owner, &page).await });
    }
    store.endpoints().version().await.unwrap();
    store.endpoints().all().await.unwrap();
    store
        .endpoints()
        .seal_urls(None, |_, _, _| Some(vec![1]))
        .await
        .unwrap();
    store.endpoint_public_keys(now()).await.unwrap();
    let organization = id(Kind::Organization, 0);
    store
        .endpoints()
        .any_takes_tokens_of(big(), organization)
        .await
        .unwrap();
    let change = store.change(None).await.unwrap();
    let mut one = change.endpoint(endpoint(5)).await.unwrap().unwrap();
    change.save_endpoint(&one).await.unwrap();
    one.id = EndpointId::new();
    change.create_endpoint(&one).await.unwrap();
    let secret = NewEndpointSecret {
        sealed: vec![1],
        signing: "v1",
        public_key: None,
        previous_until: now(),
    };
    change.rotate_endpoint_secret(one.id, &secret, now()).await.unwrap();
    change.enable_endpoint(one.id, true, now()).await.unwrap();
    let test = TestDelivery {
        id: DeliveryId::new(),
        endpoint_id: one.id,
        event_id: EventId::new(),
        event_type: EventType::UserUpdated,
        directory_id: big(),
        body: "{}",
    };
    assert!(change.send_test(test, now()).await.unwrap());
    change.delete_endpoint(one.id).await.unwrap();
    change.commit().await.unwrap();
}

const LEASE: Duration = Duration::from_secs(30);

pub(super) async fn sending(store: &Store) {
    let deliveries = store.deliveries();
    let lease = Lease {
        owner: "me",
        until: now().plus(LEASE),
    };
    let new = |endpoint_id, n: i64, ordered: bool| NewDelivery {
        id: DeliveryId::new(),
        endpoint_id,
        event_id: EventId::new(),
        directory_id: big(),
        subject_id: Some(user(3)),
        sequence: 100_000_000 + n,
        event_type: EventType::UserUpdated,
        claim: !ordered,
        after: None,
        ordered,
    };
    let live: Vec<_> = (0..5).map(|n| new(endpoint(5), n, false)).collect();
    deliveries.insert(&live, lease, now()).await.unwrap();
    let in_line: Vec<_> = (0..5).map(|n| new(endpoint(1), n, true)).collect();
    deliveries.insert(&in_line, lease, now()).await.unwrap();
    // Of events that are in the log.
    let in_log = |n: u64| NewDelivery {
        event_id: id(Kind::Event, n),
        ..new(endpoint(9), i64::try_from(n).unwrap(), true)
    };
    let line: Vec<_> = (0..9).map(in_log).collect();
    deliveries.insert(&line, lease, now()).await.unwrap();
    let filtered = [new(endpoint(6), 0, false), new(endpoint(3), 0, false)];
    let bodies = [OwnBody {
        delivery_id: filtered[0].id,
        directory_id: big(),
        body: "{}".into(),
    }];
    let batch = FannedOut {
        new: &filtered,
        bodies: &bodies,
        catching_up: &[endpoint(3)],
    };
    deliveries.fan_out(batch, lease, now()).await.unwrap();
    let room = |endpoint_id| Room {
        endpoint_id,
        firsts: 10,
        retries: 5,
    };
    let rooms = [1, 4, 5, 9].map(|n| room(endpoint(n)));
    let claimed = deliveries.claim(&rooms, lease, now()).await.unwrap();
    assert!(!claimed.is_empty());
    let held: Vec<DeliveryId> = claimed.iter().map(|claimed| claimed.id).collect();
    let heads = held.iter().map(|id| Head { id: *id, most: 5 });
    let followers = deliveries
        .follow(&heads.collect::<Vec<_>>(), lease, now())
        .await
        .unwrap();
    assert!(followers.values().any(|followers| followers.taken.len() == 5));
    deliveries.renew(&held, lease).await.unwrap();
    let finished = |claimed: &ClaimedDelivery, verdict, ordered| FinishedAttempt {
        id: AttemptId::new(),
        delivery_id: claimed.id,
        endpoint_id: claimed.endpoint_id,
        token: claimed.token,
        ordered,
        number: 1,
        started_at: now(),
        duration: Duration::from_millis(5),
        status: Some(200),
        error: None,
        response_head: None,
        trace_id: None,
        verdict,
        gone: false,
    };
    for (n, ordered) in [(0, true), (1, false)] {
        let some: Vec<_> = claimed.iter().skip(n).step_by(2).collect();
        let verdict = [DeliveryVerdict::Delivered, DeliveryVerdict::RetryAt(now().plus(LEASE))][n];
        let all: Vec<_> = some.iter().map(|claimed| finished(claimed, verdict, ordered)).collect();
        deliveries
            .record(&all, "me", Duration::from_secs(3_600), now())
            .await
            .unwrap();
    }
    deliveries.release(&held, "me", now()).await.unwrap();
    deliveries
        .release_in_order(&held, &[endpoint(1), endpoint(9)], "me", now())
        .await
        .unwrap();
    let fresh = deliveries.claim(&[room(endpoint(1))], lease, now()).await.unwrap();
    deliveries.release_of_others("somebody", now()).await.unwrap();
    drop(fresh);
    for state in [None].into_iter().chain(DeliveryState::ALL.map(Some)) {
        for endpoint_id in [None, Some(endpoint(0))] {
            let filter = DeliveryFilter { endpoint_id, state };
            two_pages!(|page: ListPage| async move { store.deliveries().list(filter, &page).await });
        }
    }
    deliveries.by_id(delivery(0, 7)).await.unwrap().unwrap();
    deliveries.attempts(delivery(0, 7)).await.unwrap();
    deliveries
        .stats(endpoint(0), Duration::from_secs(3_600), now())
        .await
        .unwrap();
    deliveries.backlog().await.unwrap();
    deliveries.retry(delivery(0, 8), now()).await.unwrap();
    deliveries.cancel(delivery(4, 9), now()).await.unwrap();
}

pub(super) async fn switching(database: &TestDatabase, store: &Store) {
    let deliveries = store.deliveries();
    let last = Disabling {
        endpoint_id: endpoint(7),
        delivery_id: delivery(0, 3),
        started_at: now(),
        patience: None,
        reason: "test",
        origin: None,
        partitions: 1,
    };
    deliveries.disable(last, now()).await.unwrap();
    // More than are held at once.
    let another = Disabling {
        endpoint_id: endpoint(4),
        delivery_id: delivery(4, 3),
        ..last
    };
    assert!(deliveries.disable(another, now()).await.unwrap());
    assert!(deliveries.settle(now()).await.unwrap().held > 0);
    let change = store.change(None).await.unwrap();
    change.enable_endpoint(endpoint(4), false, now()).await.unwrap();
    change.commit().await.unwrap();
    assert!(deliveries.settle(now()).await.unwrap().released > 0);
    database
        .execute("UPDATE deliveries SET next_at = 9223372036854775807 WHERE sequence < 50 AND state = 'pending'")
        .await;
    let forgotten = deliveries
        .wake_forgotten(&ForgetReport::default(), now())
        .await
        .unwrap();
    assert!(forgotten.woken > 0 && forgotten.goes_on());
    let replay = ReplayRange {
        after: Some(now()),
        before: None,
        states: vec![DeliveryState::Exhausted],
        types: vec![EventType::UserUpdated],
    };
    deliveries.count_replay(endpoint(0), &replay).await.unwrap();
    deliveries.replay(endpoint(0), &replay, now()).await.unwrap();
    let change = store.change(None).await.unwrap();
    let mut one = change.endpoint(endpoint(8)).await.unwrap().unwrap();
    one.ordered = false;
    change.save_endpoint(&one).await.unwrap();
    change.commit().await.unwrap();
}

/// What comes to receivers of our own, and how it is forgotten.
pub(super) async fn test_receivers(store: &Store) {
    let receivers = store.test_receivers();
    let receiver = TestReceiver {
        endpoint_id: endpoint(7),
        token_hash: [7; 32],
        created_at: now(),
    };
    let change = store.change(None).await.unwrap();
    assert!(change.create_test_receiver(&receiver).await.unwrap());
    change.commit().await.unwrap();
    assert!(receivers.by_id(endpoint(7)).await.unwrap().is_some());
    assert!(!receivers.all().await.unwrap().is_empty());
    let receipt = TestReceipt {
        id: TestReceiptId::new(),
        endpoint_id: endpoint(7),
        at: now(),
        headers: "{}".to_owned(),
        body: "{}".to_owned(),
        size: 2,
    };
    receivers.receive(&receipt).await.unwrap();
    let found = receivers
        .receipts(endpoint(7), Timestamp::from_millis(1))
        .await
        .unwrap();
    assert_eq!(found, [receipt]);
    assert!(!receivers.forget(now()).await.unwrap());
    assert!(
        receivers
            .receipts(endpoint(7), Timestamp::from_millis(1))
            .await
            .unwrap()
            .is_empty()
    );
}
