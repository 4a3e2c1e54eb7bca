//! What the handlers of the management API share.

use events::DirectoryId;
use secrecy::{ExposeSecret, SecretString};
use secrets::MasterKey;
use std::fmt;
use std::sync::Arc;
use store::Store;
use webhooks::Guard;

/// Settings of the management API.
#[derive(Debug)]
pub struct Options {
    /// The URL that others reach this installation by; a trailing slash is dropped.
    pub public_url: String,
    /// A secret that is an admin key by configuration, without a row in the database.
    pub admin_key: Option<SecretString>,
    /// Number of lanes on the bus.
    pub partitions: u16,
    /// Which URLs endpoints may have.
    pub guard: Guard,
}

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Inner>);

struct Inner {
    store: Store,
    master_key: MasterKey,
    public_url: String,
    admin_key_hash: Option<[u8; 32]>,
    partitions: u16,
    guard: Guard,
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
    #[must_use]
    pub fn new(store: Store, master_key: MasterKey, options: Options) -> Self {
        // An empty setting must not make an empty bearer token an admin key.
        let admin_key = options.admin_key.filter(|key| !key.expose_secret().is_empty());
        Self(Arc::new(Inner {
            store,
            master_key,
            public_url: options.public_url.trim_end_matches('/').to_owned(),
            admin_key_hash: admin_key.map(|key| secrets::hash_secret(key.expose_secret())),
            partitions: options.partitions,
            guard: options.guard,
        }))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn master_key(&self) -> &MasterKey {
        &self.0.master_key
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

    /// The lane that a directory travels in.
    pub(crate) fn lane(&self, directory: DirectoryId) -> u16 {
        events::lane_of(directory, self.0.partitions)
    }

    /// The base URL that the identity provider of a directory is given.
    pub(crate) fn scim_url(&self, directory: DirectoryId) -> String {
        scim_url(&self.0.public_url, directory)
    }

    /// The URL of a resource of this API.
    pub(crate) fn location(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.0.public_url)
    }
}

/// The base URL of a directory for SCIM.
pub(crate) fn scim_url(public_url: &str, directory: DirectoryId) -> String {
    format!("{}/directories/{directory}/scim/v2", public_url.trim_end_matches('/'))
}
