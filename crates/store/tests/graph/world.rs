//! A database with directories that are pulled.

use events::{DirectoryId, OrganizationId, Timestamp, lane_of};
use std::time::Duration;
use store::testing::TestDatabase;
use store::{
    Dialect, GraphCollection, GraphCursor, GraphLease, GraphObjectKind, GraphPage, GraphPull, GraphPullMode,
    GraphPullState, GraphPulls, GraphWriter, NewDirectory, NewOrganization, SeenManager, SeenMember, SeenObject, Store,
};
use uuid::Uuid;

pub(crate) const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];
pub(crate) const LANES: u16 = 4;
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

pub(crate) struct World {
    pub(crate) db: TestDatabase,
    pub(crate) organization: OrganizationId,
}

impl World {
    pub(crate) async fn new(dialect: Dialect) -> Self {
        let world = Self {
            db: TestDatabase::of(dialect).await,
            organization: OrganizationId::new(),
        };
        let change = world.store().change(None).await.unwrap();
        let organization = NewOrganization {
            id: world.organization,
            name: "Contoso".into(),
            domains: vec![],
            at: now(),
        };
        change.create_organization(&organization).await.unwrap();
        change.commit().await.unwrap();
        world
    }

    pub(crate) fn store(&self) -> &Store {
        &self.db.store
    }

    pub(crate) fn pulls(&self) -> GraphPulls {
        self.store().graph_pulls()
    }

    /// A directory that is pulled, and due since `due_at`.
    pub(crate) async fn directory(&self, due_at: Timestamp) -> DirectoryId {
        let id = DirectoryId::new();
        let directory = NewDirectory {
            id,
            organization_id: self.organization,
            name: "Entra".into(),
            provider: "entra_id".into(),
            at: now(),
        };
        let lane = lane_of(id, LANES);
        let change = self.store().change(Some(lane)).await.unwrap();
        change.create_directory(&directory, lane).await.unwrap();
        change.create_graph_pull(&self.pull(id, due_at)).await.unwrap();
        change.commit().await.unwrap();
        id
    }

    pub(crate) fn pull(&self, directory_id: DirectoryId, due_at: Timestamp) -> GraphPull {
        GraphPull {
            directory_id,
            organization_id: self.organization,
            state: GraphPullState::Active,
            mode: GraphPullMode::Pull,
            cloud: "global".to_owned(),
            tenant_id: Some(Uuid::from_u128(1)),
            client_id: Some(Uuid::from_u128(2)),
            settings: "{}".to_owned(),
            generation: 1,
            due_at,
            held_until: None,
            progress: None,
            last_error: None,
            failing_since: None,
            failures: 0,
            brake_released_at: None,
            created_at: now(),
            updated_at: now(),
        }
    }

    /// A directory with somebody who works on it.
    pub(crate) async fn worker(&self) -> (DirectoryId, GraphWriter, GraphLease) {
        let directory = self.directory(now()).await;
        let claimed = self.pulls().claim("worker", now(), MINUTE, 1).await.unwrap();
        let lease = claimed[0].lease;
        assert_eq!(lease.directory_id, directory);
        (directory, self.store().graph_writer(lease), lease)
    }
}

/// The cursor of a round after so many pages.
pub(crate) fn cursor(collection: GraphCollection, round: i64, pages: i64) -> GraphCursor {
    GraphCursor {
        collection,
        generation: 1,
        round,
        is_full: true,
        link: format!("https://graph.example/v1.0/users/delta?$skiptoken={round}-{pages}"),
        is_complete: false,
        pages,
        seen: pages,
        known: 0,
        began_at: now(),
        updated_at: now(),
    }
}

/// A page of people between two cursors; of a collection without a cursor `before` is the page zero.
pub(crate) fn page(round: i64, number: i64, objects: Vec<SeenObject>) -> GraphPage {
    let before = (number > 1).then(|| cursor(GraphCollection::Users, round, number - 1));
    GraphPage {
        before,
        after: cursor(GraphCollection::Users, round, number),
        objects,
        members: Vec::new(),
        progress: None,
    }
}

pub(crate) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(crate) fn person(n: u128) -> SeenObject {
    SeenObject {
        object_id: id(n),
        kind: GraphObjectKind::User,
        resource_id: None,
        name: Some(format!("person {n}")),
        kept: None,
        skipped: None,
        removed: None,
        manager: SeenManager::Unchanged,
    }
}

pub(crate) fn group(n: u128) -> SeenObject {
    SeenObject {
        kind: GraphObjectKind::Group,
        ..person(n)
    }
}

pub(crate) fn member(group: u128, member: u128, is_member: bool) -> SeenMember {
    SeenMember {
        group_object_id: id(group),
        member_object_id: id(member),
        member_kind: GraphObjectKind::User,
        is_member,
    }
}
