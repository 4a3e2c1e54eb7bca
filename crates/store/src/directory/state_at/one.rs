//! One user or group as it was.

use super::{StateAt, group_of, later, queries, user_of};
use crate::{GroupAt, StoreError, UserAt};
use ::events::{ResourceId, ResourceKind};
use db::expr::build;
use db::sql::query_all;
use sea_orm::QueryResult;
use uuid::Uuid;

impl StateAt<'_> {
    /// A user as it was; `None` where there was none, or where the log does not tell because the person was erased.
    ///
    /// # Errors
    /// As any query.
    pub async fn user(&self, id: ResourceId) -> Result<Option<UserAt>, StoreError> {
        self.resource(ResourceKind::User, id, user_of, |later| {
            directory::user_before(later.kind, &later.data, later.at)
        })
        .await
    }

    /// A group as it was; `None` where there was none.
    ///
    /// # Errors
    /// As any query.
    pub async fn group(&self, id: ResourceId) -> Result<Option<GroupAt>, StoreError> {
        self.resource(ResourceKind::Group, id, group_of, |later| {
            directory::group_before(later.kind, &later.data, later.at)
        })
        .await
    }

    /// The row is read first and the log after, as for a page.
    async fn resource<T>(
        &self,
        kind: ResourceKind,
        id: ResourceId,
        read: fn(&QueryResult) -> Result<(ResourceId, T), StoreError>,
        before: fn(&super::Later) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let dialect = self.store.dialect();
        // A page of one, which begins behind the id before this one.
        let stretch = self.stretch(Uuid::from_u128(id.uuid().as_u128().saturating_sub(1)), 1);
        let (sql, values) = build(dialect, &queries::resources(kind, stretch));
        let rows = query_all(self.store.read(), &sql, values).await?;
        let now = rows.first().map(read).transpose()?;
        let (sql, values) = build(dialect, &queries::first_events(dialect, kind, stretch, id.uuid()));
        let rows = query_all(self.store.read(), &sql, values).await?;
        match rows.first().map(later).transpose()? {
            Some((_, later)) => Ok(before(&later)),
            None => Ok(now.filter(|(found, _)| *found == id).map(|(_, row)| row)),
        }
    }
}
