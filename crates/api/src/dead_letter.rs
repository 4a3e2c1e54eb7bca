//! `/dead-letters`: messages that could not be processed.

use events::{DeadLetterId, DirectoryId, OrganizationId, ResourceId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a dead letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadLetterKind {
    /// A change of a user or group. Its sender was told that it was not made.
    Command,
    /// An event of the log that no deliveries could be made of.
    Event,
    /// What cannot be read as one of them. It can only be discarded.
    Unreadable,
}

/// A message that could not be processed. What it says is not shown: it is about people, and may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
    "kind": "command",
    "name": "user.patch",
    "message_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e61",
    "queue": "rollcall.commands.0",
    "lane": 0,
    "organization_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5e",
    "resource_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5d",
    "reason": "handed over 4 times, and each time the projector that took it was interrupted",
    "tried": 5,
    "times_parked": 1,
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "parked_at": "2026-11-20T12:00:00.000Z",
    "redriven_at": null,
    "last_outcome": null,
})))]
pub struct DeadLetter {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: DeadLetterId,
    /// What it is.
    pub kind: DeadLetterKind,
    /// The type of the command (`user.create`, `group.patch`, …) or of the event; `null` where it said nothing.
    #[schema(required = true)]
    pub name: Option<String>,
    /// The id of the command or event. A command that was sent again has a new one.
    pub message_id: String,
    /// The queue that it came from.
    pub queue: String,
    /// The lane of that queue; `null` for a queue of somebody else.
    #[schema(required = true)]
    pub lane: Option<u16>,
    /// The tenant; `null` for what cannot be read.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub organization_id: Option<OrganizationId>,
    /// The directory; `null` for what cannot be read.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub directory_id: Option<DirectoryId>,
    /// The user or group that it is about; `null` for an event about a directory, and for what cannot be read.
    #[schema(required = true, value_type = Option<Uuid>)]
    pub resource_id: Option<ResourceId>,
    /// Why it was put aside.
    pub reason: String,
    /// How often it was handed over before that; `null` where nobody counted.
    #[schema(required = true)]
    pub tried: Option<u32>,
    /// How often it was put aside.
    pub times_parked: i64,
    /// The trace of the change; `null` without one.
    #[schema(required = true)]
    pub trace_id: Option<String>,
    /// When it was put aside, the last time.
    #[schema(value_type = String, format = DateTime)]
    pub parked_at: Timestamp,
    /// When it was sent again, the last time; `null` for never.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub redriven_at: Option<Timestamp>,
    /// Why it is still here after that.
    #[schema(required = true)]
    pub last_outcome: Option<String>,
}

/// The outcome of sending a dead letter again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedriveOutcome {
    /// The change is made now.
    Applied,
    /// The change had been made before the message was put aside. Nothing was sent.
    AlreadyApplied,
    /// The dispatcher has the event again.
    Dispatched,
}

/// A dead letter that was sent again. It is no longer among the dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60", "outcome": "applied"})))]
pub struct DeadLetterRedriven {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: DeadLetterId,
    /// What became of it.
    pub outcome: RedriveOutcome,
}
