//! Directories that are pulled from Microsoft Graph, for reading.

use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::graph_pulls::{ActiveModel, Column, Entity, Model};
use db::send::{fetch_all, fetch_one};
use events::{DirectoryId, OrganizationId, Timestamp};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set,
};
use uuid::Uuid;

pub use db::entity::graph_pulls::{GraphPullMode, GraphPullState};

/// A directory that is pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphPull {
    /// The directory.
    pub directory_id: DirectoryId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Whether it is pulled.
    pub state: GraphPullState,
    /// What becomes of what is pulled.
    pub mode: GraphPullMode,
    /// The cloud that the tenant is in.
    pub cloud: String,
    /// The tenant; `None` until somebody says.
    pub tenant_id: Option<Uuid>,
    /// The application in it; `None` until somebody says.
    pub client_id: Option<Uuid>,
    /// What is pulled, how often, and the attribute map: JSON, which this crate does not read.
    pub settings: String,
    /// Raised with whatever makes a new full round necessary: a cursor of an earlier one says nothing any more.
    pub generation: i64,
    /// When the next round is due; while somebody works on it, not before the lease ends.
    pub due_at: Timestamp,
    /// Until when somebody works on it.
    pub held_until: Option<Timestamp>,
    /// How far the round is: JSON.
    pub progress: Option<String>,
    /// What went wrong the last time: JSON.
    pub last_error: Option<String>,
    /// Since when rounds fail.
    pub failing_since: Option<Timestamp>,
    /// Rounds that failed since the last good one.
    pub failures: u32,
    /// When an administrator last said that many may go.
    pub brake_released_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The directories that are pulled.
#[derive(Clone, Debug)]
pub struct GraphPulls {
    pub(super) store: Store,
}

impl Store {
    /// The directories that are pulled from Microsoft Graph.
    #[must_use]
    pub fn graph_pulls(&self) -> GraphPulls {
        GraphPulls { store: self.clone() }
    }
}

impl GraphPulls {
    /// One of them.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_directory(&self, directory: DirectoryId) -> Result<Option<GraphPull>, StoreError> {
        let found: Option<Model> = fetch_one(self.store.read(), Entity::find_by_id(directory).as_query()).await?;
        Ok(found.map(pull))
    }

    /// At most `most` of them, of one organization or of all, in the order of their ids after one of them.
    ///
    /// # Errors
    /// As any query.
    pub async fn list(
        &self,
        organization: Option<OrganizationId>,
        after: Option<DirectoryId>,
        most: u16,
    ) -> Result<Vec<GraphPull>, StoreError> {
        let mut some = Entity::find();
        if let Some(organization) = organization {
            some = some
                .filter(Column::OrganizationId.eq(Id(organization)))
                .order_by_asc(Column::OrganizationId);
        }
        let after = after.map_or_else(Uuid::nil, DirectoryId::uuid);
        let some = some
            .filter(Column::DirectoryId.gt(after))
            .order_by_asc(Column::DirectoryId)
            .limit(u64::from(most));
        let found: Vec<Model> = fetch_all(self.store.read(), some.as_query()).await?;
        Ok(found.into_iter().map(pull).collect())
    }
}

pub(super) fn pull(row: Model) -> GraphPull {
    GraphPull {
        directory_id: row.directory_id.0,
        organization_id: row.organization_id.0,
        state: row.state,
        mode: row.mode,
        cloud: row.cloud,
        tenant_id: row.tenant_id,
        client_id: row.client_id,
        settings: row.settings,
        generation: row.generation,
        due_at: row.due_at.into(),
        held_until: row.held_until.map(Timestamp::from),
        progress: row.progress,
        last_error: row.last_error,
        failing_since: row.failing_since.map(Timestamp::from),
        failures: u32::try_from(row.failures).unwrap_or_default(),
        brake_released_at: row.brake_released_at.map(Timestamp::from),
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
    }
}

/// The row of one that nobody has worked on.
pub(super) fn row(new: &GraphPull) -> ActiveModel {
    let new = new.clone();
    ActiveModel {
        directory_id: Set(new.directory_id.into()),
        organization_id: Set(new.organization_id.into()),
        state: Set(new.state),
        mode: Set(new.mode),
        cloud: Set(new.cloud),
        tenant_id: Set(new.tenant_id),
        client_id: Set(new.client_id),
        settings: Set(new.settings),
        generation: Set(new.generation),
        due_at: Set(new.due_at.into()),
        holder: Set(None),
        epoch: Set(0),
        held_until: Set(None),
        progress: Set(new.progress),
        last_error: Set(new.last_error),
        failing_since: Set(new.failing_since.map(Millis::from)),
        failures: Set(i32::try_from(new.failures).unwrap_or(i32::MAX)),
        brake_released_at: Set(new.brake_released_at.map(Millis::from)),
        created_at: Set(new.created_at.into()),
        updated_at: Set(new.updated_at.into()),
    }
}
