//! Stopping in two stages: first take nothing new and finish what is held, then let go.

use anyhow::anyhow;
use futures_util::FutureExt;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long work may go on after the soft stop. With [`AFTER_HARD`], closing connections and flushing traces it adds up
/// to less than the ten seconds within which a program must have ended.
pub(crate) const GRACE: Duration = Duration::from_millis(6_500);
/// How long tasks have after the hard stop.
pub(crate) const AFTER_HARD: Duration = Duration::from_secs(1);

/// The stop of a program, shared by all its parts.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Cancelled first: take nothing new, finish what is held.
    pub soft: CancellationToken,
    /// Cancelled after a grace time or at a second signal: stop now, even in the middle.
    pub hard: CancellationToken,
    /// The tasks that the program waits for before it ends.
    pub tracker: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Shutdown {
    /// A stop that nobody has asked for. [`crate::service_main`] makes the one of the process; others are for tests.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A stop with the given stages, for a part that ends on its own.
    pub(crate) fn stages(soft: CancellationToken, hard: CancellationToken) -> Self {
        Self {
            soft,
            hard,
            ..Self::default()
        }
    }

    /// Runs a part of the program that the end waits for. When it fails or panics the whole program stops, softly, and
    /// its exit code tells: a service must not go on with a part missing.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let shutdown = self.clone();
        self.tracker.spawn(async move {
            // Nothing of the task is used after a panic.
            let result = AssertUnwindSafe(task)
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(anyhow!("it panicked")));
            if let Err(error) = result {
                tracing::error!(task = name, error = %telemetry::chain(error.as_ref()), "a part of the program failed");
                shutdown.fail();
            }
        });
    }

    /// A stop for a part that others still need while they drain: its soft stage is asked for separately, its hard stage
    /// and its tasks are those of the program.
    #[must_use]
    pub fn staged(&self) -> Self {
        Self {
            soft: CancellationToken::new(),
            ..self.clone()
        }
    }

    /// Stops the program softly and makes its exit code tell of a failure.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::Release);
        self.soft.cancel();
    }

    /// Whether a part of the program failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Begins to listen: SIGTERM or SIGINT stops softly, another one, or the end of the grace time, stops hard.
    ///
    /// # Errors
    /// When the signal handlers cannot be installed.
    pub(crate) fn listen(&self) -> io::Result<()> {
        let mut signals = Signals::install()?;
        let shutdown = self.clone();
        // Not tracked: it ends with the process.
        tokio::spawn(async move {
            tokio::select! {
                name = signals.next() => tracing::info!(signal = name, "stopping: finishing what is in flight"),
                () = shutdown.soft.cancelled() => {}
            }
            shutdown.soft.cancel();
            tokio::select! {
                name = signals.next() => tracing::warn!(signal = name, "stopping at once"),
                () = tokio::time::sleep(GRACE) => tracing::warn!("the time for finishing work is over"),
                () = shutdown.hard.cancelled() => {}
            }
            shutdown.hard.cancel();
        });
        Ok(())
    }

    /// Stops softly and waits for all tasks. `false` when some are still running after the hard stop.
    pub(crate) async fn drain(&self) -> bool {
        self.soft.cancel();
        self.tracker.close();
        let ended = async {
            tokio::select! {
                () = self.tracker.wait() => true,
                () = async {
                    self.hard.cancelled().await;
                    tokio::time::sleep(AFTER_HARD).await;
                } => false,
            }
        };
        ended.await
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn install() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_fails_or_panics_stops_the_program_and_is_remembered() {
        for panics in [false, true] {
            let shutdown = Shutdown::new();
            shutdown.spawn("part", async move {
                assert!(!panics, "on purpose");
                Err(anyhow!("broken"))
            });
            shutdown.soft.cancelled().await;
            assert!(shutdown.has_failed());
            assert!(shutdown.drain().await);
        }
    }

    #[tokio::test]
    async fn draining_waits_for_a_task_that_finishes_its_work() {
        let shutdown = Shutdown::new();
        let done = Arc::new(AtomicBool::new(false));
        let (soft, flag) = (shutdown.soft.clone(), Arc::clone(&done));
        shutdown.spawn("part", async move {
            soft.cancelled().await;
            tokio::task::yield_now().await;
            flag.store(true, Ordering::SeqCst);
            Ok(())
        });
        assert!(shutdown.drain().await);
        assert!(done.load(Ordering::SeqCst) && !shutdown.has_failed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ignores_both_stops_is_given_up() {
        let shutdown = Shutdown::new();
        shutdown.spawn("stuck", std::future::pending());
        shutdown.hard.cancel();
        assert!(!shutdown.drain().await);
    }
}
