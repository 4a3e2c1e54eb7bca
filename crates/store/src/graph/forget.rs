//! What is known of a tenant is forgotten in portions, before its directory is pulled no more: a million memberships in one
//! statement would hold their locks, and on SQLite every other write, for seconds.

use crate::{Store, StoreError};
use db::entity::{graph_members, graph_objects};
use db::send::{execute, fetch_one};
use events::DirectoryId;
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query};
use sea_orm::{DatabaseTransaction, FromQueryResult};
use uuid::Uuid;

#[derive(FromQueryResult)]
struct MemberKey {
    group_object_id: Uuid,
    member_object_id: Uuid,
}

#[derive(FromQueryResult)]
struct ObjectKey {
    object_id: Uuid,
}

impl Store {
    /// Forgets some of what is known of the tenant of a directory, memberships before objects: `most` of them, in a transaction
    /// of its own. Whether there may be more.
    ///
    /// Nobody may work on the directory, and whoever does so later must begin with a full round
    /// ([`crate::AdminTx::update_graph_pull`]).
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_graph_portion(&self, directory: DirectoryId, most: u16) -> Result<bool, StoreError> {
        let tx = self.begin().await?;
        let forgotten = members(&tx, directory, most).await?;
        let goes_on = forgotten > 0 || objects(&tx, directory, most).await? >= u64::from(most);
        tx.commit().await?;
        Ok(goes_on)
    }
}

async fn members(tx: &DatabaseTransaction, directory: DirectoryId, most: u16) -> Result<u64, StoreError> {
    use graph_members::{Column, Entity};
    let pair = [Column::GroupObjectId, Column::MemberObjectId];
    let here = || Expr::col((Entity, Column::DirectoryId)).eq(directory.uuid());
    // Up to the last one of the portion, so that they are one stretch of the key.
    let last = Query::select()
        .columns(pair.map(|column| (Entity, column)))
        .from(Entity)
        .and_where(here())
        .order_by((Entity, Column::DirectoryId), Order::Asc)
        .order_by((Entity, pair[0]), Order::Asc)
        .order_by((Entity, pair[1]), Order::Asc)
        .limit(1)
        .offset(u64::from(most.saturating_sub(1)))
        .take();
    let last: Option<MemberKey> = fetch_one(tx, &last).await?;
    let mut forgotten = Query::delete();
    forgotten.from_table(Entity).and_where(here());
    if let Some(last) = last {
        let key = Expr::tuple(pair.map(|column| Expr::col((Entity, column))));
        let end = Expr::tuple([Expr::val(last.group_object_id), Expr::val(last.member_object_id)]);
        forgotten.and_where(key.lte(end));
    }
    execute(tx, &forgotten).await
}

async fn objects(tx: &DatabaseTransaction, directory: DirectoryId, most: u16) -> Result<u64, StoreError> {
    use graph_objects::{Column, Entity};
    let here = || Expr::col((Entity, Column::DirectoryId)).eq(directory.uuid());
    let last = Query::select()
        .column((Entity, Column::ObjectId))
        .from(Entity)
        .and_where(here())
        .order_by((Entity, Column::DirectoryId), Order::Asc)
        .order_by((Entity, Column::ObjectId), Order::Asc)
        .limit(1)
        .offset(u64::from(most.saturating_sub(1)))
        .take();
    let last: Option<ObjectKey> = fetch_one(tx, &last).await?;
    let mut forgotten = Query::delete();
    forgotten.from_table(Entity).and_where(here());
    if let Some(last) = last {
        forgotten.and_where(Expr::col((Entity, Column::ObjectId)).lte(last.object_id));
    }
    execute(tx, &forgotten).await
}
