//! The timer: what is the matter, what is over, and digests that are due.

use super::{Post, digests, writing};
use crate::state::State;
use events::Timestamp;
use runtime::Shutdown;
use std::time::Duration;
use store::{IncidentKind, Incidents, StoreError};

/// How often it is looked whether something is the matter.
const INTERVAL: Duration = Duration::from_secs(10);
/// How often old mails and incidents are looked for.
const PRUNING_INTERVAL: Duration = Duration::from_hours(1);
/// How long mails are kept after they were written; by then each is sent or given up.
const MAILS_KEPT: Duration = Duration::from_hours(7 * 24);
/// How long incidents are kept after they were over.
const INCIDENTS_KEPT: Duration = Duration::from_hours(30 * 24);
/// Steps of some hundreds in one look; what is left comes with the next one.
const MOST_STEPS: usize = 50;
/// Every kind of incident. What is over comes before what begins: an endpoint that is switched off no longer fails.
const KINDS: [IncidentKind; 6] = [
    IncidentKind::EndpointFailing,
    IncidentKind::EndpointDisabled,
    IncidentKind::DirectorySilent,
    IncidentKind::DirectoryHeld,
    IncidentKind::QuarantineNear,
    IncidentKind::CredentialEnding,
];

/// Runs until a soft stop.
pub(super) async fn run(state: &State, post: &Post, shutdown: &Shutdown) {
    let mut looking = tokio::time::interval(INTERVAL);
    let mut pruning = tokio::time::interval(PRUNING_INTERVAL);
    loop {
        tokio::select! {
            () = shutdown.soft.cancelled() => break,
            _ = looking.tick() => look(state, post, shutdown).await,
            _ = pruning.tick() => {
                if let Err(error) = prune(state, shutdown).await {
                    tracing::warn!(error = %telemetry::chain(&error), "old mails could not be forgotten");
                }
            }
        }
    }
}

/// One look at everything; what fails is looked at again next time.
async fn look(state: &State, post: &Post, shutdown: &Shutdown) {
    let work = async {
        let incidents = state.store().incidents();
        for kind in KINDS {
            close(&incidents, post, kind, shutdown).await?;
        }
        for kind in KINDS {
            open(&incidents, post, kind, shutdown).await?;
        }
        digests::write(state, post, shutdown).await?;
        metrics::gauge!("rollcall_mails_waiting").set(f64::from(
            u32::try_from(state.store().mails().waiting().await?).unwrap_or(u32::MAX),
        ));
        Ok::<(), StoreError>(())
    };
    if let Err(error) = work.await {
        tracing::warn!(error = %telemetry::chain(&error), "what is the matter could not be told by mail yet");
    }
}

/// Goes on in bounded steps until nothing is over.
async fn close(incidents: &Incidents, post: &Post, kind: IncidentKind, shutdown: &Shutdown) -> Result<(), StoreError> {
    for _ in 0..MOST_STEPS {
        if shutdown.soft.is_cancelled() {
            break;
        }
        let now = Timestamp::now();
        let over = incidents.over(kind, now).await?;
        if over.is_empty() {
            break;
        }
        let over = over
            .into_iter()
            .map(|over| (over.subject_id, writing::of_end(post, kind, &over)));
        let over: Vec<_> = over.collect();
        count(kind, "over", over.len());
        post.wrote(incidents.close(kind, over, now).await?);
    }
    Ok(())
}

/// Goes on in bounded steps until nothing begins.
async fn open(incidents: &Incidents, post: &Post, kind: IncidentKind, shutdown: &Shutdown) -> Result<(), StoreError> {
    for _ in 0..MOST_STEPS {
        if shutdown.soft.is_cancelled() {
            break;
        }
        let now = Timestamp::now();
        let begun = incidents.begun(kind, now).await?;
        if begun.is_empty() {
            break;
        }
        let begun = begun.into_iter().map(|begun| {
            let mails = writing::of_beginning(post, &begun);
            (begun, mails)
        });
        let begun: Vec<_> = begun.collect();
        count(kind, "begun", begun.len());
        post.wrote(incidents.open(begun, now).await?);
    }
    Ok(())
}

fn count(kind: IncidentKind, what: &'static str, count: usize) {
    let kind = writing::kind_name(kind);
    metrics::counter!("rollcall_incidents_total", "kind" => kind, "what" => what).increment(count as u64);
    tracing::info!(kind, what, count, "incidents");
}

async fn prune(state: &State, shutdown: &Shutdown) -> Result<(), StoreError> {
    let (mails, incidents, now) = (state.store().mails(), state.store().incidents(), Timestamp::now());
    while !shutdown.soft.is_cancelled() && mails.prune(now.minus(MAILS_KEPT)).await? {}
    while !shutdown.soft.is_cancelled() && incidents.prune(now.minus(INCIDENTS_KEPT)).await? {}
    Ok(())
}

impl Post {
    /// Tells the sender that there may be something to send, and counts what there was no room for.
    pub(super) fn wrote(&self, dropped: u64) {
        self.written.notify_one();
        if dropped > 0 {
            metrics::counter!("rollcall_mails_total", "outcome" => "no_room").increment(dropped);
            tracing::warn!(
                dropped,
                "too many mails wait, so more about other incidents are not written"
            );
        }
    }
}
