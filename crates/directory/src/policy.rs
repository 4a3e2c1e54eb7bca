//! Settings of a directory that shape what its identity provider may do, and what people may do: the part of the settings
//! column that the rules read.
//!
//! Stored as one JSON object. A member that is missing has its default; unknown members are other parts' business.

use crate::mapped::{self, Mapped};
use crate::required::RequiredAttribute;
use crate::{BrakeSettings, PeopleOf, SchemaDeclaration, User};
use events::{GroupRef, ResourceId};
use scim::filter::Filter;
use scim::path::AttributePath;
use scim::schema::{ResourceType, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that can be granted: logging in to the app, and its web access.
pub const GRANTS: [&str; 2] = ["app", "web"];

/// Which grants a role value gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRule {
    /// The role's `value`, compared case-insensitively.
    pub value: String,
    /// Some of [`GRANTS`].
    pub grants: Vec<String>,
}

/// A group whose members have a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRole {
    /// The group.
    pub group_id: ResourceId,
    /// The role of its direct members who have none of their own.
    pub role: String,
}

/// Users are being written again for search, after a change of schemas, from the oldest to the newest. Until that is
/// done, filters on these extensions would compare by facts that not all rows follow, and are not answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indexing {
    /// The extensions.
    pub urns: Vec<String>,
    /// The last user that is done: when it was created, in milliseconds, and its id.
    pub after: Option<(i64, ResourceId)>,
}

/// The policy of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Whether groups are taken and shown. Without them those that are stored already stay, but nobody sees them.
    #[serde(default = "yes")]
    pub groups_enabled: bool,
    /// Paths that must have a value: see [`Policy::required`].
    #[serde(default)]
    required_attributes: Vec<String>,
    /// Whether no two users may have the same e-mail address.
    #[serde(default)]
    pub unique_emails: bool,
    /// Grants by role value. By default the roles ReadOnly, User, Admin and EnterpriseAdmin give both.
    #[serde(default = "default_roles")]
    pub roles: Vec<RoleRule>,
    /// Grants of a user without a role, or with one that has no rule.
    #[serde(default = "default_grants")]
    pub default_grants: Vec<String>,
    /// Roles by membership; of several the first in this list is given.
    #[serde(default)]
    pub group_roles: Vec<GroupRole>,
    /// Extension schemas of the directory's own.
    #[serde(default)]
    pub schemas: Vec<SchemaDeclaration>,
    /// Names in `custom` of the normalized user, each with the SCIM path that it shows.
    #[serde(default)]
    pub attribute_map: BTreeMap<String, String>,
    /// What filters see of some extensions is being written again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexing: Option<Indexing>,
    /// The most requests per second that the ingress takes; `None` for any number.
    #[serde(default)]
    pub rate_limit: Option<u32>,
    /// When deactivations and deletions become too many.
    #[serde(default)]
    pub mass_change_brake: BrakeSettings,
    /// Whose people are taken.
    #[serde(default)]
    pub people_of: PeopleOf,
    /// The domains that the organization has verified, where only people of those are taken: in lower case and ASCII. Kept by
    /// whoever changes `people_of` or the domains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verified_domains: Vec<String>,
    /// What `schemas` makes of users; `None` stands for the built-in type.
    #[serde(skip)]
    user_type: Option<Arc<ResourceType>>,
    #[serde(skip)]
    required: Vec<RequiredAttribute>,
    #[serde(skip)]
    mapped: Vec<Mapped>,
}

fn yes() -> bool {
    true
}

fn default_roles() -> Vec<RoleRule> {
    let rule = |value: &str| RoleRule {
        value: value.to_owned(),
        grants: GRANTS.map(str::to_owned).to_vec(),
    };
    ["ReadOnly", "User", "Admin", "EnterpriseAdmin"].map(rule).to_vec()
}

fn default_grants() -> Vec<String> {
    vec!["app".to_owned()]
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            groups_enabled: true,
            required_attributes: Vec::new(),
            unique_emails: false,
            roles: default_roles(),
            default_grants: default_grants(),
            group_roles: Vec::new(),
            schemas: Vec::new(),
            attribute_map: BTreeMap::new(),
            indexing: None,
            rate_limit: None,
            mass_change_brake: BrakeSettings::default(),
            people_of: PeopleOf::default(),
            verified_domains: Vec::new(),
            user_type: None,
            required: Vec::new(),
            mapped: Vec::new(),
        }
    }
}

impl Policy {
    /// Reads the settings column of a directory.
    ///
    /// # Errors
    /// When the text is not JSON of the expected shape.
    pub fn from_settings(settings: &str) -> Result<Self, serde_json::Error> {
        if settings.is_empty() {
            return Ok(Self::default());
        }
        let mut policy: Self = serde_json::from_str(settings)?;
        if !policy.schemas.is_empty() || !policy.groups_enabled {
            let declared: Vec<Schema> = policy.schemas.iter().map(SchemaDeclaration::to_schema).collect();
            let users = ResourceType::user_with(declared);
            // Where groups are switched off users have none, so that no filter finds out who is in which.
            let users = if policy.groups_enabled {
                users
            } else {
                users.without("groups")
            };
            policy.user_type = Some(Arc::new(users));
        }
        let paths = policy.required_attributes.iter();
        policy.required = paths.filter_map(|path| policy.requirement(path).ok()).collect();
        let entries = policy.attribute_map.iter();
        policy.mapped = entries
            .filter_map(|(name, path)| Mapped::parse(name, path, policy.user_type()).ok())
            .collect();
        Ok(policy)
    }

    /// Whether members of this group have a role by that.
    #[must_use]
    pub fn gives_role(&self, group: ResourceId) -> bool {
        self.groups_enabled && self.group_roles.iter().any(|rule| rule.group_id == group)
    }

    /// The extension of a filter that is being indexed, if there is one.
    #[must_use]
    pub fn indexing_of(&self, filter: &Filter) -> Option<&str> {
        let urns = self.indexing.as_ref().map_or(&[][..], |indexing| &indexing.urns);
        urns.iter().find(|urn| filter.names_extension(urn)).map(String::as_str)
    }

    /// What users are here: with the schemas that the directory declares.
    #[must_use]
    pub fn user_type(&self) -> &ResourceType {
        self.user_type.as_deref().unwrap_or_else(|| ResourceType::user())
    }

    /// The same, to be kept; `None` stands for [`ResourceType::user`].
    pub(crate) fn own_user_type(&self) -> Option<Arc<ResourceType>> {
        self.user_type.clone()
    }

    /// The paths that must have a value, in canonical form.
    #[must_use]
    pub fn required_attributes(&self) -> &[String] {
        &self.required_attributes
    }

    /// Whether an attribute can be required, and the canonical form of its path.
    ///
    /// # Errors
    /// One sentence that says why it cannot.
    pub fn requirable(&self, path: &str) -> Result<AttributePath, String> {
        self.requirement(path).map(|required| required.path().clone())
    }

    fn requirement(&self, path: &str) -> Result<RequiredAttribute, String> {
        RequiredAttribute::parse(path, self.user_type())
    }

    pub(crate) fn required(&self) -> &[RequiredAttribute] {
        &self.required
    }

    /// What the attribute map shows of a user with these attributes.
    pub(crate) fn mapped(&self, attributes: &Map<String, Value>) -> Map<String, Value> {
        mapped::mapped(&self.mapped, attributes)
    }

    /// The changes of a user, as an event tells them, when the attribute map becomes that of another policy; empty where
    /// nothing changes.
    #[must_use]
    pub fn map_changes(&self, user: &User, after: &Self) -> Vec<Value> {
        mapped::map_changes(user, &self.mapped, &after.mapped)
    }

    /// Whether a path can be mapped, and its canonical form.
    ///
    /// # Errors
    /// One sentence that says why it cannot.
    pub fn mappable(&self, path: &str) -> Result<AttributePath, String> {
        Mapped::parse("", path, self.user_type()).map(|mapped| mapped.path().clone())
    }

    /// The required attributes that a user with these attributes lacks.
    pub fn missing<'a>(&'a self, attributes: &'a Map<String, Value>) -> impl Iterator<Item = &'a AttributePath> {
        crate::required::missing(&self.required, attributes)
    }

    /// What a user with this role may use.
    #[must_use]
    pub fn grants(&self, role: Option<&str>) -> &[String] {
        role.and_then(|role| {
            let wanted = scim::fold(role);
            self.roles.iter().find(|rule| scim::fold(&rule.value) == wanted)
        })
        .map_or(&self.default_grants, |rule| &rule.grants)
    }

    /// The role that comes from being in one of these groups.
    #[must_use]
    pub fn role_by_groups(&self, groups: &[GroupRef]) -> Option<&str> {
        let is_in = |rule: &&GroupRole| groups.iter().any(|group| group.id == rule.group_id);
        self.group_roles.iter().find(is_in).map(|rule| rule.role.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;

    #[test]
    fn a_role_without_a_rule_gives_the_default_grants() {
        let policy =
            Policy::from_settings(r#"{"roles":[{"value":"Admin","grants":["app","web"]}],"other":{"x":1}}"#).unwrap();
        assert_eq!(policy.grants(Some("ADMIN")), ["app", "web"]);
        assert_eq!(
            policy.grants(Some("User")),
            ["app"],
            "the default rules are replaced, not added to"
        );
        assert_eq!(policy.grants(None), ["app"]);
    }

    #[test]
    fn by_default_the_known_roles_give_web_access_and_everybody_may_use_the_app() {
        for policy in ["", "{}"].map(|settings| Policy::from_settings(settings).unwrap()) {
            assert_eq!(policy, Policy::default());
            for role in ["ReadOnly", "User", "Admin", "enterpriseadmin"] {
                assert_eq!(policy.grants(Some(role)), ["app", "web"]);
            }
            assert_eq!(policy.grants(Some("Guest")), ["app"]);
        }
    }
}
