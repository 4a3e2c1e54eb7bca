//! Users and groups as the rules see them: attributes plus what the server assigns.

use events::{ResourceId, StoredResource, Timestamp};
use serde_json::{Map, Value};

/// A user row.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// The SCIM `id`.
    pub id: ResourceId,
    /// Attributes as received, without `id`, `meta` and `groups`.
    pub attributes: Map<String, Value>,
    /// Counts 1, 2, 3 … with each change.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A group row; its members are rows of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The SCIM `id`.
    pub id: ResourceId,
    /// Attributes as received, without `id`, `meta` and `members`.
    pub attributes: Map<String, Value>,
    /// Counts 1, 2, 3 … with each change, of members too.
    pub version: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it or its members last changed.
    pub updated_at: Timestamp,
}

/// The text value of a top-level attribute.
pub(crate) fn text<'a>(attributes: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_str)
}

/// Gives the attributes of a user from an earlier time what every user has now: events of versions that took `active` away
/// have none, which meant inactive.
pub(crate) fn settle_user(attributes: &mut Map<String, Value>) {
    attributes.entry("active").or_insert(Value::Bool(false));
}

impl User {
    /// `userName`; empty only for rows that no server wrote.
    #[must_use]
    pub fn user_name(&self) -> &str {
        text(&self.attributes, "userName").unwrap_or_default()
    }

    /// The form in which user names are unique (R15: stored as received, compared folded).
    #[must_use]
    pub fn user_name_key(&self) -> String {
        scim::fold(self.user_name())
    }

    /// `externalId`.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        text(&self.attributes, "externalId")
    }

    /// `displayName`.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        text(&self.attributes, "displayName")
    }

    /// `active`. Every user has it (R50): a new one gets it, and where it is removed it becomes `false` (P15), because
    /// removing something must never let anybody back in.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.attributes.get("active").and_then(Value::as_bool).unwrap_or(false)
    }

    /// The address that stands for the user: the primary one, else that of type work, else the first.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        let emails = self.attributes.get("emails")?.as_array()?;
        let value = |email: &'_ Value| email.get("value").and_then(Value::as_str).is_some();
        emails
            .iter()
            .find(|email| email.get("primary").and_then(Value::as_bool) == Some(true) && value(email))
            .or_else(|| {
                let work = |email: &&Value| {
                    email
                        .get("type")
                        .and_then(Value::as_str)
                        .is_some_and(|kind| kind.eq_ignore_ascii_case("work"))
                };
                emails.iter().filter(work).find(|email| value(email))
            })
            .or_else(|| emails.iter().find(|email| value(email)))
            .and_then(|email| email.get("value")?.as_str())
    }

    /// Every address, for the lookup table.
    pub fn emails(&self) -> impl Iterator<Item = &str> {
        let emails = self
            .attributes
            .get("emails")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        emails
            .iter()
            .filter_map(|email| email.get("value").and_then(Value::as_str))
    }

    /// `manager.value` of the enterprise extension.
    #[must_use]
    pub fn manager_id(&self) -> Option<&str> {
        self.attributes
            .get(scim::urn::ENTERPRISE_USER)?
            .get("manager")?
            .get("value")?
            .as_str()
    }

    /// The form in which a verdict carries it.
    #[must_use]
    pub fn stored(&self, groups: Vec<events::GroupRef>) -> StoredResource {
        StoredResource {
            id: self.id,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            attributes: self.attributes.clone(),
            groups,
            members: None,
        }
    }
}

impl Group {
    /// `displayName`; empty only for rows that no server wrote.
    #[must_use]
    pub fn display_name(&self) -> &str {
        text(&self.attributes, "displayName").unwrap_or_default()
    }

    /// The form in which group names are unique.
    #[must_use]
    pub fn display_name_key(&self) -> String {
        scim::fold(self.display_name())
    }

    /// `externalId`.
    #[must_use]
    pub fn external_id(&self) -> Option<&str> {
        text(&self.attributes, "externalId")
    }

    /// The form in which a verdict carries it.
    #[must_use]
    pub fn stored(&self, members: Vec<events::MemberRef>) -> StoredResource {
        StoredResource {
            id: self.id,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            attributes: self.attributes.clone(),
            groups: Vec::new(),
            members: Some(members),
        }
    }
}
