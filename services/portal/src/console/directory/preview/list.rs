//! Reading a list that somebody pasted: CSV with a header, or SCIM resources as JSON.

use crate::texts::text;
use api::PreviewRequest;
use serde_json::{Map, Value, json};

/// What SCIM calls the extension for companies.
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// What the type of a SCIM group ends with.
const GROUP: &str = ":core:2.0:Group";

/// Reads a list.
///
/// # Errors
/// A sentence that says what is wrong, and what would be right.
pub(super) fn read(list: &str) -> Result<PreviewRequest, String> {
    match list.chars().next() {
        None => Err(text("preview-list-empty").into()),
        Some('{' | '[') => of_json(list),
        Some(_) => of_csv(list),
    }
}

/// A list of resources, a SCIM list with `Resources`, or a body as the management API takes it.
fn of_json(list: &str) -> Result<PreviewRequest, String> {
    let value: Value = serde_json::from_str(list).map_err(|error| {
        let said = text("preview-list-no-json")
            .with("line", error.line())
            .with("column", error.column());
        String::from(said)
    })?;
    let resources = match value {
        Value::Array(resources) => resources,
        Value::Object(mut members) => match members.remove("Resources") {
            Some(Value::Array(resources)) => resources,
            Some(_) => return Err(text("preview-list-resources").into()),
            None if members.contains_key("users") || members.contains_key("groups") => {
                return serde_json::from_value(Value::Object(members))
                    .map_err(|error| text("preview-list-unreadable").with("error", error).into());
            }
            None => vec![Value::Object(members)],
        },
        _ => return Err(text("preview-list-no-list").into()),
    };
    let (mut users, mut groups) = (Vec::new(), Vec::new());
    for (index, resource) in resources.into_iter().enumerate() {
        let Value::Object(resource) = resource else {
            return Err(text("preview-list-element").with("number", index + 1).into());
        };
        if is_group(&resource) {
            groups.push(resource);
        } else {
            users.push(resource);
        }
    }
    Ok(PreviewRequest {
        users: Some(users),
        groups: Some(groups),
        complete: None,
    })
}

/// A group says so, or has a name and no user name.
fn is_group(resource: &Map<String, Value>) -> bool {
    let schemas = resource.get("schemas").and_then(Value::as_array);
    let mut schemas = schemas.into_iter().flatten().filter_map(Value::as_str);
    schemas.any(|schema| schema.ends_with(GROUP))
        || (!resource.contains_key("userName")
            && (resource.contains_key("members") || resource.contains_key("displayName")))
}

/// People, one a line, below the names of their attributes.
fn of_csv(list: &str) -> Result<PreviewRequest, String> {
    let first = list.lines().next().unwrap_or_default();
    let delimiter = [b';', b'\t'].into_iter().find(|byte| first.as_bytes().contains(byte));
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .delimiter(delimiter.unwrap_or(b','))
        .from_reader(list.as_bytes());
    let names: Vec<String> = match reader.headers() {
        Ok(names) => names
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').to_owned())
            .collect(),
        Err(error) => return Err(text("preview-list-first-line").with("error", error).into()),
    };
    let columns: Vec<Column> = names.iter().map(|name| Column::of(name)).collect::<Result<_, _>>()?;
    if !columns.iter().any(|column| matches!(column, Column::UserName)) {
        return Err(text("preview-list-no-user-name").into());
    }
    let mut users = Vec::new();
    for (index, row) in reader.records().enumerate() {
        let line = index + 2;
        let row = row.map_err(|_| String::from(text("preview-list-values").with("line", line)))?;
        let mut user = Map::new();
        for (column, value) in columns.iter().zip(row.iter()).filter(|(_, value)| !value.is_empty()) {
            column
                .put(&mut user, value)
                .map_err(|detail| String::from(text("preview-list-line").with("line", line).with("detail", detail)))?;
        }
        users.push(user);
    }
    Ok(PreviewRequest {
        users: Some(users),
        ..PreviewRequest::default()
    })
}

/// Where the values of a column go.
enum Column {
    UserName,
    Active,
    /// A text of its own.
    Text(String),
    /// A part of the name.
    Name(&'static str),
    Email,
    Department,
}

impl Column {
    /// By the name in the first line, in the words of SCIM or of the management API.
    fn of(name: &str) -> Result<Self, String> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "username" | "user_name" => Self::UserName,
            "active" => Self::Active,
            "externalid" | "external_id" => Self::Text("externalId".to_owned()),
            "displayname" | "display_name" => Self::Text("displayName".to_owned()),
            "title" | "job_title" => Self::Text("title".to_owned()),
            "name.givenname" | "givenname" | "first_name" => Self::Name("givenName"),
            "name.familyname" | "familyname" | "last_name" => Self::Name("familyName"),
            "emails" | "email" | "emails.value" => Self::Email,
            "department" => Self::Department,
            "nickname" => Self::Text("nickName".to_owned()),
            "locale" | "timezone" => Self::Text(name.to_owned()),
            _ => {
                return Err(text("preview-list-column").with("name", name).into());
            }
        })
    }

    fn put(&self, user: &mut Map<String, Value>, value: &str) -> Result<(), String> {
        let part = |user: &mut Map<String, Value>, of: &str, name: &str| {
            let known = user.entry(of).or_insert_with(|| json!({}));
            known[name] = value.into();
        };
        match self {
            Self::UserName => drop(user.insert("userName".to_owned(), value.into())),
            Self::Text(name) => drop(user.insert(name.clone(), value.into())),
            Self::Name(name) => part(user, "name", name),
            Self::Department => part(user, ENTERPRISE, "department"),
            Self::Email => {
                let email = json!([{ "value": value, "type": "work", "primary": true }]);
                user.insert("emails".to_owned(), email);
            }
            Self::Active => {
                let active = match value.to_ascii_lowercase().as_str() {
                    "true" | "yes" | "1" | "active" => true,
                    "false" | "no" | "0" | "inactive" => false,
                    _ => return Err(text("preview-list-active").with("value", value).into()),
                };
                user.insert("active".to_owned(), active.into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use serde_json::{Value, json};

    fn users(text: &str) -> Vec<Value> {
        let users = read(text).unwrap().users.unwrap();
        users.into_iter().map(Value::Object).collect()
    }

    #[test]
    fn lines_become_people_and_empty_values_say_nothing() {
        let text = "userName;first_name;email;active;department\nada;Ada;a@x.example;no;Sales\n\"bob\";;;;\n";
        let enterprise = super::ENTERPRISE;
        assert_eq!(
            users(text),
            [
                json!({
                    "userName": "ada",
                    "name": { "givenName": "Ada" },
                    "emails": [{ "value": "a@x.example", "type": "work", "primary": true }],
                    "active": false,
                    enterprise: { "department": "Sales" },
                }),
                json!({ "userName": "bob" }),
            ]
        );
    }

    #[test]
    fn json_is_taken_as_a_list_of_resources_a_scim_list_or_a_body() {
        let ada = json!({ "userName": "ada" });
        let group = json!({ "displayName": "Sales", "members": [] });
        for list in [json!([ada, group]), json!({ "Resources": [ada, group] })] {
            let read = read(&list.to_string()).unwrap();
            assert_eq!(json!(read.users), json!([ada]));
            assert_eq!(json!(read.groups), json!([group]));
        }
        assert_eq!(
            users(&json!({ "users": [ada] }).to_string()),
            std::slice::from_ref(&ada)
        );
        assert_eq!(users(&ada.to_string()), [ada]);
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        for (text, word) in [
            ("", "Paste"),
            ("displayName\nAda", "userName"),
            ("userName,shoe\nada,7", "shoe"),
            ("userName,title\nada", "Line 2"),
            ("userName,active\nada,maybe", "Line 2"),
            ("[{]", "column"),
            ("[7]", "Element 1"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(word), "{text:?}: {said}");
        }
    }
}
