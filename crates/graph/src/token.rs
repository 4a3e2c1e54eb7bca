//! Tokens of applications (OAuth 2.0 client credentials): fetched by one task at a time, kept for one connection and tenant
//! each, and renewed before they end.
//!
//! Tokens of Graph are opaque, and nothing is read out of them.

mod error;
mod fetch;

pub use error::{TokenError, TokenFailure, TokenState};

use crate::clock::Clock;
use crate::identity::{Credential, Identity};
use events::{ConnectionId, Timestamp};
use fetch::Fetcher;
pub(crate) use fetch::{date, retry_after};
use moka::sync::Cache;
use oidc::AssertionForm;
use secrecy::SecretString;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use uuid::Uuid;

/// A token that ends sooner is renewed; one that lasts less than twice as long, after half its life.
const RENEWED_BEFORE: Duration = Duration::from_mins(5);
/// While no new token is to be had, the old one is used until this long before its end.
const USED_UNTIL: Duration = Duration::from_secs(20);
/// Connections whose tokens are kept; the one used least is fetched again when it is needed again.
const MOST_TOKENS: u64 = 10_000;
/// Tokens last an hour and a half at most.
const KEPT_FOR: Duration = Duration::from_hours(2);

/// A token of Graph.
#[derive(Clone)]
pub struct Bearer {
    pub(crate) token: Arc<SecretString>,
    /// When it ends.
    pub expires_at: Timestamp,
    renewed_at: Timestamp,
    /// The form of assertions by which it was had: to be remembered, so that the next process begins with it.
    pub form: Option<AssertionForm>,
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer")
            .field("expires_at", &self.expires_at)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

impl Bearer {
    fn new(token: SecretString, now: Timestamp, life: Duration, form: Option<AssertionForm>) -> Self {
        Self {
            token: Arc::new(token),
            expires_at: now.plus(life),
            renewed_at: now.plus(life - RENEWED_BEFORE.min(life / 2)),
            form,
        }
    }
}

/// Whose token it is. An application that was changed, or moved to another cloud, is another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Owner {
    connection: ConnectionId,
    tenant: Uuid,
    client_id: Uuid,
    token_url: String,
}

/// What is known of one owner's token.
#[derive(Debug, Default)]
struct Slot {
    /// How many times a token was asked for until now.
    flights: AtomicU64,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    bearer: Option<Bearer>,
    form: Option<AssertionForm>,
    failed: Option<Arc<TokenError>>,
}

/// The tokens of all connections.
#[derive(Debug)]
pub(crate) struct Tokens {
    fetcher: Fetcher,
    clock: Arc<dyn Clock>,
    slots: Cache<Owner, Arc<Slot>>,
}

impl Tokens {
    pub(crate) fn new(client: reqwest::Client, guard: webhooks::Guard, clock: Arc<dyn Clock>) -> Self {
        Self {
            fetcher: Fetcher { client, guard },
            clock,
            slots: Cache::builder()
                .max_capacity(MOST_TOKENS)
                .time_to_idle(KEPT_FOR)
                .build(),
        }
    }

    /// The token of a connection: the one that is kept, or a new one. Whoever comes while it is fetched waits for it, and
    /// gets what comes of it, be it an error.
    ///
    /// # Errors
    /// [`TokenError`].
    pub(crate) async fn get(&self, identity: &Identity) -> Result<Bearer, Arc<TokenError>> {
        let slot = self.slot(identity);
        let before = slot.flights.load(Ordering::Acquire);
        let mut held = slot.held.lock().await;
        let now = self.clock.now();
        if let Some(bearer) = held.bearer.as_ref().filter(|bearer| now < bearer.renewed_at) {
            return Ok(bearer.clone());
        }
        if slot.flights.load(Ordering::Acquire) > before
            && let Some(error) = &held.failed
        {
            return Err(Arc::clone(error));
        }
        let form = held.form.or(form_of(&identity.credential));
        let fetched = self.fetcher.fetch(identity, form, self.clock.as_ref()).await;
        slot.flights.fetch_add(1, Ordering::AcqRel);
        let outcome = fetched.as_ref().map_or_else(|error| error.state.as_str(), |_| "given");
        metrics::counter!("rollcall_graph_tokens_total", "outcome" => outcome).increment(1);
        match fetched {
            Ok(bearer) => {
                held.form = bearer.form;
                held.failed = None;
                held.bearer = Some(bearer.clone());
                Ok(bearer)
            }
            Err(error) => {
                let is_usable = |bearer: &&Bearer| error.is_transient() && now.plus(USED_UNTIL) < bearer.expires_at;
                if let Some(bearer) = held.bearer.as_ref().filter(is_usable) {
                    return Ok(bearer.clone());
                }
                let error = Arc::new(error);
                held.bearer = None;
                held.failed = Some(Arc::clone(&error));
                Err(error)
            }
        }
    }

    /// A new token, of which nothing is kept: whether a credential works, before anything depends on it.
    ///
    /// # Errors
    /// [`TokenError`].
    pub(crate) async fn probe(&self, identity: &Identity) -> Result<Bearer, TokenError> {
        let form = form_of(&identity.credential);
        self.fetcher.fetch(identity, form, self.clock.as_ref()).await
    }

    /// Drops a token that Graph refused, unless a newer one is kept already.
    pub(crate) async fn forget(&self, identity: &Identity, refused: &Bearer) {
        let slot = self.slot(identity);
        let mut held = slot.held.lock().await;
        let is_same = |kept: &Bearer| Arc::ptr_eq(&kept.token, &refused.token);
        if held.bearer.as_ref().is_some_and(is_same) {
            held.bearer = None;
        }
    }

    fn slot(&self, identity: &Identity) -> Arc<Slot> {
        let owner = Owner {
            connection: identity.connection,
            tenant: identity.tenant,
            client_id: identity.client_id,
            token_url: identity.endpoints.token_url(identity.tenant),
        };
        self.slots.get_with(owner, Arc::default)
    }
}

const fn form_of(credential: &Credential) -> Option<AssertionForm> {
    match credential {
        Credential::Secret(_) => None,
        Credential::Certificate { form, .. } => Some(*form),
    }
}
