//! `/directories/{id}/preview`.

pub(super) mod create;
pub(super) mod group_roles;
