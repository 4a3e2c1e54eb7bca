//! A simulator, a projector and the pull between them.

use bus::Bus;
use entra::{Control, Entra, NewApp, NewCredential, NewTenant, Options, Presence, Tenant, Truth};
use events::{
    Command, CommandId, DirectoryId, Event, EventType, GraphCredentialId, OrganizationId, Outcome, ResourceId,
    ResourceKind, Source, Timestamp, Verb, lane_of,
};
use graph::{Clock, Sleep};
use graph_sync::{Config, Deps, GraphSync};
use projector::Projector;
use runtime::{Service as _, Shutdown};
use secrets::{MasterKey, MasterKeys};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use store::testing::TestDatabase;
use store::{
    Dialect, GraphCredential, GraphCredentialKind, GraphCredentialState, GraphDifference, GraphPull, GraphPullMode,
    GraphPullState, GraphRound, NewDirectory, NewOrganization, SealedColumn, SealedGraphCredential, Store,
};
use uuid::Uuid;
use webhooks::{Guard, Rules};

pub(crate) const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];
const LANES: u16 = 2;
/// What the app of each tenant may read.
const PERMISSIONS: [&str; 4] = [
    "User.Read.All",
    "GroupMember.Read.All",
    "Group.Read.All",
    "Application.Read.All",
];

/// The clock of the simulator: each wait moves it on, so that nobody waits.
#[derive(Debug)]
struct SimulatorClock(Control);

impl Clock for SimulatorClock {
    fn now(&self) -> Timestamp {
        time_of(&self.0)
    }

    fn sleep_until(&self, at: Timestamp) -> Sleep<'_> {
        Box::pin(async move {
            self.0.advance(at.since(self.now()));
            tokio::task::yield_now().await;
        })
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

fn time_of(entra: &Control) -> Timestamp {
    Timestamp::from_millis(i64::try_from(entra.now().0).unwrap())
}

pub(crate) struct World {
    pub(crate) db: TestDatabase,
    pub(crate) entra: Entra,
    pub(crate) sync: GraphSync,
    pub(crate) config: Config,
    bus: Bus,
    keys: MasterKeys,
    organization: OrganizationId,
    shutdown: Shutdown,
    projector: tokio::task::JoinHandle<anyhow::Result<()>>,
}

/// A difference, the object, the user, and the fields.
pub(crate) type Drift = (GraphDifference, Option<Uuid>, Option<ResourceId>, Vec<String>);

/// A tenant and the directory that it is pulled into.
#[derive(Clone)]
pub(crate) struct Pulled {
    pub(crate) directory: DirectoryId,
    pub(crate) tenant: Tenant,
    pub(crate) client_id: Uuid,
}

impl World {
    pub(crate) async fn new(dialect: Dialect) -> Self {
        Self::seeded(dialect, 1).await
    }

    pub(crate) async fn seeded(dialect: Dialect, seed: u64) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let options = Options {
            seed,
            ..Options::default()
        };
        let entra = Entra::start(options).unwrap();
        let db = TestDatabase::of(dialect).await;
        let organization = OrganizationId::new();
        let change = db.store.change(None).await.unwrap();
        let new = NewOrganization {
            id: organization,
            name: "Fabrikam".into(),
            domains: vec![],
            at: Timestamp::now(),
        };
        change.create_organization(&new).await.unwrap();
        change.commit().await.unwrap();
        let (bus, shutdown) = (Bus::embedded(LANES), Shutdown::new());
        let projecting = projector::Deps {
            store: db.store.clone(),
            bus: bus.clone(),
            instance: "test".into(),
        };
        let projector = Projector::bind(projector::Config::default(), projecting).unwrap();
        let projector = tokio::spawn(projector.run(shutdown.clone()));
        // Nobody listens to events here.
        let (events, soft) = (bus.events((0..LANES).collect()), shutdown.soft.clone());
        tokio::spawn(soft.run_until_cancelled_owned(drain(events)));
        let keys: MasterKeys = MasterKey::generate().into();
        let guard = Guard::new(Rules::new(true, Vec::new(), Vec::new()));
        let config = Config {
            // The clock jumps, and nobody else works on a directory.
            lease: Duration::from_hours(24 * 365),
            ..Config::new(guard, entra.url(), Some(entra.url()))
        };
        let sync = Self::another(&db.store, &bus, &keys, &entra, config.clone(), "sync");
        Self {
            db,
            entra,
            sync,
            config,
            bus,
            keys,
            organization,
            shutdown,
            projector,
        }
    }

    fn another(store: &Store, bus: &Bus, keys: &MasterKeys, entra: &Control, config: Config, name: &str) -> GraphSync {
        let deps = Deps {
            store: store.clone(),
            bus: bus.clone(),
            master_keys: keys.clone(),
            instance: name.into(),
            clock: Arc::new(SimulatorClock(entra.clone())),
        };
        GraphSync::bind(config, deps).unwrap()
    }

    /// The pull as another process has it.
    pub(crate) fn process(&self, name: &str, config: Config) -> GraphSync {
        Self::another(&self.db.store, &self.bus, &self.keys, &self.entra, config, name)
    }

    pub(crate) fn store(&self) -> &Store {
        &self.db.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        time_of(&self.entra)
    }

    /// A tenant, with an app that may read it and a directory that it is pulled into with these settings.
    pub(crate) async fn pulled(&self, settings: &Value) -> Pulled {
        let new = NewTenant {
            id: None,
            domain: "fabrikam.example".to_owned(),
        };
        let tenant = self.entra.create_tenant(&new).unwrap();
        let app = NewApp::new("Pull", &PERMISSIONS).with(NewCredential::secret("a+secret&more"));
        let client_id = tenant.app(app).unwrap();
        let id = DirectoryId::new();
        let lane = lane_of(id, LANES);
        let change = self.store().change(Some(lane)).await.unwrap();
        let directory = NewDirectory {
            id,
            organization_id: self.organization,
            name: "Entra".into(),
            provider: "entra_graph".into(),
            at: Timestamp::now(),
        };
        change.create_directory(&directory, lane).await.unwrap();
        let pull = GraphPull {
            directory_id: id,
            organization_id: self.organization,
            state: GraphPullState::Active,
            mode: GraphPullMode::Pull,
            cloud: "global".to_owned(),
            tenant_id: Some(tenant.id()),
            client_id: Some(client_id),
            settings: settings.to_string(),
            generation: 1,
            due_at: self.now(),
            held_until: None,
            progress: None,
            last_error: None,
            failing_since: None,
            failures: 0,
            brake_released_at: None,
            created_at: self.now(),
            updated_at: self.now(),
        };
        change.create_graph_pull(&pull).await.unwrap();
        let credential = GraphCredential {
            id: GraphCredentialId::new(),
            directory_id: id,
            kind: GraphCredentialKind::Secret,
            state: GraphCredentialState::Active,
            certificate: None,
            hint: "a+s".to_owned(),
            assertion_form: String::new(),
            expires_at: None,
            created_at: self.now(),
            proved_at: None,
            retires_at: None,
        };
        let place = SealedColumn::GraphSecret.context(&credential.id);
        let sealed = SealedGraphCredential {
            secret: Some(self.keys.seal(b"a+secret&more", &place)),
            private_key: None,
        };
        change.add_graph_credential(&credential, sealed).await.unwrap();
        change.commit().await.unwrap();
        Pulled {
            directory: id,
            tenant,
            client_id,
        }
    }

    /// Has a directory pulled at once.
    pub(crate) async fn ask(&self, of: &Pulled) {
        self.store().graph_pulls().ask(of.directory, self.now()).await.unwrap();
    }

    /// Another round of a directory, at once.
    pub(crate) async fn round(&self, of: &Pulled) {
        self.ask(of).await;
        self.sync.settle().await.unwrap();
    }

    pub(crate) async fn pull(&self, of: &Pulled) -> GraphPull {
        self.store()
            .graph_pulls()
            .by_directory(of.directory)
            .await
            .unwrap()
            .unwrap()
    }

    /// Compares a directory with its tenant.
    pub(crate) async fn compare(&self, of: &Pulled) {
        let mut pull = self.pull(of).await;
        (pull.mode, pull.due_at) = (GraphPullMode::Compare, self.now());
        let change = self.store().change(None).await.unwrap();
        change.update_graph_pull(&pull, false, self.now()).await.unwrap();
        change.commit().await.unwrap();
        self.sync.settle().await.unwrap();
    }

    /// In whom they differ, as the last comparison found.
    pub(crate) async fn drift(&self, of: &Pulled) -> Vec<Drift> {
        let page = store::ListPage {
            limit: 100,
            cursor: None,
        };
        let found = self
            .store()
            .graph_drift(of.directory, &page)
            .await
            .unwrap()
            .data
            .into_iter();
        let mut drift: Vec<Drift> = found
            .map(|one| (one.difference, one.object_id, one.resource_id, one.fields))
            .collect();
        drift.sort();
        drift
    }

    /// Gives a pull other settings.
    pub(crate) async fn set(&self, of: &Pulled, settings: &Value, begins_anew: bool) {
        let mut pull = self.pull(of).await;
        pull.settings = settings.to_string();
        pull.due_at = self.now();
        let change = self.store().change(None).await.unwrap();
        change.update_graph_pull(&pull, begins_anew, self.now()).await.unwrap();
        change.commit().await.unwrap();
    }

    /// The last rounds, the newest first.
    pub(crate) async fn rounds(&self, of: &Pulled) -> Vec<GraphRound> {
        let page = store::ListPage {
            limit: 20,
            cursor: None,
        };
        self.store().graph_rounds(of.directory).list(&page).await.unwrap().data
    }

    /// What happened to users and groups, and that the directory is held.
    pub(crate) async fn log(&self, of: &Pulled) -> Vec<Event> {
        let events = self.store().events();
        let mut log = events.of_directory(of.directory, 0, &[], 10_000).await.unwrap();
        log.retain(|event| {
            !matches!(
                event.kind,
                EventType::DirectoryCreated | EventType::DirectorySyncCompleted
            )
        });
        log
    }

    /// The same, by types in their order.
    pub(crate) async fn types(&self, of: &Pulled) -> Vec<EventType> {
        self.log(of).await.into_iter().map(|event| event.kind).collect()
    }

    /// Makes a user as an identity provider does that pushes.
    pub(crate) async fn push(&self, of: &Pulled, attributes: Value) -> ResourceId {
        let Value::Object(attributes) = attributes else {
            panic!("no attributes")
        };
        let now = Timestamp::now();
        let command = Command {
            id: CommandId::new(),
            organization_id: self.organization,
            directory_id: of.directory,
            source: Source::Scim,
            issued_at: now,
            deadline: now.plus(Duration::from_secs(20)),
            kind: ResourceKind::User,
            resource_id: ResourceId::new(),
            if_match: Vec::new(),
            verb: Verb::Create(attributes),
        };
        let verdict = self.bus.request(&command).await.unwrap();
        assert!(
            matches!(verdict.outcome, Outcome::Stored { created: true, .. }),
            "{verdict:?}"
        );
        command.resource_id
    }

    /// A user by the id that Entra ID gave.
    pub(crate) async fn user(&self, of: &Pulled, id: Uuid) -> Option<(ResourceId, Map<String, Value>)> {
        let users = self.store().users(of.directory);
        let mut found = users.by_external_ids(&[id.to_string()]).await.unwrap();
        let stored = found.pop()?.into_stored().unwrap();
        assert!(found.is_empty(), "one person is one user");
        Some((stored.id, stored.attributes))
    }

    /// Everything that the directory has, by the ids that Entra ID gave.
    pub(crate) async fn state(&self, of: &Pulled, truth: &Truth) -> State {
        let store = self.store();
        let texts = |ids: Vec<Uuid>| ids.iter().map(Uuid::to_string).collect::<Vec<_>>();
        let (mut users, mut groups) = (BTreeMap::new(), BTreeMap::new());
        let mut by_resource = BTreeMap::new();
        let external =
            |attributes: &Map<String, Value>| attributes["externalId"].as_str().unwrap().parse::<Uuid>().unwrap();
        for some in truth.users.chunks(500) {
            let ids = texts(some.iter().map(|user| user.id).collect());
            for row in store.users(of.directory).by_external_ids(&ids).await.unwrap() {
                let stored = row.into_stored().unwrap();
                let id = external(&stored.attributes);
                by_resource.insert(stored.id, id);
                assert!(users.insert(id, stored.attributes).is_none(), "{id} is two users");
            }
        }
        let ids = texts(truth.groups.iter().map(|group| group.id).collect());
        let rows = store.groups(of.directory).by_external_ids(&ids).await.unwrap();
        let resources: Vec<ResourceId> = rows.iter().map(|row| row.id).collect();
        for row in rows {
            let stored = row.into_stored().unwrap();
            let id = external(&stored.attributes);
            by_resource.insert(stored.id, id);
            assert!(
                groups.insert(id, (stored.attributes, BTreeSet::new())).is_none(),
                "{id} is two groups"
            );
        }
        let (members, is_cut) = store
            .groups(of.directory)
            .members_of(&resources, 1_000_000)
            .await
            .unwrap();
        assert!(!is_cut);
        for (group, member) in members {
            let group = groups.get_mut(&by_resource[&group]).unwrap();
            group.1.insert(by_resource[&member]);
        }
        let counts = store.directories().counts(&[of.directory]).await.unwrap();
        let counts = counts.get(&of.directory).copied().unwrap_or_default();
        assert_eq!(
            counts.users,
            i64::try_from(users.len()).unwrap(),
            "nobody else is in the directory"
        );
        assert_eq!(
            counts.groups,
            i64::try_from(groups.len()).unwrap(),
            "no other group is in the directory"
        );
        State {
            users,
            groups,
            by_resource,
        }
    }

    /// The directory is as the tenant is.
    pub(crate) async fn assert_same(&self, of: &Pulled) {
        let truth = of.tenant.truth().unwrap();
        self.state(of, &truth).await.assert_is(&truth);
    }

    pub(crate) async fn stop(self) {
        self.shutdown.soft.cancel();
        self.projector.await.unwrap().unwrap();
        self.db.close().await;
    }
}

async fn drain(events: bus::Consumer<Event>) {
    let acks = events.acker();
    while let Some(some) = events.next(1_000).await {
        acks.ack(&some).await;
    }
}

/// What an event says.
pub(crate) fn said(event: &Event) -> Value {
    serde_json::from_str(&event.body).unwrap()
}

/// What a directory has.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) users: BTreeMap<Uuid, Map<String, Value>>,
    pub(crate) groups: BTreeMap<Uuid, (Map<String, Value>, BTreeSet<Uuid>)>,
    by_resource: BTreeMap<ResourceId, Uuid>,
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

impl State {
    fn manager(&self, user: &Map<String, Value>) -> Option<Uuid> {
        let id = user.get(ENTERPRISE)?.get("manager")?.get("value")?.as_str()?;
        self.by_resource.get(&id.parse().ok()?).copied()
    }

    pub(crate) fn assert_is(&self, truth: &Truth) {
        for user in &truth.users {
            let stored = self.users.get(&user.id);
            match (user.presence, stored) {
                (Presence::Live, None) => panic!("{} is not in the directory: {user:?}", user.id),
                (Presence::Live, Some(stored)) => self.assert_user(user, stored),
                (Presence::Deleted, Some(stored)) => {
                    assert_eq!(stored["active"], false, "{} is deleted", user.id);
                }
                (Presence::Purged, Some(_)) => panic!("{} is gone for good", user.id),
                (Presence::Deleted | Presence::Purged, None) => {}
            }
        }
        for group in &truth.groups {
            match (group.presence, self.groups.get(&group.id)) {
                (Presence::Live, None) => panic!("group {} is not in the directory: {group:?}", group.id),
                (Presence::Live, Some((stored, members))) => {
                    assert_eq!(stored["displayName"], group.properties["displayName"], "{}", group.id);
                    let is_here = |id: &Uuid| self.users.contains_key(id) || self.groups.contains_key(id);
                    let wanted: BTreeSet<Uuid> = group.members.iter().copied().filter(is_here).collect();
                    assert_eq!(members, &wanted, "members of {}", group.id);
                }
                (_, Some(_)) => panic!("group {} is deleted", group.id),
                (_, None) => {}
            }
        }
    }

    fn assert_user(&self, user: &entra::TrueUser, stored: &Map<String, Value>) {
        let id = user.id;
        let said = |name: &str| user.properties.get(name).filter(|value| !value.is_null());
        assert_eq!(stored["active"], user.enabled, "{id} may log in");
        for (graph, scim) in [
            ("userPrincipalName", "userName"),
            ("displayName", "displayName"),
            ("jobTitle", "title"),
        ] {
            assert_eq!(stored.get(scim), said(graph), "{scim} of {id}");
        }
        let name = |part: &str| stored.get("name").and_then(|name| name.get(part));
        assert_eq!(name("givenName"), said("givenName"), "givenName of {id}");
        assert_eq!(name("familyName"), said("surname"), "familyName of {id}");
        let department = stored.get(ENTERPRISE).and_then(|extension| extension.get("department"));
        assert_eq!(department, said("department"), "department of {id}");
        let emails = stored.get("emails").and_then(Value::as_array).into_iter().flatten();
        let work: Vec<&Value> = emails
            .filter(|email| email["type"] == "work")
            .map(|email| &email["value"])
            .collect();
        assert_eq!(work, said("mail").into_iter().collect::<Vec<_>>(), "mail of {id}");
        let manager = user.manager.filter(|manager| self.users.contains_key(manager));
        assert_eq!(self.manager(stored), manager, "manager of {id}");
    }
}

/// A while, as rounds have between them.
pub(crate) const A_WHILE: Duration = Duration::from_mins(15);
