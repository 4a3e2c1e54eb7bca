//! A projector that runs, with the bus inside, on either database.

#![allow(dead_code, reason = "not every test needs all of it")]

use bus::Bus;
use events::{
    Command, CommandId, DirectoryId, Event, OrganizationId, Outcome, ResourceId, ResourceKind, Source, Timestamp, Verb,
};
use projector::{Config, Deps, Projector};
use runtime::{Service as _, Shutdown};
use serde_json::{Map, Value, json};
use std::time::Duration;
use store::testing::TestDatabase;
use store::{Dialect, NewDirectory, NewOrganization};

pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) bus: Bus,
    pub(crate) shutdown: Shutdown,
    pub(crate) running: tokio::task::JoinHandle<anyhow::Result<()>>,
    pub(crate) organization: OrganizationId,
}

impl World {
    pub(crate) async fn start(dialect: Dialect) -> Self {
        Self::start_with(dialect, Config::default()).await
    }

    pub(crate) async fn start_with(dialect: Dialect, config: Config) -> Self {
        Self::start_on(dialect, config, Bus::embedded(2)).await
    }

    pub(crate) async fn start_on(dialect: Dialect, config: Config, bus: Bus) -> Self {
        let database = TestDatabase::of(dialect).await;
        let organization = OrganizationId::new();
        let change = database.store.change(None).await.unwrap();
        let new = NewOrganization {
            id: organization,
            name: "Test".into(),
            domains: vec!["test.example".parse().unwrap()],
            at: Timestamp::now(),
        };
        change.create_organization(&new).await.unwrap();
        change.commit().await.unwrap();
        let shutdown = Shutdown::new();
        let running = Self::projector_with(&database, &bus, &shutdown, config);
        Self {
            database,
            bus,
            shutdown,
            running,
            organization,
        }
    }

    pub(crate) fn projector(
        database: &TestDatabase,
        bus: &Bus,
        shutdown: &Shutdown,
    ) -> tokio::task::JoinHandle<anyhow::Result<()>> {
        Self::projector_of(database, bus, shutdown, Config::default().max_batch)
    }

    pub(crate) fn projector_of(
        database: &TestDatabase,
        bus: &Bus,
        shutdown: &Shutdown,
        max_batch: usize,
    ) -> tokio::task::JoinHandle<anyhow::Result<()>> {
        let config = Config {
            max_batch,
            ..Config::default()
        };
        Self::projector_with(database, bus, shutdown, config)
    }

    pub(crate) fn projector_with(
        database: &TestDatabase,
        bus: &Bus,
        shutdown: &Shutdown,
        mut config: Config,
    ) -> tokio::task::JoinHandle<anyhow::Result<()>> {
        let deps = Deps {
            store: database.store.clone(),
            bus: bus.clone(),
            instance: "test".into(),
        };
        if config.sweep == Config::default().sweep {
            config.sweep = Duration::from_millis(50);
        }
        let projector = Projector::bind(config, deps).unwrap();
        tokio::spawn(projector.run(shutdown.clone()))
    }

    pub(crate) async fn directory(&self) -> DirectoryId {
        let id = DirectoryId::new();
        let lane = events::lane_of(id, 2);
        let change = self.database.store.change(Some(lane)).await.unwrap();
        let new = NewDirectory {
            id,
            organization_id: self.organization,
            name: "Directory".into(),
            provider: "entra_id".into(),
            at: Timestamp::now(),
        };
        change.create_directory(&new, lane).await.unwrap();
        change.commit().await.unwrap();
        id
    }

    /// Gives the directory these settings.
    pub(crate) async fn settle(&self, directory: DirectoryId, settings: &str) {
        let store = &self.database.store;
        let mut found = store.directories().by_id(directory).await.unwrap().unwrap();
        found.settings = settings.to_owned();
        let change = store.change(Some(events::lane_of(directory, 2))).await.unwrap();
        change.save_directory(&found).await.unwrap();
        change.commit().await.unwrap();
    }

    /// Directories of one lane.
    pub(crate) async fn two_in_a_lane(&self) -> (DirectoryId, DirectoryId) {
        let first = self.directory().await;
        loop {
            let second = self.directory().await;
            if events::lane_of(second, 2) == events::lane_of(first, 2) {
                return (first, second);
            }
        }
    }

    pub(crate) fn command(
        &self,
        directory_id: DirectoryId,
        kind: ResourceKind,
        resource_id: ResourceId,
        verb: Verb,
    ) -> Command {
        let now = Timestamp::now();
        Command {
            id: CommandId::new(),
            organization_id: self.organization,
            directory_id,
            source: Source::Scim,
            issued_at: now,
            deadline: now.plus(Duration::from_secs(20)),
            kind,
            resource_id,
            if_match: Vec::new(),
            verb,
        }
    }

    pub(crate) fn create_user(&self, directory_id: DirectoryId, name: &str) -> Command {
        let body = json!({ "userName": name, "displayName": name, "active": true, "emails": [{ "value": name }] });
        self.command(
            directory_id,
            ResourceKind::User,
            ResourceId::new(),
            Verb::Create(object(body)),
        )
    }

    pub(crate) async fn send(&self, command: &Command) -> Outcome {
        self.bus.request(command).await.unwrap().outcome
    }

    pub(crate) async fn log(&self, directory_id: DirectoryId) -> Vec<Event> {
        self.database
            .store
            .events()
            .of_directory(directory_id, 0, &[], 10_000)
            .await
            .unwrap()
    }

    pub(crate) async fn stop(self) {
        self.shutdown.soft.cancel();
        self.running.await.unwrap().unwrap();
        self.database.close().await;
    }
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    let Value::Object(members) = value else {
        panic!("not an object: {value}")
    };
    members
}

pub(crate) fn status(outcome: &Outcome) -> u16 {
    match outcome {
        Outcome::Stored { created: true, .. } => 201,
        Outcome::Stored { .. } | Outcome::Applied { .. } => 200,
        Outcome::Deleted => 204,
        Outcome::Refused { status, .. } => *status,
        Outcome::Abandoned => 503,
    }
}

macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name(store::Dialect::Postgres).await; })+
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name(store::Dialect::Sqlite).await; })+
        }
    };
}
