//! What the portal works with.

use runtime::Context;
use secrets::MasterKeys;
use std::sync::Arc;
use store::Store;

/// What the portal works with.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The database, for the sessions.
    pub store: Store,
    /// The URL that others reach this installation by, without a slash at the end.
    pub public_url: Arc<str>,
    /// Opens what comes back from admin consent.
    pub master_keys: MasterKeys,
    /// The number of lanes on the bus.
    pub partitions: u16,
}

impl From<&Context> for Deps {
    fn from(context: &Context) -> Self {
        Self {
            store: context.store.clone(),
            public_url: Arc::clone(&context.public_url),
            master_keys: context.master_keys.clone(),
            partitions: context.bus.partitions(),
        }
    }
}
