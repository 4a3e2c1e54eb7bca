//! Lifecycle events: what was committed, in the one body that the webhook, the events API and the bus share.

use crate::{DirectoryId, EventId, OrganizationId, ResourceId, Source, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

macro_rules! event_types {
    ($($variant:ident = $name:literal: $doc:literal),+ $(,)?) => {
        /// What happened. The text form is the `type` of the body and the end of the routing key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventType {
            $(#[doc = $doc] $variant),+
        }

        impl EventType {
            /// Every type, in the order of the catalogue.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// One sentence for the catalogue.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $doc),+ }
            }
        }
    };
}

event_types! {
    UserCreated = "user.created": "A user was created.",
    UserUpdated = "user.updated": "Attributes of a user changed.",
    UserDeactivated = "user.deactivated": "A user was switched to inactive.",
    UserReactivated = "user.reactivated": "An inactive user was switched back to active.",
    UserDeleted = "user.deleted": "A user was deleted; its memberships went with it.",
    GroupCreated = "group.created": "A group was created.",
    GroupUpdated = "group.updated": "Attributes of a group changed.",
    GroupDeleted = "group.deleted": "A group was deleted; its memberships went with it.",
    GroupMemberAdded = "group.member_added": "A user or group became a member of a group.",
    GroupMemberRemoved = "group.member_removed": "A user or group is no longer a member of a group.",
    DirectoryCreated = "directory.created": "A directory was set up.",
    DirectoryUpdated = "directory.updated": "A directory's settings or state changed.",
    DirectoryDeleted = "directory.deleted": "A directory was removed.",
    DirectoryHeld = "directory.held": "Too many of a directory's users would have been deactivated or deleted at once; no more are until an administrator releases it.",
    DirectoryReleased = "directory.released": "An administrator lets a directory that was held go on.",
    DirectorySilent = "directory.silent": "A directory's identity provider has missed several cycles; told once, until it comes again.",
    DirectorySyncCompleted = "directory.sync_completed": "An identity provider's cycle is over: what it sent, and how that went.",
    DirectoryDriftFound = "directory.drift_found": "A comparison with Microsoft Graph found people or groups in whom directory and tenant differ.",
    DirectoryKeyCreated = "directory.key_created": "A key of a directory was created.",
    DirectoryKeyRevoked = "directory.key_revoked": "A key of a directory was revoked.",
    DirectoryCredentialExpiring = "directory.credential_expiring": "A key or OAuth client of a directory ends within 60, 30, 14, 7 days or one day; told once each time.",
    EndpointDisabled = "endpoint.disabled": "A webhook endpoint was switched off after failing for too long.",
    ConnectionFailing = "connection.failing": "The identity provider of a connection of single sign-on refuses what this installation sends; told once, until somebody gets in again.",
    SessionCreated = "session.created": "Somebody logged in to an app by single sign-on, and the app has its tokens.",
    SessionEnded = "session.ended": "A session of single sign-on ended before its time; it says why.",
    UserEntered = "user.entered": "A user came into the scope of an endpoint with a filter.",
    UserLeft = "user.left": "A user left the scope of an endpoint with a filter.",
    SnapshotUser = "snapshot.user": "A user, as it was when the snapshot for an endpoint was taken.",
    SnapshotGroup = "snapshot.group": "A group, as it was when the snapshot for an endpoint was taken.",
    SnapshotMember = "snapshot.member": "A membership, as it was when the snapshot for an endpoint was taken.",
    SnapshotCompleted = "snapshot.completed": "The snapshot of a directory for an endpoint is complete; live events follow.",
}

/// A `type` that is none of the known ones.
#[derive(Debug, thiserror::Error)]
#[error("unknown event type \"{0}\"")]
pub struct UnknownEventType(pub String);

impl std::str::FromStr for EventType {
    type Err = UnknownEventType;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownEventType(text.to_owned()))
    }
}

impl std::fmt::Display for EventType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for EventType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The public body of an event, byte for byte the same in the webhook, the events API and on the bus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventBody {
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// When it was committed.
    pub timestamp: Timestamp,
    /// Unique; the `webhook-id` of every attempt.
    pub id: EventId,
    /// Counts 1, 2, 3 … within the directory with no gap.
    pub sequence: i64,
    /// The tenant.
    pub organization_id: OrganizationId,
    /// The directory.
    pub directory_id: DirectoryId,
    /// Who made the change.
    pub source: Source,
    /// After-images and changes; the shape depends on the type.
    pub data: Value,
}

/// An event as it travels: the serialised body and what routing needs without parsing it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique id.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// The tenant.
    pub organization_id: OrganizationId,
    /// The directory; decides the lane.
    pub directory_id: DirectoryId,
    /// Position within the directory.
    pub sequence: i64,
    /// The user or group it is about (a member event is about its group); `None` for directory events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_id: Option<ResourceId>,
    /// W3C `traceparent` of the change, kept so that a retry a day later still links back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The [`EventBody`] as JSON text, serialised once, and on the bus written and read as it is.
    #[serde(with = "as_it_is")]
    pub body: String,
}

/// JSON within JSON, without a string's quoting.
mod as_it_is {
    use serde::de::Error as _;
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use serde_json::value::RawValue;

    pub(super) fn serialize<S: Serializer>(body: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(body)
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let body = <&RawValue>::deserialize(deserializer)?.get();
        if body.starts_with('"') {
            // Quoted, as earlier versions wrote it.
            return serde_json::from_str(body).map_err(D::Error::custom);
        }
        Ok(body.to_owned())
    }
}

impl Event {
    /// Serialises a body into its travelling form.
    ///
    /// # Errors
    /// When `data` cannot be written as JSON, which no value built from JSON can cause.
    pub fn new(
        body: &EventBody,
        subject_id: Option<ResourceId>,
        traceparent: Option<String>,
    ) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: body.id,
            kind: body.kind,
            organization_id: body.organization_id,
            directory_id: body.directory_id,
            sequence: body.sequence,
            subject_id,
            traceparent,
            body: serde_json::to_string(body)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_back_from_its_name() {
        for kind in EventType::ALL {
            assert_eq!(kind.as_str().parse::<EventType>().unwrap(), *kind);
        }
        assert!("user.renamed".parse::<EventType>().is_err());
    }

    #[test]
    fn the_body_has_the_published_shape() {
        let body = EventBody {
            kind: EventType::UserDeactivated,
            timestamp: "2026-11-20T12:00:00Z".parse().unwrap(),
            id: EventId::new(),
            sequence: 42,
            organization_id: OrganizationId::new(),
            directory_id: DirectoryId::new(),
            source: Source::Scim,
            data: serde_json::json!({"changes": []}),
        };
        let event = Event::new(&body, None, None).unwrap();
        let json: Value = serde_json::from_str(&event.body).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            [
                "type",
                "timestamp",
                "id",
                "sequence",
                "organization_id",
                "directory_id",
                "source",
                "data"
            ]
        );
        assert_eq!(json["type"], "user.deactivated");
        assert_eq!(json["timestamp"], "2026-11-20T12:00:00.000Z");
        assert_eq!(serde_json::from_str::<EventBody>(&event.body).unwrap(), body);
    }

    #[test]
    fn the_body_travels_as_it_is() {
        let body = r#"{"data": {"a": "\u00e9\n", "b": 1.0}}"#;
        let event = Event {
            id: EventId::new(),
            kind: EventType::UserCreated,
            organization_id: OrganizationId::new(),
            directory_id: DirectoryId::new(),
            sequence: 1,
            subject_id: None,
            traceparent: None,
            body: body.to_owned(),
        };
        let text = serde_json::to_string(&event).unwrap();
        assert!(text.contains(body), "{text}");
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
        let mut quoted = serde_json::to_value(&event).unwrap();
        quoted["body"] = body.into();
        assert_eq!(serde_json::from_str::<Event>(&quoted.to_string()).unwrap(), event);
        let torn = Event {
            body: "{".to_owned(),
            ..event
        };
        assert!(
            serde_json::to_string(&torn).is_err(),
            "what is not JSON does not travel"
        );
    }
}
