//! The one shape that all services have.

use crate::context::Context;
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use std::future::Future;

/// A service: built of how it works and what it works with, then run until the stop. A service that answers HTTP also
/// has routes, which the program serves on its port.
pub trait Service: Sized {
    /// How it works. The conversion is the one place where a service reads settings of the program.
    type Config: for<'a> From<&'a Settings>;
    /// What it works with.
    type Deps: for<'a> From<&'a Context>;

    /// Puts the service together. Nothing runs yet: what cannot work fails here.
    ///
    /// # Errors
    /// When a part cannot be set up.
    fn bind(config: Self::Config, deps: Self::Deps) -> anyhow::Result<Self>;

    /// Works until the soft stop, then finishes what it holds; at the hard stop it lets go of it.
    ///
    /// # Errors
    /// When a part of it died. The program should then stop.
    fn run(self, shutdown: Shutdown) -> impl Future<Output = anyhow::Result<()>> + Send + 'static;
}

impl Context {
    /// A service as the settings of this program describe it, over the program's database and bus.
    ///
    /// # Errors
    /// When a part cannot be set up.
    pub fn bind<S: Service>(&self) -> anyhow::Result<S> {
        S::bind(S::Config::from(&self.settings), S::Deps::from(self))
    }
}
