//! A PATCH while it is read: the operation at hand, and the results of those before it.

use super::MemberOp;
use super::step::{PatchStep, PatchVerb};
use crate::Error;
use crate::leniency::{Leniency, note};
use crate::schema::ResourceType;
use serde_json::Value;

/// One operation on one target, while it is read.
pub(super) struct Request<'a> {
    pub(super) verb: PatchVerb,
    /// `None`: there was no `value`, which only `remove` allows.
    pub(super) value: Option<&'a Value>,
    /// The path or key as written.
    pub(super) written: &'a str,
    /// Whether it came out of a value object instead of a path: what the server alone writes is then ignored (P4).
    pub(super) is_key: bool,
}

/// What was read of a PATCH so far.
pub(super) struct Reader<'a> {
    pub(super) rt: &'a ResourceType,
    pub(super) steps: Vec<PatchStep>,
    pub(super) member_ops: Vec<MemberOp>,
    /// Names that no schema has, as the client wrote them.
    pub(super) left_out: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn read_only(&self, request: &Request<'_>) -> Result<(), Error> {
        let is_schemas = request.written.eq_ignore_ascii_case("schemas") && request.verb != PatchVerb::Remove;
        if request.is_key || is_schemas {
            note(Leniency::ReadOnlyIgnored);
            return Ok(());
        }
        Err(Error::mutability(format!(
            "{} is written by the server only",
            clip(request.written)
        )))
    }
}

/// What a client wrote, short enough for a detail.
pub(super) fn clip(written: &str) -> String {
    const LONGEST: usize = 120;
    if written.chars().count() <= LONGEST {
        return written.to_owned();
    }
    written.chars().take(LONGEST).chain(std::iter::once('…')).collect()
}
