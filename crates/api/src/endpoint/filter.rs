//! `/endpoints/preview-filter`: which of the last events an endpoint would be sent.

use super::EndpointFormat;
use events::{DirectoryId, EventId, EventPattern, EventType, OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an endpoint would ask for, in the words of a new endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"event_types": ["user.*"], "filter": "department eq \"Sales\""})))]
pub struct EndpointFilterPreviewRequest {
    /// Which events: names, and globs over them; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, format = "event-pattern", min_items = 1, max_items = 200)]
    pub event_types: Option<Vec<EventPattern>>,
    /// Of which directories; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 1, max_items = 1000)]
    pub directory_ids: Option<Vec<DirectoryId>>,
    /// Of which organizations; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 1, max_items = 1000)]
    pub organization_ids: Option<Vec<OrganizationId>>,
    /// Which attributes of users; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, format = "user-field", min_items = 1, max_items = 200)]
    pub fields: Option<Vec<String>>,
    /// Which users the events are about, as a SCIM filter; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "user-filter")]
    pub filter: Option<String>,
    /// What is sent; `standard`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<EndpointFormat>,
}

/// Why an event would not be sent: the first reason of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotSentBecause {
    /// It is of another directory.
    Directory,
    /// It is of another organization.
    Organization,
    /// It is of a type that is not asked for, or that has no form in this format.
    Type,
    /// It is about somebody who does not match the filter.
    Filter,
    /// It changed nothing that is shown.
    Fields,
}

/// Whether an event would be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "event_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e65",
    "type": "user.updated",
    "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
    "timestamp": "2026-11-20T12:00:00.000Z",
    "passes": true,
    "sent_as": "user.entered",
    "reason": null,
})))]
pub struct FilteredEvent {
    /// The event.
    #[schema(value_type = Uuid)]
    pub event_id: EventId,
    /// What happened.
    #[schema(value_type = String, format = "event-type")]
    pub r#type: EventType,
    /// The directory.
    #[schema(value_type = Uuid)]
    pub directory_id: DirectoryId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub timestamp: Timestamp,
    /// Whether it would be sent.
    pub passes: bool,
    /// The type that it would be sent as: another one for a user who comes into scope or leaves it.
    #[schema(required = true, value_type = Option<String>, format = "event-type")]
    pub sent_as: Option<EventType>,
    /// Why it would not be sent.
    #[schema(required = true)]
    pub reason: Option<NotSentBecause>,
}

/// Which of the last events would be sent. Memberships are judged by the users as they are now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "data": [{
        "event_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e65",
        "type": "group.created",
        "directory_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e60",
        "timestamp": "2026-11-20T12:00:00.000Z",
        "passes": false,
        "sent_as": null,
        "reason": "type",
    }],
    "passing": 0,
})))]
pub struct EndpointFilterPreview {
    /// The last 100 events, the newest first.
    pub data: Vec<FilteredEvent>,
    /// How many of them would be sent.
    pub passing: u32,
}
