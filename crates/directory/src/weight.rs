//! What a command costs, as far as that is known before anything is loaded: what it carries, and how many stored rows
//! it reaches without naming them.

use events::{Command, DirectoryId, ResourceId, ResourceKind, Verb};
use scim::patch::{MemberOp, Patch};
use scim::schema::ResourceType;
use serde_json::{Map, Value};

/// A command that reaches more stored rows than this is heavy.
pub const HEAVY_ROWS: u64 = 256;
/// A command that weighs more than this is heavy: it takes a good part of what a batch may take.
pub const HEAVY_BYTES: u64 = 256 * 1024;
/// What a value of a list weighs beside its bytes: a member is looked up, written and announced by an event of its own.
const ELEMENT_BYTES: u64 = 1_024;

/// Stored rows that a command touches without naming them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// All members of a group.
    Members(DirectoryId, ResourceId),
    /// The groups of a user or group, and the users that it manages.
    Ties(DirectoryId, ResourceId),
}

/// What a command of so many bytes weighs: about its bytes on the wire, and a KiB more for each value of a list.
#[must_use]
pub fn weight(command: &Command, bytes: usize) -> u64 {
    let elements = match &command.verb {
        Verb::Create(attributes) | Verb::Replace(attributes) => of_map(attributes),
        Verb::Patch(body) => of_value(body),
        Verb::Delete => 0,
    };
    u64::try_from(bytes)
        .unwrap_or(u64::MAX)
        .saturating_add(elements * ELEMENT_BYTES)
}

/// What a command reaches, if its weight does not say how much it will have to do.
#[must_use]
pub fn reach(command: &Command) -> Option<Reach> {
    let (directory, id) = (command.directory_id, command.resource_id);
    match (command.kind, &command.verb) {
        (ResourceKind::User, Verb::Delete) => Some(Reach::Ties(directory, id)),
        (ResourceKind::User, _) | (ResourceKind::Group, Verb::Create(_)) => None,
        // The answer to a PUT shows all members, also where the PUT names none.
        (ResourceKind::Group, Verb::Replace(_) | Verb::Delete) => Some(Reach::Members(directory, id)),
        (ResourceKind::Group, Verb::Patch(body)) => {
            let patch = Patch::parse(ResourceType::group(), body).ok()?;
            let is_whole = |op: &MemberOp| !matches!(op, MemberOp::Add(_) | MemberOp::Remove(_));
            patch
                .member_ops()
                .iter()
                .any(is_whole)
                .then_some(Reach::Members(directory, id))
        }
    }
}

fn of_map(map: &Map<String, Value>) -> u64 {
    map.values().map(of_value).sum()
}

/// The values of all lists, one within the other.
fn of_value(value: &Value) -> u64 {
    match value {
        Value::Array(items) => items.iter().map(|item| 1 + of_value(item)).sum(),
        Value::Object(map) => of_map(map),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::{CommandId, OrganizationId, Source, Timestamp};
    use serde_json::json;

    fn command(kind: ResourceKind, verb: Verb) -> Command {
        Command {
            id: CommandId::new(),
            organization_id: OrganizationId::new(),
            directory_id: DirectoryId::new(),
            source: Source::Scim,
            issued_at: Timestamp::from_millis(0),
            deadline: Timestamp::from_millis(0),
            kind,
            resource_id: ResourceId::new(),
            if_match: Vec::new(),
            verb,
        }
    }

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a_command_weighs_its_bytes_and_the_values_of_its_lists() {
        let members: Vec<Value> = (0..300).map(|n| json!({ "value": n.to_string() })).collect();
        let group = command(
            ResourceKind::Group,
            Verb::Create(map(&json!({ "displayName": "All", "members": members }))),
        );
        assert_eq!(weight(&group, 5_000), 5_000 + 300 * 1_024);
        assert!(weight(&group, 5_000) > HEAVY_BYTES);
        let add = json!({ "Operations": [{ "op": "add", "path": "members", "value": [{ "value": "1" }, { "value": "2" }] }] });
        assert_eq!(
            weight(&command(ResourceKind::Group, Verb::Patch(add)), 200),
            200 + 3 * 1_024
        );
        let user = command(
            ResourceKind::User,
            Verb::Create(map(&json!({ "userName": "ada", "emails": [{ "value": "a@x" }] }))),
        );
        assert!(weight(&user, 1_000) < 4 * 1_024);
        assert_eq!(weight(&command(ResourceKind::User, Verb::Delete), 400), 400);
    }

    #[test]
    fn commands_that_touch_rows_which_they_do_not_name_say_so() {
        let patch = |operation: Value| Verb::Patch(json!({ "Operations": [operation] }));
        let whole = [
            Verb::Delete,
            Verb::Replace(map(&json!({ "displayName": "All" }))),
            patch(json!({ "op": "remove", "path": "members" })),
            patch(json!({ "op": "replace", "path": "members", "value": [] })),
            patch(json!({ "op": "remove", "path": "members[type eq \"User\"]" })),
        ];
        for verb in whole {
            let command = command(ResourceKind::Group, verb);
            let members = Reach::Members(command.directory_id, command.resource_id);
            assert_eq!(reach(&command), Some(members), "{:?}", command.verb);
        }
        let named = [
            Verb::Create(map(&json!({ "displayName": "All" }))),
            patch(json!({ "op": "add", "path": "members", "value": [{ "value": "1" }] })),
            patch(json!({ "op": "remove", "path": "members", "value": [{ "value": "1" }] })),
            patch(json!({ "op": "replace", "path": "displayName", "value": "Some" })),
        ];
        for verb in named {
            assert_eq!(reach(&command(ResourceKind::Group, verb)), None);
        }
        let gone = command(ResourceKind::User, Verb::Delete);
        assert_eq!(reach(&gone), Some(Reach::Ties(gone.directory_id, gone.resource_id)));
        let changed = command(ResourceKind::User, Verb::Replace(map(&json!({ "userName": "ada" }))));
        assert_eq!(reach(&changed), None);
    }
}
