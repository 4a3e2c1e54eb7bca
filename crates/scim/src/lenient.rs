//! What clients send, read kindly: names in any case and notation, values in the types they should have had.
//!
//! Everything here runs before the strict rules, for bodies and for PATCH alike, so that both accept the same dialects
//! and store the same thing. What is stored is what was sent (R15): only types and names are mended, never text.

mod names;
mod values;

pub(crate) use names::{Name, ObjectKeys, find_key, member, resolve};
pub(crate) use values::{
    ValuePath, attribute, element, elements, is_bare, is_hollow, is_unassigned, kind_of, labels_say_something, sane,
    scalar, unpacked,
};

/// The roles of a user in the apps.
pub(crate) const ROLES: &str = "roles";

/// The multi-valued attribute of groups that is kept apart from the others: as rows, changed by deltas (P21).
pub(crate) const MEMBERS: &str = "members";
