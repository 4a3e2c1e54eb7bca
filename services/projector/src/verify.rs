//! `verify`: the stored state against the replay of the log.

use directory::replay::{Replay, ReplayError, fingerprint, user_fingerprint};
use events::{DirectoryId, EventBody, ResourceId};
use std::collections::HashSet;
use store::{CopyName, Position, Query, Store, StoreError};

/// Rows or events read at once.
const PAGE_EVENTS: u32 = 1_000;
/// The most differences shown of one directory.
const MOST_DIFFERENCES_SHOWN: usize = 20;
/// How often a directory that changes meanwhile is looked at again.
const MOST_ATTEMPTS: usize = 5;

/// The result of comparing a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Events replayed.
    pub events: i64,
    /// Users stored.
    pub users: usize,
    /// Groups stored.
    pub groups: usize,
    /// Memberships stored.
    pub memberships: usize,
    /// What differs, in words; at most a few.
    pub differences: Vec<String>,
}

/// Why a directory could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database says no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be read.
    #[error("an event of the log is not readable JSON")]
    Body(#[from] serde_json::Error),
}

/// Compares the rows of one directory with its log. A directory that changes meanwhile is looked at again.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify(store: &Store, directory: DirectoryId) -> Result<VerifyReport, VerifyError> {
    let mut verified = VerifyReport::default();
    for _ in 0..MOST_ATTEMPTS {
        verified = look(store, directory).await?;
        let grown = !store
            .events()
            .of_directory(directory, verified.events, &[], 1)
            .await?
            .is_empty();
        if verified.differences.is_empty() || !grown {
            break;
        }
    }
    Ok(verified)
}

async fn look(store: &Store, directory: DirectoryId) -> Result<VerifyReport, VerifyError> {
    let mut report = VerifyReport::default();
    let replay = replay(store, directory, &mut report).await?;
    users(store, directory, &replay, &mut report).await?;
    groups(store, directory, &replay, &mut report).await?;
    if report.memberships != replay.memberships() {
        let (stored, told) = (report.memberships, replay.memberships());
        report.differ(format!("{stored} memberships are stored, the log tells of {told}"));
    }
    counts(store, directory, &mut report).await?;
    report.events = replay.sequence;
    Ok(report)
}

async fn replay(store: &Store, directory: DirectoryId, report: &mut VerifyReport) -> Result<Replay, VerifyError> {
    let mut replay = base(store, directory).await?;
    loop {
        let page = store
            .events()
            .of_directory(directory, replay.sequence, &[], PAGE_EVENTS)
            .await?;
        let Some(last) = page.last().map(|event| event.sequence) else {
            return Ok(replay);
        };
        for event in page {
            let body: EventBody = serde_json::from_str(&event.body)?;
            match replay.apply(&body) {
                Ok(()) => {}
                Err(ReplayError::Gap { .. }) if body.sequence > replay.sequence => {
                    report.differ(format!("the log has a gap before event {}", body.sequence));
                    replay.sequence = body.sequence;
                }
                Err(error) => {
                    report.differ(error.to_string());
                    replay.sequence = body.sequence;
                }
            }
        }
        replay.sequence = replay.sequence.max(last);
    }
}

/// The state at which the kept log begins.
async fn base(store: &Store, directory: DirectoryId) -> Result<Replay, VerifyError> {
    let copies = store.log_copies(directory);
    let mut replay = Replay::after(copies.sequence(CopyName::Base).await?);
    if replay.sequence == 0 {
        return Ok(replay);
    }
    let mut after = None;
    loop {
        let page = copies.base_users(after, PAGE_EVENTS).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        page.iter().for_each(|user| replay.begin_with_user(user));
    }
    let mut after = None;
    loop {
        let page = copies.base_groups(after, PAGE_EVENTS).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        page.iter().for_each(|group| replay.begin_with_group(group));
    }
    let mut after = None;
    loop {
        let page = copies.base_members(after, PAGE_EVENTS).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        page.iter()
            .for_each(|(group, member)| replay.begin_with_member(*group, *member));
    }
    Ok(replay)
}

async fn users(
    store: &Store,
    directory: DirectoryId,
    replay: &Replay,
    report: &mut VerifyReport,
) -> Result<(), VerifyError> {
    let mut seen = HashSet::new();
    let mut after = None;
    loop {
        let query = Query {
            after,
            limit: PAGE_EVENTS,
            ..Query::default()
        };
        let page = store.users(directory).list(&query).await?.rows;
        let Some(last) = page.last() else { break };
        after = Some(Position {
            created_at: last.created_at,
            id: last.id,
        });
        for row in page {
            let stored = row.into_stored()?;
            seen.insert(stored.id);
            let found = user_fingerprint(&stored.attributes, stored.version);
            report.compare("user", stored.id, replay.users.get(&stored.id) == Some(&found));
        }
    }
    report.users = seen.len();
    for missing in replay.users.keys().filter(|id| !seen.contains(id)) {
        report.differ(format!("user {missing} is in the log and not stored"));
    }
    Ok(())
}

async fn groups(
    store: &Store,
    directory: DirectoryId,
    replay: &Replay,
    report: &mut VerifyReport,
) -> Result<(), VerifyError> {
    let mut seen = HashSet::new();
    let mut after = None;
    loop {
        let query = Query {
            after,
            limit: PAGE_EVENTS,
            ..Query::default()
        };
        let page = store.groups(directory).list(&query).await?.rows;
        let Some(last) = page.last() else { break };
        after = Some(Position {
            created_at: last.created_at,
            id: last.id,
        });
        for row in page {
            let stored = row.into_stored()?;
            seen.insert(stored.id);
            let same = replay.groups.get(&stored.id) == Some(&fingerprint(&stored.attributes));
            report.compare("group", stored.id, same);
            members(store, directory, stored.id, replay, report).await?;
        }
    }
    report.groups = seen.len();
    for missing in replay.groups.keys().filter(|id| !seen.contains(id)) {
        report.differ(format!("group {missing} is in the log and not stored"));
    }
    Ok(())
}

/// The kept numbers against the rows.
async fn counts(store: &Store, directory: DirectoryId, report: &mut VerifyReport) -> Result<(), VerifyError> {
    let kept = store.kept_counts(&[directory]).await?;
    let rows = store.count_rows(&[directory]).await?;
    if let (Some(kept), Some(rows)) = (kept.get(&directory), rows.get(&directory))
        && kept != rows
    {
        report.differ(format!("the kept counts are {kept:?}, the rows say {rows:?}"));
    }
    Ok(())
}

async fn members(
    store: &Store,
    directory: DirectoryId,
    group: ResourceId,
    replay: &Replay,
    report: &mut VerifyReport,
) -> Result<(), VerifyError> {
    let mut told = replay.members(group).peekable();
    let mut after = None;
    loop {
        let page = store.groups(directory).members(group, after, PAGE_EVENTS).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        report.memberships += page.len();
        for member in page {
            while told.next_if(|id| *id < member.id).is_some() {}
            if told.next_if_eq(&member.id).is_none() {
                report.differ(format!(
                    "member {} of group {group} is stored and not in the log",
                    member.id
                ));
            }
        }
    }
    Ok(())
}

impl VerifyReport {
    fn compare(&mut self, what: &str, id: ResourceId, same: bool) {
        if !same {
            self.differ(format!("{what} {id} is not stored as the log tells it"));
        }
    }

    fn differ(&mut self, what: String) {
        if self.differences.len() < MOST_DIFFERENCES_SHOWN {
            self.differences.push(what);
        }
    }
}
