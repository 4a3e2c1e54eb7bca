//! The settings of directories as the rules read them: parsed when they change, not with every request.

use crate::failure::Failure;
use directory::Policy;
use events::DirectoryId;
use moka::future::Cache;
use std::sync::Arc;
use store::Directory;

/// The most directories remembered.
const MOST_CACHED_POLICIES: u64 = 10_000;

#[derive(Debug)]
pub(crate) struct Policies {
    known: Cache<DirectoryId, Arc<CachedPolicy>>,
}

#[derive(Debug)]
struct CachedPolicy {
    settings: String,
    policy: Arc<Policy>,
}

impl Policies {
    pub(crate) fn new() -> Self {
        Self {
            known: Cache::builder().max_capacity(MOST_CACHED_POLICIES).build(),
        }
    }

    /// The policy that a directory, as it was looked up with the key, has.
    pub(crate) async fn of(&self, directory: &Directory) -> Result<Arc<Policy>, Failure> {
        if let Some(known) = self.known.get(&directory.id).await
            && known.settings == directory.settings
        {
            return Ok(Arc::clone(&known.policy));
        }
        let policy = Arc::new(directory.policy()?);
        let known = CachedPolicy {
            settings: directory.settings.clone(),
            policy: Arc::clone(&policy),
        };
        self.known.insert(directory.id, Arc::new(known)).await;
        Ok(policy)
    }
}
