//! A command as the projector works on it.

use directory::Reach;
use events::Command;

/// A command on its way, with the trace context of its span.
#[derive(Clone, Debug)]
pub(crate) struct Work<'a> {
    pub(crate) command: &'a Command,
    pub(crate) traceparent: Option<String>,
    /// What it touches without naming it.
    pub(crate) reach: Option<Reach>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(command: &'a Command, traceparent: Option<String>) -> Self {
        Self {
            command,
            traceparent,
            reach: directory::reach(command),
        }
    }
}
