//! What single sign-on works with.

use runtime::Context;
use secrets::MasterKeys;
use std::sync::Arc;
use store::Store;

/// What single sign-on works with.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The database.
    pub store: Store,
    /// Opens the secrets of connections, and makes tokens.
    pub master_keys: MasterKeys,
    /// The URL that others reach this installation by, without a slash at the end.
    pub public_url: Arc<str>,
    /// The number of lanes on the bus.
    pub partitions: u16,
}

impl From<&Context> for Deps {
    fn from(context: &Context) -> Self {
        Self {
            store: context.store.clone(),
            master_keys: context.master_keys.clone(),
            public_url: Arc::clone(&context.public_url),
            partitions: context.bus.partitions(),
        }
    }
}
