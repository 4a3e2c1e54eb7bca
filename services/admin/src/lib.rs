//! The management API: organizations, directories and their keys, webhook endpoints, deliveries and the event log.
//!
//! It changes what it owns in one transaction with the events about it. Users and groups it reads, and it changes them by
//! commands on the bus, like the SCIM service. Nothing here is reachable without an admin key.

mod access;
mod audit;
mod auth;
mod body;
mod bootstrap;
mod certificates;
mod config;
mod context;
mod dead_letters;
mod delivery_status;
mod deps;
mod discovery;
mod dns;
mod docs;
mod entered;
mod graph_access;
mod housekeeping;
mod idempotent;
mod indexing;
mod jwks;
mod mail;
mod openapi;
mod people;
mod principal;
mod problem;
mod query;
mod rate;
mod receive;
mod routes;
mod samples;
mod setup;
mod state;
mod streams;
mod v1;
mod well_known;

pub use bootstrap::{AdminKeyWish, FirstStart, bootstrap, create_admin_key, create_admin_key_as};
pub use config::Config;
pub use deps::Deps;
pub use mail::MailConfig;
pub use openapi::openapi;
pub use v1::routes;

use actix_web::web::ServiceConfig;
use runtime::{Service, Shutdown};
use state::State;

/// The management API, ready to serve.
#[derive(Clone, Debug)]
pub struct Admin(State);

impl Admin {
    /// The routes of the management API: everything below `/api` belongs to it.
    pub fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static + use<> {
        routes::configure(self.0.clone())
    }
}

impl Service for Admin {
    type Config = Config;
    type Deps = Deps;

    fn bind(config: Config, deps: Deps) -> anyhow::Result<Self> {
        Ok(Self(State::new(config, deps)?))
    }

    /// Does what is due beside the requests, which [`Admin::routes`] answers: forgets old answers and old entries of the
    /// audit log, writes refusals to it, goes on with erasures, keeps what could not be processed, and writes users again for search where
    /// schemas changed. Where there is an SMTP server, it writes and sends mails. At the soft stop it ends the streams.
    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let state = self.0;
        let indexing = shutdown.soft.run_until_cancelled(indexing::run(state.clone()));
        let keeping = dead_letters::keep(&state, &shutdown);
        let mailing = mail::run(&state, &shutdown);
        tokio::join!(
            indexing,
            keeping,
            Box::pin(mailing),
            housekeeping::run(&state, &shutdown)
        );
        // Else the server would wait for readers that never leave by themselves.
        state.streams().close();
        Ok(())
    }
}
