//! What the handlers share.

use crate::config::Config;
use crate::deps::Deps;
use crate::{auth, overload, policies, rate, request_log, turns, usage};
use bus::Bus;
use scim::cursor::Cursors;
use secrets::AccessTokens;
use std::sync::Arc;
use store::Store;

/// What requests are handled with. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct State(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) public_url: Arc<str>,
    pub(crate) store: Store,
    pub(crate) bus: Bus,
    pub(crate) auth: auth::KeyCache,
    pub(crate) policies: policies::Policies,
    pub(crate) rates: rate::Rates,
    pub(crate) overload: Arc<overload::Overload>,
    pub(crate) turns: turns::CommandTurns,
    pub(crate) cursors: Cursors,
    pub(crate) entra: oidc::EntraAuthority,
    pub(crate) tokens: oidc::Verifier,
    pub(crate) usage: usage::Usage,
    pub(crate) log: request_log::RequestLog,
}

impl State {
    pub(crate) fn new(config: Config, deps: Deps) -> Self {
        let Deps {
            store,
            bus,
            master_keys,
            public_url,
        } = deps;
        let auth = auth::KeyCache::new(store.clone(), config.key_cache, AccessTokens::new(&master_keys));
        let cursors = master_keys.derive("scim cursors");
        Self(Arc::new(Inner {
            cursors: Cursors::new(&cursors.current, cursors.previous.as_ref()),
            entra: oidc::EntraAuthority::new(&config.entra_authority),
            tokens: oidc::Verifier::default(),
            overload: Arc::new(overload::Overload::new(bus.partitions())),
            rates: rate::Rates::default(),
            turns: turns::CommandTurns::new(),
            log: request_log::RequestLog::new(config.clock.clone()),
            config,
            public_url,
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
}
