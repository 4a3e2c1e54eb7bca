//! The users that a batch of events is about, where a scope needs them.

use crate::endpoints::LoadedEndpoint;
use directory::{ParsedEvent, PeopleById};
use events::{DirectoryId, ResourceId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use store::{Store, StoreError};

/// Users whose memberships the batch is about, as they are now, if an endpoint with a scope may get that. If a user moved
/// in or out of scope since, an event that follows says so, and a user that enters comes with all groups.
pub(crate) async fn people<'a>(
    store: &Store,
    endpoints: &[Arc<LoadedEndpoint>],
    parsed: impl IntoIterator<Item = &'a ParsedEvent<'a>>,
) -> Result<PeopleById, StoreError> {
    let mut wanted: HashMap<DirectoryId, HashSet<ResourceId>> = HashMap::new();
    if endpoints.iter().all(|endpoint| endpoint.subscription.scope.is_none()) {
        return Ok(PeopleById::new());
    }
    for parsed in parsed {
        let event = parsed.event;
        if endpoints
            .iter()
            .any(|endpoint| endpoint.subscription.asks_for_member(event))
            && let Some(member) = parsed.member()
        {
            wanted.entry(event.directory_id).or_default().insert(member);
        }
    }
    let mut people = PeopleById::new();
    for (directory, ids) in wanted {
        let ids: Vec<_> = ids.into_iter().collect();
        for row in store.users(directory).by_ids(&ids, false).await? {
            let user = row.into_stored()?;
            people.insert((directory, user.id), user.attributes);
        }
    }
    Ok(people)
}
