//! What a program's work is given.

use crate::http::{self, HttpLimits, Probes, TracedFrom, TrustedProxies};
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use actix_web::web::{Data, ServiceConfig};
use bus::Bus;
use secrets::MasterKeys;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use store::Store;
use telemetry::metrics::MetricsHandle;

/// A running program: what it shares with all its parts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    /// The settings, never changing.
    pub settings: Arc<Settings>,
    /// The database, reached and migrated.
    pub store: Store,
    /// The bus; it may be down at any time and comes back by itself.
    pub bus: Bus,
    /// Seals and opens stored secrets.
    pub master_keys: MasterKeys,
    /// When and how to stop.
    pub shutdown: Shutdown,
    /// A name for this process that no other one has, for leases and locks.
    pub instance: Arc<str>,
    /// The URL that others reach this installation by, without a slash at the end.
    pub public_url: Arc<str>,
    pub(crate) listener: Arc<TcpListener>,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: MetricsHandle,
    pub(crate) limits: HttpLimits,
}

impl Context {
    /// The address that the HTTP server has.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves HTTP on the program's port until the soft stop, then finishes the requests in flight. The probes come
    /// before the routes that `configure` adds.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn serve<F>(&self, configure: F) -> io::Result<()>
    where
        F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let traced_from = Data::new(TracedFrom::new(self.settings.trace_parent_cidrs.clone()));
        let proxies = Data::new(TrustedProxies::new(self.settings.trusted_proxies.clone()));
        http::serve(
            self.listener.try_clone()?,
            self.probes(),
            &self.shutdown,
            None,
            self.limits,
            move |config: &mut ServiceConfig| {
                config.app_data(traced_from.clone());
                config.app_data(proxies.clone());
                configure(config);
            },
        )
        .await
    }

    /// Serves the probes alone, for programs whose work is not HTTP.
    ///
    /// # Errors
    /// When the server fails.
    pub async fn serve_probes(&self) -> io::Result<()> {
        http::serve(
            self.listener.try_clone()?,
            self.probes(),
            &self.shutdown,
            Some(1),
            self.limits,
            |_: &mut ServiceConfig| {},
        )
        .await
    }

    /// Runs a part of the program that the end waits for; see [`Shutdown::spawn`].
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        self.shutdown.spawn(name, task);
    }

    fn probes(&self) -> Probes {
        Probes::new(
            Some(self.store.clone()),
            Some(self.bus.clone()),
            self.shutdown.soft.clone(),
            self.metrics.clone(),
        )
    }
}

/// What a command that does one thing and ends is given.
#[derive(Clone, Debug)]
pub struct CommandContext {
    /// The settings.
    pub settings: Arc<Settings>,
    /// The database, reached and migrated.
    pub store: Store,
    /// When to give up.
    pub shutdown: Shutdown,
}
