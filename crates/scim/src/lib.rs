//! SCIM 2.0 on the wire (RFC 7643, RFC 7644, RFC 9865): grammar, schema facts, resources, PATCH, projection, discovery.
//!
//! No IO and no knowledge of the caller. Comments cite rules by id (R12, P17, E30 …): `RULES.md` beside this
//! crate says what each is and where it comes from.

pub mod bulk;
pub mod cursor;
pub mod discovery;
pub mod error;
pub mod filter;
mod fold;
mod instant;
pub mod leniency;
mod lenient;
pub mod limits;
pub mod list;
pub mod patch;
pub mod path;
pub mod projection;
pub mod query;
pub mod resource;
pub mod schema;
pub mod urn;

pub use error::{Error, ScimType};
pub use fold::fold;
pub use limits::Limits;
