//! Sessions that begin for an app, and that end before their time: each with its event, in the same transaction. Whoever
//! ends a session does it here, so that apps hear of every end.

use super::sessions::{SESSIONS_AT_ONCE, is_live, session};
use super::streams::note_people;
use super::{SessionEnd, SessionFilter, SsoSession};
use crate::{AdminTx, EventDraft, StoreError};
use db::Database;
use db::entity::column::Millis;
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
use std::collections::HashMap;

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
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let ended = Entity::update_many()
            .col_expr(Column::EndedAt, Expr::value(Millis::from(now)))
            .col_expr(Column::EndReason, Expr::value(reason))
            .filter(Column::Id.is_in(ids));
        execute(&self.tx, ended.as_query()).await?;
        let known = rows.iter().filter(|row| row.redeemed_at.is_some());
        let drafts = known
            .map(|row| draft(row, Some(reason), now, cause.map(str::to_owned)))
            .collect();
        self.append(lane, drafts).await?;
        let ended = rows.into_iter().map(|row| EndedSession {
            id: row.id.0,
            client_id: row.client_id.0,
            connection_id: row.connection_id.0,
            organization_id: row.organization_id.0,
            directory_id: row.directory_id.0,
            user_id: row.user_id.0,
            was_redeemed: row.redeemed_at.is_some(),
        });
        Ok(ended.collect())
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
