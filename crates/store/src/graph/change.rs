//! What administrators change of a pull. Whoever works on the directory meanwhile loses the lease, so that nothing is written
//! by what was set before.

use super::pulls::{pull, row};
use super::{GraphPull, GraphPullState};
use crate::operations::credential_ends::CredentialKind;
use crate::{AdminTx, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::credentials;
use db::entity::graph_pulls::{Column, Entity, Model};
use db::send::{execute, fetch_one};
use events::{DirectoryId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, UpdateMany};

impl AdminTx {
    /// Lets a directory be pulled. A [`StoreError::Conflict`] where it is already.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_graph_pull(&self, new: &GraphPull) -> Result<(), StoreError> {
        let made = Entity::insert(row(new));
        execute(&self.tx, made.as_query()).await?;
        Ok(())
    }

    /// How a directory is pulled, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn graph_pull(&self, directory: DirectoryId) -> Result<Option<GraphPull>, StoreError> {
        let held = Entity::find_by_id(directory).lock_exclusive();
        let found: Option<Model> = fetch_one(&self.tx, held.as_query()).await?;
        Ok(found.map(pull))
    }

    /// Writes mode, cloud, tenant, application, settings and the time of the next round of a pull. Another cloud, tenant or
    /// application makes a new full round necessary; of what is in the settings the caller says so by `begins_anew`. Returns
    /// the generation.
    ///
    /// # Errors
    /// `Missing` when the directory is not pulled; otherwise as any write.
    pub async fn update_graph_pull(
        &self,
        changed: &GraphPull,
        begins_anew: bool,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let before = self.graph_pull(changed.directory_id).await?;
        let before = before.ok_or_else(|| StoreError::Missing("the directory is not pulled".to_owned()))?;
        let from = |pull: &GraphPull| (pull.cloud.clone(), pull.tenant_id, pull.client_id);
        let is_new = begins_anew || from(&before) != from(changed);
        let generation = before.generation + i64::from(is_new);
        let written = fenced(changed.directory_id, now)
            .col_expr(Column::Mode, Expr::value(changed.mode))
            .col_expr(Column::Cloud, Expr::value(changed.cloud.as_str()))
            .col_expr(Column::TenantId, Expr::value(changed.tenant_id))
            .col_expr(Column::ClientId, Expr::value(changed.client_id))
            .col_expr(Column::Settings, Expr::value(changed.settings.as_str()))
            .col_expr(Column::Generation, Expr::value(generation))
            .col_expr(Column::DueAt, Expr::value(Millis::from(changed.due_at)));
        execute(&self.tx, written.as_query()).await?;
        Ok(generation)
    }

    /// Pauses a pull. Whether it was not paused before.
    ///
    /// # Errors
    /// As any write.
    pub async fn pause_graph_pull(&self, directory: DirectoryId, now: Timestamp) -> Result<bool, StoreError> {
        let paused = fenced(directory, now)
            .col_expr(Column::State, Expr::value(GraphPullState::Paused))
            .filter(Column::State.ne(GraphPullState::Paused));
        Ok(execute(&self.tx, paused.as_query()).await? > 0)
    }

    /// Starts a pull that is a draft or paused; it is due at once. Whether it was one.
    ///
    /// # Errors
    /// As any write.
    pub async fn resume_graph_pull(&self, directory: DirectoryId, now: Timestamp) -> Result<bool, StoreError> {
        let resumed = fenced(directory, now)
            .col_expr(Column::State, Expr::value(GraphPullState::Active))
            .col_expr(Column::DueAt, Expr::value(Millis::from(now)))
            .col_expr(Column::Failures, Expr::value(0))
            .col_expr(Column::FailingSince, Expr::value(Option::<Millis>::None))
            .col_expr(Column::LastError, Expr::value(Option::<String>::None))
            .filter(Column::State.is_in([GraphPullState::Draft, GraphPullState::Paused]));
        Ok(execute(&self.tx, resumed.as_query()).await? > 0)
    }

    /// Lets a pull go on that is held because many would go; it is due at once. Whether it was held.
    ///
    /// # Errors
    /// As any write.
    pub async fn release_graph_brake(&self, directory: DirectoryId, now: Timestamp) -> Result<bool, StoreError> {
        let released = fenced(directory, now)
            .col_expr(Column::State, Expr::value(GraphPullState::Active))
            .col_expr(Column::DueAt, Expr::value(Millis::from(now)))
            .col_expr(Column::BrakeReleasedAt, Expr::value(Millis::from(now)))
            .col_expr(Column::LastError, Expr::value(Option::<String>::None))
            .filter(Column::State.eq(GraphPullState::Held));
        Ok(execute(&self.tx, released.as_query()).await? > 0)
    }

    /// Lets a directory no longer be pulled, and forgets its credentials and all that is known of the tenant. Users and groups
    /// stay as they are.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_graph_pull(&self, directory: DirectoryId) -> Result<(), StoreError> {
        let ends = credentials::Entity::delete_many()
            .filter(credentials::Column::DirectoryId.eq(Id(directory)))
            .filter(credentials::Column::Kind.is_in([CredentialKind::GraphCertificate, CredentialKind::GraphSecret]));
        execute(&self.tx, ends.as_query()).await?;
        let deleted = Entity::delete_many().filter(Column::DirectoryId.eq(Id(directory)));
        execute(&self.tx, deleted.as_query()).await?;
        Ok(())
    }
}

/// A change that takes the lease from whoever has it.
fn fenced(directory: DirectoryId, now: Timestamp) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::Epoch, Expr::col(Column::Epoch).add(1))
        .col_expr(Column::Holder, Expr::value(Option::<String>::None))
        .col_expr(Column::HeldUntil, Expr::value(Option::<Millis>::None))
        .col_expr(Column::UpdatedAt, Expr::value(Millis::from(now)))
        .filter(Column::DirectoryId.eq(Id(directory)))
}
