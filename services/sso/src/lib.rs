//! Single sign-on: people who are in a directory log in to apps by their own identity provider, and are out when the
//! directory says so.
//!
//! To the identity provider this is a relying party (`authorize`, `callback`, `upstream`), to the apps an OpenID provider
//! (`authorize`, `token`, `userinfo`, `logout`), and a transmitter of Shared Signals (`ssf`). Between the two stands `matching`:
//! who of the identity provider is who in the directory. Nobody is made by logging in. Sessions are rows; `follow` ends them in the wake of the event log.
//!
//! Everything is below `/sso`, which is also the issuer.

mod authorize;
mod callback;
mod client;
mod config;
mod consent;
mod deps;
mod discovery;
mod fault;
mod follow;
mod form;
mod housekeeping;
mod logout;
mod matching;
mod outcome;
mod parameters;
mod person;
mod refusal;
mod routes;
mod selector;
mod ssf;
mod start;
mod state;
mod test_login;
mod token;
mod transaction;
mod upstream;
mod userinfo;

pub use config::Config;
pub use deps::Deps;

use actix_web::web::ServiceConfig;
use follow::Follows;
use runtime::{Service, Shutdown};
use state::State;

/// Single sign-on, ready to serve.
#[derive(Clone, Debug)]
pub struct SingleSignOn(State);

impl SingleSignOn {
    /// The routes: everything below `/sso` belongs to it.
    pub fn routes(&self) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static + use<> {
        routes::configure(self.0.clone())
    }
}

impl Service for SingleSignOn {
    type Config = Config;
    type Deps = Deps;

    /// Fails when the HTTP client cannot be set up.
    fn bind(config: Config, deps: Deps) -> anyhow::Result<Self> {
        Ok(Self(State::new(config, deps)?))
    }

    /// Follows the event log, so that sessions end with what they stand on; forgets what is over; and replaces the keys that
    /// sign, in time.
    async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let stopping = async {
            shutdown.soft.cancelled().await;
            self.0.stopping.cancel();
        };
        tokio::join!(
            follow::run(&self.0, Follows::People, &shutdown),
            follow::run(&self.0, Follows::Directories, &shutdown),
            housekeeping::run(&self.0, &shutdown),
            housekeeping::watch_streams(&self.0, &shutdown),
            stopping
        );
        Ok(())
    }
}
