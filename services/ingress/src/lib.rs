//! The ingress: SCIM 2.0 over HTTP, thin.
//!
//! It authenticates the directory key, validates the request against the schema, publishes one lifecycle command and
//! waits for its verdict ([`exchange`]). Reads go to the database directly. The one thing it writes about a command is that
//! it has given it up.

mod address;
mod answer;
mod auth;
mod body;
mod discovery;
mod exchange;
mod handle;
mod read;
mod render;
mod usage;
mod write;

use actix_web::{guard, web};
use bus::Bus;
use runtime::{Context, Shutdown};
use std::sync::Arc;
use std::time::Duration;
use store::Store;

/// How the ingress works.
#[derive(Clone, Debug)]
pub struct Config {
    /// The URL that others reach this server by, without a trailing slash.
    pub public_url: String,
    /// The largest body, in bytes.
    pub max_body: usize,
    /// How long a command may take before it is given up.
    pub deadline: Duration,
    /// How long a directory key stays good here after it was revoked.
    pub key_cache: Duration,
    /// How long reading a body may take.
    pub body_timeout: Duration,
}

impl Config {
    /// The defaults for a public URL.
    #[must_use]
    pub fn new(public_url: impl Into<String>) -> Self {
        Self {
            public_url: public_url.into().trim_end_matches('/').to_owned(),
            max_body: 1 << 20,
            deadline: Duration::from_secs(8),
            key_cache: Duration::from_secs(1),
            body_timeout: Duration::from_secs(30),
        }
    }
}

/// What requests are handled with.
#[derive(Clone, Debug)]
pub struct State(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) bus: Bus,
    pub(crate) auth: auth::Keys,
    pub(crate) usage: usage::Usage,
}

impl State {
    /// Over a database and a bus.
    #[must_use]
    pub fn new(config: Config, store: Store, bus: Bus) -> Self {
        let auth = auth::Keys::new(store.clone(), config.key_cache);
        Self(Arc::new(Inner {
            config,
            store,
            bus,
            auth,
            usage: usage::Usage::default(),
        }))
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    /// Notes from time to time which keys were used, until a soft stop.
    ///
    /// # Errors
    /// Never; the type is that of a part of a program.
    pub async fn run_background(self, shutdown: Shutdown) -> anyhow::Result<()> {
        usage::run(self, shutdown.soft).await;
        Ok(())
    }
}

/// The SCIM routes: everything under `/directories/` and `/org/`.
pub fn configure(state: State) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    move |config| {
        config.service(
            web::scope("")
                .guard(guard::fn_guard(|context| address::is_scim(context.head().uri.path())))
                .app_data(web::Data::new(state.clone()))
                .default_service(web::to(handle::handle)),
        );
    }
}

/// Runs the ingress as a service of its own.
///
/// # Errors
/// When the HTTP server fails.
pub async fn run(context: Context) -> anyhow::Result<()> {
    let state = State::new(
        Config::new(&*context.public_url),
        context.store.clone(),
        context.bus.clone(),
    );
    context.spawn("usage", state.clone().run_background(context.shutdown.clone()));
    context.serve(configure(state)).await?;
    Ok(())
}
