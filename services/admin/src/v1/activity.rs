//! `/activity`.

pub(super) mod get;
