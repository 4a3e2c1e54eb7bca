//! Reading the tables of the tab Mapping from their forms. A row has the same number in the names of its fields; an empty row
//! says nothing.

use super::{AttributeRow, RoleRow, RuleRow};
use crate::api::query;
use crate::fault::Fault;
use crate::form::{Errors, FieldError, Form};
use crate::session::Operator;
use crate::texts::text;
use api::{Group, List};
use events::{DirectoryId, ResourceId};
use serde_json::{Map, Value, json};

/// Rows that a form may have: more than the API takes of any table, beside the empty ones.
const MOST_ROWS: usize = 110;

/// The rows of a table: those of which a field says something.
fn rows<'a, const N: usize>(form: &'a Form, names: [&'a str; N]) -> impl Iterator<Item = (usize, [String; N])> + 'a {
    (0..MOST_ROWS).filter_map(move |number| {
        let row = names.map(|name| form.text(&format!("{name}-{number}")).to_owned());
        row.iter().any(|text| !text.is_empty()).then_some((number, row))
    })
}

/// The names and paths of custom attributes: one name has one path. A suggestion that was taken comes with the others.
pub(super) fn attribute_map(form: &Form) -> (Vec<AttributeRow>, Result<Map<String, Value>, Errors>) {
    let (mut shown, mut map, mut errors) = (Vec::new(), Map::new(), Errors::default());
    let added = form.some("add").and_then(|added| added.split_once('='));
    let added = added.map(|(name, path)| [name.to_owned(), path.to_owned()]);
    let rows = rows(form, ["name", "path"]).map(|(_, row)| row).chain(added);
    for [name, path] in rows {
        if map.insert(name.clone(), json!(path)).is_some() {
            errors = Errors::one("attribute_map", text("mapping-custom-twice").with("name", &name));
        }
        shown.push(AttributeRow { name, path });
    }
    let read = if errors.is_empty() { Ok(map) } else { Err(errors) };
    (shown, read)
}

/// The roles with what they may use, and what may be used without one.
pub(super) fn role_rules(form: &Form) -> (Vec<RoleRow>, [bool; 2]) {
    let row = |(number, [value, _, _]): (usize, [String; 3])| RoleRow {
        value,
        app: form.has(&format!("app-{number}")),
        web: form.has(&format!("web-{number}")),
    };
    let rows = rows(form, ["role", "app", "web"]).map(row);
    (rows.collect(), [form.has("default-app"), form.has("default-web")])
}

/// The table of groups and roles. A group is named by its id, or by its whole name where one group has it.
pub(super) async fn group_roles(
    operator: &Operator,
    directory: DirectoryId,
    form: &Form,
) -> Result<(Vec<RuleRow>, Result<Vec<Value>, Errors>), Fault> {
    let (mut shown, mut rules, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    let typed: Vec<_> = rows(form, ["group", "role"]).collect();
    for (number, [group, role]) in typed {
        let (id, name) = match group.parse::<ResourceId>() {
            Ok(id) => (Some(id), String::new()),
            Err(_) => match named(operator, directory, &group).await? {
                Ok(found) => (Some(found.id), found.display_name),
                Err(message) => {
                    fields.push(FieldError {
                        field: format!("group-{number}"),
                        message,
                    });
                    (None, String::new())
                }
            },
        };
        rules.extend(id.map(|id| json!({ "group_id": id, "role": role })));
        shown.push(RuleRow {
            group: id.map_or(group, |id| id.to_string()),
            name,
            role,
            ..RuleRow::default()
        });
    }
    if fields.is_empty() {
        return Ok((shown, Ok(rules)));
    }
    let summary = text("mapping-rules-not-found").into();
    Ok((shown, Err(Errors { summary, fields })))
}

/// The one group of this name, or what is wrong with it.
async fn named(operator: &Operator, directory: DirectoryId, name: &str) -> Result<Result<Group, String>, Fault> {
    if name.is_empty() {
        return Ok(Err(text("mapping-rule-no-group").into()));
    }
    let filter = format!("displayName eq {}", Value::from(name));
    let parameters = [("filter", Some(filter.as_str())), ("limit", Some("2"))];
    let path = query(&format!("/directories/{directory}/groups"), parameters);
    let mut found: List<Group> = operator.api.get(&path).await?;
    Ok(match (found.data.pop(), found.data.is_empty()) {
        (Some(group), true) => Ok(group),
        (Some(_), false) => Err(text("mapping-rule-several-groups").with("name", name).into()),
        (None, _) => Err(text("mapping-rule-unknown-group").with("name", name).into()),
    })
}
