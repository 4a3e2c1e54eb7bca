//! Which endpoints get an event, under which type, and how much of it; and why others do not.

use super::{Concern, Fields, Scope, left, member_user};
use ::events::{DirectoryId, Event, EventPattern, EventType, OrganizationId, ResourceId, SsoClientId};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// What an endpoint subscribed to. `None` means everything.
#[derive(Clone, Debug, Default)]
pub struct EndpointSubscription {
    /// The types, as patterns.
    pub types: Option<Vec<EventPattern>>,
    /// The directories.
    pub directories: Option<Vec<DirectoryId>>,
    /// The organizations.
    pub organizations: Option<Vec<OrganizationId>>,
    /// The users that its events are about.
    pub scope: Option<Scope>,
    /// What it gets of them.
    pub fields: Option<Fields>,
    /// Its filter cannot be read: rather nothing than everything.
    pub broken: bool,
    /// The types that it can be sent at all, where those are not all.
    pub carries: Option<fn(EventType) -> bool>,
    /// The app of single sign-on of whose sessions alone it is told.
    pub app: Option<SsoClientId>,
}

/// The users that events of a batch name without telling what they are, as they are now: for scopes.
pub type PeopleById = HashMap<(DirectoryId, ResourceId), Map<String, Value>>;

/// An event that is matched with many endpoints, and parsed at most once.
#[derive(Debug)]
pub struct ParsedEvent<'a> {
    /// The event.
    pub event: &'a Event,
    parsed: OnceLock<Option<Value>>,
}

/// How an event is shown to an endpoint.
#[derive(Debug)]
pub enum Rendering {
    /// With the body of the log.
    AsItIs,
    /// With a body of its own, of this type.
    Rendered(EventType, Arc<str>),
}

impl<'a> ParsedEvent<'a> {
    /// Not parsed yet.
    #[must_use]
    pub const fn of(event: &'a Event) -> Self {
        Self {
            event,
            parsed: OnceLock::new(),
        }
    }

    /// The body; `None` when it is not readable, which no event of the log is.
    #[must_use]
    pub fn body(&self) -> Option<&Value> {
        self.parsed
            .get_or_init(|| serde_json::from_str(&self.event.body).ok())
            .as_ref()
    }

    /// Of a member event the user who is the member, and of one about a session whose it is.
    #[must_use]
    pub fn member(&self) -> Option<ResourceId> {
        names_a_user(self.event.kind)
            .then(|| member_user(&self.body()?["data"]))
            .flatten()
    }

    /// Of an event about a session the app.
    #[must_use]
    pub fn app(&self) -> Option<SsoClientId> {
        matches!(self.event.kind, EventType::SessionCreated | EventType::SessionEnded)
            .then(|| self.body()?["data"]["session"]["client_id"].as_str()?.parse().ok())
            .flatten()
    }
}

/// Why an event is not sent to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untold {
    /// Its filter cannot be read, so it gets nothing.
    Broken,
    /// It is of another directory.
    Directory,
    /// It is of another organization.
    Organization,
    /// It is of a type that was not asked for.
    Type,
    /// It is about somebody who does not match the filter.
    Filter,
    /// It changed nothing that is shown.
    Fields,
}

impl EndpointSubscription {
    /// How an event is shown, or why it is not.
    ///
    /// # Errors
    /// Why it is not: the first reason of several.
    pub fn tell(&self, parsed: &ParsedEvent<'_>, people: &PeopleById) -> Result<Rendering, Untold> {
        let event = parsed.event;
        self.is_of_interest(event)?;
        let wanted = |kind| self.wants_type(kind).then_some(kind).ok_or(Untold::Type);
        if let Some(app) = self.app {
            wanted(event.kind)?;
            return if parsed.app() == Some(app) {
                Ok(Rendering::AsItIs)
            } else {
                Err(Untold::Filter)
            };
        }
        if self.scope.is_none() && self.fields.is_none() {
            return wanted(event.kind).map(|_| Rendering::AsItIs);
        }
        let kind = wanted(self.kind_in_scope(parsed, people).ok_or(Untold::Filter)?)?;
        let Some(fields) = &self.fields else {
            if kind == event.kind {
                return Ok(Rendering::AsItIs);
            }
            return render(parsed, kind, |_| true).ok_or(Untold::Fields);
        };
        // That a user comes, goes or changes state is always shown.
        let may_be_empty = !matches!(kind, EventType::UserUpdated | EventType::GroupUpdated);
        render(parsed, kind, |data| fields.apply(data) || may_be_empty).ok_or(Untold::Fields)
    }

    /// Whether events of that directory are told at all; says nothing about types and users.
    #[must_use]
    pub fn concerns(&self, event: &Event) -> bool {
        self.is_of_interest(event).is_ok()
    }

    /// Whether a directory's users may be shown at all; says nothing about types and users.
    fn is_of_interest(&self, event: &Event) -> Result<(), Untold> {
        if self.broken {
            return Err(Untold::Broken);
        }
        if !is_among(self.directories.as_deref(), &event.directory_id) {
            return Err(Untold::Directory);
        }
        if !is_among(self.organizations.as_deref(), &event.organization_id) {
            return Err(Untold::Organization);
        }
        Ok(())
    }

    /// Whether events that only name a user concern it only for users in scope, so that these must be known.
    #[must_use]
    pub fn asks_for_member(&self, event: &Event) -> bool {
        self.scope.is_some() && names_a_user(event.kind) && self.is_of_interest(event).is_ok()
    }

    /// The type under which an event is sent; a user who comes into scope or leaves it makes another one of it.
    fn kind_in_scope(&self, parsed: &ParsedEvent<'_>, people: &PeopleById) -> Option<EventType> {
        let kind = parsed.event.kind;
        let Some(scope) = &self.scope else { return Some(kind) };
        if names_a_user(kind) {
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
        if self.carries.is_some_and(|carries| !carries(kind)) {
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

/// Events that name a user without telling what it is.
const fn names_a_user(kind: EventType) -> bool {
    matches!(
        kind,
        EventType::GroupMemberAdded
            | EventType::GroupMemberRemoved
            | EventType::SnapshotMember
            | EventType::SessionCreated
            | EventType::SessionEnded
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
        body["data"] = left(&body["data"]);
    }
    if !narrow(&mut body["data"]) {
        return None;
    }
    Some(Rendering::Rendered(kind, body.to_string().into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::events::EventId;
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
        match subscription.tell(&ParsedEvent::of(event), people).ok()? {
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
            assert!(matches!(told, Ok(Rendering::AsItIs)));
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
    fn an_event_that_an_endpoint_cannot_be_sent_is_not_sent_to_it() {
        let tokens = EndpointSubscription {
            carries: Some(|kind| kind != EventType::DirectoryUpdated),
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
    fn an_app_is_told_of_the_ends_of_its_own_sessions_alone() {
        let app = SsoClientId::new();
        let of_app = EndpointSubscription {
            types: Some(vec![EventType::SessionEnded.into()]),
            app: Some(app),
            ..EndpointSubscription::default()
        };
        let session = |kind, client: SsoClientId| {
            let data = json!({ "session": { "id": "s", "client_id": client }, "user": { "id": "u" } });
            event(kind, DirectoryId::new(), &data)
        };
        assert!(wants(&of_app, &session(EventType::SessionEnded, app)));
        assert!(!wants(&of_app, &session(EventType::SessionEnded, SsoClientId::new())));
        assert!(!wants(&of_app, &session(EventType::SessionCreated, app)));
    }

    #[test]
    fn why_an_event_is_not_sent_is_told() {
        let directory = DirectoryId::new();
        let untold = |subscription: &EndpointSubscription, kind| {
            let event = event(
                kind,
                directory,
                &json!({ "user": { "raw": { "title": "Clerk" } }, "changes": [] }),
            );
            subscription.tell(&ParsedEvent::of(&event), &PeopleById::new()).err()
        };
        let mut subscription = EndpointSubscription {
            scope: Some(Scope::parse("title eq \"Lead\"").unwrap()),
            ..EndpointSubscription::default()
        };
        assert_eq!(untold(&subscription, EventType::UserUpdated), Some(Untold::Filter));
        assert_eq!(untold(&subscription, EventType::GroupCreated), None);
        subscription.types = Some(vec!["user.*".parse().unwrap()]);
        assert_eq!(untold(&subscription, EventType::GroupCreated), Some(Untold::Type));
        subscription.directories = Some(vec![DirectoryId::new()]);
        assert_eq!(untold(&subscription, EventType::GroupCreated), Some(Untold::Directory));
        subscription.broken = true;
        assert_eq!(untold(&subscription, EventType::GroupCreated), Some(Untold::Broken));
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
    fn members_and_sessions_are_sent_of_users_in_scope_and_nested_groups_always() {
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
        let session = json!({ "session": { "user_id": ada }, "user": { "id": ada } });
        for kind in [EventType::SessionCreated, EventType::SessionEnded] {
            let event = event(kind, directory, &session);
            assert!(told(&subscription, &event, &person("Lead")).is_some());
            assert!(told(&subscription, &event, &person("Clerk")).is_none());
        }
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
