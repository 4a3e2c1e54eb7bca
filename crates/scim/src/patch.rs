//! PATCH (RFC 7644 §3.5.2), in the RFC's form and in the dialects of the identity providers.
//!
//! A request is first read against the schema into steps whose values have their final types ([`Patch::parse`]); the
//! steps then change a map of attributes ([`Patch::apply`]). Members of groups are not in that map: what the request
//! does to them comes out as deltas ([`Patch::member_ops`]), because a group may be too large to read (P21).

mod apply;
mod changes;
mod draft;
mod elements;
mod list;
mod members;
mod parse;
mod path;
mod reader;
mod step;
mod typed;
mod work;

use serde_json::{Map, Value};

use crate::Error;
use crate::filter::Filter;
use crate::schema::ResourceType;
use step::PatchStep;

pub use changes::{Change, changes};
pub use path::PatchPath;
pub use work::MOST_COMPARISONS;

/// The operations of one PATCH request, read and typed.
#[derive(Clone, Debug)]
pub struct Patch {
    steps: Vec<PatchStep>,
    member_ops: Vec<MemberOp>,
    left_out: Vec<String>,
}

/// One thing a request does to the members of a group; ids as sent, each once per operation.
#[derive(Clone, Debug, PartialEq)]
pub enum MemberOp {
    /// These join; those who are members already stay members (P9). Unknown ids are an error of the request (P20).
    Add(Vec<String>),
    /// These leave; one that is no member is no error (P16, P17).
    Remove(Vec<String>),
    /// Those that match leave. The names in the filter are parts of a member: `value`, `$ref`, `type`, `display`.
    RemoveWhere(Filter),
    /// These and no others are members (P10).
    Replace(Vec<String>),
    /// Nobody is a member (P10, P15, B33).
    Clear,
}

impl Patch {
    /// Reads the body of a PATCH request.
    ///
    /// Lenient in all that does not change the meaning: case of names and operations, `schemas` (may be missing, R14),
    /// types of values, notation of paths. `value: null`, `""` and `[]` unassign (P19); on `active` they change
    /// nothing, because no mapping means to switch somebody on or off by them; `remove` makes it `false`, since it always
    /// has a value (R50). `schemas` as a target is ignored: it follows from the data (P3). A key that no schema has is left
    /// out of a value without a path, see [`Patch::left_out`].
    ///
    /// # Errors
    /// `invalidSyntax` for another shape than operations, `noTarget` for `remove` without path, `invalidPath` for a
    /// path that names nothing or is malformed, `invalidFilter` for its bracket, `mutability` for read-only targets and
    /// removal of required ones, `invalidValue` for values that do not fit.
    pub fn parse(rt: &ResourceType, body: &Value) -> Result<Self, Error> {
        parse::parse(rt, body)
    }

    /// Applies the operations in order. On an error the map is left without meaning: work on a copy and drop it (P1).
    ///
    /// # Errors
    /// `noTarget` when an element to write to neither exists nor can be made from the filter, `mutability` when an
    /// immutable value would change, `tooMany` when the operations select elements in ways that need more than
    /// [`MOST_COMPARISONS`], `invalidValue` when the result lacks a required attribute or an indexed text is
    /// longer than [`MAX_INDEXED_BYTES`](crate::resource::MAX_INDEXED_BYTES).
    pub fn apply(&self, rt: &ResourceType, attributes: &mut Map<String, Value>) -> Result<(), Error> {
        apply::apply(rt, &self.steps, attributes)
    }

    /// Keys of values that are left out because no schema has them: the first 20, as the client wrote them, each cut after
    /// 120 characters.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// What the request does to the members of the group, in order; empty for users.
    #[must_use]
    pub fn member_ops(&self) -> &[MemberOp] {
        &self.member_ops
    }
}
