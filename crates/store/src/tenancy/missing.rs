//! Which ids name no row.

use crate::{Store, StoreError};
use db::rows::is_one_of_ids;
use db::send::fetch_all;
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter as _, QuerySelect as _, QueryTrait as _};
use std::collections::HashSet;
use std::hash::Hash;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct KnownId {
    id: Uuid,
}

/// Which of these ids stand in no row of the entity, in their order.
pub(super) async fn missing<E, I>(store: &Store, id: E::Column, ids: &[I]) -> Result<Vec<I>, StoreError>
where
    E: EntityTrait,
    I: Copy + Eq + Hash + From<Uuid> + Into<Uuid>,
{
    let known = E::find().select_only().column_as(id, "id").filter(is_one_of_ids(
        store.dialect(),
        id.into_expr(),
        ids.iter().copied(),
    ));
    let known: Vec<KnownId> = fetch_all(store.read(), known.as_query()).await?;
    let known: HashSet<I> = known.into_iter().map(|row| row.id.into()).collect();
    Ok(ids.iter().copied().filter(|id| !known.contains(id)).collect())
}
