//! A directory as the API shows it.

use super::health::{health, sync};
use super::settings;
use crate::state::State;
use ::events::Timestamp;
use api::{Authentication, Directory, DirectoryCounts, DirectoryState};
use store::{StoreError, SyncState};

/// A directory without what costs another query; `synced` is what is known of its sync.
pub(super) fn shown(
    state: &State,
    directory: store::Directory,
    synced: Option<&SyncState>,
    now: Timestamp,
) -> Directory {
    let policy = directory.policy().ok();
    Directory {
        id: directory.id,
        organization_id: directory.organization_id,
        state: state_of(directory.state),
        held_at: directory.held_at,
        released_until: directory.released_until,
        scim_url: state.scim_url(directory.id),
        // Where the settings cannot be read, none is taken.
        authentication: ways(&directory).unwrap_or_default(),
        settings: policy.as_ref().and_then(settings::shown),
        indexing: policy
            .and_then(|policy| policy.indexing)
            .map(|indexing| indexing.urns)
            .unwrap_or_default(),
        health: health(&directory, synced, now),
        sync: None,
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

/// The same with how many users and groups it has.
pub(super) fn counted(directory: Directory, counts: store::DirectoryCounts) -> Directory {
    Directory {
        counts: Some(DirectoryCounts {
            users: counts.users,
            active_users: counts.active_users,
            groups: counts.groups,
        }),
        ..directory
    }
}

/// The ways of authentication that are on.
pub(super) fn ways(directory: &store::Directory) -> Result<Vec<Authentication>, StoreError> {
    let ways = directory.authentication()?;
    Ok(ways.into_iter().map(way_of).collect())
}

const fn way_of(way: store::Authentication) -> Authentication {
    match way {
        store::Authentication::Bearer => Authentication::Bearer,
        store::Authentication::Basic => Authentication::Basic,
        store::Authentication::OauthClientCredentials => Authentication::OauthClientCredentials,
        store::Authentication::WorkloadIdentity => Authentication::WorkloadIdentity,
        store::Authentication::EntraToken => Authentication::EntraToken,
    }
}

const fn state_of(state: store::DirectoryState) -> DirectoryState {
    match state {
        store::DirectoryState::Active => DirectoryState::Active,
        store::DirectoryState::Paused => DirectoryState::Paused,
        store::DirectoryState::Held => DirectoryState::Held,
    }
}

/// The same with when its identity provider comes.
pub(super) fn watched(shown: Directory, of: &store::Directory, synced: Option<&SyncState>) -> Directory {
    Directory {
        sync: synced.map(|synced| sync(of, synced)),
        ..shown
    }
}
