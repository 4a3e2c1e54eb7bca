//! Change notifications: Graph tells that something changed, so that the next round comes sooner. What changed is never taken
//! from a notification, and none of them is relied on.
//!
//! Source: <https://learn.microsoft.com/graph/change-notifications-delivery-webhooks>,
//! <https://learn.microsoft.com/graph/change-notifications-lifecycle-events>.

mod receive;

pub use receive::{
    LONGEST_NOTIFICATION, Lifecycle, MOST_NOTIFICATIONS, Notification, NotificationError, read_notifications,
    validation_token,
};

use crate::delta::Collection;
use crate::error::{GraphError, GraphErrorKind, Unreadable};
use crate::exchange::{Answer, Ask};
use crate::permission::{AnyOf, READ_GROUPS, READ_USERS};
use crate::session::Session;
use events::Timestamp;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use std::fmt;
use std::time::Duration;
use url::Url;
use uuid::Uuid;

/// Graph takes subscriptions of people and groups for 41,760 minutes at most.
pub const LONGEST_SUBSCRIPTION: Duration = Duration::from_mins(41_760);
/// What is asked for is this much shorter, since clocks may be apart.
const MARGIN: Duration = Duration::from_mins(10);
/// Graph takes so many characters of `clientState`.
pub const LONGEST_CLIENT_STATE: usize = 128;

/// A subscription to make.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// Of what.
    pub collection: Collection,
    /// Where notifications go.
    pub notification_url: Url,
    /// Where Graph asks for renewal. It cannot be added later.
    pub lifecycle_url: Url,
    /// What every notification must have with it: random, of at most [`LONGEST_CLIENT_STATE`] characters.
    pub client_state: SecretString,
    /// When it ends; what is later than Graph takes is cut to that.
    pub expires_at: Timestamp,
}

/// A subscription.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({} until {})", self.id, self.expires_at)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    id: Uuid,
    expiration_date_time: Timestamp,
}

impl Session {
    /// Makes a subscription. Before it answers, Graph asks both URLs whether they are ours ([`validation_token`]).
    ///
    /// It is sent once: where no answer comes, there may be a subscription all the same, whose notifications nobody knows.
    ///
    /// # Errors
    /// [`GraphError`]; [`GraphErrorKind::BadRequest`] for a client state that Graph would not take, which is not sent.
    pub async fn subscribe(&self, new: &NewSubscription) -> Result<Subscription, GraphError> {
        let state = new.client_state.expose_secret();
        if state.is_empty() || state.chars().count() > LONGEST_CLIENT_STATE {
            return Err(GraphError::new(GraphErrorKind::BadRequest, crate::Trace::default()));
        }
        let body = json!({
            "changeType": "updated,deleted",
            "notificationUrl": new.notification_url.as_str(),
            "lifecycleNotificationUrl": new.lifecycle_url.as_str(),
            "resource": resource(new.collection),
            "expirationDateTime": self.end(new.expires_at),
            "clientState": state,
            "latestSupportedTlsVersion": "v1_2",
        });
        let url = self.identity.endpoints.url("/subscriptions");
        let any_of = any_of(new.collection);
        let ask = Ask {
            method: Method::POST,
            body: Some(body),
            once: true,
            ..Ask::get(url, 1, any_of)
        };
        self.ask(&ask, |answer| read(&answer)).await
    }

    /// Lets a subscription last longer. [`GraphErrorKind::NotFound`] says that it is to be made again.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn renew(&self, id: Uuid, expires_at: Timestamp) -> Result<Subscription, GraphError> {
        let ask = Ask {
            method: Method::PATCH,
            body: Some(json!({ "expirationDateTime": self.end(expires_at) })),
            ..Ask::get(self.identity.endpoints.url(&format!("/subscriptions/{id}")), 1, &[])
        };
        self.ask(&ask, |answer| read(&answer)).await
    }

    /// Ends a subscription; one that is not there has ended already.
    ///
    /// # Errors
    /// [`GraphError`].
    pub async fn unsubscribe(&self, id: Uuid) -> Result<(), GraphError> {
        let ask = Ask {
            method: Method::DELETE,
            ..Ask::get(self.identity.endpoints.url(&format!("/subscriptions/{id}")), 1, &[])
        };
        match self.ask(&ask, |_| Ok(())).await {
            Err(error) if matches!(*error.kind, GraphErrorKind::NotFound) => Ok(()),
            result => result,
        }
    }

    fn end(&self, wanted: Timestamp) -> Timestamp {
        wanted.min(self.graph.clock.now().plus(LONGEST_SUBSCRIPTION - MARGIN))
    }
}

fn read(answer: &Answer) -> Result<Subscription, GraphError> {
    if answer.body.is_empty() {
        return Err(answer.unreadable(Unreadable::Shape("subscription")));
    }
    let raw: Raw = answer.read()?;
    Ok(Subscription {
        id: raw.id,
        expires_at: raw.expiration_date_time,
    })
}

const fn resource(collection: Collection) -> &'static str {
    match collection {
        Collection::Users => "users",
        Collection::Groups => "groups",
    }
}

const fn any_of(collection: Collection) -> AnyOf {
    match collection {
        Collection::Users => READ_USERS,
        Collection::Groups => READ_GROUPS,
    }
}
