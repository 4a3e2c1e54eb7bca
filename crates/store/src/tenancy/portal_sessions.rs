//! Who is logged in to the portal, until when, and by what.
//!
//! A session is a row, so that it can be ended at once. It ends with the key, the link or the
//! session at single sign-on that opened it.

use super::TokenDigest;
use super::credentials::token_hash;
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::portal_sessions::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_one};
use events::{AdminKeyId, PortalLinkId, PortalSessionId, SsoSessionId, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set,
};
use std::time::Duration;

pub use db::entity::portal_sessions::SessionKind;

/// `last_seen_at` is written at most this often, so that looking at a page does not mean writing.
const NOTE_INTERVAL: Duration = Duration::from_secs(60);
/// Sessions that are forgotten in one statement.
const BATCH: u64 = 1_000;

/// By what a session was opened; it ends with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionOpener {
    /// An admin key.
    AdminKey(AdminKeyId),
    /// The admin key of the configuration: the hash of its hash.
    Configured(TokenDigest),
    /// A link.
    Link(PortalLinkId),
    /// A person, by a session at single sign-on.
    Person(SsoSessionId),
}

/// A session that is opened.
#[derive(Clone, Debug)]
pub struct NewPortalSession {
    /// Its id, which is part of the cookie.
    pub id: PortalSessionId,
    /// What it opens.
    pub kind: SessionKind,
    /// Hash of the secret in the cookie.
    pub token_hash: TokenDigest,
    /// By what it was opened.
    pub opener: SessionOpener,
    /// When it was opened.
    pub created_at: Timestamp,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
}

/// A session.
#[derive(Clone, Debug)]
pub struct PortalSession {
    /// Its id, which is part of the cookie.
    pub id: PortalSessionId,
    /// What it opens.
    pub kind: SessionKind,
    /// Hash of the secret in the cookie; compare it in constant time.
    pub token_hash: TokenDigest,
    /// By what it was opened.
    pub opener: SessionOpener,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, give or take a minute.
    pub last_seen_at: Timestamp,
    /// From when on it opens nothing.
    pub expires_at: Timestamp,
}

/// The sessions of the portal.
#[derive(Clone, Debug)]
pub struct PortalSessions {
    store: Store,
}

impl Store {
    /// The sessions of the portal.
    #[must_use]
    pub fn portal_sessions(&self) -> PortalSessions {
        PortalSessions { store: self.clone() }
    }
}

impl PortalSessions {
    /// Opens a session.
    ///
    /// # Errors
    /// As any write.
    pub async fn open(&self, session: &NewPortalSession) -> Result<(), StoreError> {
        let (mut key, mut link, mut configured, mut person) = (None, None, None, None);
        match &session.opener {
            SessionOpener::AdminKey(id) => key = Some(Id(*id)),
            SessionOpener::Link(id) => link = Some(Id(*id)),
            SessionOpener::Configured(hash) => configured = Some(hash.to_vec()),
            SessionOpener::Person(id) => person = Some(Id(*id)),
        }
        let opened = Entity::insert(ActiveModel {
            id: Set(session.id.into()),
            kind: Set(session.kind),
            token_hash: Set(session.token_hash.to_vec()),
            admin_key_id: Set(key),
            portal_link_id: Set(link),
            configured_key_hash: Set(configured),
            sso_session_id: Set(person),
            created_at: Set(session.created_at.into()),
            last_seen_at: Set(session.created_at.into()),
            expires_at: Set(session.expires_at.into()),
        });
        execute(self.store.write(), opened.as_query()).await?;
        Ok(())
    }

    /// The session that a cookie names, also when it has expired.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: PortalSessionId) -> Result<Option<PortalSession>, StoreError> {
        let found = fetch_one(self.store.keys(), Entity::find_by_id(id).as_query()).await?;
        found.map(session).transpose()
    }

    /// Notes that a session was used, unless that was noted within the last minute.
    ///
    /// # Errors
    /// As any write.
    pub async fn note_use(&self, session: &PortalSession, now: Timestamp) -> Result<(), StoreError> {
        if now.since(session.last_seen_at) < NOTE_INTERVAL {
            return Ok(());
        }
        let used = Entity::update_many()
            .col_expr(Column::LastSeenAt, Expr::value(Millis::from(now)))
            .filter(Column::Id.eq(Id(session.id)));
        execute(self.store.write(), used.as_query()).await?;
        Ok(())
    }

    /// Ends a session. Says whether there was one: of two who use a code at once, one gets `true`.
    ///
    /// # Errors
    /// As any write.
    pub async fn end(&self, id: PortalSessionId) -> Result<bool, StoreError> {
        let ended = Entity::delete_many().filter(Column::Id.eq(Id(id)));
        Ok(execute(self.store.write(), ended.as_query()).await? > 0)
    }

    /// Forgets sessions that have expired, a bounded number of them. Says whether there may be more.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_expired(&self, now: Timestamp) -> Result<bool, StoreError> {
        let expired = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ExpiresAt.lte(Millis::from(now)))
            .order_by_asc(Column::ExpiresAt)
            .limit(BATCH);
        let forgotten = Entity::delete_many().filter(Column::Id.in_subquery(expired.into_query()));
        Ok(execute(self.store.write(), forgotten.as_query()).await? >= BATCH)
    }
}

fn session(row: Model) -> Result<PortalSession, StoreError> {
    let openers = (
        row.admin_key_id,
        row.portal_link_id,
        row.configured_key_hash,
        row.sso_session_id,
    );
    let opener = match openers {
        (Some(Id(id)), None, None, None) => SessionOpener::AdminKey(id),
        (None, Some(Id(id)), None, None) => SessionOpener::Link(id),
        (None, None, Some(hash), None) => SessionOpener::Configured(token_hash(hash)?),
        (None, None, None, Some(Id(id))) => SessionOpener::Person(id),
        _ => {
            return Err(StoreError::corrupt(
                "a session of the portal has no opener, or more than one",
            ));
        }
    };
    Ok(PortalSession {
        id: row.id.0,
        kind: row.kind,
        token_hash: token_hash(row.token_hash)?,
        opener,
        created_at: row.created_at.into(),
        last_seen_at: row.last_seen_at.into(),
        expires_at: row.expires_at.into(),
    })
}
