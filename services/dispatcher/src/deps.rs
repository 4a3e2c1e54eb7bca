//! What the dispatcher works with.

use bus::Bus;
use runtime::Context;
use secrets::MasterKeys;
use std::sync::Arc;
use store::Store;

/// What the dispatcher works with.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The database.
    pub store: Store,
    /// Where events come from.
    pub bus: Bus,
    /// Opens the secrets of endpoints.
    pub master_keys: MasterKeys,
    /// The URL that others reach this installation by: the issuer of Security Event Tokens.
    pub public_url: Arc<str>,
    /// A name that no other dispatcher has or had; owns the leases.
    pub instance: Arc<str>,
}

impl From<&Context> for Deps {
    fn from(context: &Context) -> Self {
        Self {
            store: context.store.clone(),
            bus: context.bus.clone(),
            master_keys: context.master_keys.clone(),
            public_url: Arc::clone(&context.public_url),
            instance: Arc::clone(&context.instance),
        }
    }
}
