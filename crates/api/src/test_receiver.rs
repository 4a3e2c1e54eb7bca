//! `/test-receivers`: receivers of Rollcall's own, to see what an app would get.

use crate::PlainSecret;
use events::{EndpointId, EventPattern, OrganizationId, TestReceiptId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A new receiver, and what its endpoint is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"description": "Trying it out", "event_types": ["user.*"]})))]
pub struct TestReceiverCreate {
    /// What it is for; "Test receiver", where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 0, max_length = 500)]
    pub description: Option<String>,
    /// Which events it is sent: names, and globs over them such as `user.*`; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, format = "event-pattern", min_items = 1, max_items = 200)]
    pub event_types: Option<Vec<EventPattern>>,
    /// Of which organizations; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 1, max_items = 1000)]
    pub organization_ids: Option<Vec<OrganizationId>>,
}

/// A receiver. It stands behind an endpoint with the same id, and goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e63",
    "description": "Trying it out",
    "created_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct TestReceiver {
    /// Its id, and that of its endpoint.
    #[schema(value_type = Uuid)]
    pub id: EndpointId,
    /// What it is for.
    #[schema(required = true)]
    pub description: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Its URL, only in the answer to the request that made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uri", nullable = false)]
    pub url: Option<PlainSecret>,
}

/// What a receiver was sent. Only what was signed as it must be is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e70",
    "at": "2026-11-20T12:00:00.000Z",
    "headers": {"webhook-id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e65"},
    "body": "{\"type\":\"user.created\"}",
    "size": 23,
})))]
pub struct TestReceipt {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: TestReceiptId,
    /// When it came.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its body; of one of more than 65,536 bytes the beginning.
    pub body: String,
    /// Bytes of the whole body.
    pub size: u32,
}

/// A receiver with what it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "receiver": {
        "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e63",
        "description": "Trying it out",
        "created_at": "2026-11-20T12:00:00.000Z",
    },
    "receipts": [],
})))]
pub struct TestReceiverDetail {
    /// The receiver.
    pub receiver: TestReceiver,
    /// The last 100 of the last 24 hours, the newest first.
    pub receipts: Vec<TestReceipt>,
}
