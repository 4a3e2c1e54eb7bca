//! Which endpoints get an event, under which type, and how much of it.

use directory::{Concern, Fields, Scope};
use events::{DirectoryId, Event, EventPattern, EventType, OrganizationId, ResourceId};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// What an endpoint subscribed to. `None` means everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct EndpointSubscription {
    pub(crate) types: Option<Vec<EventPattern>>,
    pub(crate) directories: Option<Vec<DirectoryId>>,
    pub(crate) organizations: Option<Vec<OrganizationId>>,
    /// The users that its events are about.
    pub(crate) scope: Option<Scope>,
    /// What it gets of them.
    pub(crate) fields: Option<Fields>,
    /// Its filter cannot be read: rather nothing than everything.
    pub(crate) broken: bool,
    /// Whether it gets only what has a form as a SCIM event.
    pub(crate) only_security_events: bool,
}

/// The users that member events of a batch are about, as they are now: for scopes.
pub(crate) type PeopleById = HashMap<(DirectoryId, ResourceId), Map<String, Value>>;

/// An event that is matched with many endpoints, and parsed at most once.
#[derive(Debug)]
pub(crate) struct ParsedEvent<'a> {
    pub(crate) event: &'a Event,
    parsed: OnceLock<Option<Value>>,
}

/// How an event is shown to an endpoint.
#[derive(Debug)]
pub(crate) enum Rendering {
    /// With the body of the log.
    AsItIs,
    /// With a body of its own, of this type.
    Rendered(EventType, Arc<str>),
}

impl<'a> ParsedEvent<'a> {
    pub(crate) const fn of(event: &'a Event) -> Self {
        Self {
            event,
            parsed: OnceLock::new(),
        }
    }

    /// The body; `None` when it is not readable, which no event of the log is.
    pub(crate) fn body(&self) -> Option<&Value> {
        self.parsed
            .get_or_init(|| serde_json::from_str(&self.event.body).ok())
            .as_ref()
    }

    /// Of a member event the user who is the member.
    pub(crate) fn member(&self) -> Option<ResourceId> {
        is_member(self.event.kind)
            .then(|| directory::member_user(&self.body()?["data"]))
            .flatten()
    }
}

impl EndpointSubscription {
    /// How an event is shown, or that it is not.
    pub(crate) fn tell(&self, parsed: &ParsedEvent<'_>, people: &PeopleById) -> Option<Rendering> {
        let event = parsed.event;
        if !self.is_of_interest(event) {
            return None;
        }
        if self.scope.is_none() && self.fields.is_none() {
            return self.wants_type(event.kind).then_some(Rendering::AsItIs);
        }
        let kind = self.kind_in_scope(parsed, people)?;
        if !self.wants_type(kind) {
            return None;
        }
        let Some(fields) = &self.fields else {
            if kind == event.kind {
                return Some(Rendering::AsItIs);
            }
            return render(parsed, kind, |_| true);
        };
        // That a user comes, goes or changes state is always shown.
        let may_be_empty = !matches!(kind, EventType::UserUpdated | EventType::GroupUpdated);
        render(parsed, kind, |data| fields.apply(data) || may_be_empty)
    }

    /// Whether a directory's users may be shown at all; says nothing about types and users.
    fn is_of_interest(&self, event: &Event) -> bool {
        !self.broken
            && is_among(self.directories.as_deref(), &event.directory_id)
            && is_among(self.organizations.as_deref(), &event.organization_id)
    }

    /// Whether member events concern it only for users in scope, so that these must be known.
    pub(crate) fn asks_for_member(&self, event: &Event) -> bool {
        self.scope.is_some() && is_member(event.kind) && self.is_of_interest(event)
    }

    /// The type under which an event is sent; a user who comes into scope or leaves it makes another one of it.
    fn kind_in_scope(&self, parsed: &ParsedEvent<'_>, people: &PeopleById) -> Option<EventType> {
        let kind = parsed.event.kind;
        let Some(scope) = &self.scope else { return Some(kind) };
        if is_member(kind) {
            // A group in a group is not personal data.
            let Some(member) = parsed.member() else {
                return Some(kind);
            };
            let person = people.get(&(parsed.event.directory_id, member))?;
            return scope.contains(person).then_some(kind);
        }
        if !is_user(kind) {
            return Some(kind);
        }
        let concern = parsed
            .body()
            .map_or(Concern::Outside, |body| scope.concern(kind, &body["data"]));
        concern.told_as(kind)
    }

    /// A snapshot tells of what the types asked for would tell of.
    fn wants_type(&self, kind: EventType) -> bool {
        if self.only_security_events && !webhooks::set::carries(kind) {
            return false;
        }
        let Some(patterns) = &self.types else { return true };
        let wants = |kind| patterns.iter().any(|pattern| pattern.matches(kind));
        wants(kind)
            || match kind {
                EventType::SnapshotUser => EventType::ALL.iter().any(|kind| is_user(*kind) && wants(*kind)),
                EventType::SnapshotGroup => {
                    wants(EventType::GroupCreated) || wants(EventType::GroupUpdated) || wants(EventType::GroupDeleted)
                }
                EventType::SnapshotMember => wants(EventType::GroupMemberAdded) || wants(EventType::GroupMemberRemoved),
                EventType::SnapshotCompleted => true,
                _ => false,
            }
    }
}

fn is_among<T: PartialEq>(wanted: Option<&[T]>, found: &T) -> bool {
    wanted.is_none_or(|wanted| wanted.contains(found))
}

const fn is_member(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::GroupMemberAdded | EventType::GroupMemberRemoved | EventType::SnapshotMember
    )
}

const fn is_user(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::UserCreated
            | EventType::UserUpdated
            | EventType::UserDeactivated
            | EventType::UserReactivated
            | EventType::UserDeleted
            | EventType::SnapshotUser
    )
}

/// The body under another type, with its data narrowed; `None` when nothing is left to tell.
fn render(parsed: &ParsedEvent<'_>, kind: EventType, narrow: impl FnOnce(&mut Value) -> bool) -> Option<Rendering> {
    let mut body = parsed.body()?.clone();
    if kind != parsed.event.kind {
        body["type"] = kind.as_str().into();
    }
    if kind == EventType::UserLeft {
        body["data"] = directory::left(&body["data"]);
    }
    if !narrow(&mut body["data"]) {
        return None;
    }
    Some(Rendering::Rendered(kind, body.to_string().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::EventId;
    use serde_json::json;

    fn event(kind: EventType, directory_id: DirectoryId, data: &Value) -> Event {
        Event {
            id: EventId::new(),
            kind,
            organization_id: OrganizationId::new(),
            directory_id,
            sequence: 1,
            subject_id: None,
            traceparent: None,
            body: json!({ "type": kind, "sequence": 1, "data": data }).to_string(),
        }
    }

    fn told(subscription: &EndpointSubscription, event: &Event, people: &PeopleById) -> Option<Value> {
        match subscription.tell(&ParsedEvent::of(event), people)? {
            Rendering::AsItIs => Some(serde_json::from_str(&event.body).unwrap()),
            Rendering::Rendered(kind, body) => {
                let body: Value = serde_json::from_str(&body).unwrap();
                assert_eq!(body["type"], kind.as_str());
                Some(body)
            }
        }
    }

    fn wants(subscription: &EndpointSubscription, event: &Event) -> bool {
        told(subscription, event, &PeopleById::new()).is_some()
    }

    #[test]
    fn without_a_choice_everything_is_told_as_it_is() {
        for kind in EventType::ALL {
            let event = event(*kind, DirectoryId::new(), &json!({}));
            let told = EndpointSubscription::default().tell(&ParsedEvent::of(&event), &PeopleById::new());
            assert!(matches!(told, Some(Rendering::AsItIs)));
        }
    }

    #[test]
    fn type_directory_and_organization_must_all_be_wanted() {
        let directory = DirectoryId::new();
        let mut subscription = EndpointSubscription {
            types: Some(vec!["user.*ted".parse().unwrap()]),
            directories: Some(vec![directory]),
            ..EndpointSubscription::default()
        };
        let created = event(EventType::UserCreated, directory, &json!({}));
        assert!(wants(&subscription, &created));
        assert!(wants(
            &subscription,
            &event(EventType::UserDeleted, directory, &json!({}))
        ));
        assert!(!wants(
            &subscription,
            &event(EventType::GroupCreated, directory, &json!({}))
        ));
        assert!(!wants(
            &subscription,
            &event(EventType::UserCreated, DirectoryId::new(), &json!({}))
        ));
        subscription.organizations = Some(vec![OrganizationId::new()]);
        assert!(!wants(&subscription, &created));
        subscription.organizations = Some(vec![created.organization_id]);
        assert!(wants(&subscription, &created));
        subscription.broken = true;
        assert!(!wants(&subscription, &created));
    }

    // Rules: S3
    #[test]
    fn an_event_without_a_scim_form_is_not_sent_to_endpoints_that_get_only_such() {
        let tokens = EndpointSubscription {
            only_security_events: true,
            ..EndpointSubscription::default()
        };
        assert!(wants(
            &tokens,
            &event(EventType::GroupMemberAdded, DirectoryId::new(), &json!({}))
        ));
        assert!(!wants(
            &tokens,
            &event(EventType::DirectoryUpdated, DirectoryId::new(), &json!({}))
        ));
    }

    #[test]
    fn an_empty_choice_wants_nothing() {
        let nothing = EndpointSubscription {
            types: Some(Vec::new()),
            ..EndpointSubscription::default()
        };
        assert!(!wants(
            &nothing,
            &event(EventType::UserCreated, DirectoryId::new(), &json!({}))
        ));
    }

    #[test]
    fn a_member_is_sent_when_the_user_is_in_scope_and_a_nested_group_always() {
        let (directory, ada) = (DirectoryId::new(), ResourceId::new());
        let subscription = EndpointSubscription {
            scope: Some(Scope::parse("title eq \"Lead\"").unwrap()),
            ..EndpointSubscription::default()
        };
        let event_of = |member: Value| event(EventType::GroupMemberAdded, directory, &member);
        let added = event_of(json!({ "group": {}, "user": { "id": ada } }));
        let person = |title: &str| -> PeopleById {
            let attributes = json!({ "userName": "ada", "title": title });
            HashMap::from([((directory, ada), attributes.as_object().unwrap().clone())])
        };
        assert!(told(&subscription, &added, &person("Lead")).is_some());
        assert!(told(&subscription, &added, &person("Clerk")).is_none());
        assert!(
            told(&subscription, &added, &PeopleById::new()).is_none(),
            "deleted since"
        );
        let nested = event_of(json!({ "group": {}, "member": { "id": ResourceId::new() } }));
        assert!(told(&subscription, &nested, &PeopleById::new()).is_some());
    }

    #[test]
    fn a_user_that_enters_is_sent_whole_and_one_that_leaves_by_name_only_and_both_are_types_to_choose() {
        let mut subscription = EndpointSubscription {
            scope: Some(Scope::parse("title eq \"Lead\"").unwrap()),
            ..EndpointSubscription::default()
        };
        let updated = |before: &str, after: &str| {
            let data = json!({ "user": { "id": "u", "user_name": "ada", "job_title": after, "raw": { "title": after } },
                               "changes": [{ "path": "title", "before": before, "after": after }] });
            event(EventType::UserUpdated, DirectoryId::new(), &data)
        };
        let entered = told(&subscription, &updated("Clerk", "Lead"), &PeopleById::new()).unwrap();
        assert_eq!(
            (&entered["type"], &entered["data"]["user"]["job_title"]),
            (&json!("user.entered"), &json!("Lead"))
        );
        let left = told(&subscription, &updated("Lead", "Clerk"), &PeopleById::new()).unwrap();
        assert_eq!(
            (&left["type"], &left["data"]["user"]["user_name"]),
            (&json!("user.left"), &json!("ada"))
        );
        assert!(!left.to_string().contains("Clerk"));
        subscription.types = Some(vec!["user.updated".parse().unwrap()]);
        assert!(told(&subscription, &updated("Clerk", "Lead"), &PeopleById::new()).is_none());
        subscription.types = Some(vec!["user.*".parse().unwrap()]);
        assert!(told(&subscription, &updated("Clerk", "Lead"), &PeopleById::new()).is_some());
    }

    #[test]
    fn an_update_of_hidden_fields_alone_is_not_sent() {
        let subscription = EndpointSubscription {
            fields: Some(Fields::parse(["email"]).unwrap()),
            ..EndpointSubscription::default()
        };
        let data = json!({ "user": { "id": "u", "email": "a", "job_title": "x" },
                           "changes": [{ "path": "title", "before": "y", "after": "x" }] });
        assert!(!wants(
            &subscription,
            &event(EventType::UserUpdated, DirectoryId::new(), &data)
        ));
        let switched = event(EventType::UserDeactivated, DirectoryId::new(), &data);
        let body = told(&subscription, &switched, &PeopleById::new()).unwrap();
        assert_eq!(
            body["data"],
            json!({ "user": { "id": "u", "email": "a" }, "changes": [] })
        );
    }
}
