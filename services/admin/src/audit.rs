//! What the audit log says of a request: who asks, from where, what was done to what, and what was refused.

pub(crate) mod refusals;

use crate::principal::Principal;
use actix_web::HttpRequest;
use api::CallerIdentity;
use events::{AuditId, DirectoryId, OrganizationId, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use std::net::IpAddr;
use store::{AuditActor, AuditEntry, Directory};

/// What a request did. Of secrets it has nothing: objects are shown as lists of this API show them.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    verb: &'static str,
    kind: &'static str,
    id: String,
    organization: Option<OrganizationId>,
    directory: Option<DirectoryId>,
    before: Option<Value>,
    after: Option<Value>,
    detail: Option<String>,
}

/// Where a request came from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// Method and route.
    pub(crate) operation: String,
    trace_id: Option<String>,
    client: Option<IpAddr>,
}

impl Act {
    /// Something was done to an object. The action is named `kind.verb`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an id is small, and a caller gives it as it has it"
    )]
    pub(crate) fn new(verb: &'static str, kind: &'static str, id: impl ToString) -> Self {
        Self {
            verb,
            kind,
            id: id.to_string(),
            organization: None,
            directory: None,
            before: None,
            after: None,
            detail: None,
        }
    }

    /// An object was made.
    pub(crate) fn created(kind: &'static str, id: impl ToString, after: &impl Serialize) -> Self {
        Self {
            after: shown(after),
            ..Self::new("created", kind, id)
        }
    }

    /// An object was changed: only the members that differ are kept, and not when it was.
    pub(crate) fn updated(
        kind: &'static str,
        id: impl ToString,
        before: &impl Serialize,
        after: &impl Serialize,
    ) -> Self {
        let (before, after) = differing(shown(before), shown(after));
        Self {
            before,
            after,
            ..Self::new("updated", kind, id)
        }
    }

    /// An object was deleted.
    pub(crate) fn deleted(kind: &'static str, id: impl ToString, before: &impl Serialize) -> Self {
        Self {
            before: shown(before),
            ..Self::new("deleted", kind, id)
        }
    }

    /// The same under another verb.
    pub(crate) fn named(self, verb: &'static str) -> Self {
        Self { verb, ..self }
    }

    /// The organization that the object belongs to, if to any.
    pub(crate) fn of(self, organization: Option<OrganizationId>) -> Self {
        Self { organization, ..self }
    }

    /// The directory that the object belongs to, and with it the organization.
    pub(crate) fn within(self, directory: &Directory) -> Self {
        Self {
            organization: Some(directory.organization_id),
            directory: Some(directory.id),
            ..self
        }
    }

    /// What the object is about, as far as it says so.
    pub(crate) fn about(self, organization: Option<OrganizationId>, directory: Option<DirectoryId>) -> Self {
        Self {
            organization,
            directory,
            ..self
        }
    }

    /// What else there is to say, in words.
    pub(crate) fn saying(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }

    /// The entry about it.
    pub(crate) fn entry(self, actor: AuditActor, origin: Option<&Origin>, now: Timestamp) -> AuditEntry {
        AuditEntry {
            id: AuditId::new(),
            actor,
            action: format!("{}.{}", self.kind, self.verb),
            object_kind: Some(self.kind.to_owned()),
            object_id: Some(self.id),
            organization_id: self.organization,
            directory_id: self.directory,
            status: None,
            detail: self.detail,
            operation: origin.map(|origin| origin.operation.clone()),
            before: self.before.map(|value| value.to_string()),
            after: self.after.map(|value| value.to_string()),
            trace_id: origin.and_then(|origin| origin.trace_id.clone()),
            client: origin.and_then(|origin| origin.client).map(|client| client.to_string()),
            count: 1,
            created_at: now,
        }
    }
}

impl Origin {
    /// Where this request came from.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let route = request.match_pattern();
        Self {
            operation: format!("{} {}", request.method(), route.as_deref().unwrap_or("unmatched")),
            trace_id: telemetry::trace_id(&tracing::Span::current()),
            client: runtime::http::caller(request),
        }
    }
}

impl Principal {
    /// As the audit log names the caller.
    pub(crate) fn actor(&self) -> AuditActor {
        match self.identity {
            CallerIdentity::AdminKey(id) => AuditActor::Key {
                id,
                name: self.name.clone(),
            },
            CallerIdentity::PortalLink(id) => AuditActor::PortalLink(id),
            CallerIdentity::Person(id) => AuditActor::Person {
                id,
                name: self.name.clone(),
            },
            CallerIdentity::Configured => AuditActor::Configured,
        }
    }
}

fn shown(object: &impl Serialize) -> Option<Value> {
    serde_json::to_value(object).ok()
}

/// The members that are not the same. When something was changed is no change of its own.
fn differing(before: Option<Value>, after: Option<Value>) -> (Option<Value>, Option<Value>) {
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (&before, &after) else {
        return (before, after);
    };
    let only = |these: &Map<String, Value>, others: &Map<String, Value>| {
        let differing = these
            .iter()
            .filter(|(name, value)| name.as_str() != "updated_at" && others.get(*name) != Some(value));
        Value::Object(differing.map(|(name, value)| (name.clone(), value.clone())).collect())
    };
    (Some(only(before, after)), Some(only(after, before)))
}

#[cfg(test)]
mod tests {
    use super::differing;
    use serde_json::json;

    #[test]
    fn of_a_change_only_what_changed_is_kept() {
        let before = json!({"name": "a", "state": "active", "updated_at": 1, "gone": true});
        let after = json!({"name": "b", "state": "active", "updated_at": 2, "new": [1]});
        let (before, after) = differing(Some(before), Some(after));
        assert_eq!(before, Some(json!({"name": "a", "gone": true})));
        assert_eq!(after, Some(json!({"name": "b", "new": [1]})));
    }
}
