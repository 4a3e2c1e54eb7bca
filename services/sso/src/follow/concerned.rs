//! Whom the events of a page are about.

use events::{DirectoryId, Event, EventType, ResourceId};
use std::collections::BTreeMap;

/// The people of a directory whom something happened to.
pub(super) type Concerned<'e> = BTreeMap<ResourceId, Why<'e>>;

/// Why somebody is looked at.
#[derive(Clone, Copy, Default)]
pub(super) struct Why<'e> {
    /// The person was deleted.
    pub(super) is_deleted: bool,
    /// The `traceparent` of the newest change.
    pub(super) cause: Option<&'e str>,
}

/// Whom events are about, each once.
pub(super) fn people(events: &[Event]) -> BTreeMap<DirectoryId, Concerned<'_>> {
    let mut concerned: BTreeMap<_, Concerned<'_>> = BTreeMap::new();
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

/// The directories whose settings or state changed, each once, with the `traceparent` of the newest change.
pub(super) fn directories(events: &[Event]) -> BTreeMap<DirectoryId, Option<&str>> {
    let causes = events
        .iter()
        .map(|event| (event.directory_id, event.traceparent.as_deref()));
    causes.collect()
}

/// Who joined or left a group.
fn member(event: &Event) -> Option<ResourceId> {
    let body: serde_json::Value = serde_json::from_str(&event.body).ok()?;
    body.get("data")?.get("user")?.get("id")?.as_str()?.parse().ok()
}
