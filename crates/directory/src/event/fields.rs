//! The attributes that an endpoint is given: an allow-list over the normalized users and groups, the SCIM resource in
//! `raw`, and the changes.

use super::history::ChangePath;
use scim::path::AttributePath;
use scim::schema::ResourceType;
use scim::urn::ENTERPRISE_USER;
use serde_json::{Map, Value};

/// Members of the normalized user and group with the SCIM attributes behind each.
const MEMBERS: &[(&str, &[AttributeKey<'static>])] = &[
    ("external_id", &[core("externalId", None)]),
    ("user_name", &[core("userName", None)]),
    ("emails", &[core("emails", None)]),
    ("email", &[core("emails", None)]),
    ("first_name", &[core("name", Some("givenName"))]),
    ("last_name", &[core("name", Some("familyName"))]),
    ("display_name", &[core("displayName", None)]),
    ("job_title", &[core("title", None)]),
    ("department", &[enterprise("department")]),
    ("manager_id", &[enterprise("manager")]),
    ("state", &[core("active", None)]),
    ("role", &[core("roles", None)]),
    ("grants", &[core("roles", None)]),
    ("groups", &[]),
    ("custom", &[]),
    ("raw", &[]),
    ("created_at", &[]),
    ("updated_at", &[]),
];

/// Members that stay whatever the list says: without them nobody knows who is meant.
const ALWAYS: [&str; 3] = ["id", "organization_id", "directory_id"];
/// Members of `raw` that are no attributes.
const FRAME: [&str; 3] = ["schemas", "id", "meta"];
/// Where an event tells of users and groups.
const SUBJECTS: [&str; 3] = ["user", "group", "member"];

type AttributeKey<'a> = (Option<&'a str>, &'a str, Option<&'a str>);

const fn core(name: &'static str, sub: Option<&'static str>) -> AttributeKey<'static> {
    (None, name, sub)
}

const fn enterprise(name: &'static str) -> AttributeKey<'static> {
    (Some(ENTERPRISE_USER), name, None)
}

/// A name that is no field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is neither a member of the normalized user or group ({names}) nor a SCIM attribute", names = names())]
pub struct UnknownField(pub String);

fn names() -> String {
    let names: Vec<_> = MEMBERS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// An allow-list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    members: Vec<&'static str>,
    /// SCIM attributes that may be seen, in `raw` and in `changes`.
    attributes: Vec<AttributePath>,
    custom: bool,
    raw: bool,
}

impl Fields {
    /// Reads the names: each is a member of the normalized user or group, or a SCIM attribute path, which is then shown
    /// in `raw`. `raw` itself stands for the SCIM form of whatever else is named.
    ///
    /// # Errors
    /// [`UnknownField`] for the first that is neither.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownField> {
        let mut fields = Self::default();
        for name in names {
            fields.add(name)?;
        }
        Ok(fields)
    }

    fn add(&mut self, name: &str) -> Result<(), UnknownField> {
        if ALWAYS.contains(&name) {
            return Ok(());
        }
        if let Some((member, attributes)) = MEMBERS.iter().find(|(member, _)| *member == name) {
            self.members.push(member);
            self.custom |= *member == "custom";
            self.raw |= *member == "raw";
            self.attributes
                .extend(attributes.iter().map(|(urn, attribute, sub)| AttributePath {
                    urn: urn.map(str::to_owned),
                    attribute: (*attribute).to_owned(),
                    sub: sub.map(str::to_owned),
                }));
            return Ok(());
        }
        let path = AttributePath::parse(name, ResourceType::user())
            .or_else(|_| AttributePath::parse(name, ResourceType::group()))
            .map_err(|_| UnknownField(name.to_owned()))?;
        self.raw = true;
        self.attributes.push(path);
        Ok(())
    }

    /// Takes away from the `data` of an event what is not in the list. `false` when it had changes and none is left:
    /// then there is nothing to tell.
    #[must_use]
    pub fn apply(&self, data: &mut Value) -> bool {
        for subject in SUBJECTS {
            if let Some(Value::Object(members)) = data.get_mut(subject) {
                members.retain(|name, _| ALWAYS.contains(&name.as_str()) || self.shows(name));
                if let Some(Value::Object(raw)) = members.get_mut("raw") {
                    self.filter_raw(raw);
                }
            }
        }
        match data.get_mut("changes") {
            Some(Value::Array(changes)) if !changes.is_empty() => {
                changes.retain(|change| change["path"].as_str().is_some_and(|path| self.allows_change(path)));
                !changes.is_empty()
            }
            _ => true,
        }
    }

    fn shows(&self, member: &str) -> bool {
        self.members.contains(&member) || (member == "raw" && self.raw)
    }

    fn allows_change(&self, path: &str) -> bool {
        if self.custom && path.starts_with("custom.") {
            return true;
        }
        let change = ChangePath::parse(path);
        if self.custom && change.urn.is_some_and(|urn| urn != ENTERPRISE_USER) {
            return true;
        }
        self.attributes.iter().any(|allowed| {
            allowed.urn.as_deref() == change.urn
                && allowed.attribute == change.attribute
                // A change of the whole attribute is one of each part.
                && (allowed.sub.is_none() || change.sub.is_none() || allowed.sub.as_deref() == change.sub)
        })
    }

    fn filter_raw(&self, raw: &mut Map<String, Value>) {
        raw.retain(|name, value| {
            if FRAME.contains(&name.as_str()) {
                return true;
            }
            if name.starts_with("urn:") {
                if self.custom && name != ENTERPRISE_USER {
                    return true;
                }
                let Value::Object(members) = value else { return false };
                members.retain(|attribute, value| self.allows(Some(name), attribute, value));
                return !members.is_empty();
            }
            self.allows(None, name, value)
        });
    }

    /// Whether an attribute may be seen; of one that may be seen in part, the other parts are taken away.
    fn allows(&self, urn: Option<&str>, name: &str, value: &mut Value) -> bool {
        let named = |path: &&AttributePath| path.urn.as_deref() == urn && path.attribute == name;
        let subs: Vec<Option<&str>> = self
            .attributes
            .iter()
            .filter(named)
            .map(|path| path.sub.as_deref())
            .collect();
        if subs.is_empty() || subs.contains(&None) {
            return !subs.is_empty();
        }
        let keep = |part: &mut Value| {
            if let Value::Object(members) = part {
                members.retain(|sub, _| subs.contains(&Some(sub)));
            }
        };
        match value {
            Value::Array(elements) => elements.iter_mut().for_each(keep),
            single => keep(single),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn data() -> Value {
        let raw = json!({
            "schemas": [], "id": "u", "userName": "ada", "name": { "givenName": "Ada", "familyName": "King" },
            "emails": [{ "value": "a@b", "type": "work" }], "phoneNumbers": [{ "value": "1", "type": "work" }],
            ENTERPRISE_USER: { "department": "Sales", "costCenter": "7" }, "urn:x:User": { "badge": "B" }, "meta": {},
        });
        json!({
            "user": { "id": "u", "directory_id": "d", "user_name": "ada", "email": "a@b", "first_name": "Ada",
                      "department": "Sales", "custom": { "urn:x:User": { "badge": "B" } }, "raw": raw },
            "changes": [
                { "path": "name.familyName", "before": "L", "after": "King" },
                { "path": "emails[type eq \"work\"].value", "before": "x", "after": "a@b" },
                { "path": format!("{ENTERPRISE_USER}:department"), "before": "Legal", "after": "Sales" },
                { "path": "urn:x:User:badge", "before": "A", "after": "B" },
            ],
        })
    }

    fn shown(names: &[&str]) -> (Value, bool) {
        let mut data = data();
        let told = Fields::parse(names.iter().copied()).unwrap().apply(&mut data);
        (data, told)
    }

    fn paths(data: &Value) -> Vec<&str> {
        data["changes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|change| change["path"].as_str().unwrap())
            .collect()
    }

    #[test]
    fn only_what_is_named_is_left_in_user_and_changes() {
        let (data, told) = shown(&["email", "department"]);
        assert!(told);
        assert_eq!(
            data["user"],
            json!({ "id": "u", "directory_id": "d", "email": "a@b", "department": "Sales" })
        );
        assert_eq!(
            paths(&data),
            [
                "emails[type eq \"work\"].value".to_owned(),
                format!("{ENTERPRISE_USER}:department")
            ]
        );
    }

    #[test]
    fn raw_holds_the_scim_form_of_what_is_named() {
        let (data, _) = shown(&["first_name", "raw", "phoneNumbers.value"]);
        let raw = json!({ "schemas": [], "id": "u", "name": { "givenName": "Ada" }, "phoneNumbers": [{ "value": "1" }], "meta": {} });
        assert_eq!(data["user"]["raw"], raw);
        let (data, _) = shown(&["custom", "raw"]);
        let raw = json!({ "schemas": [], "id": "u", "urn:x:User": { "badge": "B" }, "meta": {} });
        assert_eq!((&data["user"]["raw"], paths(&data)), (&raw, vec!["urn:x:User:badge"]));
    }

    #[test]
    fn a_change_of_hidden_fields_alone_is_not_sent() {
        assert!(!shown(&["job_title"]).1);
        assert!(shown(&["last_name"]).1);
    }

    #[test]
    fn unknown_names_are_refused() {
        let error = Fields::parse(["email", "emial"]).unwrap_err();
        assert!(error.to_string().starts_with("\"emial\" is neither") && error.to_string().contains("job_title"));
    }
}
