//! The scope of an endpoint: a SCIM filter on the user, held against what a user was and what it is.

use super::history::before_image;
use events::{EventType, ResourceId};
use scim::filter::Filter;
use scim::path::AttributePath;
use scim::schema::ResourceType;
use serde_json::{Map, Value, json};

/// Attributes whose state before and after an event does not show, or that nobody may filter by.
const UNFIT: [&str; 4] = ["groups", "meta", "schemas", "password"];

/// A filter on users.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope(Filter);

/// Why text is no scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidScope {
    /// It is no SCIM filter on users.
    #[error("{0}")]
    Filter(String),
    /// It names what a scope cannot be about.
    #[error(
        "\"{0}\" cannot be filtered by here: a change of it makes no event of the user, so nobody would be told who came or went"
    )]
    Unfit(String),
}

/// How an event about one user concerns a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Concern {
    /// In scope before and after: sent as it is.
    Inside,
    /// Came into scope with it.
    Entered,
    /// Left with it.
    Left,
    /// Neither before nor after.
    Outside,
}

impl Concern {
    /// The type under which an event about a user is sent; `None` when it is not sent at all. A user that is created in scope
    /// is created, and one that is deleted in scope is deleted.
    #[must_use]
    pub const fn told_as(self, kind: EventType) -> Option<EventType> {
        match self {
            Self::Inside => Some(kind),
            Self::Entered => Some(EventType::UserEntered),
            Self::Left => Some(EventType::UserLeft),
            Self::Outside => None,
        }
    }
}

impl Scope {
    /// Reads a SCIM filter on the built-in attributes of users and on extensions under their URN.
    ///
    /// # Errors
    /// [`InvalidScope`].
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        let filter = Filter::parse(text, ResourceType::user()).map_err(|error| InvalidScope::Filter(error.detail))?;
        match unfit(&filter) {
            Some(name) => Err(InvalidScope::Unfit(name)),
            None => Ok(Self(filter)),
        }
    }

    /// Whether a user with these attributes (or this SCIM resource) is in scope.
    #[must_use]
    pub fn contains(&self, resource: &Map<String, Value>) -> bool {
        self.0.matches(resource, ResourceType::user())
    }

    /// How an event about a user concerns this scope, from the `data` of its body. One whose body was erased is told:
    /// all it says is that somebody is gone.
    #[must_use]
    pub fn concern(&self, kind: EventType, data: &Value) -> Concern {
        let Some(raw) = data["user"]["raw"].as_object() else {
            return Concern::Inside;
        };
        let is = self.contains(raw);
        let was = match kind {
            EventType::UserCreated | EventType::UserDeleted | EventType::SnapshotUser => is,
            _ => match data["changes"].as_array() {
                Some(changes) if !changes.is_empty() => self.contains(&before_image(raw, changes)),
                _ => is,
            },
        };
        match (was, is) {
            (true, true) => Concern::Inside,
            (false, true) => Concern::Entered,
            (true, false) => Concern::Left,
            (false, false) => Concern::Outside,
        }
    }
}

/// What is sent about a user that left: who it is, and nothing that changed since.
#[must_use]
pub fn left(data: &Value) -> Value {
    let user = &data["user"];
    let mut told = Map::new();
    for name in ["id", "directory_id", "external_id", "user_name"] {
        told.insert(name.to_owned(), user[name].clone());
    }
    json!({ "user": told, "changes": [] })
}

/// The user that a member event is about; `None` when the member is a group.
#[must_use]
pub fn member_user(data: &Value) -> Option<ResourceId> {
    data["user"]["id"].as_str()?.parse().ok()
}

fn unfit(filter: &Filter) -> Option<String> {
    let name = |path: &AttributePath| {
        let named = |unfit: &&str| path.urn.is_none() && path.attribute.eq_ignore_ascii_case(unfit);
        UNFIT.iter().find(|unfit| named(unfit)).map(|_| path.to_string())
    };
    match filter {
        Filter::And(left, right) | Filter::Or(left, right) => unfit(left).or_else(|| unfit(right)),
        Filter::Not(inner) => unfit(inner),
        Filter::Present(path) | Filter::ValuePath { path, .. } => name(path),
        Filter::Compare(term) => name(&term.path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(department: &str, changes: &Value) -> Value {
        let raw = json!({ "id": "x", "userName": "ada", scim::urn::ENTERPRISE_USER: { "department": department } });
        json!({ "user": { "id": "x", "user_name": "ada", "raw": raw }, "changes": changes })
    }

    fn moved(from: &str) -> Value {
        json!([{ "path": format!("{}:department", scim::urn::ENTERPRISE_USER), "before": from, "after": "y" }])
    }

    #[test]
    fn a_user_that_moves_enters_and_leaves() {
        let scope = Scope::parse("department eq \"Sales\"").unwrap();
        let concern = |kind, now: &str, changes: Value| scope.concern(kind, &data(now, &changes));
        assert_eq!(
            concern(EventType::UserUpdated, "Sales", moved("Legal")),
            Concern::Entered
        );
        assert_eq!(concern(EventType::UserUpdated, "Legal", moved("Sales")), Concern::Left);
        assert_eq!(
            concern(EventType::UserUpdated, "Sales", moved("sales")),
            Concern::Inside
        );
        assert_eq!(concern(EventType::UserUpdated, "Legal", moved("IT")), Concern::Outside);
        assert_eq!(concern(EventType::UserCreated, "Sales", json!([])), Concern::Inside);
        assert_eq!(concern(EventType::UserDeleted, "Legal", json!([])), Concern::Outside);
    }

    #[test]
    fn what_no_event_of_the_user_tells_cannot_be_filtered_by() {
        for text in [
            "groups.value eq \"x\"",
            "meta.lastModified gt \"2020-01-01T00:00:00Z\"",
            "active eq true and groups pr",
        ] {
            assert!(matches!(Scope::parse(text), Err(InvalidScope::Unfit(_))), "{text}");
        }
        for text in ["departmnt eq \"x\"", "department", "", "department eq"] {
            assert!(matches!(Scope::parse(text), Err(InvalidScope::Filter(_))), "{text}");
        }
    }
}
