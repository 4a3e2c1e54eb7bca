//! What Graph sends to us.

use crate::object_id::ObjectId;
use events::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use std::fmt;
use uuid::Uuid;

/// The longest body that is read, in bytes.
pub const LONGEST_NOTIFICATION: usize = 1 << 20;
/// One request has at most so many notifications.
pub const MOST_NOTIFICATIONS: usize = 1_000;
/// The longest token of a validation, in characters.
const LONGEST_TOKEN: usize = 2_048;

/// Why a request is no notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// Its body is too long.
    #[error("the body is longer than {LONGEST_NOTIFICATION} bytes")]
    TooLong,
    /// It has too many notifications.
    #[error("the body has more than {MOST_NOTIFICATIONS} notifications")]
    TooMany,
    /// It is not of the form of notifications.
    #[error("the body is no list of notifications")]
    Unreadable,
}

/// What the URL of a subscription must answer when Graph asks whether it is ours: this text, as `text/plain`, with status 200,
/// within ten seconds, and only while a subscription of ours is being made. `query` is that of the request.
///
/// The token says nothing to us and must come back as it is, so whoever answers must see to it that a browser takes it for
/// nothing but text: by `X-Content-Type-Options: nosniff`, and by answering only while it is asked for.
#[must_use]
pub fn validation_token(query: &str) -> Option<String> {
    let mut tokens = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "validationToken");
    let token = tokens.next()?.1.into_owned();
    let is_token = (1..=LONGEST_TOKEN).contains(&token.chars().count()) && !token.chars().any(char::is_control);
    (is_token && tokens.next().is_none()).then_some(token)
}

/// What Graph asks of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// To be renewed, or it ends.
    ReauthorizationRequired,
    /// It is gone: to be made again.
    SubscriptionRemoved,
    /// Notifications were lost.
    Missed,
    /// Something that is not known here.
    Other,
}

/// A notification, of which nothing is believed before [`Notification::is_of`].
#[derive(Clone)]
pub struct Notification {
    /// The subscription.
    pub subscription: Uuid,
    /// When that ends.
    pub expires_at: Option<Timestamp>,
    /// The object that changed, if it is told. It is read from Graph, and never taken from here.
    pub object: Option<ObjectId>,
    /// What Graph asks of the subscription, in place of a change.
    pub lifecycle: Option<Lifecycle>,
    tenant: Option<Uuid>,
    client_state: Option<SecretString>,
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("subscription", &self.subscription)
            .field("object", &self.object)
            .field("lifecycle", &self.lifecycle)
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

impl Notification {
    /// Whether it is of this tenant and has the state that was set when the subscription was made, which `knows` compares in a
    /// time that does not depend on how much of it is right.
    #[must_use]
    pub fn is_of(&self, tenant: Uuid, knows: impl FnOnce(&SecretString) -> bool) -> bool {
        self.client_state.as_ref().is_some_and(knows) && self.tenant == Some(tenant)
    }
}

#[derive(Deserialize)]
struct Body {
    value: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    subscription_id: Uuid,
    subscription_expiration_date_time: Option<Timestamp>,
    client_state: Option<SecretString>,
    tenant_id: Option<Uuid>,
    lifecycle_event: Option<String>,
    resource_data: Option<Changed>,
}

#[derive(Deserialize)]
struct Changed {
    id: Option<String>,
}

/// Reads the body of a request to the URL of a subscription, or to that of its lifecycle.
///
/// # Errors
/// [`NotificationError`].
pub fn read_notifications(body: &[u8]) -> Result<Vec<Notification>, NotificationError> {
    if body.len() > LONGEST_NOTIFICATION {
        return Err(NotificationError::TooLong);
    }
    let Body { value } = serde_json::from_slice(body).map_err(|_| NotificationError::Unreadable)?;
    if value.len() > MOST_NOTIFICATIONS {
        return Err(NotificationError::TooMany);
    }
    Ok(value.into_iter().map(Notification::from).collect())
}

impl From<Raw> for Notification {
    fn from(raw: Raw) -> Self {
        let id = raw.resource_data.and_then(|changed| changed.id);
        Self {
            subscription: raw.subscription_id,
            expires_at: raw.subscription_expiration_date_time,
            object: id.and_then(|id| id.parse().ok()),
            lifecycle: raw.lifecycle_event.as_deref().map(|event| match event {
                "reauthorizationRequired" => Lifecycle::ReauthorizationRequired,
                "subscriptionRemoved" => Lifecycle::SubscriptionRemoved,
                "missed" => Lifecycle::Missed,
                _ => Lifecycle::Other,
            }),
            tenant: raw.tenant_id,
            client_state: raw.client_state,
        }
    }
}
