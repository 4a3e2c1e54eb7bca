//! People who are logged in to apps, and the code that each login began with.

use crate::tenancy::{List, ListPage, Listing, TokenDigest};
use crate::{Store, StoreError};
use db::Database;
use db::entity::column::{Id, Millis};
use db::entity::sso_sessions::{ActiveModel, Column, Entity, Model};
use db::rows::is_one_of_ids;
use db::send::{AnyRow, execute, fetch_all, fetch_one, look_up};
use events::{ConnectionId, DirectoryId, OrganizationId, ResourceId, SsoClientId, SsoSessionId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, Set,
};

use super::logins::LoginChannel;
use super::session_changes::Redemption;
pub use db::entity::sso_sessions::SessionEnd;

/// Sessions that are ended or forgotten in one statement.
pub const SESSIONS_AT_ONCE: usize = 500;
const BATCH: u64 = SESSIONS_AT_ONCE as u64;

/// A session that begins: with a code that is not redeemed yet.
#[derive(Clone, Debug)]
pub struct NewSsoSession {
    /// Its id, which is part of the code.
    pub id: SsoSessionId,
    /// The connection that the person came by.
    pub connection_id: ConnectionId,
    /// The app.
    pub client_id: SsoClientId,
    /// The tenant.
    pub organization_id: OrganizationId,
    /// The directory that the person is in.
    pub directory_id: DirectoryId,
    /// The person.
    pub user_id: ResourceId,
    /// Who it is at the identity provider.
    pub subject: String,
    /// What the person logs in to.
    pub channel: LoginChannel,
    /// What the app asked for.
    pub scope: String,
    /// The session at the identity provider.
    pub upstream_sid: Option<String>,
    /// Hash of the secret of the code; compare it in constant time.
    pub code_hash: TokenDigest,
    /// Where the code was sent.
    pub redirect_uri: String,
    /// The PKCE challenge of the app.
    pub code_challenge: Option<String>,
    /// The `nonce` of the app.
    pub nonce: Option<String>,
    /// From when on the code is not good.
    pub code_expires_at: Timestamp,
    /// When the person proved who they are, as the identity provider says; `None` where it says nothing.
    pub authenticated_at: Option<Timestamp>,
    /// When the person logged in.
    pub created_at: Timestamp,
    /// From when on the session is over.
    pub expires_at: Timestamp,
    /// W3C `traceparent` of the request that brought the person back.
    pub traceparent: Option<String>,
}

impl NewSsoSession {
    /// The way in which the person is logged in by it.
    #[must_use]
    pub const fn way(&self) -> LiveWay {
        LiveWay {
            user_id: self.user_id,
            connection_id: self.connection_id,
            channel: self.channel,
        }
    }
}

/// A session.
#[derive(Clone, Debug)]
pub struct SsoSession {
    /// What it began with.
    pub begun: NewSsoSession,
    /// When its code was redeemed.
    pub redeemed_at: Option<Timestamp>,
    /// How often its refresh token was replaced.
    pub refresh_generation: u32,
    /// When it ended before its time.
    pub ended_at: Option<Timestamp>,
    /// Why.
    pub end_reason: Option<SessionEnd>,
}

impl SsoSession {
    /// Whether it goes on.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.begun.expires_at > now
    }
}

/// A way in which somebody is logged in. Whether they may goes for all sessions of it alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveWay {
    /// The person.
    pub user_id: ResourceId,
    /// The connection that the person came by.
    pub connection_id: ConnectionId,
    /// What the person logged in to.
    pub channel: LoginChannel,
}

/// Which sessions to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionFilter {
    /// One.
    Id(SsoSessionId),
    /// Of a person of a directory.
    User(DirectoryId, ResourceId),
    /// Of everybody of a directory.
    Directory(DirectoryId),
    /// Of everybody who came by a connection.
    Connection(ConnectionId),
    /// Of an app.
    Client(SsoClientId),
}

impl SessionFilter {
    fn condition(self) -> Condition {
        match self {
            Self::Id(id) => Condition::all().add(Column::Id.eq(Id(id))),
            Self::User(directory, user) => Condition::all()
                .add(Column::DirectoryId.eq(Id(directory)))
                .add(Column::UserId.eq(Id(user))),
            Self::Directory(id) => Condition::all().add(Column::DirectoryId.eq(Id(id))),
            Self::Connection(id) => Condition::all().add(Column::ConnectionId.eq(Id(id))),
            Self::Client(id) => Condition::all().add(Column::ClientId.eq(Id(id))),
        }
    }
}

/// The sessions.
#[derive(Clone, Debug)]
pub struct SsoSessions {
    pub(super) store: Store,
}

impl Store {
    /// People who are logged in to apps.
    #[must_use]
    pub fn sso_sessions(&self) -> SsoSessions {
        SsoSessions { store: self.clone() }
    }
}

impl SsoSessions {
    /// Begins a session.
    ///
    /// # Errors
    /// As any write.
    pub async fn begin(&self, new: &NewSsoSession) -> Result<(), StoreError> {
        let gathered = &self.store.gatherings().sessions;
        gathered.ask(self.store.database(), new.clone()).await
    }

    /// Redeems the code of a session that goes on, with `session.created` in the log; the session as it is then, or `None`
    /// where it cannot be redeemed any more. Of several that try, one gets it. `lane` is that of the session's directory.
    ///
    /// # Errors
    /// As any write.
    pub async fn redeem(&self, lane: u16, id: SsoSessionId, now: Timestamp) -> Result<Option<SsoSession>, StoreError> {
        let gathered = self.store.gatherings().redeemed(lane);
        gathered.ask(self.store.database(), Redemption { lane, id, now }).await
    }

    /// One session, also one that is over.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: SsoSessionId) -> Result<Option<SsoSession>, StoreError> {
        let found: Option<Model> = look_up(self.store.sign_on(), Entity::find_by_id(id).as_query()).await?;
        found.map(session).transpose()
    }

    /// The sessions, newest first, also those that are over.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, of: ConnectionId, page: &ListPage) -> Result<List<SsoSession>, StoreError> {
        let list: List<Model> = Listing::new("sso_sessions", Entity::find())
            .with(Column::ConnectionId, Some(of.uuid()))
            .read(self.store.read(), page, self.store.page_bytes())
            .await?;
        list.try_map(session)
    }

    /// Replaces the refresh token of a session that goes on, if it is the newest. Of several that try, one gets `true`.
    ///
    /// # Errors
    /// As any write.
    pub async fn refresh(&self, id: SsoSessionId, generation: u32, now: Timestamp) -> Result<bool, StoreError> {
        let generation = i32::try_from(generation).unwrap_or(i32::MAX);
        let replaced = Entity::update_many()
            .col_expr(Column::RefreshGeneration, Expr::col(Column::RefreshGeneration).add(1))
            .filter(Column::Id.eq(Id(id)))
            .filter(Column::RefreshGeneration.eq(generation))
            .filter(Column::EndedAt.is_null())
            .filter(Column::ExpiresAt.gt(Millis::from(now)));
        Ok(execute(self.store.write(), replaced.as_query()).await? > 0)
    }

    /// In which ways these people of a directory are logged in, however many sessions they have.
    ///
    /// # Errors
    /// As any query.
    pub async fn ways(
        &self,
        directory: DirectoryId,
        people: &[ResourceId],
        now: Timestamp,
    ) -> Result<Vec<LiveWay>, StoreError> {
        let people = people.iter().map(|id| id.uuid());
        let live = Entity::find()
            .select_only()
            .columns([Column::UserId, Column::ConnectionId, Column::Channel])
            .distinct()
            .filter(is_live(SessionFilter::Directory(directory), now))
            .filter(is_one_of_ids(self.store.dialect(), Column::UserId.into_expr(), people));
        let ways: Vec<Way> = fetch_all(self.store.read(), live.as_query()).await?;
        Ok(ways.into_iter().map(LiveWay::from).collect())
    }

    /// Who is logged in from a directory, in the order of their ids: the next ones after `after`, [`SESSIONS_AT_ONCE`] at most.
    ///
    /// # Errors
    /// As any query.
    pub async fn people(
        &self,
        directory: DirectoryId,
        after: Option<ResourceId>,
        now: Timestamp,
    ) -> Result<Vec<ResourceId>, StoreError> {
        #[derive(FromQueryResult)]
        struct Who {
            user_id: Id<ResourceId>,
        }
        let mut live = Entity::find()
            .select_only()
            .column(Column::UserId)
            .distinct()
            .filter(is_live(SessionFilter::Directory(directory), now))
            .order_by_asc(Column::UserId)
            .limit(BATCH);
        if let Some(after) = after {
            live = live.filter(Column::UserId.gt(Id(after)));
        }
        let people: Vec<Who> = fetch_all(self.store.read(), live.as_query()).await?;
        Ok(people.into_iter().map(|who| who.user_id.0).collect())
    }

    /// Whether any session goes on.
    ///
    /// # Errors
    /// As any query.
    pub async fn any_live(&self, now: Timestamp) -> Result<bool, StoreError> {
        let live = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ExpiresAt.gt(Millis::from(now)))
            .filter(Column::EndedAt.is_null())
            .order_by_desc(Column::ExpiresAt)
            .limit(1);
        let found: Option<AnyRow> = fetch_one(self.store.read(), live.as_query()).await?;
        Ok(found.is_some())
    }

    /// Forgets some of those that were over before a time. Whether there may be more.
    ///
    /// # Errors
    /// As any write.
    pub async fn prune(&self, before: Timestamp) -> Result<bool, StoreError> {
        let over = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ExpiresAt.lte(Millis::from(before)))
            .limit(BATCH);
        let pruned = Entity::delete_many().filter(Column::Id.in_subquery(over.into_query()));
        Ok(execute(self.store.write(), pruned.as_query()).await? == BATCH)
    }
}

/// Begins sessions.
pub(super) async fn begin(database: Database, sessions: Vec<NewSsoSession>) -> Result<Vec<()>, StoreError> {
    let answers = vec![(); sessions.len()];
    let rows = sessions.into_iter().map(|new| ActiveModel {
        id: Set(new.id.into()),
        connection_id: Set(new.connection_id.into()),
        client_id: Set(new.client_id.into()),
        organization_id: Set(new.organization_id.into()),
        directory_id: Set(new.directory_id.into()),
        user_id: Set(new.user_id.into()),
        subject: Set(new.subject),
        channel: Set(new.channel),
        scope: Set(new.scope),
        upstream_sid: Set(new.upstream_sid),
        code_hash: Set(new.code_hash.to_vec()),
        redirect_uri: Set(new.redirect_uri),
        code_challenge: Set(new.code_challenge),
        nonce: Set(new.nonce),
        code_expires_at: Set(new.code_expires_at.into()),
        redeemed_at: Set(None),
        refresh_generation: Set(0),
        authenticated_at: Set(new.authenticated_at.map(Millis::from)),
        created_at: Set(new.created_at.into()),
        expires_at: Set(new.expires_at.into()),
        ended_at: Set(None),
        end_reason: Set(None),
        traceparent: Set(new.traceparent),
    });
    execute(database.write(), Entity::insert_many(rows).as_query()).await?;
    Ok(answers)
}

#[derive(FromQueryResult)]
struct Way {
    user_id: Id<ResourceId>,
    connection_id: Id<ConnectionId>,
    channel: LoginChannel,
}

impl From<Way> for LiveWay {
    fn from(way: Way) -> Self {
        Self {
            user_id: way.user_id.0,
            connection_id: way.connection_id.0,
            channel: way.channel,
        }
    }
}

pub(super) fn is_live(of: SessionFilter, now: Timestamp) -> Condition {
    of.condition()
        .add(Column::EndedAt.is_null())
        .add(Column::ExpiresAt.gt(Millis::from(now)))
}

pub(super) fn session(row: Model) -> Result<SsoSession, StoreError> {
    let hash = row.code_hash.try_into();
    Ok(SsoSession {
        begun: NewSsoSession {
            id: row.id.0,
            connection_id: row.connection_id.0,
            client_id: row.client_id.0,
            organization_id: row.organization_id.0,
            directory_id: row.directory_id.0,
            user_id: row.user_id.0,
            subject: row.subject,
            channel: row.channel,
            scope: row.scope,
            upstream_sid: row.upstream_sid,
            code_hash: hash.map_err(|_| StoreError::corrupt("a hash of another length"))?,
            redirect_uri: row.redirect_uri,
            code_challenge: row.code_challenge,
            nonce: row.nonce,
            code_expires_at: row.code_expires_at.into(),
            authenticated_at: row.authenticated_at.map(Timestamp::from),
            created_at: row.created_at.into(),
            expires_at: row.expires_at.into(),
            traceparent: row.traceparent,
        },
        redeemed_at: row.redeemed_at.map(Timestamp::from),
        refresh_generation: u32::try_from(row.refresh_generation).unwrap_or_default(),
        ended_at: row.ended_at.map(Timestamp::from),
        end_reason: row.end_reason,
    })
}
