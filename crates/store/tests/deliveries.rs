//! Deliveries from insertion to the last attempt, on both databases.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use events::{
    AttemptId, DeliveryId, DirectoryId, EndpointId, Event, EventId, EventType, OrganizationId, ResourceId, Source,
    Timestamp, lane_of,
};
use std::time::Duration;
use store::testing::TestDatabase;
use store::{
    Cancelled, ClaimedDelivery, DeliveryFilter, DeliveryState, DeliveryVerdict, Dialect, Disabling, Endpoint,
    EndpointSelection, EndpointState, EventDraft, FinishedAttempt, Lease, ListPage, NewDelivery, NewDirectory,
    NewOrganization, Pruned, Replay, Retention, Retried, Room, Store,
};

const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];
const LEASE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(5 * 24 * 3_600);

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn lease(owner: &str, at: Timestamp) -> Lease<'_> {
    Lease {
        owner,
        until: at.plus(LEASE),
    }
}

/// A database with one directory that can have events, and endpoints as asked for.
struct Fixture {
    db: TestDatabase,
    organization_id: OrganizationId,
    directory_id: DirectoryId,
}

impl Fixture {
    async fn new(dialect: Dialect) -> Self {
        let db = TestDatabase::of(dialect).await;
        let organization = NewOrganization {
            id: OrganizationId::new(),
            name: "Contoso".into(),
            domains: vec![],
            at: now(),
        };
        let directory = NewDirectory {
            id: DirectoryId::new(),
            organization_id: organization.id,
            name: "Entra".into(),
            provider: "entra_id".into(),
            at: now(),
        };
        let lane = lane_of(directory.id, 1);
        let change = db.store.change(Some(lane)).await.unwrap();
        change.create_organization(&organization).await.unwrap();
        change.create_directory(&directory, lane).await.unwrap();
        change.commit().await.unwrap();
        Self {
            db,
            organization_id: organization.id,
            directory_id: directory.id,
        }
    }

    fn store(&self) -> &Store {
        &self.db.store
    }

    async fn endpoint(&self, ordered: bool) -> EndpointId {
        self.endpoint_with(ordered, false).await
    }

    async fn endpoint_with(&self, ordered: bool, coalesce: bool) -> EndpointId {
        let endpoint = Endpoint {
            id: EndpointId::new(),
            url: "https://example.com/hook".into(),
            description: None,
            event_types: None,
            directory_ids: None,
            selection: EndpointSelection::default(),
            signing: "v1".to_owned(),
            public_key: None,
            previous_public_key: None,
            client_identity: None,
            catching_up: false,
            sealed_headers: None,
            sealed_secret: vec![1],
            sealed_previous_secret: None,
            previous_secret_until: None,
            ordered,
            coalesce,
            rate_limit: None,
            format: store::EndpointFormat::Standard,
            audience: None,
            state: EndpointState::Enabled,
            disabled_reason: None,
            disabled_at: None,
            failing_since: None,
            created_at: now(),
            updated_at: now(),
        };
        let change = self.store().change(None).await.unwrap();
        change.create_endpoint(&endpoint).await.unwrap();
        change.commit().await.unwrap();
        endpoint.id
    }

    async fn events(&self, subjects: &[Option<ResourceId>]) -> Vec<Event> {
        let draft = |subject_id: &Option<ResourceId>| EventDraft {
            id: EventId::new(),
            kind: EventType::UserUpdated,
            organization_id: self.organization_id,
            directory_id: self.directory_id,
            source: Source::Scim,
            subject_id: *subject_id,
            timestamp: now(),
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
            data: serde_json::json!({"user": {"display_name": "Zoë"}}),
        };
        let change = self.store().change(Some(0)).await.unwrap();
        let events = change.append(0, subjects.iter().map(draft).collect()).await.unwrap();
        change.commit().await.unwrap();
        events
    }

    /// Inserts a delivery of each event; returns their ids and whether each was leased (`None`: not new).
    async fn insert(&self, endpoint: EndpointId, events: &[Event], claim: bool) -> Vec<(DeliveryId, Option<bool>)> {
        let new: Vec<_> = events
            .iter()
            .map(|event| NewDelivery {
                id: DeliveryId::new(),
                endpoint_id: endpoint,
                event_id: event.id,
                directory_id: event.directory_id,
                subject_id: event.subject_id,
                sequence: event.sequence,
                event_type: event.kind,
                claim,
                ordered: true,
            })
            .collect();
        let inserted = self
            .store()
            .deliveries()
            .insert(&new, lease("a", now()), now())
            .await
            .unwrap();
        let leased = |id| inserted.iter().find(|found| found.id == id).map(|found| found.leased);
        new.iter().map(|delivery| (delivery.id, leased(delivery.id))).collect()
    }

    async fn claim(&self, endpoint: EndpointId, room: u32, owner: &str, at: Timestamp) -> Vec<ClaimedDelivery> {
        let rooms = [Room {
            endpoint_id: endpoint,
            firsts: room,
            retries: room,
        }];
        self.store()
            .deliveries()
            .claim(&rooms, lease(owner, at), at)
            .await
            .unwrap()
    }

    async fn finish(&self, owner: &str, at: Timestamp, attempts: &[FinishedAttempt]) -> Vec<EndpointId> {
        let recorded = self
            .store()
            .deliveries()
            .record(attempts, owner, PATIENCE, at)
            .await
            .unwrap();
        recorded.failing
    }

    async fn disable(
        &self,
        endpoint_id: EndpointId,
        delivery_id: DeliveryId,
        patience: Option<Duration>,
        at: Timestamp,
    ) -> bool {
        let disabling = Disabling {
            endpoint_id,
            delivery_id,
            started_at: at,
            patience,
            reason: "because",
            origin: Some("https://example.com"),
            partitions: 1,
        };
        self.store().deliveries().disable(disabling, at).await.unwrap()
    }

    async fn enable(&self, endpoint: EndpointId, skip: bool, at: Timestamp) {
        let change = self.store().change(None).await.unwrap();
        change.enable_endpoint(endpoint, skip, at).await.unwrap();
        change.commit().await.unwrap();
    }

    /// The types in the directory's log and their data.
    async fn log(&self) -> Vec<Event> {
        let directory = self.directory_id;
        let all = self.store().events().of_directory(directory, 0, &[], 100).await;
        all.unwrap()
    }

    async fn state(&self, id: DeliveryId) -> DeliveryState {
        self.store().deliveries().by_id(id).await.unwrap().unwrap().state
    }
}

fn attempt(delivery_id: DeliveryId, endpoint_id: EndpointId, number: u32, verdict: DeliveryVerdict) -> FinishedAttempt {
    let delivered = verdict == DeliveryVerdict::Delivered;
    FinishedAttempt {
        id: AttemptId::new(),
        delivery_id,
        endpoint_id,
        token: 1,
        ordered: true,
        number,
        started_at: now(),
        duration: Duration::from_millis(12),
        status: Some(if delivered { 200 } else { 503 }),
        error: (!delivered).then(|| "answered with status 503".to_owned()),
        response_head: Some("é \"quoted\"".to_owned()),
        trace_id: None,
        verdict,
        gone: false,
    }
}

fn ids(claimed: &[ClaimedDelivery]) -> Vec<DeliveryId> {
    claimed.iter().map(|delivery| delivery.id).collect()
}

#[tokio::test]
async fn an_event_becomes_one_delivery_however_often_it_comes() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None, None]).await;
        let first = f.insert(endpoint, &events[..1], true).await;
        assert_eq!(first[0].1, Some(true));
        let again = f.insert(endpoint, &events, false).await;
        assert_eq!((again[0].1, again[1].1), (None, Some(false)));
        assert_eq!(f.state(first[0].0).await, DeliveryState::Leased);
        assert_eq!(f.state(again[1].0).await, DeliveryState::Pending);
        assert!(
            f.insert(EndpointId::new(), &events, true)
                .await
                .iter()
                .all(|(_, leased)| leased.is_none())
        );
        f.db.close().await;
    }
}

#[tokio::test]
async fn due_deliveries_are_taken_once_in_order_with_their_event() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None, None, None]).await;
        let inserted = f.insert(endpoint, &events, false).await;
        let first = f.claim(endpoint, 2, "a", now()).await;
        assert_eq!(ids(&first), [inserted[0].0, inserted[1].0]);
        assert_eq!(first[0].body.as_deref(), Some(events[0].body.as_str()));
        assert_eq!(first[0].traceparent.as_deref(), events[0].traceparent.as_deref());
        assert_eq!(ids(&f.claim(endpoint, 9, "b", now()).await), [inserted[2].0]);
        assert!(f.claim(endpoint, 9, "b", now()).await.is_empty());
        f.db.close().await;
    }
}

#[tokio::test]
async fn concurrent_dispatchers_never_take_the_same_delivery() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None; 40]).await;
        f.insert(endpoint, &events, false).await;
        let claim = |owner| f.claim(endpoint, 15, owner, now());
        let (a, b, c) = tokio::join!(claim("a"), claim("b"), claim("c"));
        let mut all: Vec<_> = [a, b, c].iter().flat_map(|claimed| ids(claimed)).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        // What was locked by one and skipped by another comes at the next claim.
        assert_eq!(count + f.claim(endpoint, 40, "d", now()).await.len(), 40);
        f.db.close().await;
    }
}

#[tokio::test]
async fn an_expired_lease_is_due_again_and_its_late_failure_does_not_count() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None]).await;
        let id = f.insert(endpoint, &events, true).await[0].0;
        assert!(f.claim(endpoint, 9, "b", now().plus(LEASE / 2)).await.is_empty());

        let deliveries = f.store().deliveries();
        let renewed = deliveries
            .renew(&[id], lease("a", now().plus(LEASE / 2)))
            .await
            .unwrap();
        assert_eq!(renewed, [id]);
        assert!(f.claim(endpoint, 9, "b", now().plus(LEASE)).await.is_empty());

        let later = now().plus(LEASE * 2);
        assert_eq!(ids(&f.claim(endpoint, 9, "b", later).await), [id]);
        assert!(deliveries.renew(&[id], lease("a", later)).await.unwrap().is_empty());
        f.finish("a", later, &[attempt(id, endpoint, 1, DeliveryVerdict::Exhausted)])
            .await;
        assert_eq!(f.state(id).await, DeliveryState::Leased);
        f.finish("a", later, &[attempt(id, endpoint, 1, DeliveryVerdict::Delivered)])
            .await;
        assert_eq!(f.state(id).await, DeliveryState::Delivered);
        f.finish("b", later, &[attempt(id, endpoint, 1, DeliveryVerdict::RetryAt(later))])
            .await;
        assert_eq!(f.state(id).await, DeliveryState::Delivered);
        f.db.close().await;
    }
}

#[tokio::test]
async fn released_deliveries_are_due_at_once_and_only_their_holder_can_release_them() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None, None]).await;
        let held: Vec<_> = f
            .insert(endpoint, &events, true)
            .await
            .iter()
            .map(|(id, _)| *id)
            .collect();
        let deliveries = f.store().deliveries();
        deliveries.release(&held, "b", now()).await.unwrap();
        assert!(f.claim(endpoint, 9, "b", now()).await.is_empty());
        deliveries.release(&held[..1], "a", now()).await.unwrap();
        assert_eq!(ids(&f.claim(endpoint, 9, "b", now()).await), held[..1]);
        assert_eq!(deliveries.release_of_others("b", now()).await.unwrap(), 1);
        assert_eq!(ids(&f.claim(endpoint, 9, "b", now()).await), held[1..]);
        f.db.close().await;
    }
}

#[tokio::test]
async fn an_attempt_is_recorded_with_its_delivery_and_once() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None]).await;
        let id = f.insert(endpoint, &events, true).await[0].0;
        let retry_at = now().plus(Duration::from_secs(5));
        let failed = attempt(id, endpoint, 1, DeliveryVerdict::RetryAt(retry_at));
        f.finish("a", now(), std::slice::from_ref(&failed)).await;
        f.finish("a", now(), &[failed]).await;

        let deliveries = f.store().deliveries();
        let delivery = deliveries.by_id(id).await.unwrap().unwrap();
        assert_eq!(
            (delivery.state, delivery.attempts, delivery.next_at),
            (DeliveryState::Scheduled, 1, Some(retry_at))
        );
        assert_eq!((delivery.last_status, delivery.delivered_at), (Some(503), None));
        assert_eq!(
            f.store()
                .endpoints()
                .by_id(endpoint)
                .await
                .unwrap()
                .unwrap()
                .failing_since,
            Some(now())
        );

        assert!(f.claim(endpoint, 9, "a", now()).await.is_empty());
        assert_eq!(f.claim(endpoint, 9, "a", retry_at).await[0].attempts, 1);
        f.finish("a", retry_at, &[attempt(id, endpoint, 2, DeliveryVerdict::Delivered)])
            .await;
        let delivery = deliveries.by_id(id).await.unwrap().unwrap();
        assert_eq!(
            (delivery.state, delivery.attempts, delivery.next_at),
            (DeliveryState::Delivered, 2, None)
        );
        assert_eq!((delivery.last_error, delivery.delivered_at), (None, Some(retry_at)));
        let attempts = deliveries.attempts(id).await.unwrap();
        assert_eq!(
            attempts.iter().map(|attempt| attempt.number).collect::<Vec<_>>(),
            [1, 2]
        );
        assert_eq!((attempts[0].status, attempts[0].duration_ms), (Some(503), 12));
        assert_eq!(attempts[1].response_head.as_deref(), Some("é \"quoted\""));
        assert_eq!(
            f.store()
                .endpoints()
                .by_id(endpoint)
                .await
                .unwrap()
                .unwrap()
                .failing_since,
            None
        );
        f.db.close().await;
    }
}

#[tokio::test]
async fn an_ordered_endpoint_gets_the_events_of_a_subject_one_after_the_other() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(true).await;
        let (ada, bob) = (Some(ResourceId::new()), Some(ResourceId::new()));
        let events = f.events(&[ada, bob, ada, None, None]).await;
        let first = f.insert(endpoint, &events[..2], true).await;
        assert_eq!((first[0].1, first[1].1), (Some(true), Some(true)));
        let rest = f.insert(endpoint, &events[2..], true).await;
        assert_eq!(
            rest.iter().map(|(_, leased)| *leased).collect::<Vec<_>>(),
            [Some(false), Some(true), Some(true)]
        );

        assert!(f.claim(endpoint, 9, "a", now()).await.is_empty());
        let retry_at = now().plus(LEASE * 10);
        f.finish(
            "a",
            now(),
            &[attempt(first[0].0, endpoint, 1, DeliveryVerdict::RetryAt(retry_at))],
        )
        .await;
        assert!(
            f.claim(endpoint, 9, "a", now()).await.is_empty(),
            "held back while the earlier one is scheduled"
        );
        let again = f.claim(endpoint, 9, "a", retry_at).await;
        assert_eq!((again[0].id, again[0].token), (first[0].0, 2));
        let last = FinishedAttempt {
            token: 2,
            ..attempt(first[0].0, endpoint, 2, DeliveryVerdict::Exhausted)
        };
        f.finish("a", retry_at, &[last]).await;
        assert_eq!(f.claim(endpoint, 1, "a", retry_at).await[0].id, rest[0].0);
        f.db.close().await;
    }
}

#[tokio::test]
async fn an_endpoint_that_fails_for_too_long_is_switched_off_and_its_deliveries_are_held() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (gone, failing, well) = (
            f.endpoint(false).await,
            f.endpoint(false).await,
            f.endpoint(false).await,
        );
        let events = f.events(&[None, None, None]).await;
        let mut deliveries = Vec::new();
        for endpoint in [gone, failing, well] {
            deliveries.push(f.insert(endpoint, &events, true).await);
        }
        let retry = DeliveryVerdict::RetryAt(now());
        let later = now().plus(PATIENCE);
        let mut farewell = attempt(deliveries[0][0].0, gone, 1, retry);
        farewell.gone = true;
        let disabled = f
            .finish(
                "a",
                now(),
                &[
                    farewell,
                    attempt(deliveries[0][1].0, gone, 1, DeliveryVerdict::Delivered),
                    attempt(deliveries[1][0].0, failing, 1, retry),
                    attempt(deliveries[2][0].0, well, 1, retry),
                ],
            )
            .await;
        assert!(disabled.is_empty(), "none for so long");
        assert!(f.disable(gone, deliveries[0][0].0, None, now()).await);
        assert_eq!(f.state(deliveries[0][2].0).await, DeliveryState::Held);
        let disabled = f
            .finish(
                "a",
                later,
                &[
                    attempt(deliveries[1][1].0, failing, 1, retry),
                    attempt(deliveries[2][1].0, well, 1, DeliveryVerdict::Delivered),
                    attempt(deliveries[2][2].0, well, 1, retry),
                ],
            )
            .await;
        assert_eq!(disabled, [failing]);
        assert!(
            !f.disable(well, deliveries[2][0].0, Some(PATIENCE), later).await,
            "it is well"
        );
        assert!(f.disable(failing, deliveries[1][1].0, Some(PATIENCE), later).await);
        f.enable(gone, false, later).await;
        assert!(
            !f.disable(gone, deliveries[0][0].0, None, now()).await,
            "an attempt from before it was switched on again"
        );
        let endpoint = f.store().endpoints().by_id(failing).await.unwrap().unwrap();
        assert_eq!(
            (endpoint.disabled_reason.as_deref(), endpoint.disabled_at),
            (Some("because"), Some(later))
        );
        assert_eq!(f.state(deliveries[1][2].0).await, DeliveryState::Held);
        assert_eq!(f.state(deliveries[2][2].0).await, DeliveryState::Scheduled);
        assert!(f.claim(failing, 9, "a", later).await.is_empty());
        let late = f.insert(failing, &f.events(&[None]).await, true).await[0];
        assert_eq!((late.1, f.state(late.0).await), (Some(false), DeliveryState::Held));
        f.db.close().await;
    }
}

#[tokio::test]
async fn attempts_of_a_deleted_endpoint_are_dropped_without_error() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None]).await;
        let id = f.insert(endpoint, &events, true).await[0].0;
        let change = f.store().change(None).await.unwrap();
        change.delete_endpoint(endpoint).await.unwrap();
        change.commit().await.unwrap();
        assert!(
            f.finish("a", now(), &[attempt(id, endpoint, 1, DeliveryVerdict::Delivered)])
                .await
                .is_empty()
        );
        assert!(f.store().deliveries().by_id(id).await.unwrap().is_none());
        f.db.close().await;
    }
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_and_can_be_tried_again_by_hand() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (one, other) = (f.endpoint(false).await, f.endpoint(false).await);
        let events = f.events(&[None, None, None]).await;
        let mine: Vec<_> = f.insert(one, &events, true).await.iter().map(|(id, _)| *id).collect();
        f.insert(other, &events, false).await;
        f.finish(
            "a",
            now(),
            &[
                attempt(mine[0], one, 1, DeliveryVerdict::Delivered),
                attempt(mine[1], one, 10, DeliveryVerdict::Exhausted),
            ],
        )
        .await;

        let deliveries = f.store().deliveries();
        let list = async |endpoint_id, state, limit, cursor| {
            deliveries
                .list(DeliveryFilter { endpoint_id, state }, &ListPage { limit, cursor })
                .await
                .unwrap()
        };
        let page = list(Some(one), None, 2, None).await;
        assert_eq!(
            page.data.iter().map(|delivery| delivery.id).collect::<Vec<_>>(),
            [mine[2], mine[1]]
        );
        assert_eq!(list(Some(one), None, 2, page.next_cursor).await.data[0].id, mine[0]);
        assert_eq!(list(None, None, 100, None).await.data.len(), 6);
        for (state, count) in [
            (DeliveryState::Pending, 3),
            (DeliveryState::Leased, 1),
            (DeliveryState::Exhausted, 1),
        ] {
            assert_eq!(list(None, Some(state), 100, None).await.data.len(), count, "{state:?}");
        }
        assert_eq!(
            list(Some(one), Some(DeliveryState::Pending), 9, None).await.data.len(),
            0
        );

        assert_eq!(deliveries.retry(mine[1], now()).await.unwrap(), Retried::Queued);
        assert_eq!(deliveries.retry(mine[2], now()).await.unwrap(), Retried::InFlight);
        assert_eq!(
            deliveries.retry(DeliveryId::new(), now()).await.unwrap(),
            Retried::NotFound
        );
        assert_eq!(ids(&f.claim(one, 9, "a", now()).await), [mine[1]]);

        let replay = Replay {
            states: Replay::FAILED.to_vec(),
            ..Replay::default()
        };
        assert_eq!(deliveries.replay(one, &replay, now()).await.unwrap(), 0);
        assert_eq!(
            deliveries
                .replay(
                    one,
                    &Replay {
                        after: Some(now().plus(LEASE)),
                        ..Replay::default()
                    },
                    now()
                )
                .await
                .unwrap(),
            0
        );
        assert_eq!(deliveries.replay(one, &Replay::default(), now()).await.unwrap(), 1);
        assert_eq!(ids(&f.claim(one, 9, "a", now()).await), [mine[0]]);
        f.db.close().await;
    }
}

#[tokio::test]
async fn a_disabled_endpoints_deliveries_are_held_and_sent_or_skipped_when_it_is_enabled() {
    for dialect in BOTH {
        for skip in [false, true] {
            let f = Fixture::new(dialect).await;
            let (endpoint, ada) = (f.endpoint(true).await, Some(ResourceId::new()));
            let events = f.events(&[ada, ada, None]).await;
            let made = f.insert(endpoint, &events, true).await;
            f.disable(endpoint, made[0].0, None, now()).await;
            let later = f.insert(endpoint, &f.events(&[ada]).await, true).await;
            let ids: Vec<_> = made.iter().chain(&later).map(|(id, _)| *id).collect();
            for id in &ids {
                assert_eq!(f.state(*id).await, DeliveryState::Held);
            }
            let deliveries = f.store().deliveries();
            assert_eq!(deliveries.settle(now()).await.unwrap().released, 0);
            f.enable(endpoint, skip, now().plus(LEASE)).await;
            assert_eq!(deliveries.settle(now()).await.unwrap().released, 4);
            let at = now().plus(LEASE);
            if skip {
                for id in &ids {
                    let delivery = deliveries.by_id(*id).await.unwrap().unwrap();
                    assert_eq!(
                        (delivery.state, delivery.reason.as_deref()),
                        (DeliveryState::Cancelled, Some("skipped when the endpoint was enabled"))
                    );
                }
            } else {
                let first = f.claim(endpoint, 9, "a", at).await;
                let claimed: Vec<_> = first.iter().map(|delivery| delivery.id).collect();
                assert_eq!(claimed, [ids[0], ids[2]], "the others of ada wait");
                let attempt = FinishedAttempt {
                    token: first[0].token,
                    ..attempt(ids[0], endpoint, 1, DeliveryVerdict::Delivered)
                };
                f.finish("a", at, &[attempt]).await;
                assert_eq!(f.claim(endpoint, 9, "a", at).await[0].id, ids[1]);
            }
            f.db.close().await;
        }
    }
}

#[tokio::test]
async fn switching_an_endpoint_off_is_told_once_in_the_log_of_the_directory_that_brought_it_about() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let made = f.insert(endpoint, &f.events(&[None]).await, true).await;
        assert!(f.disable(endpoint, made[0].0, None, now()).await);
        assert!(!f.disable(endpoint, made[0].0, None, now()).await);
        let log = f.log().await;
        let told: Vec<_> = log
            .iter()
            .filter(|event| event.kind == EventType::EndpointDisabled)
            .collect();
        assert_eq!((told.len(), told[0].directory_id), (1, f.directory_id));
        let body: serde_json::Value = serde_json::from_str(&told[0].body).unwrap();
        assert_eq!(body["source"], "system");
        let about = &body["data"]["endpoint"];
        assert_eq!(
            (&about["id"], &about["disabled_reason"], &about["url"]),
            (
                &serde_json::json!(endpoint),
                &serde_json::json!("because"),
                &serde_json::json!("https://example.com")
            )
        );
        assert_eq!(body["data"]["delivery"]["id"], serde_json::json!(made[0].0));
        f.db.close().await;
    }
}

#[tokio::test]
async fn a_result_of_an_earlier_lease_of_the_same_holder_does_not_count() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let id = f.insert(endpoint, &f.events(&[None]).await, true).await[0].0;
        let later = now().plus(LEASE * 2);
        assert_eq!(f.claim(endpoint, 9, "a", later).await[0].token, 2);
        let stale = attempt(id, endpoint, 1, DeliveryVerdict::Exhausted);
        f.finish("a", later, std::slice::from_ref(&stale)).await;
        assert_eq!(f.state(id).await, DeliveryState::Leased);
        f.finish("a", later, &[FinishedAttempt { token: 2, ..stale }]).await;
        assert_eq!(f.state(id).await, DeliveryState::Exhausted);
        f.db.close().await;
    }
}

#[tokio::test]
async fn while_a_subject_waits_newer_updates_supersede_older_ones_where_the_endpoint_asks_for_it() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (plain, coalescing) = (f.endpoint(true).await, f.endpoint_with(true, true).await);
        let (ada, bob) = (Some(ResourceId::new()), Some(ResourceId::new()));
        let events = f.events(&[ada, ada, bob, ada, ada]).await;
        for endpoint in [plain, coalescing] {
            let mut made = f.insert(endpoint, &events[..1], true).await;
            made.extend(f.insert(endpoint, &events[1..4], false).await);
            made.extend(f.insert(endpoint, &events[4..], false).await);
            let mut states = Vec::new();
            for (id, _) in &made {
                states.push(f.state(*id).await);
            }
            let superseded = if endpoint == coalescing {
                DeliveryState::Cancelled
            } else {
                DeliveryState::Pending
            };
            let (leased, pending) = (DeliveryState::Leased, DeliveryState::Pending);
            assert_eq!(states, [leased, superseded, pending, superseded, pending]);
            if endpoint == coalescing {
                let reason = f.store().deliveries().by_id(made[3].0).await.unwrap().unwrap().reason;
                assert_eq!(reason, Some(format!("superseded by event {}", events[4].id)));
            }
            assert_eq!(
                ids(&f.claim(endpoint, 9, "a", now()).await),
                [made[2].0],
                "bob does not wait"
            );
            f.finish(
                "a",
                now(),
                &[attempt(made[0].0, endpoint, 1, DeliveryVerdict::Delivered)],
            )
            .await;
            let next = if endpoint == coalescing { made[4].0 } else { made[1].0 };
            assert_eq!(ids(&f.claim(endpoint, 9, "a", now()).await), [next]);
        }
        f.db.close().await;
    }
}

#[tokio::test]
async fn a_cancelled_delivery_is_not_sent_and_lets_the_next_of_its_subject_go() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (endpoint, ada) = (f.endpoint(true).await, Some(ResourceId::new()));
        let events = f.events(&[ada, ada]).await;
        let mut made = f.insert(endpoint, &events[..1], true).await;
        made.extend(f.insert(endpoint, &events[1..], true).await);
        let deliveries = f.store().deliveries();
        assert_eq!(deliveries.cancel(made[0].0, now()).await.unwrap(), Cancelled::InFlight);
        let retry_at = now().plus(LEASE * 10);
        let failed = attempt(made[0].0, endpoint, 1, DeliveryVerdict::RetryAt(retry_at));
        f.finish("a", now(), &[failed]).await;
        assert_eq!(deliveries.cancel(made[0].0, now()).await.unwrap(), Cancelled::Done);
        let ended = Cancelled::Ended(DeliveryState::Cancelled);
        assert_eq!(deliveries.cancel(made[0].0, now()).await.unwrap(), ended);
        assert_eq!(
            deliveries.cancel(DeliveryId::new(), now()).await.unwrap(),
            Cancelled::NotFound
        );
        let delivery = deliveries.by_id(made[0].0).await.unwrap().unwrap();
        assert_eq!(delivery.reason.as_deref(), Some("cancelled by an operator"));
        assert_eq!(ids(&f.claim(endpoint, 9, "a", now()).await), [made[1].0]);
        f.db.close().await;
    }
}

#[tokio::test]
async fn an_endpoint_that_stops_being_ordered_holds_nobody_back() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (endpoint, ada) = (f.endpoint(true).await, Some(ResourceId::new()));
        let events = f.events(&[ada, ada]).await;
        let mut made = f.insert(endpoint, &events[..1], true).await;
        made.extend(f.insert(endpoint, &events[1..], true).await);
        assert!(f.claim(endpoint, 9, "a", now()).await.is_empty());
        let change = f.store().change(None).await.unwrap();
        let mut edited = change.endpoint(endpoint).await.unwrap().unwrap();
        (edited.ordered, edited.updated_at) = (false, now());
        change.save_endpoint(&edited).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(ids(&f.claim(endpoint, 9, "a", now()).await), [made[1].0]);
        f.db.close().await;
    }
}

#[tokio::test]
async fn a_success_that_is_tried_again_keeps_its_attempt() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let id = f.insert(endpoint, &f.events(&[None]).await, true).await[0].0;
        let first = attempt(id, endpoint, 1, DeliveryVerdict::Delivered);
        f.finish("a", now(), std::slice::from_ref(&first)).await;
        f.finish("a", now(), &[first]).await;
        let deliveries = f.store().deliveries();
        assert_eq!(deliveries.attempts(id).await.unwrap().len(), 1);
        assert_eq!(deliveries.retry(id, now()).await.unwrap(), Retried::Queued);
        assert_eq!(deliveries.attempts(id).await.unwrap().len(), 1);
        let claimed = f.claim(endpoint, 9, "a", now()).await;
        let second = FinishedAttempt {
            token: claimed[0].token,
            ..attempt(id, endpoint, 2, DeliveryVerdict::Delivered)
        };
        f.finish("a", now(), &[second]).await;
        let numbers: Vec<_> = deliveries
            .attempts(id)
            .await
            .unwrap()
            .iter()
            .map(|attempt| attempt.number)
            .collect();
        assert_eq!(numbers, [1, 2]);
        f.db.close().await;
    }
}

#[tokio::test]
async fn what_is_older_than_it_is_kept_is_forgotten_and_what_is_open_stays() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let (endpoint, held) = (f.endpoint(false).await, f.endpoint(false).await);
        let events = f.events(&[None, None, None]).await;
        let made = f.insert(endpoint, &events, true).await;
        let kept = f.insert(held, &events[..1], true).await[0].0;
        f.finish(
            "a",
            now(),
            &[
                attempt(made[0].0, endpoint, 1, DeliveryVerdict::Delivered),
                attempt(made[1].0, endpoint, 1, DeliveryVerdict::RetryAt(now())),
            ],
        )
        .await;
        f.disable(held, kept, None, now()).await;
        let (day, deliveries) = (Duration::from_secs(24 * 3_600), f.store().deliveries());
        let retention = Retention {
            deliveries: day * 90,
            attempts: day * 30,
            responses: day * 7,
        };
        let prune = async |after: Duration| {
            let pruned = deliveries
                .prune(retention, &Pruned::default(), Timestamp::now().plus(after))
                .await
                .unwrap();
            (pruned.responses, pruned.attempts, pruned.deliveries, pruned.cancelled)
        };
        assert_eq!(prune(day * 6).await, (0, 0, 0, 0));
        assert_eq!(prune(day * 8).await, (1, 0, 0, 0));
        let attempts = deliveries.attempts(made[0].0).await.unwrap();
        assert_eq!((attempts.len(), &attempts[0].response_head), (1, &None));
        assert_eq!(prune(day * 31).await, (0, 1, 0, 0));
        assert_eq!(
            prune(day * 91).await,
            (0, 0, 2, 1),
            "the delivered one, and the one held too long"
        );
        assert_eq!(f.state(made[1].0).await, DeliveryState::Scheduled);
        assert_eq!(f.state(made[2].0).await, DeliveryState::Leased);
        f.db.close().await;
    }
}

#[tokio::test]
async fn the_stats_of_an_endpoint_tell_what_was_taken_and_what_waits() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let endpoint = f.endpoint(false).await;
        let events = f.events(&[None; 4]).await;
        let made = f.insert(endpoint, &events, true).await;
        f.finish(
            "a",
            Timestamp::now(),
            &[
                attempt(made[0].0, endpoint, 1, DeliveryVerdict::Delivered),
                attempt(made[1].0, endpoint, 1, DeliveryVerdict::Exhausted),
                attempt(made[2].0, endpoint, 1, DeliveryVerdict::RetryAt(now())),
            ],
        )
        .await;
        let deliveries = f.store().deliveries();
        let hour = Duration::from_secs(3_600);
        let stats = deliveries.stats(endpoint, hour, Timestamp::now()).await.unwrap();
        assert_eq!(
            (
                stats.deliveries,
                stats.is_complete,
                stats.delivered,
                stats.exhausted,
                stats.attempts
            ),
            (4, true, 1, 1, 3)
        );
        assert_eq!(
            stats.duration.map(|duration| (duration.p50, duration.p99)),
            Some((12, 12))
        );
        assert!(stats.lag.is_some_and(|lag| lag.p99 < 60_000), "{stats:?}");
        assert_eq!((stats.waiting["leased"], stats.waiting["scheduled"]), (1, 1));
        assert_eq!(stats.oldest_undelivered.map(|(event, _)| event), Some(events[2].id));
        let later = Timestamp::now().plus(hour * 2);
        assert_eq!(deliveries.stats(endpoint, hour, later).await.unwrap().deliveries, 0);
        let backlog = deliveries.backlog().await.unwrap();
        assert_eq!(
            (backlog.waiting["leased"], backlog.enabled, backlog.disabled),
            (1, 1, 0)
        );
        f.db.close().await;
    }
}

/// The dispatcher reads the endpoints anew when this number has changed, and only then.
#[tokio::test]
async fn every_change_of_an_endpoint_is_counted_and_how_it_fares_is_not() {
    for dialect in BOTH {
        let f = Fixture::new(dialect).await;
        let mut last = f.store().endpoints().version().await.unwrap();
        let mut grown = async || {
            let version = f.store().endpoints().version().await.unwrap();
            let grown = version > last;
            last = version;
            grown
        };
        let id = f.endpoint(false).await;
        assert!(grown().await, "made");
        f.endpoint(true).await;
        assert!(grown().await, "another made");

        let events = f.events(&[None]).await;
        let delivery = f.insert(id, &events, true).await[0].0;
        let retry = DeliveryVerdict::RetryAt(now().plus(PATIENCE));
        f.finish("a", now(), &[attempt(delivery, id, 1, retry)]).await;
        let fares = f.store().endpoints().by_id(id).await.unwrap().unwrap().failing_since;
        assert!(fares.is_some());
        assert!(!grown().await, "how it fares");

        let change = f.store().change(None).await.unwrap();
        let mut endpoint = change.endpoint(id).await.unwrap().unwrap();
        endpoint.url = "https://example.com/other".into();
        change.save_endpoint(&endpoint).await.unwrap();
        change.commit().await.unwrap();
        assert!(grown().await, "changed");

        f.enable(id, false, now()).await;
        assert!(grown().await, "switched on");

        let change = f.store().change(None).await.unwrap();
        assert!(change.delete_endpoint(id).await.unwrap());
        change.commit().await.unwrap();
        assert!(grown().await, "deleted");
        f.db.close().await;
    }
}
