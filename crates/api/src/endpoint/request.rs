//! What can be asked of endpoints.

use super::{Audience, EndpointFormat, Signing};
use crate::PlainSecret;
use crate::reading::named;
use events::{DirectoryId, EventPattern, EventType, OrganizationId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Where the stream of a new endpoint begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Beginning {
    /// With what happens from now on.
    #[default]
    Now,
    /// With the oldest event that is kept.
    Beginning,
    /// With each directory as it is, and then every event after.
    Snapshot,
}

/// What becomes of the events that were held while an endpoint was switched off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeldEvents {
    /// They are sent.
    #[default]
    Drain,
    /// They are cancelled.
    Skip,
    /// They are cancelled, and each directory is sent as it is now before what happens then.
    Snapshot,
}

/// The deliveries that can be replayed: those in other states are on their way already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Replayable {
    /// Given up.
    Exhausted,
    /// Cancelled.
    Cancelled,
    /// Taken by the receiver.
    Delivered,
}

/// A client certificate with its key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"certificate": "-----BEGIN CERTIFICATE-----…", "private_key": "-----BEGIN PRIVATE KEY-----…"})))]
pub struct ClientCertificate {
    /// The certificate, and those between it and its root.
    #[schema(format = "pem")]
    pub certificate: String,
    /// Its private key.
    #[schema(value_type = String, format = "pem")]
    pub private_key: PlainSecret,
}

/// A new endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"url": "https://app.example.com/hooks", "event_types": ["user.*"], "ordered": true})))]
pub struct EndpointCreate {
    /// Where webhooks go: https, and no private address, unless the configuration allows it.
    #[schema(value_type = String, format = "uri")]
    pub url: PlainSecret,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 0, max_length = 500)]
    pub description: Option<String>,
    /// Which events it is sent: names, and globs over them such as `user.*`; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, format = "event-pattern", min_items = 1, max_items = 200)]
    pub event_types: Option<Vec<EventPattern>>,
    /// Of which directories; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 1, max_items = 1000)]
    pub directory_ids: Option<Vec<DirectoryId>>,
    /// Headers that each request carries. Their values are kept encrypted and never shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub headers: Option<BTreeMap<String, PlainSecret>>,
    /// Whether events of one user or group go one after the other; `false`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ordered: Option<bool>,
    /// Whether of the events of a user that wait only the newest is sent. Needs `ordered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coalesce: Option<bool>,
    /// The most requests per second; any number, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10_000)]
    pub rate_limit: Option<i32>,
    /// What it is sent; `standard`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<EndpointFormat>,
    /// The `aud` of its Security Event Tokens, for endpoints with format `set`; its URL, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// Of which organizations; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 1, max_items = 1000)]
    pub organization_ids: Option<Vec<OrganizationId>>,
    /// Which attributes of users it is sent; all, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, format = "user-field", min_items = 1, max_items = 200)]
    pub fields: Option<Vec<String>>,
    /// Which users its events are about, as a SCIM filter; not with format `set`. All, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "user-filter")]
    pub filter: Option<String>,
    /// How its requests are signed; `v1`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing: Option<Signing>,
    /// The client certificate that is presented to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<ClientCertificate>,
    /// Where its stream begins; `now`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Beginning>,
    /// The e-mail addresses of those who are told when it fails or is switched off.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, min_items = 0, max_items = 10, format = "email")]
    pub contacts: Option<Vec<String>>,
}

/// Changes of an endpoint. Named members are replaced, headers all together; `null` takes away what may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"description": "staging", "event_types": null})))]
pub struct EndpointPatch {
    /// Where webhooks go.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, format = "uri")]
    pub url: Option<PlainSecret>,
    /// What it is for.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 0, max_length = 500)]
    pub description: Option<Option<String>>,
    /// Which events it is sent; `null` for all.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, format = "event-pattern", min_items = 1, max_items = 200)]
    pub event_types: Option<Option<Vec<EventPattern>>>,
    /// Of which directories; `null` for all.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 1, max_items = 1000)]
    pub directory_ids: Option<Option<Vec<DirectoryId>>>,
    /// Headers that each request carries.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    pub headers: Option<Option<BTreeMap<String, PlainSecret>>>,
    /// Whether events of one user or group go one after the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ordered: Option<bool>,
    /// Whether of the events of a user that wait only the newest is sent. Needs `ordered`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub coalesce: Option<bool>,
    /// The most requests per second; `null` for any number.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i32>, minimum = 1, maximum = 10_000)]
    pub rate_limit: Option<Option<i32>>,
    /// What it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub format: Option<EndpointFormat>,
    /// The `aud` of its Security Event Tokens; `null` for its URL.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Audience>)]
    pub audience: Option<Option<Audience>>,
    /// Of which organizations; `null` for all.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Uuid>>, min_items = 1, max_items = 1000)]
    pub organization_ids: Option<Option<Vec<OrganizationId>>>,
    /// Which attributes of users it is sent; `null` for all.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, format = "user-field", min_items = 1, max_items = 200)]
    pub fields: Option<Option<Vec<String>>>,
    /// Which users its events are about, as a SCIM filter; `null` for all.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "user-filter")]
    pub filter: Option<Option<String>>,
    /// How its requests are signed. Another way makes a new secret, with the overlap of a rotation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub signing: Option<Signing>,
    /// The client certificate that is presented to it; `null` for none.
    #[serde(default, deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ClientCertificate>)]
    pub client_certificate: Option<Option<ClientCertificate>>,
    /// The e-mail addresses of those who are told when it fails or is switched off, instead of those who are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, nullable = false, min_items = 0, max_items = 10, format = "email")]
    pub contacts: Option<Vec<String>>,
}

/// Switches an endpoint on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"held": "drain"})))]
pub struct EndpointEnable {
    /// What becomes of the events that were held; `drain`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldEvents>,
}

/// Sends again what an endpoint missed, or got and lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"after": "2026-11-20T00:00:00Z", "types": ["user.*"], "only_failed": true})))]
pub struct EndpointReplay {
    /// Only deliveries that were made after this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub after: Option<Timestamp>,
    /// Only deliveries that were made before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub before: Option<Timestamp>,
    /// Only events of these types: names, and globs over them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, format = "event-pattern", min_items = 1, max_items = 200)]
    pub types: Option<Vec<EventPattern>>,
    /// Only deliveries in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Replayable>,
    /// Only deliveries that are exhausted or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_failed: Option<bool>,
    /// Tell how many there are, and send none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// Sends an event of the catalogue that did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"type": "user.deactivated"})))]
pub struct EndpointTest {
    /// Its type; `user.created`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "event-type")]
    pub r#type: Option<EventType>,
}
