//! One person of a file.

use api::{UserCreate, UserPatch, UserState};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The columns of a CSV file, in the order of an export. The first three and the last two are told and not taken.
pub const COLUMNS: [&str; 17] = [
    "id",
    "organization_id",
    "directory_id",
    "user_name",
    "external_id",
    "email",
    "first_name",
    "last_name",
    "display_name",
    "job_title",
    "department",
    "manager_id",
    "state",
    "role",
    "groups",
    "created_at",
    "updated_at",
];

/// What stands between the groups of a cell.
pub(super) const BETWEEN_GROUPS: char = '|';
/// What the server alone sets: it may stand in a file that was exported, and says nothing.
const SET_BY_SERVER: [&str; 7] = [
    "id",
    "organization_id",
    "directory_id",
    "grants",
    "custom",
    "created_at",
    "updated_at",
];
/// The same within a SCIM resource.
const SET_IN_RESOURCE: [&str; 4] = ["id", "meta", "schemas", "groups"];

/// One person of a file, and the groups that the file puts it into.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Person {
    pub(super) user: UserCreate,
    pub(super) groups: Vec<String>,
}

/// A group as a file may name it: by its name, or as the API shows it.
#[derive(Deserialize)]
#[serde(untagged)]
enum NamedGroup {
    Name(String),
    Shown { display_name: String },
}

impl Person {
    /// Of the cells of a row under a header. An empty cell says nothing.
    ///
    /// # Errors
    /// What is wrong with it, by column.
    pub(super) fn of_row<'a>(cells: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, String> {
        let mut user = UserCreate::default();
        let mut groups = Vec::new();
        for (column, cell) in cells
            .map(|(column, cell)| (column, cell.trim()))
            .filter(|(_, cell)| !cell.is_empty())
        {
            let text = || Some(cell.to_owned());
            match column {
                "user_name" => cell.clone_into(&mut user.user_name),
                "external_id" => user.external_id = text(),
                "email" => user.email = text(),
                "first_name" => user.first_name = text(),
                "last_name" => user.last_name = text(),
                "display_name" => user.display_name = text(),
                "job_title" => user.job_title = text(),
                "department" => user.department = text(),
                "manager_id" => user.manager_id = text(),
                "role" => user.role = text(),
                "state" => user.state = Some(state(cell)?),
                "groups" => groups = names(cell.split(BETWEEN_GROUPS)),
                _ => {}
            }
        }
        Self { user, groups }.checked()
    }

    /// Of a line of JSON: the members of a user as the API takes or shows them.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn of_json(line: &[u8]) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| format!("is no user in JSON: {error}");
        let mut members: Map<String, Value> = serde_json::from_slice(line).map_err(wrong)?;
        members.retain(|name, value| !SET_BY_SERVER.contains(&name.as_str()) && !value.is_null());
        let groups = match members.remove("groups") {
            None => Vec::new(),
            Some(groups) => {
                let groups: Vec<NamedGroup> =
                    serde_json::from_value(groups).map_err(|_| "groups: must be a list of names".to_owned())?;
                let groups: Vec<String> = groups
                    .into_iter()
                    .map(|group| match group {
                        NamedGroup::Name(name) | NamedGroup::Shown { display_name: name } => name,
                    })
                    .collect();
                names(groups.iter().map(String::as_str))
            }
        };
        // Of an exported user, the role may be one that a group gives; its own is in the resource.
        if members.get("raw").is_some_and(Value::is_object) {
            members.remove("role");
        }
        // Of an exported user, `email` is one of `emails`.
        if members
            .get("emails")
            .and_then(Value::as_array)
            .is_some_and(|emails| !emails.is_empty())
        {
            members.remove("email");
        } else {
            members.remove("emails");
        }
        if let Some(Value::Object(raw)) = members.get_mut("raw") {
            raw.retain(|name, _| !SET_IN_RESOURCE.contains(&name.as_str()));
        }
        if let Some(Value::Array(emails)) = members.get_mut("emails") {
            emails.iter_mut().for_each(only_what_is_taken);
        }
        let user: UserCreate = serde_json::from_value(Value::Object(members)).map_err(wrong)?;
        Self { user, groups }.checked()
    }

    fn checked(self) -> Result<Self, String> {
        if self.user.user_name.is_empty() {
            return Err("user_name: is required".to_owned());
        }
        Ok(self)
    }

    /// What changes a user that is there already: everything that the file says, and nothing else.
    pub(super) fn patch(&self) -> UserPatch {
        let user = self.user.clone();
        UserPatch {
            user_name: None,
            external_id: user.external_id.map(Some),
            emails: user.emails.map(Some),
            email: user.email.map(Some),
            first_name: user.first_name.map(Some),
            last_name: user.last_name.map(Some),
            display_name: user.display_name.map(Some),
            job_title: user.job_title.map(Some),
            department: user.department.map(Some),
            manager_id: user.manager_id.map(Some),
            state: user.state,
            role: user.role.map(Some),
            raw: user.raw,
        }
    }
}

/// Of an address in a SCIM resource, the members that the API takes.
fn only_what_is_taken(email: &mut Value) {
    if let Value::Object(members) = email {
        members.retain(|name, value| ["value", "type", "primary"].contains(&name.as_str()) && !value.is_null());
    }
}

fn state(cell: &str) -> Result<UserState, String> {
    match cell.to_ascii_lowercase().as_str() {
        "active" | "true" | "yes" | "1" => Ok(UserState::Active),
        "inactive" | "false" | "no" | "0" => Ok(UserState::Inactive),
        _ => Err("state: must be active or inactive".to_owned()),
    }
}

fn names<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = parts
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_its_cells_say_and_empty_ones_say_nothing() {
        let cells = [
            ("id", "x"),
            ("user_name", " ada@a.example "),
            ("state", "Inactive"),
            ("department", ""),
            ("groups", "Staff| Engineers ||Staff"),
        ];
        let person = Person::of_row(cells.into_iter()).unwrap();
        assert_eq!(person.user.user_name, "ada@a.example");
        assert_eq!(person.user.state, Some(UserState::Inactive));
        assert_eq!(person.groups, ["Engineers", "Staff"]);
        assert_eq!(
            serde_json::to_value(person.patch()).unwrap(),
            serde_json::json!({"state": "inactive"})
        );
    }

    #[test]
    fn what_is_wrong_with_a_row_is_told_by_column() {
        let error = Person::of_row([("user_name", "a"), ("state", "gone")].into_iter()).unwrap_err();
        assert!(error.starts_with("state:"), "{error}");
        let error = Person::of_row([("email", "a@b.c")].into_iter()).unwrap_err();
        assert!(error.starts_with("user_name:"), "{error}");
    }

    #[test]
    fn a_line_of_json_may_be_a_user_as_the_api_takes_it_or_as_it_shows_it() {
        let person = Person::of_json(br#"{"user_name": "ada", "email": "a@b.c", "groups": ["Staff"]}"#).unwrap();
        assert_eq!(person.user.email.as_deref(), Some("a@b.c"));
        let shown = br#"{"id": "1", "directory_id": "2", "user_name": "ada", "email": "a@b.c", "first_name": null,
            "emails": [{"value": "a@b.c", "type": "work", "display": "A"}], "state": "active", "grants": ["app"],
            "groups": [{"id": "3", "display_name": "Staff"}], "custom": {},
            "raw": {"schemas": [], "id": "1", "meta": {}, "userName": "ada", "nickName": "A"}, "created_at": "x"}"#;
        let person = Person::of_json(shown).unwrap();
        assert_eq!(person.groups, ["Staff"]);
        assert_eq!(person.user.email, None);
        assert_eq!(person.user.emails.unwrap()[0].value, "a@b.c");
        let raw = serde_json::to_value(person.user.raw).unwrap();
        assert_eq!(raw, serde_json::json!({"userName": "ada", "nickName": "A"}));
        for wrong in [
            "",
            "[]",
            "{\"user_name\": 1}",
            "{\"user_name\": \"a\", \"shoe_size\": 4}",
            "{\"groups\": 1}",
        ] {
            assert!(Person::of_json(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
