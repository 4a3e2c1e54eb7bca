//! `/event-types`: the catalogue of what can happen.

pub(super) mod list;
