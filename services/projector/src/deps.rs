//! What the projector works with.

use bus::Bus;
use runtime::Context;
use std::sync::Arc;
use store::Store;

/// What the projector works with.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The database.
    pub store: Store,
    /// The bus.
    pub bus: Bus,
    /// Who this process is, in the lanes table.
    pub instance: Arc<str>,
}

impl From<&Context> for Deps {
    fn from(context: &Context) -> Self {
        Self {
            store: context.store.clone(),
            bus: context.bus.clone(),
            instance: Arc::clone(&context.instance),
        }
    }
}
