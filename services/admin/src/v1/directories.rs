//! `/directories`: the sources of users and groups.

pub(super) mod attribute_paths;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod get;
mod health;
pub(super) mod list;
pub(super) mod release;
mod settings;
pub(super) mod update;
mod view;
