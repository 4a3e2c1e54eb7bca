//! The way into Graph: one [`Graph`] for the process, and a [`Session`] for each connection.

use crate::clock::{Clock, SystemClock};
use crate::error::{GraphError, GraphErrorKind, Trace};
use crate::identity::Identity;
use crate::throttle::{Priority, Throttle};
use crate::token::{Bearer, TokenError, Tokens};
use oidc::AssertionForm;
use reqwest::Client;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use webhooks::{Guard, NameResolver, SystemLookup, guarded_client};

/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Graph, for all connections of a process: the HTTP client, the tokens and the budgets. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Graph(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) client: Client,
    pub(crate) guard: Guard,
    pub(crate) tokens: Tokens,
    pub(crate) throttle: Throttle,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Graph {
    /// Goes to addresses that the guard allows, by the clock of this machine.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(guard: Guard) -> Result<Self, reqwest::Error> {
        Self::with_clock(guard, Arc::new(SystemClock))
    }

    /// The same by another clock.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn with_clock(guard: Guard, clock: Arc<dyn Clock>) -> Result<Self, reqwest::Error> {
        let lookup: Arc<dyn NameResolver> = Arc::new(SystemLookup);
        let client = guarded_client(&guard, &lookup)
            .user_agent(concat!("Rollcall/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .build()?;
        Ok(Self(Arc::new(Inner {
            tokens: Tokens::new(client.clone(), guard.clone(), Arc::clone(&clock)),
            throttle: Throttle::new(Arc::clone(&clock)),
            clock,
            client,
            guard,
        })))
    }

    /// Graph as this connection sees it. Nothing is sent.
    #[must_use]
    pub fn session(&self, identity: Identity) -> Session {
        Session {
            graph: Arc::clone(&self.0),
            identity: Arc::new(identity),
            priority: Priority::Normal,
            form: Arc::default(),
        }
    }
}

/// Graph, as one connection sees it. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    pub(crate) graph: Arc<Inner>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) priority: Priority,
    pub(crate) form: Arc<Mutex<Option<AssertionForm>>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("identity", &self.identity)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// The same with another priority: full rounds are [`Priority::Low`].
    #[must_use]
    pub fn with_priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// Whose session it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The form of assertions by which Entra ID knew the certificate, once there was an answer. It should be stored with the
    /// connection, so that the next process need not try.
    #[must_use]
    pub fn working_form(&self) -> Option<AssertionForm> {
        *self.form.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a token: what a connection needs before anything else.
    ///
    /// # Errors
    /// [`GraphErrorKind::Token`].
    pub async fn token(&self) -> Result<Bearer, GraphError> {
        let token = self.graph.tokens.get(&self.identity).await;
        let token = token.map_err(|error| GraphError::new(GraphErrorKind::Token(error), Trace::default()))?;
        self.keep_form(&token);
        Ok(token)
    }

    /// Whether there is a token by this credential, whatever is remembered: before a new credential takes the place of the
    /// old one.
    ///
    /// # Errors
    /// [`TokenError`].
    pub async fn probe_token(&self) -> Result<Bearer, TokenError> {
        self.graph.tokens.probe(&self.identity).await
    }
}
