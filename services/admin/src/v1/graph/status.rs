//! `GET /directories/{id}/graph/status`.

use super::view::{fault, mode_of, state_of};
use super::{consent, pulled};
use crate::context::AdminContext;
use crate::problem::Problem;
use ::events::Timestamp;
use ::graph::pull::PullFault;
use actix_web::web::{Json, Path};
use api::{GraphCounts, GraphCurrentRound, GraphProgress, GraphRound, GraphStatus};
use serde_json::Value;
use std::time::Duration;
use store::{GraphCollection, GraphCredentialState, GraphCursor, GraphPull, GraphPullState, ListPage};

/// Rounds that are shown.
const ROUNDS: u16 = 10;

/// Shows how a pull stands: the round that is under way, the last ones, the next one, and what is wrong.
#[utoipa::path(
    get,
    path = "/directories/{id}/graph/status",
    operation_id = "get_graph_status",
    tag = "Graph",
    responses((status = 200, description = "How it stands.", body = api::GraphStatus)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<GraphStatus>, Problem> {
    let (directory, pull) = pulled(&context, &path).await?;
    let store = context.store();
    let page = ListPage {
        limit: ROUNDS,
        cursor: None,
    };
    let rounds = store.graph_rounds(directory.id).list(&page).await?;
    let cursors = store.graph_cursors(directory.id).await?;
    let objects = store.graph_objects(directory.id);
    let counts = objects.counts().await?;
    let skipped = objects.skipped_counts().await?;
    let credentials = store.graph_credentials(directory.id).all().await?;
    let used = credentials
        .iter()
        .find(|credential| credential.state == GraphCredentialState::Active);
    let last_error = pull.last_error.as_deref().map(PullFault::read).map(fault);
    let missing = last_error.as_ref().and_then(|error| error.missing.first().cloned());
    let is_worked_on = pull.held_until.filter(|until| *until > context.now);
    let is_due = GraphPullState::WORKED_ON.contains(&pull.state) && is_worked_on.is_none();
    Ok(Json(GraphStatus {
        state: state_of(pull.state),
        mode: mode_of(pull.mode),
        next_round_at: is_due.then_some(pull.due_at),
        worked_on_until: is_worked_on,
        current: current(&pull, &cursors, context.now),
        rounds: rounds.data.into_iter().map(round).collect(),
        missing_permissions: missing.into_iter().collect(),
        last_error,
        failing_since: pull.failing_since,
        failures: pull.failures,
        consent_url: consent::link(&context, &pull)?,
        credential_expires_at: used.and_then(|credential| credential.expires_at),
        counts: GraphCounts {
            users: counts.users,
            groups: counts.groups,
            waiting_members: counts.waiting_members,
            skipped: skipped.into_iter().collect(),
        },
    }))
}

fn round(round: store::GraphRound) -> GraphRound {
    // Rounds that another version has written are shown all the same.
    let counts = match serde_json::from_str(&round.counts) {
        Ok(Value::Object(counts)) => counts,
        _ => serde_json::Map::new(),
    };
    GraphRound {
        id: round.id,
        is_full: round.is_full,
        began_at: round.began_at,
        ended_at: round.ended_at,
        outcome: round.outcome,
        counts,
        error: round.error.as_deref().map(PullFault::read).map(fault),
    }
}

/// The round that is under way: whoever works on it has left it unfinished, or works on it now.
fn current(pull: &GraphPull, cursors: &[GraphCursor], now: Timestamp) -> Option<GraphCurrentRound> {
    let of = |collection| {
        let mut own = cursors.iter().filter(|cursor| cursor.generation == pull.generation);
        own.find(|cursor| cursor.collection == collection)
    };
    let (users, groups) = (of(GraphCollection::Users), of(GraphCollection::Groups));
    let is_open = |cursor: &&GraphCursor| !cursor.is_complete;
    let open = users.filter(is_open).or_else(|| groups.filter(is_open))?;
    // People come first: groups of the round before say nothing of this one.
    let groups = groups.filter(|groups| users.is_none_or(|users| groups.began_at >= users.began_at));
    let began_at = users
        .filter(|users| users.began_at <= open.began_at)
        .unwrap_or(open)
        .began_at;
    Some(GraphCurrentRound {
        is_full: open.is_full,
        began_at,
        users: users.map(progress),
        groups: groups.map(progress),
        ends_at: end(open, now),
    })
}

fn progress(cursor: &GraphCursor) -> GraphProgress {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    GraphProgress {
        pages: count(cursor.pages),
        seen: count(cursor.seen),
        known: count(cursor.known),
        is_complete: cursor.is_complete,
    }
}

/// When a full round ends, if it goes on as until its last page: nobody knows how much has changed, and of a first round how many
/// there are.
fn end(cursor: &GraphCursor, now: Timestamp) -> Option<Timestamp> {
    let left = cursor.known.checked_sub(cursor.seen).filter(|left| *left > 0)?;
    if !cursor.is_full || cursor.seen <= 0 {
        return None;
    }
    let (left, seen) = (u128::try_from(left).ok()?, u128::try_from(cursor.seen).ok()?);
    let spent = cursor.updated_at.since(cursor.began_at).as_millis();
    let rest = u64::try_from(spent.checked_mul(left)? / seen).ok()?;
    Some(cursor.updated_at.plus(Duration::from_millis(rest)).max(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor(seen: i64, known: i64, is_full: bool) -> GraphCursor {
        GraphCursor {
            collection: GraphCollection::Users,
            generation: 1,
            round: 1,
            is_full,
            link: "l".to_owned(),
            is_complete: false,
            pages: 1,
            seen,
            known,
            began_at: Timestamp::from_millis(1_000),
            updated_at: Timestamp::from_millis(3_000),
        }
    }

    #[test]
    fn the_end_of_a_full_round_follows_from_what_is_left() {
        let at = Timestamp::from_millis;
        assert_eq!(end(&cursor(100, 300, true), at(3_000)), Some(at(7_000)));
        assert_eq!(
            end(&cursor(100, 300, true), at(9_000)),
            Some(at(9_000)),
            "not in the past"
        );
        for (seen, known, is_full) in [
            (0, 300, true),
            (300, 300, true),
            (400, 300, true),
            (100, 0, true),
            (100, 300, false),
        ] {
            assert_eq!(end(&cursor(seen, known, is_full), at(0)), None, "{seen} of {known}");
        }
    }
}
