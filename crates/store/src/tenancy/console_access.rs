//! Who of the people of a connection may enter the console. It is asked again on each request, so that whoever loses the role
//! is out.

use super::{AdminScope, scope};
use crate::{AdminTx, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::console_access::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_all, fetch_one};
use events::{ConnectionId, ResourceId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set,
};
use uuid::Uuid;

/// Who may enter the console by a connection, and to do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleAccess {
    /// The connection.
    pub connection_id: ConnectionId,
    /// Everybody of the directory with one of these roles.
    pub roles: Vec<String>,
    /// And these.
    pub user_ids: Vec<ResourceId>,
    /// What they may do.
    pub scopes: Vec<AdminScope>,
    /// Whether they may do so everywhere; otherwise in the connection's organization alone.
    pub covers_all: bool,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ConsoleAccess {
    /// Whether somebody of the directory may enter, by the role that the directory gives them now.
    #[must_use]
    pub fn admits(&self, user: ResourceId, role: Option<&str>) -> bool {
        let by_role = role.is_some_and(|role| self.roles.iter().any(|own| own == role));
        by_role || self.user_ids.contains(&user)
    }
}

/// Who may enter the console, for reading.
#[derive(Clone, Debug)]
pub struct ConsoleAccesses {
    store: Store,
}

impl Store {
    /// Who may enter the console by which connection.
    #[must_use]
    pub fn console_access(&self) -> ConsoleAccesses {
        ConsoleAccesses { store: self.clone() }
    }
}

impl ConsoleAccesses {
    /// Who may enter by a connection; `None` for nobody.
    ///
    /// # Errors
    /// As any query.
    pub async fn of(&self, id: ConnectionId) -> Result<Option<ConsoleAccess>, StoreError> {
        let found: Option<Model> = fetch_one(self.store.keys(), Entity::find_by_id(id).as_query()).await?;
        found.as_ref().map(access).transpose()
    }

    /// Which of these connections somebody may enter by.
    ///
    /// # Errors
    /// As any query.
    pub async fn among(&self, ids: &[ConnectionId]) -> Result<Vec<ConnectionId>, StoreError> {
        let among = Entity::find().filter(Column::ConnectionId.is_in(ids.iter().copied().map(Id)));
        let found: Vec<Model> = fetch_all(self.store.keys(), among.as_query()).await?;
        Ok(found.into_iter().map(|row| row.connection_id.0).collect())
    }

    /// Whether anybody may enter by any connection.
    ///
    /// # Errors
    /// As any query.
    pub async fn is_there_any(&self) -> Result<bool, StoreError> {
        let first = Entity::find()
            .filter(Column::ConnectionId.gt(Id(ConnectionId::from(Uuid::nil()))))
            .order_by_asc(Column::ConnectionId)
            .limit(1);
        let found: Option<Model> = fetch_one(self.store.keys(), first.as_query()).await?;
        Ok(found.is_some())
    }
}

impl AdminTx {
    /// Who may enter by a connection, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn console_access(&self, id: ConnectionId) -> Result<Option<ConsoleAccess>, StoreError> {
        let held = Entity::find_by_id(id).lock_exclusive();
        let found: Option<Model> = fetch_one(&self.tx, held.as_query()).await?;
        found.as_ref().map(access).transpose()
    }

    /// Says who may enter by a connection, in the place of who might before.
    ///
    /// # Errors
    /// As any write.
    pub async fn set_console_access(&self, new: &ConsoleAccess) -> Result<(), StoreError> {
        let replaced = OnConflict::column(Column::ConnectionId)
            .update_columns([
                Column::Roles,
                Column::UserIds,
                Column::Scopes,
                Column::CoversAll,
                Column::UpdatedAt,
            ])
            .to_owned();
        let defect = |error: serde_json::Error| StoreError::Defect(error.to_string());
        let set = Entity::insert(ActiveModel {
            connection_id: Set(new.connection_id.into()),
            roles: Set(serde_json::to_string(&new.roles).map_err(defect)?),
            user_ids: Set(serde_json::to_string(&new.user_ids).map_err(defect)?),
            scopes: Set(scope::stored(&new.scopes)),
            covers_all: Set(new.covers_all),
            created_at: Set(Millis::from(new.created_at)),
            updated_at: Set(Millis::from(new.updated_at)),
        })
        .on_conflict(replaced);
        execute(&self.tx, set.as_query()).await?;
        Ok(())
    }

    /// Closes the console to the people of a connection.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_console_access(&self, id: ConnectionId) -> Result<(), StoreError> {
        let deleted = Entity::delete_many().filter(Column::ConnectionId.eq(Id(id)));
        execute(&self.tx, deleted.as_query()).await?;
        Ok(())
    }
}

fn access(row: &Model) -> Result<ConsoleAccess, StoreError> {
    Ok(ConsoleAccess {
        connection_id: row.connection_id.0,
        roles: serde_json::from_str(&row.roles).map_err(StoreError::corrupt)?,
        user_ids: serde_json::from_str(&row.user_ids).map_err(StoreError::corrupt)?,
        scopes: scope::read(&row.scopes)?,
        covers_all: row.covers_all,
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
    })
}
