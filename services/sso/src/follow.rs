//! Ends sessions in the wake of the event log: of whoever is deactivated, deleted, or lost the role for a kind of app, be it by
//! a change of the person, of a group, or of the directory's settings.
//!
//! The log is read from where this service had come before, event by event and without a gap; the place is noted when what
//! follows from the events is done. Ending twice changes nothing, so neither a kill nor a second process does harm. Tokens
//! are refused without waiting for this: each use asks the directory.
//!
//! There are two readers. A change of settings is about everybody who is logged in from the directory, and people who leave
//! others must not wait for that.

mod concerned;
mod ending;

pub(crate) use ending::end_sessions;

use crate::state::{Inner, State};
use events::{Event, EventId, EventType, Timestamp};
use runtime::Shutdown;
use std::time::{Duration, Instant};
use store::{Feed, LogReader, StoreError};

/// Events read in one go.
const PAGE: u32 = 500;
/// How long is waited after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the log is looked at while nobody is logged in, and how often that is asked.
const IDLE: Duration = Duration::from_millis(500);
/// How often it is noted how far the log was read while nothing in it concerns anybody.
const NOTE_INTERVAL: Duration = Duration::from_secs(1);

/// What a reader of the log follows.
#[derive(Clone, Copy)]
pub(crate) enum Follows {
    /// People, and groups that they are in.
    People,
    /// Settings and states of directories.
    Directories,
}

impl Follows {
    /// The name under which it is noted how far the log was read.
    const fn name(self) -> &'static str {
        match self {
            Self::People => "sso",
            Self::Directories => "sso-directories",
        }
    }

    /// After what may a person not log in any more, or not to everything.
    const fn types(self) -> &'static [EventType] {
        match self {
            Self::People => &[
                EventType::UserDeactivated,
                EventType::UserDeleted,
                EventType::UserUpdated,
                EventType::GroupMemberRemoved,
                EventType::GroupMemberAdded,
            ],
            Self::Directories => &[EventType::DirectoryUpdated],
        }
    }

    /// How long is waited at the end of the log: of people not for long while somebody is logged in. Settings change seldom.
    async fn pause(self, state: &Inner, watched: &mut Watched) -> Duration {
        match self {
            Self::People if watched.anybody(state).await => state.config.follow,
            Self::People | Self::Directories => IDLE,
        }
    }

    /// Does what follows from a page of events.
    async fn act(self, state: &Inner, events: &[Event], now: Timestamp) -> Result<(), StoreError> {
        match self {
            Self::People => {
                for (directory, people) in concerned::people(events) {
                    ending::look_at(state, directory, &people, now).await?;
                }
            }
            Self::Directories => {
                for (directory, cause) in concerned::directories(events) {
                    ending::look_at_everybody(state, directory, cause, now).await?;
                }
            }
        }
        Ok(())
    }
}

/// Runs until a soft stop.
pub(crate) async fn run(state: &State, follows: Follows, shutdown: &Shutdown) {
    let reader = state.store.log_reader(follows.name());
    let mut place = Place::default();
    let mut watched = Watched::default();
    loop {
        let waits = match step(state, follows, &reader, &mut place).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => follows.pause(state, &mut watched).await,
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
async fn step(state: &Inner, follows: Follows, reader: &LogReader, place: &mut Place) -> Result<bool, StoreError> {
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
        types: follows.types(),
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
    follows.act(state, &page.events, now).await?;
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
