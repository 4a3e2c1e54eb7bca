//! `/endpoints`: the webhook URLs that downstream apps subscribed.

mod filter;
mod request;
mod stats;

pub use filter::{EndpointFilterPreview, EndpointFilterPreviewRequest, FilteredEvent, NotSentBecause};
pub use request::{
    Beginning, ClientCertificate, EndpointCreate, EndpointEnable, EndpointPatch, EndpointReplay, EndpointTest,
    HeldEvents, Replayable,
};
pub use stats::{EndpointDay, EndpointHour, EndpointStats, Oldest, Percentiles};

use crate::PlainSecret;
use events::{
    DeliveryId, DirectoryId, EndpointId, EventId, EventPattern, EventType, OrganizationId, SsoClientId, Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

/// What an endpoint is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointFormat {
    /// Standard Webhooks.
    #[default]
    Standard,
    /// Security Event Tokens (RFC 8417, RFC 9967).
    Set,
    /// Logout tokens (OpenID Connect Back-Channel Logout 1.0). Such an endpoint comes and goes with an app of single sign-on.
    LogoutToken,
    /// Security Event Tokens of the Shared Signals Framework. Such an endpoint is a stream of an app of single sign-on, and
    /// comes and goes with it.
    Signals,
}

/// How requests are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Signing {
    /// HMAC-SHA256 with a secret that both sides know.
    #[default]
    V1,
    /// Ed25519: the receiver knows the public key only.
    V1a,
}

/// Whether an endpoint is sent anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndpointState {
    /// It is.
    Enabled,
    /// It was switched off, by an operator or because it failed for too long or asked for it with 410.
    Disabled,
}

/// The receivers that Security Event Tokens name in `aud`: one text or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Audience(pub Vec<String>);

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(one) => Ok(Self(vec![one])),
            several => Vec::deserialize(several).map(Self).map_err(serde::de::Error::custom),
        }
    }
}

impl ToSchema for Audience {}

impl PartialSchema for Audience {
    fn schema() -> RefOr<Schema> {
        let one = || {
            let text = ObjectBuilder::new().schema_type(Type::String);
            text.min_length(Some(1)).max_length(Some(500))
        };
        let several = ArrayBuilder::new().items(one()).min_items(Some(1)).max_items(Some(10));
        OneOfBuilder::new().item(one()).item(several).into()
    }
}

/// A webhook URL with what it is sent. Without its secret; of its headers only the names, since the values may be keys of
/// the receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e63",
    "url": "https://app.example.com/hooks",
    "url_origin": "https://app.example.com",
    "url_path_length": 6,
    "description": null,
    "event_types": ["user.*"],
    "directory_ids": null,
    "organization_ids": null,
    "fields": null,
    "filter": null,
    "header_names": [],
    "signing": "v1",
    "public_key": null,
    "previous_public_key": null,
    "client_certificate": null,
    "catching_up": false,
    "ordered": false,
    "coalesce": false,
    "rate_limit": null,
    "format": "standard",
    "state": "enabled",
    "disabled_reason": null,
    "disabled_at": null,
    "failing_since": null,
    "contacts": ["app-team@example.com"],
    "previous_secret_until": null,
    "created_at": "2026-11-20T12:00:00.000Z",
    "updated_at": "2026-11-20T12:00:00.000Z",
})))]
pub struct Endpoint {
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: EndpointId,
    /// All of its URL, where one endpoint is asked for; path and query may be keys, so lists have no more than the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub url: Option<PlainSecret>,
    /// Scheme, host and port.
    pub url_origin: String,
    /// How many characters of path and query follow.
    #[schema(minimum = 0)]
    pub url_path_length: i64,
    /// What it is for.
    #[schema(required = true)]
    pub description: Option<String>,
    /// Which events it is sent: names, and globs over them; `null` for all.
    #[schema(required = true, value_type = Option<Vec<String>>)]
    pub event_types: Option<Vec<EventPattern>>,
    /// Of which directories; `null` for all.
    #[schema(required = true, value_type = Option<Vec<Uuid>>)]
    pub directory_ids: Option<Vec<DirectoryId>>,
    /// Of which organizations; `null` for all.
    #[schema(required = true, value_type = Option<Vec<Uuid>>)]
    pub organization_ids: Option<Vec<OrganizationId>>,
    /// Which attributes of users it is sent; `null` for all.
    #[schema(required = true)]
    pub fields: Option<Vec<String>>,
    /// Which users its events are about, as a SCIM filter; `null` for all.
    #[schema(required = true)]
    pub filter: Option<String>,
    /// The names of its headers.
    pub header_names: Vec<String>,
    /// How its requests are signed.
    #[schema(value_type = Signing)]
    pub signing: String,
    /// What `v1a` is verified with.
    #[schema(required = true)]
    pub public_key: Option<String>,
    /// The same of the secret before, while requests are signed with it too.
    #[schema(required = true)]
    pub previous_public_key: Option<String>,
    /// What may be seen of the client certificate that is presented to it.
    #[schema(required = true)]
    pub client_certificate: Option<ClientCertificateShown>,
    /// Whether it still gets the past that it asked for.
    pub catching_up: bool,
    /// Whether events of one user or group go one after the other.
    pub ordered: bool,
    /// Whether of the events of a user that wait only the newest is sent.
    pub coalesce: bool,
    /// The most requests per second; `null` for any number.
    #[schema(required = true)]
    pub rate_limit: Option<i32>,
    /// What it is sent.
    pub format: EndpointFormat,
    /// The `aud` of its Security Event Tokens; its URL, where nothing else was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub audience: Option<Vec<String>>,
    /// The app of single sign-on whose endpoint it is: its settings are those of the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>, nullable = false)]
    pub sso_client_id: Option<SsoClientId>,
    /// Whether it is sent anything.
    pub state: EndpointState,
    /// Why it was switched off.
    #[schema(required = true)]
    pub disabled_reason: Option<String>,
    /// When it was switched off.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub disabled_at: Option<Timestamp>,
    /// Since when every attempt has failed.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub failing_since: Option<Timestamp>,
    /// The e-mail addresses of those who are told when it fails or is switched off.
    pub contacts: Vec<String>,
    /// Until when the secret before signs as well.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub previous_secret_until: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// How it did in the last 24 hours, in lists only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_24_hours: Option<EndpointDay>,
    /// Its secret, only in the answer to the request that made it, only with `v1`, and only for keys with the scope
    /// `endpoints:reveal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub secret: Option<PlainSecret>,
}

/// What may be seen of a client certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"thumbprint": "3f0a…", "expires_at": "2030-01-31T12:00:00.000Z"})))]
pub struct ClientCertificateShown {
    /// SHA-256, in hexadecimal digits.
    pub thumbprint: String,
    /// When it ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// The secret that an endpoint's requests are signed with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"secret": "whsec_…"})))]
pub struct EndpointSecret {
    /// `whsec_` and base64.
    #[schema(value_type = String)]
    pub secret: PlainSecret,
}

/// A new secret of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"previous_secret_until": "2026-11-21T12:00:00.000Z", "secret": "whsec_…"})))]
pub struct SecretRotated {
    /// Until when the secret before signs as well.
    #[schema(value_type = String, format = DateTime)]
    pub previous_secret_until: Timestamp,
    /// The new public key, with `v1a`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub public_key: Option<String>,
    /// The new secret, with `v1`, for keys with the scope `endpoints:reveal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub secret: Option<PlainSecret>,
}

/// What a replay queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"queued": 17})))]
pub struct ReplayQueued {
    /// Deliveries that are sent again.
    pub queued: u64,
    /// Deliveries that would be, had it not been a trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub would_queue: Option<u64>,
    /// That it was a trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub dry_run: Option<bool>,
}

/// A test event on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "delivery_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e64",
    "event_id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e65",
    "type": "user.created",
    "status": "pending",
})))]
pub struct TestQueued {
    /// Its delivery.
    #[schema(value_type = Uuid)]
    pub delivery_id: DeliveryId,
    /// Its id, which is in no log.
    #[schema(value_type = Uuid)]
    pub event_id: EventId,
    /// Its type.
    #[schema(value_type = String, format = "event-type")]
    pub r#type: EventType,
    /// The state of its delivery.
    pub status: crate::DeliveryStatus,
}
