//! A database with endpoints, and what is done to their deliveries.

use events::{
    AttemptId, DeliveryId, DirectoryId, EndpointId, Event, EventId, EventType, OrganizationId, ResourceId, Source,
    Timestamp, lane_of,
};
use std::time::Duration;
use store::testing::TestDatabase;
use store::{
    ClaimedDelivery, DeliveryState, DeliveryVerdict, Dialect, Disabling, Endpoint, EndpointSelection, EndpointState,
    EndpointUrl, EventDraft, FinishedAttempt, Head, Lease, NewDelivery, NewDirectory, NewOrganization, Room, Store,
};

pub(crate) const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];
pub(crate) const LEASE: Duration = Duration::from_secs(30);
pub(crate) const PATIENCE: Duration = Duration::from_secs(5 * 24 * 3_600);

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

pub(crate) fn lease(owner: &str, at: Timestamp) -> Lease<'_> {
    Lease {
        owner,
        until: at.plus(LEASE),
    }
}

/// A database with one directory that can have events, and endpoints as asked for.
pub(crate) struct Fixture {
    pub(crate) db: TestDatabase,
    pub(crate) organization_id: OrganizationId,
    pub(crate) directory_id: DirectoryId,
}

impl Fixture {
    pub(crate) async fn new(dialect: Dialect) -> Self {
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

    pub(crate) fn store(&self) -> &Store {
        &self.db.store
    }

    pub(crate) async fn endpoint(&self, ordered: bool) -> EndpointId {
        self.endpoint_with(ordered, false).await
    }

    pub(crate) async fn endpoint_with(&self, ordered: bool, coalesce: bool) -> EndpointId {
        let endpoint = Endpoint {
            id: EndpointId::new(),
            url: EndpointUrl::sealed("https://example.com/hook", b"sealed".to_vec()),
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
            sso_client_id: None,
            signals: None,
            state: EndpointState::Enabled,
            disabled_reason: None,
            disabled_at: None,
            failing_since: None,
            contacts: Vec::new(),
            created_at: now(),
            updated_at: now(),
        };
        let change = self.store().change(None).await.unwrap();
        change.create_endpoint(&endpoint).await.unwrap();
        change.commit().await.unwrap();
        endpoint.id
    }

    pub(crate) async fn events(&self, subjects: &[Option<ResourceId>]) -> Vec<Event> {
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
    pub(crate) async fn insert(
        &self,
        endpoint: EndpointId,
        events: &[Event],
        claim: bool,
    ) -> Vec<(DeliveryId, Option<bool>)> {
        self.insert_behind(endpoint, events, claim, None).await
    }

    /// The same, where the caller holds the last delivery about the same subject.
    pub(crate) async fn insert_behind(
        &self,
        endpoint: EndpointId,
        events: &[Event],
        claim: bool,
        after: Option<DeliveryId>,
    ) -> Vec<(DeliveryId, Option<bool>)> {
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
                after,
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

    pub(crate) async fn claim(
        &self,
        endpoint: EndpointId,
        room: u32,
        owner: &str,
        at: Timestamp,
    ) -> Vec<ClaimedDelivery> {
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

    /// Takes what is behind a delivery in its line, up to so many; and whether the line goes on.
    pub(crate) async fn follow(
        &self,
        head: DeliveryId,
        most: u32,
        owner: &str,
        at: Timestamp,
    ) -> (Vec<DeliveryId>, bool) {
        let heads = [Head { id: head, most }];
        let found = self.store().deliveries().follow(&heads, lease(owner, at), at).await;
        let followers = found.unwrap().remove(&head).unwrap_or_default();
        assert!(followers.astray.is_empty());
        (ids(&followers.taken), followers.goes_on)
    }

    pub(crate) async fn finish(&self, owner: &str, at: Timestamp, attempts: &[FinishedAttempt]) -> Vec<EndpointId> {
        let recorded = self
            .store()
            .deliveries()
            .record(attempts, owner, PATIENCE, at)
            .await
            .unwrap();
        recorded.failing
    }

    pub(crate) async fn disable(
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

    pub(crate) async fn enable(&self, endpoint: EndpointId, skip: bool, at: Timestamp) {
        let change = self.store().change(None).await.unwrap();
        change.enable_endpoint(endpoint, skip, at).await.unwrap();
        change.commit().await.unwrap();
    }

    /// The types in the directory's log and their data.
    pub(crate) async fn log(&self) -> Vec<Event> {
        let directory = self.directory_id;
        let all = self.store().events().of_directory(directory, 0, &[], 100).await;
        all.unwrap()
    }

    pub(crate) async fn state(&self, id: DeliveryId) -> DeliveryState {
        self.store().deliveries().by_id(id).await.unwrap().unwrap().state
    }
}

pub(crate) fn attempt(
    delivery_id: DeliveryId,
    endpoint_id: EndpointId,
    number: u32,
    verdict: DeliveryVerdict,
) -> FinishedAttempt {
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

pub(crate) fn ids(claimed: &[ClaimedDelivery]) -> Vec<DeliveryId> {
    claimed.iter().map(|delivery| delivery.id).collect()
}
