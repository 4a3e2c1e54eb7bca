//! `/directories/{id}/users`: changes go the same way as those of an identity provider, through the bus.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod get;
pub(super) mod history;
pub(super) mod list;
pub(super) mod update;
