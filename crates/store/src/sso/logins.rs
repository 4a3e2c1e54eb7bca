//! Logins that are under way: from the app to the identity provider and back, once, within minutes.

use crate::tenancy::TokenDigest;
use crate::{Store, StoreError};
use db::Database;
use db::entity::column::{Id, Millis};
use db::entity::sso_logins::{ActiveModel, Column, Entity, Model};
use db::rows::is_one_of_ids;
use db::send::{execute, fetch_all, look_up};
use events::{ConnectionId, SsoClientId, SsoLoginId, Timestamp};
use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QuerySelect as _, QueryTrait as _, Set,
};
use std::collections::HashSet;
use std::time::Duration;

pub use db::entity::sso_logins::LoginChannel;

/// Logins that are forgotten in one statement.
const BATCH: u64 = 1_000;

/// A login that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsoLogin {
    /// Its id, which is part of the `state`.
    pub id: SsoLoginId,
    /// Hash of the `state` that the identity provider hands back.
    pub state_hash: TokenDigest,
    /// Hash of the cookie of the browser that began it.
    pub browser_hash: TokenDigest,
    /// The connection that it goes by.
    pub connection_id: ConnectionId,
    /// The app; `None` for a test of the connection.
    pub client_id: Option<SsoClientId>,
    /// Where the person is sent back to.
    pub redirect_uri: String,
    /// The `state` of the app.
    pub client_state: String,
    /// The `nonce` of the app.
    pub client_nonce: Option<String>,
    /// What the app asked for.
    pub scope: String,
    /// The PKCE challenge of the app.
    pub code_challenge: Option<String>,
    /// What the person logs in to.
    pub channel: LoginChannel,
    /// How long ago the person may have proved who they are at most, in whole seconds.
    pub max_age: Option<Duration>,
    /// When it began.
    pub created_at: Timestamp,
    /// From when on it is too late.
    pub expires_at: Timestamp,
    /// W3C `traceparent` of the request that began it.
    pub traceparent: Option<String>,
}

/// The logins that are under way.
#[derive(Clone, Debug)]
pub struct SsoLogins {
    store: Store,
}

impl Store {
    /// The logins that are under way.
    #[must_use]
    pub fn sso_logins(&self) -> SsoLogins {
        SsoLogins { store: self.clone() }
    }
}

impl SsoLogins {
    /// Begins a login.
    ///
    /// # Errors
    /// As any write.
    pub async fn begin(&self, login: &SsoLogin) -> Result<(), StoreError> {
        let gathered = &self.store.gatherings().logins;
        gathered.ask(self.store.database(), login.clone()).await
    }

    /// The login that a `state` names, also when it is too late.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: SsoLoginId) -> Result<Option<SsoLogin>, StoreError> {
        let found: Option<Model> = look_up(self.store.sign_on(), Entity::find_by_id(id).as_query()).await?;
        found.map(login).transpose()
    }

    /// Uses a login up. Of several that try, one gets `true`.
    ///
    /// # Errors
    /// As any write.
    pub async fn take(&self, id: SsoLoginId) -> Result<bool, StoreError> {
        let gathered = &self.store.gatherings().taken;
        gathered.ask(self.store.database(), id).await
    }

    /// Forgets some of those that are too late. Whether there may be more.
    ///
    /// # Errors
    /// As any write.
    pub async fn prune(&self, now: Timestamp) -> Result<bool, StoreError> {
        let late = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ExpiresAt.lte(Millis::from(now)))
            .limit(BATCH);
        let pruned = Entity::delete_many().filter(Column::Id.in_subquery(late.into_query()));
        Ok(execute(self.store.write(), pruned.as_query()).await? == BATCH)
    }
}

/// Begins logins.
pub(super) async fn begin(database: Database, logins: Vec<SsoLogin>) -> Result<Vec<()>, StoreError> {
    let answers = vec![(); logins.len()];
    let rows = logins.into_iter().map(|login| ActiveModel {
        id: Set(login.id.into()),
        state_hash: Set(login.state_hash.to_vec()),
        browser_hash: Set(login.browser_hash.to_vec()),
        connection_id: Set(login.connection_id.into()),
        client_id: Set(login.client_id.map(Id)),
        redirect_uri: Set(login.redirect_uri),
        client_state: Set(login.client_state),
        client_nonce: Set(login.client_nonce),
        scope: Set(login.scope),
        code_challenge: Set(login.code_challenge),
        channel: Set(login.channel),
        max_age: Set(login.max_age.map(|most| most.as_secs().cast_signed())),
        created_at: Set(login.created_at.into()),
        expires_at: Set(login.expires_at.into()),
        traceparent: Set(login.traceparent),
    });
    execute(database.write(), Entity::insert_many(rows).as_query()).await?;
    Ok(answers)
}

/// Uses logins up: of each whether it was there. One that is asked for twice is there for the first.
pub(super) async fn take(database: Database, ids: Vec<SsoLoginId>) -> Result<Vec<bool>, StoreError> {
    let each = ids.iter().map(|id| id.uuid());
    let mut taken = Entity::delete_many()
        .filter(is_one_of_ids(database.dialect(), Column::Id.into_expr(), each))
        .into_query();
    taken.returning(Query::returning().column(Column::Id));
    let taken: Vec<Taken> = fetch_all(database.write(), &taken).await?;
    let mut there: HashSet<SsoLoginId> = taken.into_iter().map(|row| row.id.0).collect();
    Ok(ids.iter().map(|id| there.remove(id)).collect())
}

#[derive(FromQueryResult)]
struct Taken {
    id: Id<SsoLoginId>,
}

fn login(row: Model) -> Result<SsoLogin, StoreError> {
    let hash = |hash: Vec<u8>| {
        hash.try_into()
            .map_err(|_| StoreError::corrupt("a hash of another length"))
    };
    Ok(SsoLogin {
        id: row.id.0,
        state_hash: hash(row.state_hash)?,
        browser_hash: hash(row.browser_hash)?,
        connection_id: row.connection_id.0,
        client_id: row.client_id.map(|id| id.0),
        redirect_uri: row.redirect_uri,
        client_state: row.client_state,
        client_nonce: row.client_nonce,
        scope: row.scope,
        code_challenge: row.code_challenge,
        channel: row.channel,
        max_age: row.max_age.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
        created_at: row.created_at.into(),
        expires_at: row.expires_at.into(),
        traceparent: row.traceparent,
    })
}
