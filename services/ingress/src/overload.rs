//! Lanes that are too deep: shed at once instead of offered to a broker that has just refused.

use events::{DirectoryId, lane_of};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// For how long a refusal stands for all that follow.
const SHED_FOR: Duration = Duration::from_secs(1);

/// Which lanes are known to be full.
#[derive(Debug)]
pub(crate) struct Overload {
    full_until: Mutex<Vec<Option<Instant>>>,
}

impl Overload {
    pub(crate) fn new(lanes: u16) -> Self {
        Self {
            full_until: Mutex::new(vec![None; usize::from(lanes.max(1))]),
        }
    }

    /// Whether the lane of a directory was full a moment ago.
    pub(crate) fn is_full(&self, directory: DirectoryId) -> bool {
        let until = self.with(directory, |until| *until);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// The queue of this directory's lane has refused a command.
    pub(crate) fn note(&self, directory: DirectoryId) {
        metrics::counter!("rollcall_ingress_lane_full_total").increment(1);
        self.with(directory, |until| *until = Some(Instant::now() + SHED_FOR));
    }

    fn with<T: Default>(&self, directory: DirectoryId, work: impl FnOnce(&mut Option<Instant>) -> T) -> T {
        let mut lanes = self.full_until.lock().unwrap_or_else(PoisonError::into_inner);
        let number = u16::try_from(lanes.len()).unwrap_or(u16::MAX);
        lanes
            .get_mut(usize::from(lane_of(directory, number)))
            .map(work)
            .unwrap_or_default()
    }
}
