//! The ingress: SCIM 2.0 over HTTP, thin.
//!
//! It authenticates the directory key, validates the request against the schema, publishes one lifecycle command and
//! waits for its verdict ([`exchange`]). Reads go to the database directly. The one thing it writes about a command is that
//! it has given it up; beside that it keeps the log of requests ([`request_log`]).

mod allow;
mod answer;
mod auth;
mod body;
mod bulk;
mod config;
mod context;
mod deps;
mod discovery;
mod endpoints;
mod exchange;
mod failure;
mod found;
mod groups;
mod list;
mod normalise;
mod note_use;
mod nowhere;
mod oauth;
mod overload;
mod path;
mod policies;
mod rate;
mod read;
mod render;
mod request_log;
mod root;
mod routes;
mod state;
mod tenant;
mod turns;
mod usage;
mod users;
mod write;

pub use config::Config;
pub use deps::Deps;
pub use endpoints::routes;
pub use request_log::{Clock, LogConfig};

use actix_web::web::ServiceConfig;
use runtime::{Context, Service, Shutdown};
use state::State;

/// The ingress, ready to serve.
#[derive(Clone, Debug)]
pub struct Ingress(State);

impl Ingress {
    /// The SCIM routes: everything under `/directories/` and `/org/`, and an answer for every other path.
    pub fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static + use<> {
        routes::configure(self.0.clone())
    }
}

impl Service for Ingress {
    type Config = Config;
    type Deps = Deps;

    fn bind(config: Config, deps: Deps) -> anyhow::Result<Self> {
        Ok(Self(State::new(config, deps)))
    }

    /// Notes from time to time which keys were used and what was asked; requests are answered by [`Ingress::routes`].
    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let inner = self.0.inner();
        let log = request_log::run(self.0.clone(), shutdown.soft.clone());
        tokio::join!(usage::run(&inner.usage, &inner.store, shutdown.soft), log);
        Ok(())
    }
}

/// Runs the ingress as a program of its own.
///
/// # Errors
/// When the HTTP server fails.
pub async fn run(context: Context) -> anyhow::Result<()> {
    let ingress: Ingress = context.bind()?;
    let routes = ingress.routes();
    context.spawn("ingress", ingress.run(context.shutdown.clone()));
    context.serve(routes).await?;
    Ok(())
}
