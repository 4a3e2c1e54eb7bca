//! `/directories/{id}/preview`.

pub(super) mod create;
