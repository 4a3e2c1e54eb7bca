//! What the management API works with.

use bus::Bus;
use runtime::Context;
use secrets::MasterKeys;
use std::sync::Arc;
use store::Store;

/// What the management API works with.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The database.
    pub store: Store,
    /// The way to the projector, for users and groups.
    pub bus: Bus,
    /// Seals the secrets of endpoints.
    pub master_keys: MasterKeys,
    /// The URL that others reach this installation by, without a slash at the end.
    pub public_url: Arc<str>,
}

impl From<&Context> for Deps {
    fn from(context: &Context) -> Self {
        Self {
            store: context.store.clone(),
            bus: context.bus.clone(),
            master_keys: context.master_keys.clone(),
            public_url: Arc::clone(&context.public_url),
        }
    }
}
