//! The ingress: SCIM 2.0 over HTTP, thin.
//!
//! It authenticates the directory key, validates the request against the schema, publishes one lifecycle command and
//! waits for its verdict ([`exchange`]). Reads go to the database directly. The one thing it writes about a command is that
//! it has given it up.

mod answer;
mod auth;
mod body;
mod bulk;
mod context;
mod discovery;
mod exchange;
mod failure;
mod found;
mod groups;
mod list;
mod nowhere;
mod oauth;
mod overload;
mod path;
mod policies;
mod rate;
mod read;
mod render;
mod root;
mod routes;
mod tenant;
mod turns;
mod usage;
mod users;
mod write;

pub use routes::{configure, routes};

use bus::Bus;
use runtime::{Context, Shutdown};
use scim::Limits;
use scim::cursor::Cursors;
use secrets::{AccessTokens, MasterKey};
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
    /// How much one resource may hold, and one request ask for.
    pub limits: Limits,
    /// How long a command may take before it is given up.
    pub deadline: Duration,
    /// How long a directory key stays good here after it was revoked.
    pub key_cache: Duration,
    /// How long an access token is good.
    pub token_lifetime: Duration,
    /// Where Entra's tenants are, without a trailing slash.
    pub entra_authority: String,
}

impl Config {
    /// The defaults for a public URL.
    #[must_use]
    pub fn new(public_url: impl Into<String>) -> Self {
        Self {
            public_url: public_url.into().trim_end_matches('/').to_owned(),
            max_body: 1 << 20,
            limits: Limits::default(),
            deadline: Duration::from_secs(8),
            key_cache: Duration::from_secs(1),
            token_lifetime: Duration::from_secs(60 * 60),
            entra_authority: "https://login.microsoftonline.com".to_owned(),
        }
    }

    /// As the settings of the program say.
    #[must_use]
    pub fn of(context: &Context) -> Self {
        Self {
            token_lifetime: context.settings.oauth_token_lifetime,
            max_body: context.settings.max_body,
            limits: context.settings.limits(),
            entra_authority: context.settings.entra_authority.clone(),
            ..Self::new(&*context.public_url)
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
    pub(crate) policies: policies::Policies,
    pub(crate) rates: rate::Rates,
    pub(crate) overload: Arc<overload::Overload>,
    pub(crate) turns: turns::Turns,
    pub(crate) cursors: Cursors,
    pub(crate) entra: oidc::EntraAuthority,
    pub(crate) tokens: oidc::Verifier,
    pub(crate) usage: usage::Usage,
}

impl State {
    /// Over a database and a bus; access tokens and cursors are signed with keys made of the master key.
    #[must_use]
    pub fn new(config: Config, store: Store, bus: Bus, master_key: &MasterKey) -> Self {
        let auth = auth::Keys::new(store.clone(), config.key_cache, AccessTokens::new(master_key));
        Self(Arc::new(Inner {
            cursors: Cursors::new(&master_key.derive("scim cursors")),
            entra: oidc::EntraAuthority::new(&config.entra_authority),
            tokens: oidc::Verifier::default(),
            overload: Arc::new(overload::Overload::new(bus.partitions())),
            rates: rate::Rates::new(),
            turns: turns::Turns::new(),
            config,
            store,
            bus,
            auth,
            policies: policies::Policies::new(),
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

/// Runs the ingress as a service of its own.
///
/// # Errors
/// When the HTTP server fails.
pub async fn run(context: Context) -> anyhow::Result<()> {
    let state = State::new(
        Config::of(&context),
        context.store.clone(),
        context.bus.clone(),
        &context.master_key,
    );
    context.spawn("usage", state.clone().run_background(context.shutdown.clone()));
    context.serve(configure(state)).await?;
    Ok(())
}
