//! Managers whom the directory does not have yet.

use super::GraphObjects;
use crate::StoreError;
use db::entity::column::Id;
use db::entity::graph_objects::{Column, Entity};
use db::rows::is_one_of_ids;
use db::send::fetch_all;
use events::ResourceId;
use sea_orm::FromQueryResult;
use sea_orm::sea_query::{Expr, ExprTrait as _, JoinType, Order, Query, SelectStatement};
use uuid::Uuid;

/// A manager whom the directory does not have yet.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct PendingManager {
    /// Whose manager it is.
    pub object_id: Uuid,
    /// The manager; `None` where there is none any more.
    pub manager_object_id: Option<Uuid>,
    resource_id: Option<Id<ResourceId>>,
    manager_resource_id: Option<Id<ResourceId>>,
}

impl PendingManager {
    /// Who has the manager; `None` for somebody who is not in the directory.
    #[must_use]
    pub fn resource(&self) -> Option<ResourceId> {
        self.resource_id.map(|id| id.0)
    }

    /// Who the manager is; `None` for somebody who is not in the directory.
    #[must_use]
    pub fn manager(&self) -> Option<ResourceId> {
        self.manager_resource_id.map(|id| id.0)
    }
}

impl GraphObjects {
    /// At most `most` people whose manager the directory does not have yet, after one of them; also those who, or whose manager,
    /// are not in the directory.
    ///
    /// # Errors
    /// As any query.
    pub async fn pending_managers(&self, after: Option<Uuid>, most: u32) -> Result<Vec<PendingManager>, StoreError> {
        let pending = self
            .pending(JoinType::LeftJoin, most)
            .and_where(Expr::col(("o", Column::ObjectId)).gt(after.unwrap_or_default()))
            .order_by(("o", Column::ObjectId), Order::Asc)
            .take();
        fetch_all(self.store.read(), &pending).await
    }

    /// The same of those whose manager is one of these objects, where both are in the directory: when managers came into it.
    /// Whoever is done with is not among them the next time.
    ///
    /// # Errors
    /// As any query.
    pub async fn pending_managers_of(&self, arrived: &[Uuid], most: u32) -> Result<Vec<PendingManager>, StoreError> {
        let manager = Expr::col(("o", Column::ManagerObjectId));
        let pending = self
            .pending(JoinType::InnerJoin, most)
            .and_where(is_one_of_ids(self.store.dialect(), manager, arrived.iter().copied()))
            .and_where(Expr::col(("o", Column::ResourceId)).is_not_null())
            .and_where(Expr::col(("m", Column::ResourceId)).is_not_null())
            .take();
        fetch_all(self.store.read(), &pending).await
    }

    fn pending(&self, join: JoinType, most: u32) -> SelectStatement {
        let is_manager = Expr::col(("m", Column::DirectoryId))
            .eq(self.directory.uuid())
            .and(Expr::col(("m", Column::ObjectId)).equals(("o", Column::ManagerObjectId)));
        Query::select()
            .columns([Column::ObjectId, Column::ResourceId, Column::ManagerObjectId].map(|column| ("o", column)))
            .expr_as(Expr::col(("m", Column::ResourceId)), "manager_resource_id")
            .from_as(Entity, "o")
            .join_as(join, Entity, "m", is_manager)
            .and_where(Expr::col(("o", Column::DirectoryId)).eq(self.directory.uuid()))
            .and_where(Expr::col(("o", Column::IsManagerApplied)).not())
            .limit(u64::from(most))
            .take()
    }
}
