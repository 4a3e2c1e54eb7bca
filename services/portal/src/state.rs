//! What the pages share.

use crate::config::Config;
use crate::deps::Deps;
use events::DirectoryId;
use runtime::http::Rates;
use secrecy::ExposeSecret as _;
use secrets::MasterKeys;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use store::{Store, TokenDigest};
use url::Url;

/// Questions a second which connection a name leads to, in each process.
const NAMES: NonZeroU32 = match NonZeroU32::new(5) {
    Some(rate) => rate,
    None => NonZeroU32::MIN,
};

/// What the pages share. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct State(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    public_url: Arc<str>,
    master_keys: MasterKeys,
    /// Scheme, host and port of the public URL, as browsers send them in `Origin`.
    origin: String,
    configured_key_hash: Option<TokenDigest>,
    trace_url: Option<String>,
    partitions: u16,
    /// How often somebody asked which connection a name leads to.
    names: Rates<()>,
}

impl State {
    pub(crate) fn new(config: Config, deps: Deps) -> Self {
        let origin = Url::parse(&deps.public_url).map(|url| url.origin().ascii_serialization());
        Self(Arc::new(Inner {
            store: deps.store,
            origin: origin.unwrap_or_default(),
            public_url: deps.public_url,
            master_keys: deps.master_keys,
            trace_url: config.trace_url,
            partitions: deps.partitions,
            names: Rates::default(),
            configured_key_hash: config.admin_key.map(|key| configured_key_hash(key.expose_secret())),
        }))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn public_url(&self) -> &str {
        &self.0.public_url
    }

    /// What links to admin consent are sealed with.
    pub(crate) fn master_keys(&self) -> &MasterKeys {
        &self.0.master_keys
    }

    pub(crate) fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The lane that a directory travels in.
    pub(crate) fn lane(&self, directory: DirectoryId) -> u16 {
        events::lane_of(directory, self.0.partitions)
    }

    /// Counts a question which connection a name leads to: nobody tries all the domains that there are.
    ///
    /// # Errors
    /// Above the rate: how long to wait.
    pub(crate) fn pass_name(&self) -> Result<(), Duration> {
        self.0.names.pass((), NAMES).map(drop)
    }

    /// Where a trace can be looked at, if the configuration says so.
    pub(crate) fn trace_url(&self, trace_id: &str) -> Option<String> {
        let url = self.0.trace_url.as_deref()?;
        Some(url.replace("{trace_id}", trace_id))
    }

    /// Whether cookies go over TLS only.
    pub(crate) fn is_secure(&self) -> bool {
        self.0.public_url.starts_with("https:")
    }

    /// Whether this is the key of the configuration, as sessions remember it. Compares in constant time.
    pub(crate) fn is_configured_key(&self, hash: &TokenDigest) -> bool {
        let expected = self.0.configured_key_hash;
        expected.is_some_and(|expected| secrets::constant_time_eq(hash, &expected))
    }
}

/// What a session remembers of the key of the configuration, so that it ends when that one changes: the hash of its hash,
/// so that it opens nothing else.
pub(crate) fn configured_key_hash(key: &str) -> TokenDigest {
    let hash = secrets::hash_secret(key);
    let text: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    secrets::hash_secret(&text)
}
