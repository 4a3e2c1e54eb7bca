//! The end of a turn: the directory is given back, and what came of the work is told.

use crate::Inner;
use crate::error::{Held, Stop};
use crate::work::Work;
use events::{EventId, EventType, GraphRoundId, Source, Timestamp, lane_of};
use graph::pull::{LONGEST_INTERVAL, PullFault, PullSettings};
use serde_json::{Value, json};
use std::time::Duration;
use store::{EventDraft, GraphEnd, GraphLease, GraphOutcome, GraphPull, GraphPullMode, GraphRound, GraphWriteError};

/// Rounds of a directory that are kept.
const ROUNDS_KEPT: u16 = 500;
/// When a directory is looked at again that is paused, or where bus or database did not answer.
const SOON: Duration = Duration::from_secs(5);
/// Likewise where its directory takes nothing.
const PAUSED: Duration = Duration::from_mins(1);
/// The shortest wait where an administrator has to mend something.
const MENDED: Duration = Duration::from_mins(5);

/// Gives a directory back.
pub(crate) async fn finish(
    inner: &Inner,
    lease: GraphLease,
    pull: &GraphPull,
    work: Option<&Work>,
    ended: Result<(), Stop>,
    began: Timestamp,
) {
    let now = inner.deps.clock.now();
    let name = ended.as_ref().map_or_else(Stop::code, |()| "completed").to_owned();
    tracing::Span::current().record("outcome", &name);
    if let Some(work) = work {
        tracing::Span::current().record("graph.pages", work.progress.counts.pages);
    }
    metrics::counter!("rollcall_graph_sync_turns_total", "outcome" => name).increment(1);
    let given_back = match end_of(inner, pull, ended, now) {
        Ending::Lost => return,
        Ending::Quiet(next_due) => release(inner, lease, next_due, GraphEnd::Unfinished, now).await,
        Ending::Good(next_due) => complete(inner, lease, pull, work, next_due, began, now).await,
        Ending::Failed(failure) => {
            let round = round(work, "failed", Some(&failure.fault), began, now);
            let rounds = inner.deps.store.graph_rounds(pull.directory_id);
            let end = GraphEnd::Failed {
                error: written(&failure.fault),
                is_failing: failure.is_failing,
            };
            match rounds.add(lease, &round, ROUNDS_KEPT).await {
                Ok(()) => release(inner, lease, failure.next_due, end, now).await,
                Err(error) => Err(error),
            }
        }
        Ending::Held(held) => hold(inner, lease, pull, work, held, began, now).await,
    };
    match given_back {
        Ok(()) | Err(GraphWriteError::LeaseLost) => {}
        Err(error) => {
            tracing::warn!(error = %telemetry::chain(&error), "a directory is not given back, and is free again when its lease ends");
        }
    }
}

enum Ending {
    /// Nobody may say anything of it any more.
    Lost,
    /// Nothing is to be told.
    Quiet(Timestamp),
    /// The cycle is over.
    Good(Timestamp),
    Failed(Box<Failure>),
    Held(Held),
}

struct Failure {
    fault: PullFault,
    /// Whether an administrator has to mend it.
    is_failing: bool,
    next_due: Timestamp,
}

fn end_of(inner: &Inner, pull: &GraphPull, ended: Result<(), Stop>, now: Timestamp) -> Ending {
    let interval = match pull.mode {
        GraphPullMode::Pull => PullSettings::read(&pull.settings).unwrap_or_default().interval(),
        // Everything is read each time.
        GraphPullMode::Compare => LONGEST_INTERVAL,
    };
    let stop = match ended {
        // Directories that began together do not stay together.
        Ok(()) => return Ending::Good(now.plus(interval + interval.mul_f64(inner.deps.clock.chance() / 10.0))),
        Err(stop) => stop,
    };
    match stop {
        Stop::LeaseLost => Ending::Lost,
        Stop::Turn => Ending::Quiet(now),
        Stop::Paused => Ending::Quiet(now.plus(PAUSED)),
        Stop::Store(_) | Stop::Command(_) => {
            tracing::warn!(error = %telemetry::chain(&stop), "a round goes on in a moment");
            Ending::Quiet(now.plus(SOON))
        }
        Stop::Held(held) => Ending::Held(held),
        Stop::Fault(fault) => failed(*fault, true, now.plus(interval.max(MENDED))),
        Stop::Graph(error) => {
            tracing::warn!(error = %telemetry::chain(&error), trace = %error.trace, "Microsoft Graph was not read");
            let is_failing = !error.is_transient();
            // Once, twice, four times a minute, as long as it goes on; never sooner than Graph wants it.
            let doubled = Duration::from_mins(1).saturating_mul(1 << pull.failures.min(10));
            let wait = if is_failing {
                interval.max(MENDED)
            } else {
                doubled.min(interval)
            };
            let jitter = wait.mul_f64(inner.deps.clock.chance() / 4.0);
            let next_due = error.not_before().map_or(now.plus(wait + jitter), |at| at.max(now));
            failed(PullFault::of(&error, now), is_failing, next_due)
        }
    }
}

fn failed(fault: PullFault, is_failing: bool, next_due: Timestamp) -> Ending {
    metrics::counter!("rollcall_graph_sync_failures_total", "kind" => fault.code.clone()).increment(1);
    Ending::Failed(Box::new(Failure {
        fault,
        is_failing,
        next_due,
    }))
}

fn written(fault: &PullFault) -> String {
    serde_json::to_string(fault).unwrap_or_default()
}

async fn release(
    inner: &Inner,
    lease: GraphLease,
    next_due: Timestamp,
    end: GraphEnd,
    now: Timestamp,
) -> Result<(), GraphWriteError> {
    let outcome = GraphOutcome { next_due, end };
    inner
        .deps
        .store
        .graph_pulls()
        .release(lease, &outcome, now)
        .await
        .map(|_| ())
}

/// A round as it is kept.
fn round(
    work: Option<&Work>,
    outcome: &str,
    fault: Option<&PullFault>,
    began: Timestamp,
    now: Timestamp,
) -> GraphRound {
    let progress = work.map(|work| &work.progress);
    GraphRound {
        id: GraphRoundId::new(),
        is_full: progress.is_some_and(|progress| progress.is_full),
        began_at: progress.map_or(began, |progress| progress.began_at),
        ended_at: now,
        outcome: outcome.to_owned(),
        counts: progress.map(|progress| progress.counts).unwrap_or_default().write(),
        error: fault.map(written),
    }
}

/// Ends a cycle, and tells of it in the same transaction if it changed anything.
async fn complete(
    inner: &Inner,
    lease: GraphLease,
    pull: &GraphPull,
    work: Option<&Work>,
    next_due: Timestamp,
    began: Timestamp,
    now: Timestamp,
) -> Result<(), GraphWriteError> {
    let is_compared = pull.mode == GraphPullMode::Compare;
    let round = round(
        work,
        if is_compared { "compared" } else { "completed" },
        None,
        began,
        now,
    );
    inner
        .deps
        .store
        .graph_rounds(pull.directory_id)
        .add(lease, &round, ROUNDS_KEPT)
        .await?;
    let counts = work.map(|work| work.progress.counts).unwrap_or_default();
    // Of a comparison the counts are what differs.
    if !counts.changed_anything() {
        return release(inner, lease, next_due, GraphEnd::Good, now).await;
    }
    let lane = lane_of(pull.directory_id, inner.deps.bus.partitions());
    let change = inner.deps.store.change(Some(lane)).await?;
    let outcome = GraphOutcome {
        next_due,
        end: GraphEnd::Good,
    };
    change.release_graph_pull(lease, &outcome, now).await?;
    if let Some(directory) = change.directory(pull.directory_id).await? {
        let (kind, member) = match is_compared {
            true => (EventType::DirectoryDriftFound, "comparison"),
            false => (EventType::DirectorySyncCompleted, "cycle"),
        };
        let data = json!({
            "directory": directory.about(),
            member: {
                "id": round.id,
                "kind": if round.is_full { "initial" } else { "incremental" },
                "started_at": round.began_at,
                "ended_at": round.ended_at,
                "counts": counts,
            },
        });
        change.append(lane, vec![event(pull, kind, data)]).await?;
    }
    change.commit().await?;
    Ok(())
}

/// An event about the directory, in the trace of the turn.
fn event(pull: &GraphPull, kind: EventType, data: Value) -> EventDraft {
    EventDraft {
        id: EventId::new(),
        kind,
        organization_id: pull.organization_id,
        directory_id: pull.directory_id,
        source: Source::System,
        subject_id: None,
        timestamp: Timestamp::now(),
        traceparent: telemetry::traceparent(),
        data,
    }
}

/// Holds a directory, and tells of it in the same transaction.
async fn hold(
    inner: &Inner,
    lease: GraphLease,
    pull: &GraphPull,
    work: Option<&Work>,
    held: Held,
    began: Timestamp,
    now: Timestamp,
) -> Result<(), GraphWriteError> {
    let Held {
        would_go,
        allowed,
        known,
    } = held;
    let detail = format!(
        "At least {would_go} of {known} would be deactivated or deleted, and no more than {allowed} may be with one round. Nobody \
         was. Look at the tenant, the scope and the attribute map, and release the pull if it is right."
    );
    let mut fault = PullFault::new("held", detail, now);
    (fault.would_go, fault.known) = (Some(would_go), Some(known));
    tracing::warn!(
        directory.id = %pull.directory_id,
        would_go,
        allowed,
        known,
        "the pull is held: too many would be deactivated or deleted with one round"
    );
    metrics::counter!("rollcall_directories_held_total").increment(1);
    if let Some(work) = work {
        let mut progress = work.progress.clone();
        progress.held_at = Some(now);
        work.writer.progress(&progress.write(), now).await?;
    }
    let round = round(work, "held", Some(&fault), began, now);
    inner
        .deps
        .store
        .graph_rounds(pull.directory_id)
        .add(lease, &round, ROUNDS_KEPT)
        .await?;
    let lane = lane_of(pull.directory_id, inner.deps.bus.partitions());
    let change = inner.deps.store.change(Some(lane)).await?;
    let outcome = GraphOutcome {
        next_due: now,
        end: GraphEnd::Held {
            reason: written(&fault),
        },
    };
    change.release_graph_pull(lease, &outcome, now).await?;
    if let Some(directory) = change.directory(pull.directory_id).await? {
        let mut about = directory.about();
        about["state"] = json!("held");
        let data = json!({
            "directory": about,
            "held": { "removed": 0, "allowed": allowed, "active_users": known, "window_minutes": 0 },
        });
        change
            .append(lane, vec![event(pull, EventType::DirectoryHeld, data)])
            .await?;
    }
    change.commit().await?;
    Ok(())
}
