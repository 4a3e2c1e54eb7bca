//! A directory on the wire and in its events.

use super::settings;
use crate::api::keys;
use crate::state::State;
use ::events::{DirectoryId, OrganizationId, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{Authentication, Directory, DirectoryCounts, DirectoryState, Refusal, StoreError};

/// A directory as the API shows it.
#[derive(Serialize)]
pub(in crate::api) struct View {
    id: DirectoryId,
    organization_id: OrganizationId,
    name: String,
    provider: String,
    state: &'static str,
    /// Since when deactivations and deletions are refused.
    held_at: Option<Timestamp>,
    /// Until when the mass-change brake lets everything through.
    released_until: Option<Timestamp>,
    scim_url: String,
    /// The ways of authentication that are on.
    authentication: Vec<&'static str>,
    #[serde(flatten)]
    settings: Map<String, Value>,
    /// The extensions that cannot be searched yet, because what filters see of them is being written anew.
    indexing: Vec<String>,
    health: &'static str,
    last_request_at: Option<Timestamp>,
    last_error: Option<String>,
    /// The last time that somebody was refused who did not prove who they are; only where one directory is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refusal: Option<RefusalView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<Counts>,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<keys::FirstKey>,
}

#[derive(Serialize)]
struct Counts {
    users: i64,
    active_users: i64,
    groups: i64,
}

/// Strangers can bring it about, so it says nothing about the directory's health.
#[derive(Serialize)]
struct RefusalView {
    at: Timestamp,
    reason: String,
}

impl View {
    pub(super) fn new(state: &State, directory: Directory) -> Self {
        let policy = directory.policy().ok();
        Self {
            id: directory.id,
            organization_id: directory.organization_id,
            state: directory.state.as_str(),
            held_at: directory.held_at,
            released_until: directory.released_until,
            scim_url: state.scim_url(directory.id),
            // Where the settings cannot be read, none is taken.
            authentication: ways(&directory).unwrap_or_default(),
            settings: policy.as_ref().map(settings::shown).unwrap_or_default(),
            indexing: policy
                .and_then(|policy| policy.indexing)
                .map(|indexing| indexing.urns)
                .unwrap_or_default(),
            health: health(&directory),
            name: directory.name,
            provider: directory.provider,
            last_request_at: directory.last_request_at,
            last_error: directory.last_error,
            last_refusal: None,
            counts: None,
            created_at: directory.created_at,
            updated_at: directory.updated_at,
            key: None,
        }
    }

    pub(super) fn with_counts(mut self, counts: DirectoryCounts) -> Self {
        let DirectoryCounts {
            users,
            active_users,
            groups,
        } = counts;
        self.counts = Some(Counts {
            users,
            active_users,
            groups,
        });
        self
    }

    pub(super) fn with_refusal(mut self, refusal: Option<Refusal>) -> Self {
        self.last_refusal = refusal.map(|Refusal { at, reason, .. }| RefusalView { at, reason });
        self
    }

    /// With the key that was made together with the directory.
    pub(super) fn with_key(mut self, key: keys::FirstKey) -> Self {
        self.key = Some(key);
        self
    }
}

/// The names of the ways of authentication that are on.
pub(super) fn ways(directory: &Directory) -> Result<Vec<&'static str>, StoreError> {
    let ways = directory.authentication()?;
    Ok(ways.into_iter().map(Authentication::as_str).collect())
}

/// `paused`, `held`, `waiting` for a first request, `failing` when the latest request was refused, else `healthy`.
fn health(directory: &Directory) -> &'static str {
    match directory {
        Directory {
            state: DirectoryState::Paused,
            ..
        } => "paused",
        Directory {
            state: DirectoryState::Held,
            ..
        } => "held",
        Directory {
            last_request_at: None, ..
        } => "waiting",
        Directory {
            last_error: Some(_), ..
        } => "failing",
        Directory { .. } => "healthy",
    }
}

/// A directory as its events show it.
pub(crate) fn about(directory: &Directory) -> Value {
    directory.about()
}
