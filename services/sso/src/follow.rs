//! Ends sessions in the wake of the event log: of whoever is deactivated, deleted, or lost the role for a kind of app.
//!
//! The log is read from where this service had come before, event by event and without a gap; the place is noted when what
//! follows from the events is done. Ending twice changes nothing, so neither a kill nor a second process does harm. Tokens
//! are refused without waiting for this: each use asks the directory.

use crate::person::People;
use crate::state::{Inner, State};
use crate::token::{is_way_open, may_be};
use events::{DirectoryId, Event, EventId, EventType, ResourceId, Timestamp};
use runtime::Shutdown;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use store::{Feed, LiveWay, LogReader, LostWay, SESSIONS_AT_ONCE, SessionEnd, SessionFilter, StoreError};

/// The name of this reader of the log.
const NAME: &str = "sso";
/// Events read in one go.
const PAGE: u32 = 500;
/// How long is waited after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the log is looked at while nobody is logged in, and how often that is asked.
const IDLE: Duration = Duration::from_millis(500);
/// How often it is noted how far the log was read while nothing in it concerns anybody.
const NOTE_INTERVAL: Duration = Duration::from_secs(1);
/// After what may a person not log in any more, or not to everything.
const TYPES: [EventType; 5] = [
    EventType::UserDeactivated,
    EventType::UserDeleted,
    EventType::UserUpdated,
    EventType::GroupMemberRemoved,
    EventType::GroupMemberAdded,
];

/// Runs until a soft stop.
pub(crate) async fn run(state: &State, shutdown: &Shutdown) {
    let reader = state.store.log_reader(NAME);
    let mut place = Place::default();
    let mut watched = Watched::default();
    loop {
        let waits = match step(state, &reader, &mut place).await {
            Ok(true) => Duration::ZERO,
            Ok(false) if watched.anybody(state).await => state.config.follow,
            Ok(false) => IDLE,
            Err(error) => {
                // It may have come further than was noted.
                place = Place::default();
                tracing::warn!(error = %telemetry::chain(&error), "sessions do not follow the log at the moment");
                PAUSE
            }
        };
        let pause = tokio::time::sleep(waits);
        if shutdown.soft.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

/// Whether anybody is logged in, asked once in a while.
#[derive(Default)]
struct Watched {
    asked: Option<Instant>,
    is_anybody: bool,
}

impl Watched {
    async fn anybody(&mut self, state: &Inner) -> bool {
        if self.asked.is_none_or(|at| at.elapsed() >= IDLE) {
            let found = state.store.sso_sessions().any_live(state.now()).await;
            // When it is not known, the log is looked at often.
            self.is_anybody = found.unwrap_or(true);
            self.asked = Some(Instant::now());
        }
        self.is_anybody
    }
}

/// One page of the log. Whether there may be more at once.
async fn step(state: &Inner, reader: &LogReader, place: &mut Place) -> Result<bool, StoreError> {
    let after = match place.after {
        Some(after) => after,
        None => {
            let noted = match reader.position().await? {
                Some(noted) => noted,
                // Before the first session there is nothing to end.
                None => {
                    let newest = state.store.events().newest(None).await?;
                    reader.note(newest, state.now()).await?;
                    newest
                }
            };
            place.after = Some(noted);
            noted
        }
    };
    let feed = Feed {
        after,
        from_oldest: true,
        types: &TYPES,
        limit: PAGE,
        ..Feed::default()
    };
    let page = match state.store.events().feed(&feed).await {
        // What it had come to is no longer kept, and it cannot even be told what followed. Events are kept longer than any
        // session lasts.
        Err(StoreError::Gone(_) | StoreError::BadParameter { .. }) => {
            let newest = state.store.events().newest(None).await?;
            reader.note(newest, state.now()).await?;
            place.after = Some(newest);
            return Ok(false);
        }
        read => read?,
    };
    let now = state.now();
    for (directory, people) in concerned(&page.events) {
        look_at(state, directory, &people, now).await?;
    }
    if let Some(last) = page.read_to {
        // Of what concerns nobody it is enough to know now and then how far it was read.
        if !page.events.is_empty() || place.is_late(now) {
            reader.note(Some(last), now).await?;
            place.noted_at = Some(now);
        }
        place.after = Some(Some(last));
    }
    Ok(page.next.is_some())
}

/// How far the log has been read.
#[derive(Default)]
struct Place {
    /// The last event that was looked at, if there was one; `None` before it is known what was noted.
    after: Option<Option<EventId>>,
    /// When it was last noted.
    noted_at: Option<Timestamp>,
}

impl Place {
    fn is_late(&self, now: Timestamp) -> bool {
        self.noted_at.is_none_or(|at| now.since(at) >= NOTE_INTERVAL)
    }
}

/// Why somebody is looked at.
#[derive(Default)]
struct Why<'e> {
    /// The person was deleted.
    is_deleted: bool,
    /// The `traceparent` of the newest change.
    cause: Option<&'e str>,
}

/// Whom events are about, each once.
fn concerned(events: &[Event]) -> BTreeMap<DirectoryId, BTreeMap<ResourceId, Why<'_>>> {
    let mut concerned: BTreeMap<_, BTreeMap<_, Why<'_>>> = BTreeMap::new();
    for event in events {
        let user = match event.kind {
            EventType::GroupMemberRemoved | EventType::GroupMemberAdded => member(event),
            _ => event.subject_id,
        };
        if let Some(user) = user {
            let people = concerned.entry(event.directory_id).or_default();
            let why: &mut Why<'_> = people.entry(user).or_default();
            why.is_deleted |= event.kind == EventType::UserDeleted;
            why.cause = event.traceparent.as_deref();
        }
    }
    concerned
}

/// Who joined or left a group.
fn member(event: &Event) -> Option<ResourceId> {
    let body: serde_json::Value = serde_json::from_str(&event.body).ok()?;
    body.get("data")?.get("user")?.get("id")?.as_str()?.parse().ok()
}

/// Ends the sessions of those who may not log in any more. Most people of a log are not logged in: which are is one question
/// for all of them, who they are now is another, and what ends for them ends together.
async fn look_at(
    state: &Inner,
    directory: DirectoryId,
    people: &BTreeMap<ResourceId, Why<'_>>,
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
