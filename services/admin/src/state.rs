//! What the handlers of the management API share.

use crate::audit::refusals::Refusals;
use crate::config::Config;
use crate::deps::Deps;
use crate::discovery::Discovery;
use crate::dns::Dns;
use crate::docs::Docs;
use crate::graph_access::GraphAccess;
use crate::mail::Post;
use crate::rate::KeyRates;
use crate::streams::Streams;
use bus::Bus;
use events::DirectoryId;
use secrecy::ExposeSecret;
use secrets::MasterKeys;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use store::Store;
use tokio::sync::Notify;
use webhooks::Guard;
use webhooks::set::{SetKey, WellKnownKeys};

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State(Arc<Inner>);

struct Inner {
    store: Store,
    master_keys: MasterKeys,
    public_url: Arc<str>,
    admin_key_hash: Option<[u8; 32]>,
    guard: Guard,
    discovery: Discovery,
    graph: GraphAccess,
    published_keys: WellKnownKeys,
    to_index: Notify,
    bus: Bus,
    streams: Streams,
    refusals: Refusals,
    audit_retention: Duration,
    dns: Dns,
    rates: KeyRates,
    post: Option<Post>,
    docs: OnceLock<Result<Docs, askama::Error>>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("public_url", &self.0.public_url)
            .finish_non_exhaustive()
    }
}

impl State {
    /// Puts the parts together; nothing is opened or started.
    ///
    /// # Errors
    /// When the settings do not lead to an SMTP server, or to no place where Graph may be.
    pub(crate) fn new(config: Config, deps: Deps) -> anyhow::Result<Self> {
        let Deps {
            store,
            bus,
            master_keys,
            public_url,
        } = deps;
        // An empty setting must not make an empty bearer token an admin key.
        let admin_key = config.admin_key.filter(|key| !key.expose_secret().is_empty());
        let clouds = graph::Clouds::of_settings(&config.entra_authority, config.graph_url.as_deref())?;
        let post = config.mail.as_ref().map(Post::new).transpose()?;
        Ok(Self(Arc::new(Inner {
            store,
            public_url,
            admin_key_hash: admin_key.map(|key| secrets::hash_secret(key.expose_secret())),
            graph: GraphAccess::new(config.guard.clone(), clouds),
            discovery: Discovery::new(config.guard.clone(), config.authorities),
            guard: config.guard,
            published_keys: published_keys(&master_keys),
            master_keys,
            to_index: Notify::new(),
            bus,
            streams: Streams::new(),
            refusals: Refusals::default(),
            audit_retention: config.audit_retention,
            dns: Dns::new(config.dns_resolver),
            rates: KeyRates::new(config.rate_limit),
            post,
            docs: OnceLock::new(),
        })))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn master_keys(&self) -> &MasterKeys {
        &self.0.master_keys
    }

    /// The public keys of Security Event Tokens.
    pub(crate) fn published_keys(&self) -> &WellKnownKeys {
        &self.0.published_keys
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.0.bus
    }

    /// The requests that were refused and are not in the audit log yet.
    pub(crate) fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    /// How long the audit log is kept.
    pub(crate) fn audit_retention(&self) -> Duration {
        self.0.audit_retention
    }

    /// The way to the DNS.
    pub(crate) fn dns(&self) -> Dns {
        self.0.dns
    }

    /// What the keys have sent lately.
    pub(crate) fn rates(&self) -> &KeyRates {
        &self.0.rates
    }

    /// The way to the SMTP server, if there is one.
    pub(crate) fn post(&self) -> Option<&Post> {
        self.0.post.as_ref()
    }

    /// The URL that others reach this installation by.
    pub(crate) fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// The pages about this service, made when somebody first asks for one.
    pub(crate) fn docs(&self) -> &Result<Docs, askama::Error> {
        self.0.docs.get_or_init(|| Docs::new(&self.0.public_url))
    }

    pub(crate) fn streams(&self) -> &Streams {
        &self.0.streams
    }

    /// The way to the discovery documents of identity providers.
    pub(crate) fn discovery(&self) -> &Discovery {
        &self.0.discovery
    }

    /// The way to Microsoft Graph.
    pub(crate) fn graph(&self) -> &GraphAccess {
        &self.0.graph
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.0.guard
    }

    /// Whether this is the admin key of the configuration. Compares hashes, in constant time.
    pub(crate) fn is_configured_admin_key(&self, token: &str) -> bool {
        let presented = secrets::hash_secret(token);
        self.0
            .admin_key_hash
            .is_some_and(|expected| secrets::constant_time_eq(&presented, &expected))
    }

    /// Wakes the task that writes users again for search.
    pub(crate) fn index(&self) {
        self.0.to_index.notify_one();
    }

    /// Until [`Self::index`] is called, or was called before.
    pub(crate) async fn must_index(&self) {
        self.0.to_index.notified().await;
    }

    /// The lane that a directory travels in.
    pub(crate) fn lane(&self, directory: DirectoryId) -> u16 {
        events::lane_of(directory, self.0.bus.partitions())
    }

    /// The base URL that the identity provider of a directory is given.
    pub(crate) fn scim_url(&self, directory: DirectoryId) -> String {
        scim_url(&self.0.public_url, directory)
    }

    /// The link that opens a door of the portal with a token.
    pub(crate) fn portal_url(&self, door: &str, token: &str) -> String {
        format!("{}/{door}/{token}", self.0.public_url)
    }

    /// The URL of a resource of this API.
    pub(crate) fn location(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.0.public_url)
    }
}

/// The public keys of Security Event Tokens: while a master key takes the place of another, of both.
fn published_keys(master_keys: &MasterKeys) -> WellKnownKeys {
    let seeds = master_keys.derive(SetKey::CONTEXT);
    let keys = SetKey::from_seed(&seeds.current).published();
    match seeds.previous {
        Some(previous) => keys.and(SetKey::from_seed(&previous).published()),
        None => keys,
    }
}

/// The base URL of a directory for SCIM.
pub(crate) fn scim_url(public_url: &str, directory: DirectoryId) -> String {
    format!("{}/directories/{directory}/scim/v2", public_url.trim_end_matches('/'))
}
