//! `/endpoints`: the webhook URLs that downstream apps subscribed.

mod check;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod enable;
pub(super) mod get;
pub(super) mod list;
pub(super) mod preview_filter;
pub(super) mod receivers;
pub(super) mod replay;
pub(super) mod rotate_secret;
mod seal;
pub(super) mod secret;
pub(super) mod stats;
pub(super) mod test;
pub(super) mod update;
mod view;

pub(super) use view::owner;
