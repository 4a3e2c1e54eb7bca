//! Change notifications: subscriptions, and what Graph sends to us.

use crate::edge::{Edge, Reply};
use crate::support::{CLIENT, TENANT, now, session};
use graph::delta::Collection;
use graph::subscription::{
    LONGEST_NOTIFICATION, Lifecycle, NewSubscription, NotificationError, read_notifications, validation_token,
};
use proptest::prelude::*;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use std::time::Duration;
use url::Url;
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(77);

fn new(state: &str) -> NewSubscription {
    NewSubscription {
        collection: Collection::Users,
        notification_url: Url::parse("https://hooks.example/graph/c").unwrap(),
        lifecycle_url: Url::parse("https://hooks.example/graph/c/lifecycle").unwrap(),
        client_state: SecretString::from(state),
        expires_at: now().plus(Duration::from_hours(24 * 90)),
    }
}

#[actix_web::test]
async fn a_subscription_is_made_renewed_and_ended() {
    let edge = Edge::start(|seen| match seen.method.as_str() {
        "POST" | "PATCH" if !seen.is_token() => {
            let asked: Value = serde_json::from_str(&seen.body).unwrap();
            let body = json!({ "id": ID, "expirationDateTime": asked["expirationDateTime"], "clientState": null });
            Some(Reply::json(if seen.method == "POST" { 201 } else { 200 }, &body))
        }
        "DELETE" if seen.target.ends_with(&ID.to_string()) => Some(Reply::raw(204, "text/plain", b"")),
        _ => None,
    })
    .await;
    let (session, _) = session(&edge);
    let made = session.subscribe(&new("state")).await.unwrap();
    assert_eq!(made.id, ID);
    let life = made.expires_at.since(now());
    assert!(
        life < Duration::from_mins(41_760) && life > Duration::from_mins(41_000),
        "cut to what Graph takes"
    );
    let renewed = session.renew(ID, now().plus(Duration::from_hours(5))).await.unwrap();
    assert_eq!(renewed.expires_at, now().plus(Duration::from_hours(5)));
    session.unsubscribe(ID).await.unwrap();
    session.unsubscribe(Uuid::nil()).await.unwrap();
    assert_eq!(session.renew(Uuid::nil(), now()).await.unwrap().id, ID);
    let body: Value = serde_json::from_str(&edge.seen()[0].body).unwrap();
    let expected = json!({
        "changeType": "updated,deleted", "notificationUrl": "https://hooks.example/graph/c",
        "lifecycleNotificationUrl": "https://hooks.example/graph/c/lifecycle", "resource": "users",
        "expirationDateTime": made.expires_at, "clientState": "state", "latestSupportedTlsVersion": "v1_2",
    });
    assert_eq!(body, expected);
}

#[actix_web::test]
async fn a_subscription_that_may_have_been_made_is_not_made_twice() {
    for (reply, requests) in [
        (Reply::raw(201, "application/json", b"{\"id\":").cut(), 1),
        (Reply::error(502, "x"), 1),
        (Reply::error(429, "x").with("retry-after", "1"), 5),
    ] {
        let edge = Edge::answers(vec![reply]).await;
        let (session, _) = session(&edge);
        assert!(session.subscribe(&new("state")).await.unwrap_err().is_transient());
        assert_eq!(edge.seen().len(), requests);
    }
}

#[actix_web::test]
async fn a_client_state_that_graph_would_not_take_is_not_sent() {
    let edge = Edge::start(|_| None).await;
    let (session, _) = session(&edge);
    for state in [String::new(), "x".repeat(129)] {
        assert_eq!(session.subscribe(&new(&state)).await.unwrap_err().code(), "bad_request");
    }
    assert!(edge.seen().is_empty());
}

#[test]
fn graph_is_told_its_own_token_if_it_is_a_line_of_text() {
    let token = "Validation: Testing client application reachability for subscription Request-Id: 1b0c";
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("validationToken", token)
        .finish();
    assert_eq!(validation_token(&query).as_deref(), Some(token));
    for bad in [
        "",
        "validationToken=",
        "token=a",
        "validationToken=a%0Ab",
        "validationToken=a&validationToken=b",
        &format!("validationToken={}", "a".repeat(3_000)),
    ] {
        assert_eq!(validation_token(bad), None, "{bad}");
    }
}

fn body(state: &str, tenant: Uuid) -> Vec<u8> {
    let notification = json!({
        "subscriptionId": ID, "subscriptionExpirationDateTime": "2026-12-18T09:00:00Z", "clientState": state,
        "changeType": "updated", "resource": "Users/1", "tenantId": tenant,
        "resourceData": { "@odata.type": "#Microsoft.Graph.User", "@odata.id": "Users/1", "id": CLIENT },
    });
    json!({ "value": [notification] }).to_string().into_bytes()
}

#[test]
fn a_notification_counts_only_with_the_state_and_the_tenant_of_its_subscription() {
    let knows = |state: &SecretString| state.expose_secret() == "state";
    let of = |said: &str, tenant| read_notifications(&body(said, tenant)).unwrap().remove(0);
    let good = of("state", TENANT);
    assert!(good.is_of(TENANT, knows));
    assert_eq!((good.subscription, good.object), (ID, Some(CLIENT.into())));
    assert!(!of("State", TENANT).is_of(TENANT, knows));
    assert!(!of("", TENANT).is_of(TENANT, knows));
    assert!(!of("state", CLIENT).is_of(TENANT, knows));
    assert!(!format!("{:?}", of("the-secret-state", TENANT)).contains("the-secret-state"));
    let bare = json!({ "value": [{ "subscriptionId": ID }] }).to_string();
    assert!(!read_notifications(bare.as_bytes()).unwrap()[0].is_of(TENANT, |_| true));
}

#[test]
fn what_graph_asks_of_a_subscription_is_told_apart_from_a_change() {
    for (event, expected) in [
        ("reauthorizationRequired", Lifecycle::ReauthorizationRequired),
        ("subscriptionRemoved", Lifecycle::SubscriptionRemoved),
        ("missed", Lifecycle::Missed),
        ("new", Lifecycle::Other),
    ] {
        let body = json!({ "value": [{ "subscriptionId": ID, "lifecycleEvent": event }] }).to_string();
        assert_eq!(
            read_notifications(body.as_bytes()).unwrap()[0].lifecycle,
            Some(expected)
        );
    }
    assert_eq!(read_notifications(&body("s", TENANT)).unwrap()[0].lifecycle, None);
}

#[test]
fn bodies_have_a_limit_and_a_form() {
    let long = vec![b' '; LONGEST_NOTIFICATION + 1];
    assert_eq!(read_notifications(&long).unwrap_err(), NotificationError::TooLong);
    let many = json!({ "value": vec![json!({ "subscriptionId": ID }); 1_001] }).to_string();
    assert_eq!(
        read_notifications(many.as_bytes()).unwrap_err(),
        NotificationError::TooMany
    );
    for bad in [
        "",
        "{}",
        "[]",
        r#"{"value":[{}]}"#,
        r#"{"value":[{"subscriptionId":"x"}]}"#,
    ] {
        assert_eq!(
            read_notifications(bad.as_bytes()).unwrap_err(),
            NotificationError::Unreadable,
            "{bad}"
        );
    }
}

proptest! {
    #[test]
    fn nothing_that_is_sent_makes_the_readers_panic(body in prop::collection::vec(any::<u8>(), 0..300), query in ".*") {
        let _ = read_notifications(&body);
        let _ = validation_token(&query);
    }
}
