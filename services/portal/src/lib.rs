//! The portal: the pages for operators, for IT administrators of customers, and for teams of apps.
//!
//! It knows nothing of its own but who is logged in. What a page shows and what a form does goes through the operations of
//! the management API ([`api`]), in this process and with the rights of whoever is logged in, never around them. Every page
//! and every form works without scripts.

mod api;
mod apps;
mod brand;
mod chart;
mod config;
mod console;
mod cookie;
mod deps;
mod door;
mod endpoints;
mod entry;
mod fault;
mod filters;
mod form;
mod frame;
mod graph;
mod guard;
mod guest;
mod housekeeping;
mod login;
mod session;
mod setup;
mod sign_on;
mod state;
mod texts;
mod viewer;

pub use config::Config;
pub use deps::Deps;

use ::api::Scope;
use actix_web::web::{self, ServiceConfig};
use runtime::{Service, Shutdown};
use secrecy::SecretString;
use state::State;
pub(crate) use texts::{markup, text};

/// The scopes that together include all others, for the holder of the configuration's key.
pub(crate) const WIDEST_SCOPES: [Scope; 5] = [
    Scope::Read,
    Scope::Directories,
    Scope::Endpoints,
    Scope::Connections,
    Scope::Admin,
];

/// The portal, ready to serve.
#[derive(Clone, Debug)]
pub struct Portal(State);

impl Portal {
    /// The pages. `operations` are the routes of the management API, which the pages are made of.
    pub fn routes<F>(&self, operations: F) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static + use<F>
    where
        F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let state = self.0.clone();
        move |config| {
            config.app_data(web::Data::new(state.clone()));
            config.app_data(api::LocalApi::new(operations.clone()));
            pages::configure(config);
            login::configure(config);
            sign_on::configure(config);
            console::configure(config);
            setup::configure(config);
            apps::configure(config);
            graph::configure(config);
        }
    }

    /// A link that logs in to the console once, within ten minutes, with the rights of an admin key.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn one_time_login(&self, key: events::AdminKeyId) -> anyhow::Result<SecretString> {
        login::one_time(&self.0, key).await
    }
}

impl Service for Portal {
    type Config = Config;
    type Deps = Deps;

    fn bind(config: Config, deps: Deps) -> anyhow::Result<Self> {
        Ok(Self(State::new(config, deps)))
    }

    /// Forgets sessions that have expired.
    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        housekeeping::run(&self.0, &shutdown).await;
        Ok(())
    }
}
