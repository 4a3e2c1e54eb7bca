//! The daily digest of each organization that has somebody who wants it.

use super::{Post, writing};
use crate::state::State;
use ::mail::{Content, Day, Digest, IncidentKind, OpenIncident};
use events::Timestamp;
use runtime::Shutdown;
use std::time::Duration;
use store::{DigestDirectory, DueDigest, MailQueue, StoreError};

/// Digests written in one go.
const AT_ONCE: u64 = 50;
const DAY: Duration = Duration::from_hours(24);
/// When digests are written: at six in the morning, UTC.
const HOUR_MS: i64 = 6 * 3_600_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// When the next digest is written.
pub(crate) fn next_digest_at(now: Timestamp) -> Timestamp {
    let days = (now.millis() - HOUR_MS).div_euclid(DAY_MS) + 1;
    Timestamp::from_millis(days * DAY_MS + HOUR_MS)
}

/// Writes digests that are due, in bounded steps.
pub(super) async fn write(state: &State, post: &Post, shutdown: &Shutdown) -> Result<(), StoreError> {
    let digests = state.store().digests();
    while !shutdown.soft.is_cancelled() {
        let now = Timestamp::now();
        let due = digests.due(now, AT_ONCE).await?;
        if due.is_empty() {
            break;
        }
        for due in due {
            let content = content(state, &due, now).await?;
            let queue = MailQueue::Organization(due.organization_id);
            let mails = content.into_iter().flat_map(|content| {
                let contacts = due.contacts.iter();
                let mails = contacts.filter_map(|contact| writing::written(queue, contact, &content));
                mails.collect::<Vec<_>>()
            });
            post.wrote(digests.finish(&due, next_digest_at(now), mails.collect(), now).await?);
        }
    }
    Ok(())
}

/// What there is to tell of the last day; `None` for nothing.
async fn content(state: &State, due: &DueDigest, now: Timestamp) -> Result<Option<Content>, StoreError> {
    let (store, id) = (state.store(), due.organization_id);
    let from = now.minus(DAY);
    let facts = store.digests().facts(id, from, now).await?;
    let open = store.incidents().open_of(id).await?;
    let directories: Vec<Day> = facts
        .directories
        .into_iter()
        .filter(is_worth_telling)
        .map(day)
        .collect();
    // What ends in months is told when its day comes.
    let soon = now.plus(DAY * 14);
    let open = open.into_iter().map(|open| OpenIncident {
        kind: writing::kind_of(open.kind),
        name: open.name,
        since: open.since,
    });
    let open = open.filter(|open| open.kind != IncidentKind::CredentialEnding || open.since <= soon);
    let open: Vec<OpenIncident> = open.collect();
    if directories.is_empty() && open.is_empty() {
        return Ok(None);
    }
    Ok(Some(Content::Digest(Digest {
        organization_id: id,
        organization: due.name.clone(),
        from,
        to: now,
        directories,
        open,
    })))
}

/// That an identity provider came and found all as it was is nothing to tell.
fn is_worth_telling(of: &DigestDirectory) -> bool {
    of.users_created + of.users_updated + of.users_deleted + of.groups_changed + of.failures > 0
}

fn day(of: DigestDirectory) -> Day {
    Day {
        name: of.name,
        syncs: of.syncs,
        users_created: of.users_created,
        users_updated: of.users_updated,
        users_deleted: of.users_deleted,
        groups_changed: of.groups_changed,
        failures: of.failures,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_digest_is_at_six_in_the_morning() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (now, next) in [
            ("2026-11-20T05:59:59Z", "2026-11-20T06:00:00Z"),
            ("2026-11-20T06:00:00Z", "2026-11-21T06:00:00Z"),
            ("2026-11-20T23:00:00Z", "2026-11-21T06:00:00Z"),
        ] {
            assert_eq!(next_digest_at(at(now)), at(next), "{now}");
        }
    }
}
