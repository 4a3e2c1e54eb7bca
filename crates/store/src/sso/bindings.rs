//! Who of an identity provider is who in the directory, from the first login on.

use crate::{AdminTx, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::connections;
use db::entity::sso_bindings::{ActiveModel, Column, Entity, Model};
use db::send::{execute, look_up};
use events::{ConnectionId, DirectoryId, ResourceId, Timestamp};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait as _, DeleteMany, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, Set,
};
use std::time::Duration;

/// `last_login_at` is written at most this often.
const NOTE_INTERVAL: Duration = Duration::from_secs(60);

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Who it is at the identity provider: tenant and object id.
    pub subject: String,
    /// Who it is in the directory.
    pub user_id: ResourceId,
    /// When the first login was.
    pub created_at: Timestamp,
    /// When the last login was, give or take a minute.
    pub last_login_at: Timestamp,
}

/// Who is who at one connection.
#[derive(Clone, Debug)]
pub struct SsoBindings {
    store: Store,
    connection: ConnectionId,
}

impl Store {
    /// Who is who at one connection.
    #[must_use]
    pub fn sso_bindings(&self, connection: ConnectionId) -> SsoBindings {
        SsoBindings {
            store: self.clone(),
            connection,
        }
    }
}

impl Store {
    /// Forgets at all connections of a directory who somebody is that is not in it any more.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_sso_bindings(&self, directory: DirectoryId, user: ResourceId) -> Result<(), StoreError> {
        let of_directory = connections::Entity::find()
            .select_only()
            .column(connections::Column::Id)
            .filter(connections::Column::DirectoryId.eq(Id(directory)));
        let forgotten = Entity::delete_many()
            .filter(Column::ConnectionId.in_subquery(of_directory.into_query()))
            .filter(Column::UserId.eq(Id(user)));
        execute(self.write(), forgotten.as_query()).await?;
        Ok(())
    }
}

impl SsoBindings {
    /// Who somebody of the identity provider is.
    ///
    /// # Errors
    /// As any query.
    pub async fn of_subject(&self, subject: &str) -> Result<Option<Binding>, StoreError> {
        let bound = Entity::find_by_id((Id(self.connection), subject.to_owned()));
        let found: Option<Model> = look_up(self.store.sign_on(), bound.as_query()).await?;
        Ok(found.map(binding))
    }

    /// Who of the identity provider somebody of the directory is.
    ///
    /// # Errors
    /// As any query.
    pub async fn of_user(&self, user: ResourceId) -> Result<Option<Binding>, StoreError> {
        let bound = Entity::find()
            .filter(Column::ConnectionId.eq(Id(self.connection)))
            .filter(Column::UserId.eq(Id(user)));
        let found: Option<Model> = look_up(self.store.sign_on(), bound.as_query()).await?;
        Ok(found.map(binding))
    }

    /// Binds two who were bound to nobody. `false` where one of them is by now.
    ///
    /// # Errors
    /// As any write.
    pub async fn bind(&self, subject: &str, user: ResourceId, now: Timestamp) -> Result<bool, StoreError> {
        let bound = Entity::insert(ActiveModel {
            connection_id: Set(self.connection.into()),
            subject: Set(subject.to_owned()),
            user_id: Set(user.into()),
            created_at: Set(now.into()),
            last_login_at: Set(now.into()),
        })
        .on_conflict(OnConflict::new().do_nothing().to_owned());
        Ok(execute(self.store.write(), bound.as_query()).await? > 0)
    }

    /// Notes a login, unless one was noted within the last minute.
    ///
    /// # Errors
    /// As any write.
    pub async fn note_login(&self, binding: &Binding, now: Timestamp) -> Result<(), StoreError> {
        if now.since(binding.last_login_at) < NOTE_INTERVAL {
            return Ok(());
        }
        let noted = Entity::update_many()
            .col_expr(Column::LastLoginAt, Expr::value(Millis::from(now)))
            .filter(Column::ConnectionId.eq(Id(self.connection)))
            .filter(Column::Subject.eq(&binding.subject));
        execute(self.store.write(), noted.as_query()).await?;
        Ok(())
    }

    /// Forgets who somebody of the directory is at the identity provider. Whether anything was known.
    ///
    /// # Errors
    /// As any write.
    pub async fn unbind(&self, user: ResourceId) -> Result<bool, StoreError> {
        let forgotten = unbinding(self.connection, user);
        Ok(execute(self.store.write(), forgotten.as_query()).await? > 0)
    }
}

impl AdminTx {
    /// Forgets who somebody of the directory is at the identity provider, in this change. Whether anything was known.
    ///
    /// # Errors
    /// As any write.
    pub async fn unbind_sso(&self, connection: ConnectionId, user: ResourceId) -> Result<bool, StoreError> {
        let forgotten = unbinding(connection, user);
        Ok(execute(&self.tx, forgotten.as_query()).await? > 0)
    }
}

fn unbinding(connection: ConnectionId, user: ResourceId) -> DeleteMany<Entity> {
    Entity::delete_many()
        .filter(Column::ConnectionId.eq(Id(connection)))
        .filter(Column::UserId.eq(Id(user)))
}

fn binding(row: Model) -> Binding {
    Binding {
        subject: row.subject,
        user_id: row.user_id.0,
        created_at: row.created_at.into(),
        last_login_at: row.last_login_at.into(),
    }
}
