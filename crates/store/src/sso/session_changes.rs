//! Sessions that begin for an app, and that end before their time: each with its event, in the same transaction. Whoever
//! ends a session does it here, so that apps hear of every end.

use super::sessions::{SESSIONS_AT_ONCE, is_live, session};
use super::streams::note_people;
use super::{LiveWay, SessionEnd, SessionFilter, SsoSession};
use crate::{AdminTx, EventDraft, StoreError};
use db::Database;
use db::entity::column::{Id, Millis};
use db::entity::sequences;
use db::entity::sso_sessions::{Column, Entity, Model};
use db::expr::number;
use db::rows::is_one_of_ids;
use db::send::{execute, fetch_all};
use events::{
    ConnectionId, DirectoryId, EventId, EventType, OrganizationId, ResourceId, Source, SsoClientId, SsoSessionId,
    Timestamp,
};
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

/// A session that was ended just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedSession {
    /// Its id.
    pub id: SsoSessionId,
    /// The app.
    pub client_id: SsoClientId,
    /// The connection that the person came by.
    pub connection_id: ConnectionId,
    /// The tenant.
    pub organization_id: OrganizationId,
    /// The directory.
    pub directory_id: DirectoryId,
    /// The person.
    pub user_id: ResourceId,
    /// Whether its code had been redeemed: only then the app has a session.
    pub was_redeemed: bool,
    /// Why it ended.
    pub reason: SessionEnd,
}

/// A way in which somebody may not be logged in any more.
#[derive(Clone, Copy, Debug)]
pub struct LostWay<'c> {
    /// The way.
    pub way: LiveWay,
    /// Why not.
    pub reason: SessionEnd,
    /// The `traceparent` of what its sessions end for.
    pub cause: Option<&'c str>,
}

/// A code that somebody redeems.
#[derive(Clone, Copy, Debug)]
pub(super) struct Redemption {
    /// That of the session's directory.
    pub(super) lane: u16,
    pub(super) id: SsoSessionId,
    pub(super) now: Timestamp,
}

/// Redeems codes of one lane: of each the session, where it goes on and was not redeemed before. A code that comes twice is
/// redeemed for the first.
pub(super) async fn redeem(database: Database, asked: Vec<Redemption>) -> Result<Vec<Option<SsoSession>>, StoreError> {
    let Some(&Redemption { lane, now, .. }) = asked.last() else {
        return Ok(Vec::new());
    };
    let ids: Vec<_> = asked.iter().map(|one| one.id).collect();
    let change = AdminTx::open(&database, Some(lane)).await?;
    let sessions = change.redeem_sso_sessions(lane, &ids, now).await?;
    if !sessions.is_empty() {
        change.commit().await?;
    }
    let mut redeemed: HashMap<_, _> = sessions
        .into_iter()
        .map(|session| (session.begun.id, session))
        .collect();
    Ok(ids.iter().map(|id| redeemed.remove(id)).collect())
}

impl AdminTx {
    /// Redeems the codes of sessions that go on, appends `session.created` of each, and notes the people as the apps'; the
    /// sessions as they are then. `lane` is that of their directories, which the change was opened with.
    ///
    /// # Errors
    /// As any write.
    async fn redeem_sso_sessions(
        &self,
        lane: u16,
        ids: &[SsoSessionId],
        now: Timestamp,
    ) -> Result<Vec<SsoSession>, StoreError> {
        let ids = ids.iter().map(|id| id.uuid());
        let mut redeemed = Entity::update_many()
            .col_expr(Column::RedeemedAt, Expr::value(Millis::from(now)))
            .filter(is_one_of_ids(self.dialect, Column::Id.into_expr(), ids))
            .filter(Column::RedeemedAt.is_null())
            .filter(Column::EndedAt.is_null())
            .filter(Column::CodeExpiresAt.gt(Millis::from(now)))
            .into_query();
        redeemed.returning_all();
        let rows: Vec<Model> = fetch_all(&self.tx, &redeemed).await?;
        let drafts = rows.iter().map(|row| draft(row, None, now, row.traceparent.clone()));
        self.append(lane, drafts.collect()).await?;
        note_people(&self.tx, &rows, now).await?;
        rows.into_iter().map(session).collect()
    }

    /// Ends up to [`SESSIONS_AT_ONCE`] of the sessions that go on, of directories of `lane`, and says which; call again while
    /// there are so many.
    /// `session.ended` is appended of each whose code had been redeemed: of the others no app knows. `lane` is the one that
    /// the change was opened with, `cause` the `traceparent` of what they end for.
    ///
    /// # Errors
    /// As any write.
    pub async fn end_sso_sessions(
        &self,
        lane: u16,
        of: SessionFilter,
        reason: SessionEnd,
        cause: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let log = |column| Expr::col((sequences::Entity, column));
        let is_in_lane = Query::select()
            .expr(number(1))
            .from(sequences::Entity)
            .and_where(log(sequences::Column::DirectoryId).equals((Entity, Column::DirectoryId)))
            .and_where(log(sequences::Column::Lane).eq(i32::from(lane)))
            .take();
        let live = Entity::find()
            .filter(is_live(of, now))
            .filter(Expr::exists(is_in_lane))
            .limit(SESSIONS_AT_ONCE as u64)
            .lock_exclusive();
        let rows: Vec<Model> = fetch_all(&self.tx, live.as_query()).await?;
        self.end_rows(lane, rows, |_| Some((reason, cause)), now).await
    }

    /// The same for people of a directory who may not be logged in any more in these ways, each for its reason.
    ///
    /// # Errors
    /// As any write.
    pub async fn end_sso_ways(
        &self,
        lane: u16,
        directory: DirectoryId,
        lost: &[LostWay<'_>],
        now: Timestamp,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let mut alike: BTreeMap<_, HashMap<ResourceId, (SessionEnd, Option<&str>)>> = BTreeMap::new();
        for LostWay { way, reason, cause } in lost {
            let people = alike.entry((way.connection_id, way.channel.as_str())).or_default();
            people.insert(way.user_id, (*reason, *cause));
        }
        let mut ended = Vec::new();
        // One statement for each connection and kind of app, of which a directory has a few.
        for ((connection, channel), people) in alike {
            let live = Entity::find()
                .filter(is_live(SessionFilter::Directory(directory), now))
                .filter(is_one_of_ids(
                    self.dialect,
                    Column::UserId.into_expr(),
                    people.keys().map(|id| id.uuid()),
                ))
                .filter(Column::ConnectionId.eq(Id(connection)))
                .filter(Column::Channel.eq(channel))
                .limit((SESSIONS_AT_ONCE - ended.len()) as u64)
                .lock_exclusive();
            let rows: Vec<Model> = fetch_all(&self.tx, live.as_query()).await?;
            let why = |row: &Model| people.get(&row.user_id.0).copied();
            ended.extend(self.end_rows(lane, rows, why, now).await?);
            if ended.len() >= SESSIONS_AT_ONCE {
                break;
            }
        }
        Ok(ended)
    }

    /// Ends these sessions, each for a reason and because of a `traceparent`; one without a reason goes on.
    async fn end_rows<'w>(
        &self,
        lane: u16,
        rows: Vec<Model>,
        why: impl Fn(&Model) -> Option<(SessionEnd, Option<&'w str>)>,
        now: Timestamp,
    ) -> Result<Vec<EndedSession>, StoreError> {
        let mut by_reason: BTreeMap<&str, (SessionEnd, Vec<Id<SsoSessionId>>)> = BTreeMap::new();
        let (mut drafts, mut ended) = (Vec::new(), Vec::with_capacity(rows.len()));
        for row in rows {
            let Some((reason, cause)) = why(&row) else { continue };
            let alike = by_reason.entry(reason.as_str()).or_insert_with(|| (reason, Vec::new()));
            alike.1.push(row.id);
            // Of a session whose code was not redeemed no app knows.
            if row.redeemed_at.is_some() {
                drafts.push(draft(&row, Some(reason), now, cause.map(str::to_owned)));
            }
            ended.push(EndedSession {
                id: row.id.0,
                client_id: row.client_id.0,
                connection_id: row.connection_id.0,
                organization_id: row.organization_id.0,
                directory_id: row.directory_id.0,
                user_id: row.user_id.0,
                was_redeemed: row.redeemed_at.is_some(),
                reason,
            });
        }
        for (reason, ids) in by_reason.into_values() {
            let ended = Entity::update_many()
                .col_expr(Column::EndedAt, Expr::value(Millis::from(now)))
                .col_expr(Column::EndReason, Expr::value(reason))
                .filter(Column::Id.is_in(ids));
            execute(&self.tx, ended.as_query()).await?;
        }
        self.append(lane, drafts).await?;
        Ok(ended)
    }
}

/// The event of a session that began or, with a reason, ended. It names the person by the id alone: more would stay in the
/// log and say nothing that the directory does not.
fn draft(row: &Model, ended: Option<SessionEnd>, now: Timestamp, cause: Option<String>) -> EventDraft {
    let user_id = row.user_id.0;
    let mut session = json!({
        "id": row.id.0,
        "connection_id": row.connection_id.0,
        "client_id": row.client_id.0,
        "user_id": user_id,
    });
    if let Some(reason) = ended {
        session["reason"] = reason.as_str().into();
    }
    EventDraft {
        id: EventId::new(),
        kind: match ended {
            None => EventType::SessionCreated,
            Some(_) => EventType::SessionEnded,
        },
        organization_id: row.organization_id.0,
        directory_id: row.directory_id.0,
        source: match ended {
            Some(SessionEnd::Revoked | SessionEnd::ConnectionPaused) => Source::Api,
            _ => Source::System,
        },
        subject_id: Some(user_id),
        timestamp: now,
        traceparent: cause,
        data: json!({ "session": session, "user": { "id": user_id } }),
    }
}
