//! HTTP clients: one for everybody, and one for each certificate that we show, since a connection that was opened with
//! one certificate must never carry a request of another endpoint.

use crate::guard::Guard;
use crate::identity::ClientIdentity;
use crate::resolver::{GuardedResolver, NameResolver};
use moka::future::Cache;
use reqwest::{Client, ClientBuilder};
use std::sync::Arc;
use std::time::Duration;

/// Clients with a certificate that are kept; the one used least is made again when it is needed again.
const MOST_CLIENTS: u64 = 256;
/// How long one that is not used is kept.
const IDLE_TIME: Duration = Duration::from_mins(10);
/// Shorter than the keep-alive of common servers (5 s), so that the side which closes an idle connection is ours and
/// no request is written to a connection that the receiver is just closing.
const CONNECTION_IDLE_TIME: Duration = Duration::from_secs(4);

#[derive(Clone, Debug)]
pub(crate) struct Clients {
    plain: Client,
    /// By the thumbprint of the certificate.
    with_identity: Cache<String, Client>,
    guard: Guard,
    lookup: Arc<dyn NameResolver>,
}

impl Clients {
    pub(crate) fn new(guard: Guard, lookup: Arc<dyn NameResolver>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            plain: guarded(&guard, &lookup).build()?,
            with_identity: Cache::builder()
                .max_capacity(MOST_CLIENTS)
                .time_to_idle(IDLE_TIME)
                .build(),
            guard,
            lookup,
        })
    }

    /// The client for an endpoint.
    ///
    /// # Errors
    /// When TLS refuses the certificate.
    pub(crate) async fn of(&self, identity: Option<&ClientIdentity>) -> Result<Client, Arc<reqwest::Error>> {
        let Some(identity) = identity else {
            return Ok(self.plain.clone());
        };
        let make = async {
            guarded(&self.guard, &self.lookup)
                .identity(identity.identity()?)
                .build()
        };
        self.with_identity
            .try_get_with_by_ref(identity.thumbprint(), make)
            .await
    }
}

fn guarded(guard: &Guard, lookup: &Arc<dyn NameResolver>) -> ClientBuilder {
    guarded_client(guard, lookup).user_agent(concat!("Rollcall-Webhooks/", env!("CARGO_PKG_VERSION")))
}

/// A client that connects to addresses which the guard allows and follows no redirect, for whatever else goes to where
/// customers say, such as their identity providers. The name that it calls itself is left to the caller.
///
/// A URL whose host is an address is connected to without looking anything up: such URLs must pass [`Guard::check`] before
/// they are asked for.
pub fn guarded_client(guard: &Guard, lookup: &Arc<dyn NameResolver>) -> ClientBuilder {
    Client::builder()
        .dns_resolver(GuardedResolver {
            guard: guard.clone(),
            lookup: Arc::clone(lookup),
        })
        // A proxy would connect on our behalf, past the guard.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .pool_idle_timeout(CONNECTION_IDLE_TIME)
}
