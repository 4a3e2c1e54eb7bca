//! Which statements are sent, and from where: so that a test can say that it has seen all of them.

use crate::Dialect;
use std::collections::BTreeSet;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

static RECORDS: AtomicBool = AtomicBool::new(false);
static SENT: Mutex<BTreeSet<Sent>> = Mutex::new(BTreeSet::new());

/// A statement that was sent at least once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sent {
    /// The source file that sent it.
    pub file: &'static str,
    /// The line in it.
    pub line: u32,
    /// Whether it was sent to SQLite.
    pub is_sqlite: bool,
    /// What was sent.
    pub text: String,
}

/// From now on, all statements of this process are remembered.
pub fn record() {
    RECORDS.store(true, Ordering::Release);
}

/// What was sent since [`record`].
#[must_use]
pub fn sent() -> Vec<Sent> {
    SENT.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .cloned()
        .collect()
}

pub(crate) fn note(at: &Location<'static>, dialect: Dialect, text: &str) {
    if !RECORDS.load(Ordering::Acquire) {
        return;
    }
    SENT.lock().unwrap_or_else(PoisonError::into_inner).insert(Sent {
        file: at.file(),
        line: at.line(),
        is_sqlite: dialect == Dialect::Sqlite,
        text: text.to_owned(),
    });
}
