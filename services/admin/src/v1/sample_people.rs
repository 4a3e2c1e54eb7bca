//! `/directories/{id}/sample-people`: people who are none, to see how things go.

pub(super) mod remove;
pub(super) mod send;
