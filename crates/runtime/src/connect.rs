//! Reaching the database at the start, however long it takes to come up.

use crate::backoff::Backoff;
use crate::http::{self, HttpLimits, Probes};
use crate::master_key::create_data_dir;
use crate::settings::Settings;
use crate::shutdown::Shutdown;
use actix_web::web::ServiceConfig;
use anyhow::Context as _;
use secrecy::ExposeSecret;
use std::net::TcpListener;
use std::time::Duration;
use store::{Store, StoreError, StoreOptions};
use telemetry::metrics::MetricsHandle;
use tokio_util::sync::CancellationToken;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Opens and migrates the database. While PostgreSQL cannot be reached it tries again and again, and `waiting` answers
/// the probes; any other trouble is an error. `None` when the program was stopped meanwhile.
pub(crate) async fn store(
    name: &'static str,
    settings: &Settings,
    shutdown: &Shutdown,
    mut waiting: Option<WaitingRoom>,
) -> anyhow::Result<Option<Store>> {
    if settings.database_is_sqlite() {
        create_data_dir(settings).with_context(|| format!("could not make {}", settings.data_dir.display()))?;
    }
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let result = loop {
        let attempt = tokio::select! {
            attempt = open(name, settings) => attempt,
            () = shutdown.soft.cancelled() => break Ok(None),
        };
        match attempt {
            Ok(store) => break Ok(Some(store)),
            // A file does not come up later.
            Err(error) if !error.is_transient() || settings.database_is_sqlite() => {
                break Err(anyhow::Error::new(error).context("the database cannot be used"));
            }
            Err(error) => {
                let pause = backoff.pause();
                tracing::warn!(
                    error = %telemetry::chain(&error), retry_ms = pause.as_millis(), "the database cannot be reached yet"
                );
                if let Some(room) = &mut waiting {
                    room.open(shutdown);
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = shutdown.soft.cancelled() => break Ok(None),
                }
            }
        }
    };
    if let Some(room) = waiting {
        room.close().await;
    }
    result
}

async fn open(name: &'static str, settings: &Settings) -> Result<Store, StoreError> {
    let store = Store::connect(&StoreOptions {
        url: settings.database_url().expose_secret().to_owned(),
        max_connections: settings.database_connections.get(),
        searches_per_directory: settings.directory_searches,
        application_name: name.to_owned(),
        page_bytes: settings.page_bytes,
    })
    .await?;
    store.migrate().await?;
    store.check_partitions(settings.partitions.get()).await?;
    Ok(store)
}

/// Answers the probes while the database is not there: the process lives, but is not ready.
pub(crate) struct WaitingRoom {
    listener: Option<TcpListener>,
    metrics: MetricsHandle,
    limits: HttpLimits,
    over: CancellationToken,
    server: Option<tokio::task::JoinHandle<()>>,
}

impl WaitingRoom {
    pub(crate) fn new(listener: TcpListener, metrics: MetricsHandle, limits: HttpLimits) -> Self {
        Self {
            listener: Some(listener),
            metrics,
            limits,
            over: CancellationToken::new(),
            server: None,
        }
    }

    fn open(&mut self, shutdown: &Shutdown) {
        let Some(listener) = self.listener.take() else {
            return;
        };
        let probes = Probes::new(None, None, shutdown.soft.clone(), self.metrics.clone());
        // It ends with the wait, not with the program; a second signal ends both.
        let limits = self.limits;
        let stop = Shutdown::stages(self.over.clone(), shutdown.hard.clone());
        self.server = Some(tokio::spawn(async move {
            let served = http::serve(listener, probes, &stop, Some(1), limits, |_: &mut ServiceConfig| {}).await;
            if let Err(error) = served {
                tracing::warn!(%error, "the probes cannot be answered before the database is reached");
            }
        }));
    }

    async fn close(self) {
        self.over.cancel();
        if let Some(server) = self.server {
            // A panic of the little server is no reason to give up the program.
            let _ = server.await;
        }
    }
}
