//! What the handlers of single sign-on share.

use crate::config::Config;
use crate::deps::Deps;
use crate::ssf::Polls;
use actix_web::HttpRequest;
use events::{ConnectionId, DirectoryId, SsoClientId, Timestamp};
use keyring::KeyRing;
use moka::sync::Cache;
use oidc::Verifier;
use reqwest::Client;
use runtime::http::{self, Rates};
use secrets::{MasterKeys, SessionTokens};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio_util::sync::CancellationToken;
use webhooks::{NameResolver, SystemLookup, guarded_client};

/// How long an identity provider may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Names of assertions that are remembered, so that none is used twice.
const MOST_ASSERTIONS: u64 = 100_000;
/// The longest that an assertion is good, and so remembered.
const ASSERTION_LASTS: Duration = Duration::from_mins(10);

/// How long an identity provider is left alone that was just asked where it is: else each login would ask one that is down.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// Connections of which is remembered that they were asked for.
const MOST_ASKED: u64 = 10_000;

/// What an app is counted for. A flood of people who begin to log in must not keep those who are back from their tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ClientUse {
    /// Somebody begins to log in.
    Authorize,
    /// The app asks for tokens.
    Token,
    /// The app manages its streams, or fetches what waits on one.
    Signals,
}

/// What the handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct State(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) master_keys: MasterKeys,
    pub(crate) tokens: SessionTokens,
    /// Checks what identity providers sign.
    pub(crate) verifier: Verifier,
    /// Asks identity providers.
    pub(crate) client: Client,
    pub(crate) keys: KeyRing,
    /// Where this installation is, without a slash at the end.
    pub(crate) public_url: Arc<str>,
    /// What `iss` says of what we sign.
    pub(crate) issuer: String,
    pub(crate) config: Config,
    pub(crate) partitions: u16,
    /// Polls of apps that wait.
    pub(crate) polls: Polls,
    /// Cancelled when the process stops: nothing waits any more then.
    pub(crate) stopping: CancellationToken,
    /// What apps have sent lately.
    rates: Rates<(ClientUse, SsoClientId)>,
    /// What addresses have sent lately.
    addresses: Rates<IpAddr>,
    /// Assertions of apps that were used, by app and name.
    assertions: Cache<String, ()>,
    /// Connections whose identity provider was asked where it is, just now.
    asked: Cache<ConnectionId, ()>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("issuer", &self.0.issuer)
            .finish_non_exhaustive()
    }
}

impl std::ops::Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl State {
    /// Puts the parts together; nothing is opened or started.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub(crate) fn new(config: Config, deps: Deps) -> anyhow::Result<Self> {
        let Deps {
            store,
            master_keys,
            public_url,
            partitions,
        } = deps;
        let lookup: Arc<dyn NameResolver> = Arc::new(SystemLookup);
        let client = guarded_client(&config.guard, &lookup)
            .user_agent(concat!("Rollcall/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .build()?;
        Ok(Self(Arc::new(Inner {
            tokens: SessionTokens::new(&master_keys),
            verifier: Verifier::with_client(client.clone()),
            keys: KeyRing::new(store.clone(), master_keys.clone()),
            issuer: format!("{public_url}/sso"),
            assertions: Cache::builder()
                .max_capacity(MOST_ASSERTIONS)
                .time_to_live(ASSERTION_LASTS)
                .build(),
            asked: Cache::builder()
                .max_capacity(MOST_ASKED)
                .time_to_live(ASKED_AGAIN_AFTER)
                .build(),
            rates: Rates::default(),
            addresses: Rates::default(),
            polls: Polls::default(),
            stopping: CancellationToken::new(),
            client,
            store,
            master_keys,
            public_url,
            config,
            partitions,
        })))
    }
}

impl Inner {
    /// Whether browsers reach this installation over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// The lane that a directory travels in.
    pub(crate) fn lane(&self, directory: DirectoryId) -> u16 {
        events::lane_of(directory, self.partitions)
    }

    /// Counts a request of an app: one app that goes wild must not slow the others. How long to wait, where it sent too many.
    pub(crate) fn pass(&self, what: ClientUse, client: SsoClientId) -> Result<(), Duration> {
        self.rates.pass((what, client), self.config.client_rate).map(drop)
    }

    /// Counts a request of somebody's browser by the address that it comes from: who begins logins without end must not fill
    /// the database. How long to wait, where there were too many.
    pub(crate) fn pass_address(&self, request: &HttpRequest) -> Result<(), Duration> {
        match http::caller(request).map(http::counted_as) {
            Some(address) => self.addresses.pass(address, self.config.address_rate).map(drop),
            None => Ok(()),
        }
    }

    /// Notes that an assertion of an app was used. `false` where it was used before.
    pub(crate) fn use_assertion(&self, client: &str, name: &str) -> bool {
        let entry = self.assertions.entry(format!("{client} {name}")).or_insert(());
        entry.is_fresh()
    }

    /// Whether an identity provider may be asked where it is; after that, not for a while.
    pub(crate) fn may_ask(&self, connection: ConnectionId) -> bool {
        self.asked.entry(connection).or_insert(()).is_fresh()
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
