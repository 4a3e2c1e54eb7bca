//! Subscriptions to change notifications. A notification says that something has changed, and never what it is now.

use super::answer::{Answer, Delivery};
use super::{Call, GROUPS, USERS};
use crate::attributes::Kind;
use crate::clock::Moment;
use crate::model::{Presence, SubscriptionInfo};
use crate::notify::Notice;
use crate::tenant::{State, What};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The longest life of a subscription to users or groups.
const LONGEST: Duration = Duration::from_secs(41_760 * 60);
/// Objects in one notification.
const TOGETHER: usize = 100;
/// Changes that are told at most at once.
const MOST_CHANGES: usize = 10_000;
/// Of `clientState`, in characters.
const LONGEST_STATE: usize = 128;

/// A subscription.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    app: Uuid,
    kind: Kind,
    change_type: String,
    notification_url: String,
    lifecycle_url: Option<String>,
    client_state: Option<String>,
    expires: Moment,
}

impl Subscription {
    fn show(&self, id: Uuid) -> Value {
        json!({
            "id": id, "resource": self.kind.collection(), "applicationId": self.app, "changeType": self.change_type,
            "clientState": null, "notificationUrl": self.notification_url, "lifecycleNotificationUrl": self.lifecycle_url,
            "expirationDateTime": self.expires.text(), "latestSupportedTlsVersion": "v1_2",
        })
    }

    pub(crate) fn info(&self, id: Uuid) -> SubscriptionInfo {
        SubscriptionInfo {
            id,
            resource: self.kind.collection().to_owned(),
            notification_url: self.notification_url.clone(),
            expires: self.expires,
        }
    }

    fn wants(&self, change: &str) -> bool {
        self.change_type.split(',').any(|wanted| wanted.trim() == change)
    }
}

pub(super) fn answer(call: &mut Call<'_>, method: &str, rest: &[&str]) -> Result<Answer, Answer> {
    let now = call.now;
    call.state
        .subscriptions
        .retain(|_, subscription| subscription.expires > now);
    let app = call.bearer.app;
    let (method, id) = match (method, rest) {
        ("POST", []) => return create(call),
        ("GET", []) => {
            let own = call
                .state
                .subscriptions
                .iter()
                .filter(|(_, subscription)| subscription.app == app);
            let value: Vec<Value> = own.map(|(id, subscription)| subscription.show(*id)).collect();
            return Ok(Answer::ok(
                json!({ "@odata.context": call.context("subscriptions"), "value": value }),
            ));
        }
        (method, [id]) => (method, *id),
        _ => return Err(Answer::bad("There is no such resource.")),
    };
    let known = id
        .parse::<Uuid>()
        .ok()
        .filter(|id| call.state.subscriptions.get(id).is_some_and(|one| one.app == app));
    let key = known.ok_or_else(|| call.nobody(id))?;
    match method {
        "GET" => {}
        "PATCH" => {
            let expires = expiry(call)?;
            if let Some(subscription) = call.state.subscriptions.get_mut(&key) {
                subscription.expires = expires;
            }
        }
        "DELETE" => {
            call.state.subscriptions.remove(&key);
            return Ok(Answer::new(204, Value::Null));
        }
        _ => return Err(Answer::error(405, "Request_BadRequest", "There is no such method.")),
    }
    Ok(Answer::ok(
        call.state
            .subscriptions
            .get(&key)
            .map_or(Value::Null, |one| one.show(key)),
    ))
}

fn expiry(call: &Call<'_>) -> Result<Moment, Answer> {
    let text = call.asked.body["expirationDateTime"].as_str().unwrap_or_default();
    let at =
        Moment::parse(text).ok_or_else(|| Answer::error(400, "InvalidRequest", "expirationDateTime is missing."))?;
    if at <= call.now || at > call.now.plus(LONGEST) {
        return Err(Answer::error(
            400,
            "InvalidRequest",
            "Subscription expiration can only be 41760 minutes in the future.",
        ));
    }
    Ok(at)
}

fn create(call: &mut Call<'_>) -> Result<Answer, Answer> {
    let text = |name: &str| {
        call.asked.body[name]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let invalid = |message: &str| Answer::error(400, "InvalidRequest", message);
    let kind = match text("resource")
        .as_deref()
        .map(|resource| resource.trim_start_matches('/'))
    {
        Some("users") => Kind::User,
        Some("groups") => Kind::Group,
        _ => return Err(invalid("resource must be users or groups.")),
    };
    call.permit(if kind == Kind::User { USERS } else { GROUPS })?;
    let change_type = text("changeType").ok_or_else(|| invalid("changeType is missing."))?;
    if change_type
        .split(',')
        .any(|change| !matches!(change.trim(), "created" | "updated" | "deleted"))
    {
        return Err(invalid("changeType is not supported."));
    }
    let client_state = text("clientState");
    if client_state
        .as_ref()
        .is_some_and(|state| state.chars().count() > LONGEST_STATE)
    {
        return Err(invalid("clientState is longer than 128 characters."));
    }
    let subscription = Subscription {
        app: call.bearer.app,
        kind,
        change_type,
        notification_url: text("notificationUrl").ok_or_else(|| invalid("notificationUrl is missing."))?,
        lifecycle_url: text("lifecycleNotificationUrl"),
        client_state,
        expires: expiry(call)?,
    };
    if !call.asked.is_validated {
        let urls = [Some(subscription.notification_url.clone()), subscription.lifecycle_url];
        let mut answer = Answer::new(202, Value::Null);
        answer.delivery = Delivery::Validate(urls.into_iter().flatten().collect());
        return Ok(answer);
    }
    let id = call.world.guid("subscription");
    let shown = subscription.show(id);
    call.state.subscriptions.insert(id, subscription);
    Ok(Answer::new(201, shown))
}

impl State {
    /// Notifications of what has happened since the last time.
    pub(crate) fn announce(&mut self, now: Moment) -> Vec<Notice> {
        let from = std::mem::replace(&mut self.announced, self.log.len());
        let behaviour = self.behaviour;
        if self.subscriptions.is_empty() || behaviour.notifications_lost {
            return Vec::new();
        }
        let mut notices = Vec::new();
        for (id, subscription) in &self.subscriptions {
            if subscription.expires <= now {
                continue;
            }
            let items: Vec<Value> = self.log[from..]
                .iter()
                .filter_map(|change| {
                    let object = self.object(change.object);
                    let is_removed = matches!(change.what, What::Presence(_)) && object.presence != Presence::Live;
                    // Somebody new is somebody updated.
                    let kind = if is_removed { "deleted" } else { "updated" };
                    let is_wanted = object.kind == subscription.kind && subscription.wants(kind);
                    is_wanted.then(|| self.item(*id, subscription, kind, object.id))
                })
                .take(MOST_CHANGES)
                .collect();
            for together in items.chunks(TOGETHER) {
                let times = if behaviour.notifications_twice { 2 } else { 1 };
                let notice = Notice::new(&subscription.notification_url, json!({ "value": together }));
                notices.extend(std::iter::repeat_n(notice, times));
            }
        }
        notices
    }

    fn client_state(&self, subscription: &Subscription) -> Value {
        if self.behaviour.notifications_forged {
            json!("not what was agreed on")
        } else {
            json!(subscription.client_state)
        }
    }

    fn item(&self, id: Uuid, subscription: &Subscription, change: &str, object: Uuid) -> Value {
        let collection = subscription.kind.collection();
        json!({
            "subscriptionId": id, "subscriptionExpirationDateTime": subscription.expires.text(),
            "clientState": self.client_state(subscription), "changeType": change, "tenantId": self.id,
            "resource": format!("{collection}/{object}"),
            "resourceData": {
                "@odata.type": subscription.kind.odata_type(), "@odata.id": format!("{collection}/{object}"), "id": object,
            },
        })
    }

    /// The lifecycle notification that asks for a new consent to a subscription; nothing if it does not want any.
    pub(crate) fn reauthorization(&self, id: Uuid) -> Option<Notice> {
        let subscription = self.subscriptions.get(&id)?;
        let body = json!({ "value": [{
            "subscriptionId": id, "subscriptionExpirationDateTime": subscription.expires.text(),
            "clientState": self.client_state(subscription), "tenantId": self.id,
            "lifecycleEvent": "reauthorizationRequired",
        }] });
        Some(Notice::new(subscription.lifecycle_url.as_deref()?, body))
    }
}
