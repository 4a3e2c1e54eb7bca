//! `/directories/{id}/cycles`: the requests of a directory's identity provider, as they belong together.

pub(super) mod list;

use ::directory::sync::{self, Counts, Standing};
use api::{Cycle, CycleCounts, CycleKind};
use store::SyncCycle;

/// A cycle as the API shows it; what one is for that is open follows from those before it.
pub(crate) fn shown(found: &SyncCycle, standing: &Standing) -> Cycle {
    let cycle = &found.cycle;
    Cycle {
        id: found.id,
        kind: kind_of(found.kind.unwrap_or_else(|| cycle.kind(standing))),
        open: found.closed_at.is_none(),
        started_at: cycle.started_at,
        last_at: cycle.last_at,
        duration_ms: u64::try_from(cycle.last_at.since(cycle.started_at).as_millis()).unwrap_or(u64::MAX),
        counts: counts_of(&cycle.counts),
    }
}

const fn kind_of(kind: sync::CycleKind) -> CycleKind {
    match kind {
        sync::CycleKind::ConnectionTest => CycleKind::ConnectionTest,
        sync::CycleKind::Initial => CycleKind::Initial,
        sync::CycleKind::Incremental => CycleKind::Incremental,
        sync::CycleKind::OnDemand => CycleKind::OnDemand,
    }
}

const fn counts_of(counts: &Counts) -> CycleCounts {
    CycleCounts {
        requests: counts.requests,
        probes: counts.probes,
        reads: counts.reads,
        users_created: counts.users_created,
        users_updated: counts.users_updated,
        users_deleted: counts.users_deleted,
        groups_created: counts.groups_created,
        groups_updated: counts.groups_updated,
        groups_deleted: counts.groups_deleted,
        others: counts.others,
        failures: counts.failures,
        throttled: counts.throttled,
        server_errors: counts.server_errors,
    }
}
