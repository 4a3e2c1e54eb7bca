//! Takes directories that are due and has them worked on, as many as there are places for; keeps their leases meanwhile.

use crate::finish;
use crate::work::{Signals, Work};
use crate::{Inner, cycle};
use events::{DirectoryId, Timestamp};
use runtime::Shutdown;
use std::collections::HashMap;
use std::sync::Arc;
use store::{GraphClaim, GraphLease, StoreError};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// A directory that this process works on.
#[derive(Debug)]
struct Held {
    lease: GraphLease,
    lost: CancellationToken,
    /// When the lease was last known to be ours.
    renewed: Instant,
}

/// All directories that this process works on.
#[derive(Debug)]
struct Engine {
    inner: Arc<Inner>,
    stopping: CancellationToken,
    held: HashMap<DirectoryId, Held>,
    /// Which lease each task works under.
    tasks: HashMap<Id, GraphLease>,
    running: JoinSet<()>,
}

/// Runs until a soft stop, and then until the pages at hand are finished or a hard stop comes.
pub(crate) async fn run(inner: &Arc<Inner>, shutdown: &Shutdown) {
    let mut engine = Engine::new(inner, shutdown.soft.clone());
    let (mut look, mut renew) = (interval(inner.config.look), interval(inner.config.renew));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    renew.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let is_stopping = || shutdown.soft.is_cancelled();
    while !(is_stopping() && engine.running.is_empty()) {
        tokio::select! {
            biased;
            () = shutdown.hard.cancelled() => return,
            _ = renew.tick(), if !engine.held.is_empty() => engine.renew().await,
            Some(ended) = engine.running.join_next_with_id(), if !engine.running.is_empty() => engine.end(ended),
            () = shutdown.soft.cancelled(), if !is_stopping() => {}
            _ = look.tick(), if !is_stopping() => {
                if let Err(error) = engine.take().await {
                    tracing::warn!(error = %telemetry::chain(&error), "directories that are due are not known");
                }
            }
        }
    }
}

/// Works until nothing is due.
pub(crate) async fn settle(inner: &Arc<Inner>, stopping: &CancellationToken) -> Result<usize, StoreError> {
    let mut engine = Engine::new(inner, stopping.clone());
    let mut turns = 0;
    loop {
        turns += engine.take().await?;
        let Some(ended) = engine.running.join_next_with_id().await else {
            return Ok(turns);
        };
        engine.end(ended);
    }
}

impl Engine {
    fn new(inner: &Arc<Inner>, stopping: CancellationToken) -> Self {
        Self {
            inner: Arc::clone(inner),
            stopping,
            held: HashMap::new(),
            tasks: HashMap::new(),
            running: JoinSet::new(),
        }
    }

    /// Takes as many directories as there are places for. How many that were.
    async fn take(&mut self) -> Result<usize, StoreError> {
        let pulls = self.inner.deps.store.graph_pulls();
        let taken = usize::from(self.inner.config.directories).saturating_sub(self.held.len());
        // Where nobody is pulled, nothing is written.
        if taken == 0 || self.held.is_empty() && pulls.list(None, None, 1).await?.is_empty() {
            return Ok(0);
        }
        let most = u16::try_from(taken).unwrap_or(u16::MAX);
        let config = &self.inner.config;
        let now = self.inner.deps.clock.now();
        let claims = pulls.claim(&self.inner.deps.instance, now, config.lease, most).await?;
        let count = claims.len();
        for claim in claims {
            self.begin(claim);
        }
        metrics::gauge!("rollcall_graph_sync_directories").set(gauge(self.held.len()));
        Ok(count)
    }

    fn begin(&mut self, claim: GraphClaim) {
        let lost = CancellationToken::new();
        let held = Held {
            lease: claim.lease,
            lost: lost.clone(),
            renewed: Instant::now(),
        };
        // A lease of before that ended is somebody else's now, and that is us.
        if let Some(before) = self.held.insert(claim.lease.directory_id, held) {
            before.lost.cancel();
        }
        let signals = Signals {
            stopping: self.stopping.clone(),
            lost,
        };
        let lease = claim.lease;
        let task = self.running.spawn(turn(Arc::clone(&self.inner), claim, signals));
        self.tasks.insert(task.id(), lease);
    }

    fn end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let task = match ended {
            Ok((task, ())) => task,
            // The lease ends by itself, and then somebody takes the directory again.
            Err(error) => {
                tracing::error!(%error, "the work on a directory ended unexpectedly");
                error.id()
            }
        };
        let lease = self.tasks.remove(&task);
        // Another turn of the same directory may have begun since.
        self.held.retain(|_, held| Some(held.lease) != lease);
        metrics::gauge!("rollcall_graph_sync_directories").set(gauge(self.held.len()));
    }

    /// Renews all leases. Work whose lease is lost, or was not renewed for as long as it lasts, is stopped.
    async fn renew(&mut self) {
        let leases: Vec<GraphLease> = self.held.values().map(|held| held.lease).collect();
        let deps = &self.inner.deps;
        let until = deps.clock.now().plus(self.inner.config.lease);
        let renewed = deps.store.graph_pulls().renew(&deps.instance, &leases, until).await;
        let now = Instant::now();
        match renewed {
            Ok(renewed) => {
                for held in self.held.values_mut() {
                    if renewed.contains(&held.lease) {
                        held.renewed = now;
                    } else {
                        held.lost.cancel();
                    }
                }
            }
            Err(error) => {
                tracing::warn!(error = %telemetry::chain(&error), "leases of directories are not renewed");
                let is_over = |held: &&Held| now.duration_since(held.renewed) > self.inner.config.lease;
                self.held.values().filter(is_over).for_each(|held| held.lost.cancel());
            }
        }
    }
}

/// One turn of one directory.
async fn turn(inner: Arc<Inner>, claim: GraphClaim, signals: Signals) {
    let (lease, pull) = (claim.lease, claim.pull.clone());
    let span = tracing::info_span!(
        parent: None,
        "pull",
        otel.name = "pull from Microsoft Graph",
        directory.id = %lease.directory_id,
        graph.generation = pull.generation,
        graph.pages = tracing::field::Empty,
        outcome = tracing::field::Empty,
    );
    let work = async {
        let began: Timestamp = inner.deps.clock.now();
        match Work::open(&inner, claim, signals, tracing::Span::current()).await {
            Ok(mut work) => {
                let ended = Box::pin(cycle::run(&mut work)).await;
                work.keep_form().await;
                finish::finish(&inner, lease, &pull, Some(&work), ended, began).await;
            }
            Err(stop) => finish::finish(&inner, lease, &pull, None, Err(stop), began).await,
        }
    };
    work.instrument(span).await;
}

#[allow(clippy::cast_precision_loss, reason = "no process works on so many")]
const fn gauge(count: usize) -> f64 {
    count as f64
}
