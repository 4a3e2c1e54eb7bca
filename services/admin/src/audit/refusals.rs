//! Refused requests, counted before they are written: a stranger who asks a thousand times a second costs the disk one row
//! a minute.
//!
//! Refusals of one kind within a minute are one entry with a count. How many entries there can be in a minute is bounded,
//! for strangers more narrowly than for holders of keys: what goes beyond is counted without the address, or without the
//! object. So an attack that lasts for ever costs a few megabytes a day, whatever addresses it comes from.

use super::Origin;
use crate::principal::Principal;
use events::{AuditId, Timestamp};
use std::collections::{HashMap, HashSet};
use std::mem::take;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::{AuditActor, AuditEntry, AuditLog, StoreError};

/// The length of a minute, in milliseconds.
const MINUTE: i64 = 60_000;
/// Addresses of strangers that have entries of their own in a minute.
const MOST_STRANGERS: usize = 20;
/// Refusals of holders of keys that have entries of their own in a minute.
const MOST_KNOWN: usize = 300;
/// Entries that wait while the database is away; what would be more is left out.
const MOST_WAITING: usize = 2_000;

/// The refusals of this process that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<PendingRefusals>);

#[derive(Debug, Default)]
struct PendingRefusals {
    /// Since the Unix epoch.
    minute: i64,
    current: HashMap<RefusalKey, CountedRefusal>,
    /// Of earlier minutes.
    waiting: Vec<AuditEntry>,
}

/// What makes two refusals one entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RefusalKey {
    actor: AuditActor,
    status: u16,
    operation: Option<String>,
    object: Option<String>,
    client: Option<String>,
}

#[derive(Debug)]
struct CountedRefusal {
    entry: AuditEntry,
    is_written: bool,
}

/// A request that was refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal<'a> {
    /// Who asked; `None` for a stranger.
    pub(crate) principal: Option<&'a Principal>,
    /// Where from.
    pub(crate) origin: &'a Origin,
    /// How it was answered.
    pub(crate) status: u16,
    /// Why.
    pub(crate) detail: &'a str,
    /// The id in the path.
    pub(crate) object: Option<&'a str>,
    /// When.
    pub(crate) at: Timestamp,
}

impl Refusals {
    /// Counts a refusal.
    pub(crate) fn note(&self, refusal: &Refusal<'_>) {
        let mut kept = self.kept();
        let minute = refusal.at.millis().div_euclid(MINUTE);
        if kept.minute != minute {
            kept.minute = minute;
            let ended = take(&mut kept.current);
            let room = MOST_WAITING.saturating_sub(kept.waiting.len());
            let unwritten = ended.into_values().filter(|counted| !counted.is_written);
            kept.waiting.extend(unwritten.map(|counted| counted.entry).take(room));
        }
        let kind = kept.kind(refusal);
        let counted = kept.current.entry(kind).or_insert_with_key(|kind| CountedRefusal {
            entry: entry(kind, refusal),
            is_written: true,
        });
        counted.entry.count += 1;
        counted.is_written = false;
    }

    /// Writes what was counted since the last time.
    ///
    /// # Errors
    /// As any write; then it is written the next time.
    pub(crate) async fn write(&self, log: &AuditLog) -> Result<(), StoreError> {
        let entries = self.take();
        if entries.is_empty() {
            return Ok(());
        }
        let written = log.note(&entries).await;
        if written.is_err() {
            self.give_back(entries);
        }
        written
    }

    fn take(&self) -> Vec<AuditEntry> {
        let mut kept = self.kept();
        let mut entries = take(&mut kept.waiting);
        for counted in kept.current.values_mut().filter(|counted| !counted.is_written) {
            counted.is_written = true;
            entries.push(counted.entry.clone());
        }
        entries
    }

    /// Writing an entry twice does no harm, so those of this minute are simply counted as unwritten again.
    fn give_back(&self, entries: Vec<AuditEntry>) {
        let mut kept = self.kept();
        let mut current = HashSet::new();
        for counted in kept.current.values_mut() {
            counted.is_written = false;
            current.insert(counted.entry.id);
        }
        let room = MOST_WAITING.saturating_sub(kept.waiting.len());
        let earlier = entries.into_iter().filter(|entry| !current.contains(&entry.id));
        kept.waiting.extend(earlier.take(room));
    }

    fn kept(&self) -> MutexGuard<'_, PendingRefusals> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PendingRefusals {
    /// The kind of a refusal; a wider one where there are too many kinds already.
    fn kind(&self, refusal: &Refusal<'_>) -> RefusalKey {
        let client = refusal.origin.client.map(network);
        let kind = match refusal.principal {
            None => RefusalKey {
                actor: AuditActor::Stranger,
                status: refusal.status,
                operation: None,
                object: None,
                client,
            },
            Some(principal) => RefusalKey {
                actor: principal.actor(),
                status: refusal.status,
                operation: Some(refusal.origin.operation.clone()),
                object: refusal.object.map(str::to_owned),
                client,
            },
        };
        if self.current.contains_key(&kind) || self.has_room(&kind.actor) {
            return kind;
        }
        RefusalKey {
            operation: None,
            object: None,
            client: None,
            ..kind
        }
    }

    fn has_room(&self, actor: &AuditActor) -> bool {
        let is_stranger = *actor == AuditActor::Stranger;
        let alike = self
            .current
            .keys()
            .filter(|kind| (kind.actor == AuditActor::Stranger) == is_stranger)
            .count();
        alike < if is_stranger { MOST_STRANGERS } else { MOST_KNOWN }
    }
}

/// An address, or the /64 of IPv6 that one machine has.
fn network(address: IpAddr) -> String {
    const NETWORK: u128 = !0 << 64;
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{}/64", Ipv6Addr::from(u128::from(address) & NETWORK)),
    }
}

/// An entry that was not counted yet.
fn entry(kind: &RefusalKey, refusal: &Refusal<'_>) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(),
        actor: kind.actor.clone(),
        action: "access.refused".to_owned(),
        object_kind: None,
        object_id: kind.object.clone(),
        organization_id: refusal.principal.and_then(|principal| principal.organization),
        directory_id: None,
        status: Some(kind.status),
        detail: Some(refusal.detail.to_owned()),
        operation: kind.operation.clone(),
        before: None,
        after: None,
        trace_id: refusal.origin.trace_id.clone().filter(|_| kind.operation.is_some()),
        client: kind.client.clone(),
        count: 0,
        created_at: refusal.at,
    }
}
