//! Ends sessions of whoever may not be logged in any more.

use super::concerned::{Concerned, Why};
use crate::person::People;
use crate::state::Inner;
use crate::token::{is_way_open, may_be};
use events::{DirectoryId, Timestamp};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use store::{LiveWay, LostWay, SESSIONS_AT_ONCE, SessionEnd, SessionFilter, StoreError};

/// Ends the sessions of those who may not log in any more. Most people of a log are not logged in: which are is one question
/// for all of them, who they are now is another, and what ends for them ends together.
pub(super) async fn look_at(
    state: &Inner,
    directory: DirectoryId,
    people: &Concerned<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ids: Vec<_> = people.keys().copied().collect();
    let ways = state.store.sso_sessions().ways(directory, &ids, now).await?;
    let refusals = refusals(state, directory, &ways).await?;
    let lost = refusals.into_iter().map(|(way, reason)| LostWay {
        way,
        reason,
        cause: people.get(&way.user_id).and_then(|why| why.cause),
    });
    let lost: Vec<_> = lost.collect();
    let mut goes_on = !lost.is_empty();
    while goes_on {
        let lane = state.lane(directory);
        let change = state.store.change(Some(lane)).await?;
        let ended = change.end_sso_ways(lane, directory, &lost, now).await?;
        goes_on = ended.len() >= SESSIONS_AT_ONCE;
        if !ended.is_empty() {
            change.commit().await?;
        }
        for session in &ended {
            count(session.reason, 1);
        }
    }
    for (user, _) in people.iter().filter(|(_, why)| why.is_deleted) {
        state.store.forget_sso_bindings(directory, *user).await?;
    }
    Ok(())
}

/// The ways in which people may not be logged in any more, and why not.
async fn refusals(
    state: &Inner,
    directory: DirectoryId,
    ways: &[LiveWay],
) -> Result<Vec<(LiveWay, SessionEnd)>, StoreError> {
    if ways.is_empty() {
        return Ok(Vec::new());
    }
    let mut open = BTreeMap::new();
    for way in ways {
        if let Entry::Vacant(unknown) = open.entry(way.connection_id) {
            unknown.insert(is_way_open(state, way).await?);
        }
    }
    let ids: BTreeSet<_> = ways.iter().map(|way| way.user_id).collect();
    let ids: Vec<_> = ids.into_iter().collect();
    let people = match People::of(state, directory).await? {
        Some(people) => people.by_ids(&ids).await?,
        None => Vec::new(),
    };
    let people: BTreeMap<_, _> = people.into_iter().map(|person| (person.id, person)).collect();
    let refused = ways.iter().filter_map(|way| {
        let is_open = open.get(&way.connection_id).copied().unwrap_or_default();
        let refusal = may_be(is_open, people.get(&way.user_id), way.channel).err()?;
        Some((*way, refusal))
    });
    Ok(refused.collect())
}

fn count(reason: SessionEnd, ended: u64) {
    metrics::counter!("rollcall_sso_sessions_ended_total", "reason" => reason.as_str()).increment(ended);
}

/// Looks at everybody who is logged in from a directory, after a change of the directory with the `traceparent` `cause`.
///
/// # Errors
/// As the store.
pub(super) async fn look_at_everybody(
    state: &Inner,
    directory: DirectoryId,
    cause: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = state.store.sso_sessions().people(directory, after, now).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(*last);
        let why = Why {
            is_deleted: false,
            cause,
        };
        let people = page.into_iter().map(|user| (user, why)).collect();
        look_at(state, directory, &people, now).await?;
    }
}

/// Ends sessions that go on because of this request, and says how many.
///
/// # Errors
/// As the store.
pub(crate) async fn end_sessions(
    state: &Inner,
    of: SessionFilter,
    directory: DirectoryId,
    reason: SessionEnd,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let cause = telemetry::traceparent();
    end(state, of, directory, reason, cause.as_deref(), now).await
}

/// The same because of what has the `traceparent` `cause`: what follows is found from there.
async fn end(
    state: &Inner,
    of: SessionFilter,
    directory: DirectoryId,
    reason: SessionEnd,
    cause: Option<&str>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut count = 0;
    loop {
        let lane = state.lane(directory);
        let change = state.store.change(Some(lane)).await?;
        let ended = change.end_sso_sessions(lane, of, reason, cause, now).await?.len();
        if ended > 0 {
            change.commit().await?;
        }
        count += ended as u64;
        self::count(reason, ended as u64);
        if ended < SESSIONS_AT_ONCE {
            return Ok(count);
        }
    }
}
