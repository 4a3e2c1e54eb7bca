//! Members of groups as sent (R59).

use serde_json::{Map, Value};

use crate::Error;
use crate::lenient::MEMBERS;

/// What a member is, as far as the client said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A user.
    User,
    /// A nested group.
    Group,
}

/// A member as sent: the id, and what the client takes it for. `display`, `$ref` and `type` are computed again for
/// answers; the hint only helps to say what is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberInput {
    /// Id of the user or group.
    pub value: String,
    /// From `type`, else from `$ref`.
    pub kind: Option<MemberKind>,
}

/// Takes the members out of parsed attributes. `None`: the body had no such key (PUT keeps the members, R52);
/// an empty list: it had, and the group shall be empty. Ids repeated in the list are given once, in order.
///
/// # Errors
/// `invalidValue` when a member has no id.
pub fn take_members(attributes: &mut Map<String, Value>) -> Result<Option<Vec<MemberInput>>, Error> {
    match attributes.shift_remove(MEMBERS) {
        None => Ok(None),
        Some(Value::Array(elements)) => member_inputs(&elements).map(Some),
        Some(_) => Err(Error::invalid_value("members must be an array")),
    }
}

/// The members in an array that went through the type rules already.
///
/// # Errors
/// `invalidValue` when a member has no id.
pub(crate) fn member_inputs(elements: &[Value]) -> Result<Vec<MemberInput>, Error> {
    let mut seen = std::collections::HashSet::with_capacity(elements.len());
    let mut members = Vec::with_capacity(elements.len());
    for element in elements {
        let id = element
            .get("value")
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|id| !id.is_empty());
        let Some(id) = id else {
            return Err(Error::invalid_value(
                "every element of members needs a value, the id of the member",
            ));
        };
        if seen.insert(id) {
            members.push(MemberInput {
                value: id.to_owned(),
                kind: kind_of(element),
            });
        }
    }
    Ok(members)
}

fn kind_of(element: &Value) -> Option<MemberKind> {
    let text = |name: &str| element.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("type").eq_ignore_ascii_case("User") || text("$ref").contains("/Users/") {
        Some(MemberKind::User)
    } else if text("type").eq_ignore_ascii_case("Group") || text("$ref").contains("/Groups/") {
        Some(MemberKind::Group)
    } else {
        None
    }
}
