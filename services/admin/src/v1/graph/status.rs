//! `GET /directories/{id}/graph/status`.

use super::view::{fault, mode_of, state_of};
use super::{consent, pulled};
use crate::context::AdminContext;
use crate::problem::Problem;
use ::events::Timestamp;
use ::graph::pull::PullFault;
use actix_web::web::{Json, Path};
use api::{GraphCounts, GraphCurrentRound, GraphProgress, GraphRound, GraphStatus};
use serde::Deserialize;
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

/// What is stored of how far a round is, as far as it is shown: whoever works on it writes more.
#[derive(Deserialize)]
struct Underway {
    generation: i64,
    began_at: Timestamp,
    #[serde(default)]
    stage: Option<String>,
    #[serde(default)]
    is_full: bool,
}

/// The round that is under way: whoever works on it has left it unfinished, or works on it now.
fn current(pull: &GraphPull, cursors: &[GraphCursor], now: Timestamp) -> Option<GraphCurrentRound> {
    let of = |collection| {
        let mut own = cursors.iter().filter(|cursor| cursor.generation == pull.generation);
        own.find(|cursor| cursor.collection == collection)
    };
    // What another version wrote, or what is of a round before, says nothing of this one.
    let underway = pull
        .progress
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let underway = underway.filter(|underway: &Underway| underway.generation == pull.generation);
    let (users, groups) = (of(GraphCollection::Users), of(GraphCollection::Groups));
    let is_open = |cursor: &&GraphCursor| !cursor.is_complete;
    let open = users.filter(is_open).or_else(|| groups.filter(is_open));
    let (began_at, is_full) = match (&underway, open) {
        (Some(underway), _) => (underway.began_at, underway.is_full),
        (None, Some(open)) => (
            users.map_or(open.began_at, |users| users.began_at.min(open.began_at)),
            open.is_full,
        ),
        (None, None) => return None,
    };
    let is_of_it = |cursor: &&GraphCursor| cursor.began_at >= began_at;
    Some(GraphCurrentRound {
        is_full,
        stage: underway.and_then(|underway| underway.stage),
        began_at,
        users: users.filter(is_of_it).map(progress),
        groups: groups.filter(is_of_it).map(progress),
        ends_at: open.and_then(|open| end(open, now)),
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

    fn pull(progress: Option<&str>) -> GraphPull {
        GraphPull {
            directory_id: events::DirectoryId::new(),
            organization_id: events::OrganizationId::new(),
            state: GraphPullState::Active,
            mode: store::GraphPullMode::Pull,
            cloud: "global".to_owned(),
            tenant_id: None,
            client_id: None,
            settings: "{}".to_owned(),
            generation: 1,
            due_at: Timestamp::from_millis(0),
            held_until: None,
            progress: progress.map(str::to_owned),
            last_error: None,
            failing_since: None,
            failures: 0,
            brake_released_at: None,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_round_is_under_way_until_whoever_works_on_it_says_that_it_is_over() {
        let now = Timestamp::from_millis(3_000);
        let open = cursor(100, 300, true);
        let closed = GraphCursor {
            is_complete: true,
            ..open.clone()
        };
        let shown = |progress, cursors: &[GraphCursor]| current(&pull(progress), cursors, now);
        assert_eq!(shown(None, &[]), None);
        assert_eq!(shown(None, std::slice::from_ref(&closed)), None);
        let found = shown(None, std::slice::from_ref(&open)).unwrap();
        assert_eq!(
            (found.is_full, found.stage, found.users.map(|users| users.seen)),
            (true, None, Some(100))
        );
        let late = r#"{"generation":1,"began_at":"1970-01-01T00:00:00.500Z","stage":"rest","is_full":false,"more":7}"#;
        let found = shown(Some(late), std::slice::from_ref(&closed)).unwrap();
        assert_eq!(
            (found.is_full, found.stage.as_deref(), found.ends_at),
            (false, Some("rest"), None)
        );
        let before = r#"{"generation":0,"began_at":"1970-01-01T00:00:00.500Z"}"#;
        assert_eq!(shown(Some(before), std::slice::from_ref(&closed)), None);
        assert_eq!(shown(Some("[]"), &[closed]), None);
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
