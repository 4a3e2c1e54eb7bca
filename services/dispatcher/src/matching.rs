//! Which endpoints get an event.

use events::{DirectoryId, Event, EventType};

/// What an endpoint subscribed to. `None` means everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscription {
    pub(crate) types: Option<Vec<EventType>>,
    pub(crate) directories: Option<Vec<DirectoryId>>,
}

impl Subscription {
    pub(crate) fn wants(&self, event: &Event) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(&event.kind))
            && self
                .directories
                .as_ref()
                .is_none_or(|directories| directories.contains(&event.directory_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::{EventId, OrganizationId};

    fn event(kind: EventType, directory_id: DirectoryId) -> Event {
        Event {
            id: EventId::new(),
            kind,
            organization_id: OrganizationId::new(),
            directory_id,
            sequence: 1,
            subject_id: None,
            traceparent: None,
            body: String::new(),
        }
    }

    #[test]
    fn without_a_choice_everything_is_wanted() {
        for kind in EventType::ALL {
            assert!(Subscription::default().wants(&event(*kind, DirectoryId::new())));
        }
    }

    #[test]
    fn type_and_directory_must_both_be_wanted() {
        let directory = DirectoryId::new();
        let subscription = Subscription {
            types: Some(vec![EventType::UserCreated, EventType::UserDeleted]),
            directories: Some(vec![directory]),
        };
        assert!(subscription.wants(&event(EventType::UserCreated, directory)));
        assert!(subscription.wants(&event(EventType::UserDeleted, directory)));
        assert!(!subscription.wants(&event(EventType::UserUpdated, directory)));
        assert!(!subscription.wants(&event(EventType::UserCreated, DirectoryId::new())));
    }

    #[test]
    fn an_empty_choice_wants_nothing() {
        let nothing = Subscription {
            types: Some(Vec::new()),
            directories: None,
        };
        assert!(!nothing.wants(&event(EventType::UserCreated, DirectoryId::new())));
    }
}
