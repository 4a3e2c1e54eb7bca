//! Which of the connections stand, for health and for the log.

use crate::Health;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The state of every connection that the bus should have.
#[derive(Debug, Default)]
pub(crate) struct StatusBoard(Mutex<BTreeMap<u64, Entry>>);

#[derive(Debug)]
struct Entry {
    name: String,
    problem: Option<String>,
}

impl StatusBoard {
    /// The connection stands.
    pub(crate) fn up(&self, number: u64, name: &str) {
        if self.set(number, name, None) {
            tracing::info!(connection = name, "connected to the broker");
        }
    }

    /// The connection does not stand, or the broker takes nothing on it. Logged once per problem, not per attempt.
    pub(crate) fn down(&self, number: u64, name: &str, problem: String) {
        let text = problem.clone();
        if self.set(number, name, Some(problem)) {
            tracing::warn!(
                connection = name,
                problem = text,
                "no usable connection to the broker, trying again"
            );
        }
    }

    /// The connection is not wanted any more.
    pub(crate) fn remove(&self, number: u64) {
        self.lock().remove(&number);
    }

    /// Up when every connection stands.
    pub(crate) fn health(&self) -> Health {
        let entries = self.lock();
        let problems: Vec<String> = entries
            .values()
            .filter_map(|entry| {
                entry
                    .problem
                    .as_ref()
                    .map(|problem| format!("{}: {problem}", entry.name))
            })
            .collect();
        if entries.is_empty() {
            Health {
                up: false,
                detail: "not connected".to_owned(),
            }
        } else if problems.is_empty() {
            Health {
                up: true,
                detail: "ok".to_owned(),
            }
        } else {
            Health {
                up: false,
                detail: problems.join("; "),
            }
        }
    }

    fn set(&self, number: u64, name: &str, problem: Option<String>) -> bool {
        let entry = Entry {
            name: name.to_owned(),
            problem,
        };
        let mut entries = self.lock();
        let changed = entries
            .get(&number)
            .is_none_or(|before| before.problem != entry.problem);
        entries.insert(number, entry);
        changed
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
