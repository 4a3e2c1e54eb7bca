//! What pulling works with.

use bus::Bus;
use graph::{Clock, SystemClock};
use runtime::Context;
use secrets::MasterKeys;
use std::sync::Arc;
use store::Store;

/// What pulling works with.
#[derive(Clone, Debug)]
pub struct Deps {
    /// The database.
    pub store: Store,
    /// The way to the projector.
    pub bus: Bus,
    /// Opens the credentials of directories.
    pub master_keys: MasterKeys,
    /// Who this process is, where it holds directories.
    pub instance: Arc<str>,
    /// What time it is for rounds and for Graph. Commands go by the time of the machine.
    pub clock: Arc<dyn Clock>,
}

impl From<&Context> for Deps {
    fn from(context: &Context) -> Self {
        Self {
            store: context.store.clone(),
            bus: context.bus.clone(),
            master_keys: context.master_keys.clone(),
            instance: Arc::clone(&context.instance),
            clock: Arc::new(SystemClock),
        }
    }
}
