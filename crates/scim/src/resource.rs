//! Resources: from a request body to what is stored, and from what is stored to what is answered.
//!
//! Stored is the map of attributes as received (R15) under canonical names: core attributes at the top, extensions
//! under their URN; without `schemas`, `id`, `meta`, `groups` and `password`. `members` are in the map only between
//! [`parse`] and [`take_members`].

mod check;
mod etag;
mod members;
mod parse;
mod render;
mod splice;

pub use check::MAX_INDEXED_BYTES;
pub(crate) use check::{check, check_extensions, check_immutable};
pub use etag::{etag, parse_etags};
pub(crate) use members::member_inputs;
pub use members::{MemberInput, MemberKind, take_members};
pub use parse::{Mode, parse, replace};
pub use render::{Meta, render, schemas_of, search_document};
pub use splice::splice;
