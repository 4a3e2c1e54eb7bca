//! A real database, a real bus and a dispatcher between them.

use crate::receiver::until;
use bus::Bus;
use dispatcher::{BreakerLimits, Config, Deps, Dispatcher};
use events::{
    DirectoryId, EndpointId, Event, EventId, EventType, OrganizationId, ResourceId, Source, Timestamp, lane_of,
};
use runtime::{Service as _, Shutdown};
use secrets::MasterKey;
use std::time::Duration;
use store::testing::TestDatabase;
use store::{
    Delivery, DeliveryFilter, DeliveryState, Dialect, Endpoint, EndpointFormat, EndpointSelection, EndpointState,
    EndpointUrl, EventDraft, ListPage, NewDirectory, NewOrganization, Store, StoreOptions,
};
use webhooks::{Guard, RetrySchedule, Rules, Secret, SenderOptions};

const PARTITIONS: u16 = 2;

pub(crate) struct System {
    pub(crate) db: TestDatabase,
    pub(crate) bus: Bus,
    pub(crate) master_key: MasterKey,
    pub(crate) shutdown: Shutdown,
    pub(crate) organization_id: OrganizationId,
    pub(crate) directory_id: DirectoryId,
}

/// What a test wants of an endpoint.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) ordered: bool,
    pub(crate) coalesce: bool,
    pub(crate) rate_limit: Option<i32>,
    pub(crate) event_types: Option<Vec<EventType>>,
}

/// Short times, private receivers.
pub(crate) fn config() -> Config {
    Config {
        sender: SenderOptions {
            guard: Guard::new(Rules::private()),
            timeout: Duration::from_secs(10),
            ..SenderOptions::default()
        },
        schedule: RetrySchedule::new([Duration::from_millis(40), Duration::from_millis(80)]),
        lease: Duration::from_millis(900),
        sweep_every: Duration::from_millis(20),
        breaker: BreakerLimits {
            failures: 10,
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_millis(200),
        },
        ..Config::default()
    }
}

impl System {
    pub(crate) async fn new(dialect: Dialect) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let db = TestDatabase::of(dialect).await;
        let now = Timestamp::now();
        let organization = NewOrganization {
            id: OrganizationId::new(),
            name: "Contoso".into(),
            domains: vec![],
            at: now,
        };
        let directory = NewDirectory {
            id: DirectoryId::new(),
            organization_id: organization.id,
            name: "Entra".into(),
            provider: "entra_id".into(),
            at: now,
        };
        let lane = lane_of(directory.id, PARTITIONS);
        let change = db.store.change(Some(lane)).await.unwrap();
        change.create_organization(&organization).await.unwrap();
        change.create_directory(&directory, lane).await.unwrap();
        change.commit().await.unwrap();
        Self {
            db,
            bus: Bus::embedded(PARTITIONS),
            master_key: MasterKey::generate(),
            shutdown: Shutdown::new(),
            organization_id: organization.id,
            directory_id: directory.id,
        }
    }

    pub(crate) fn lane(&self) -> u16 {
        lane_of(self.directory_id, PARTITIONS)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.db.store
    }

    pub(crate) fn deps(&self, instance: &str) -> Deps {
        Deps {
            store: self.store().clone(),
            bus: self.bus.clone(),
            master_keys: self.master_key.clone().into(),
            public_url: "https://sync.example.com".into(),
            instance: instance.into(),
        }
    }

    pub(crate) fn start(&self, config: Config) {
        let dispatcher = Dispatcher::bind(config, self.deps("one")).unwrap();
        self.shutdown.spawn("dispatcher", dispatcher.run(self.shutdown.clone()));
    }

    /// A dispatcher that can be killed: by the end of its runtime.
    pub(crate) fn start_doomed(&self) -> tokio::runtime::Runtime {
        let doomed = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (url, deps) = (self.db.url.clone(), self.deps("doomed"));
        doomed.spawn(async move {
            let store = Store::connect(&StoreOptions::new(url)).await.unwrap();
            let deps = Deps { store, ..deps };
            let dispatcher = Dispatcher::bind(config(), deps).unwrap();
            dispatcher.run(Shutdown::new()).await.unwrap();
        });
        doomed
    }

    /// Stops softly, waits for the end, and removes the database.
    pub(crate) async fn stop(self) {
        self.shutdown.soft.cancel();
        self.drained().await;
        assert!(!self.shutdown.has_failed());
        self.db.close().await;
    }

    pub(crate) async fn drained(&self) {
        self.shutdown.tracker.close();
        tokio::time::timeout(Duration::from_secs(20), self.shutdown.tracker.wait())
            .await
            .expect("it drains");
    }

    pub(crate) async fn endpoint(&self, url: String, wanted: Wanted) -> (EndpointId, Secret) {
        let (id, secret, now) = (EndpointId::new(), Secret::mint().unwrap(), Timestamp::now());
        let endpoint = Endpoint {
            id,
            url: EndpointUrl::sealed(&url, self.master_key.seal(url.as_bytes(), &Endpoint::url_context(id))),
            description: None,
            event_types: wanted
                .event_types
                .map(|types| types.into_iter().map(Into::into).collect()),
            selection: EndpointSelection::default(),
            signing: "v1".to_owned(),
            public_key: None,
            previous_public_key: None,
            client_identity: None,
            catching_up: false,
            directory_ids: Some(vec![self.directory_id]),
            sealed_headers: Some(
                self.master_key
                    .seal(br#"{"x-team":"people"}"#, &Endpoint::headers_context(id)),
            ),
            sealed_secret: self
                .master_key
                .seal(secret.expose().as_bytes(), &Endpoint::secret_context(id)),
            sealed_previous_secret: None,
            previous_secret_until: None,
            ordered: wanted.ordered,
            coalesce: wanted.coalesce,
            rate_limit: wanted.rate_limit,
            format: EndpointFormat::Standard,
            audience: None,
            sso_client_id: None,
            signals: None,
            state: EndpointState::Enabled,
            disabled_reason: None,
            disabled_at: None,
            failing_since: None,
            contacts: Vec::new(),
            created_at: now,
            updated_at: now,
        };
        let change = self.store().change(None).await.unwrap();
        change.create_endpoint(&endpoint).await.unwrap();
        change.commit().await.unwrap();
        (id, secret)
    }

    /// Commits events about these subjects and publishes them.
    pub(crate) async fn publish(&self, subjects: &[Option<ResourceId>]) -> Vec<Event> {
        let lane = self.lane();
        let draft = |subject_id: &Option<ResourceId>| EventDraft {
            id: EventId::new(),
            kind: EventType::UserUpdated,
            organization_id: self.organization_id,
            directory_id: self.directory_id,
            source: Source::Scim,
            subject_id: *subject_id,
            timestamp: Timestamp::now(),
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
            data: serde_json::json!({"user": {"display_name": "Zoë"}}),
        };
        let change = self.store().change(Some(lane)).await.unwrap();
        let events = change.append(lane, subjects.iter().map(draft).collect()).await.unwrap();
        change.commit().await.unwrap();
        self.bus.publish(&events).await.unwrap();
        events
    }

    /// How many events of a type the directory's log has.
    pub(crate) async fn log_count(&self, kind: EventType) -> usize {
        let log = self
            .store()
            .events()
            .of_directory(self.directory_id, 0, &[kind], 100)
            .await;
        log.unwrap().len()
    }

    /// All deliveries of an endpoint, oldest first.
    pub(crate) async fn deliveries(&self, endpoint: EndpointId) -> Vec<Delivery> {
        let filter = DeliveryFilter {
            endpoint_id: Some(endpoint),
            state: None,
        };
        let page = ListPage {
            limit: 1_000,
            cursor: None,
        };
        let mut all = self.store().deliveries().list(filter, &page).await.unwrap().data;
        all.reverse();
        all
    }

    pub(crate) async fn states(&self, endpoint: EndpointId) -> Vec<DeliveryState> {
        self.deliveries(endpoint)
            .await
            .iter()
            .map(|delivery| delivery.state)
            .collect()
    }

    /// Waits until every delivery of the endpoint, and there are `count`, is in this state.
    pub(crate) async fn all_are(&self, endpoint: EndpointId, count: usize, state: DeliveryState) {
        until(&format!("{count} deliveries are {state:?}"), async || {
            let states = self.states(endpoint).await;
            (states.len() == count && states.iter().all(|found| *found == state)).then_some(())
        })
        .await;
    }
}
