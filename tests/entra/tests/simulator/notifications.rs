//! Subscriptions to change notifications.

use crate::support::World;
use actix_web::{App, HttpResponse, HttpServer, web};
use entra::{Bulk, Kind, Rule};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Takes notifications, and answers validations if it is told to.
struct Hook {
    url: String,
    came: UnboundedReceiver<Value>,
}

impl Hook {
    fn start(is_valid: bool) -> Self {
        let (sender, came) = unbounded_channel::<Value>();
        let take = move |query: web::Query<HashMap<String, String>>,
                         body: web::Bytes,
                         sender: web::Data<UnboundedSender<Value>>| async move {
            match query.get("validationToken") {
                Some(token) if is_valid => HttpResponse::Ok().content_type("text/plain").body(token.clone()),
                Some(_) => HttpResponse::Ok().content_type("text/plain").body("something else"),
                None => {
                    sender.send(serde_json::from_slice(&body).unwrap()).unwrap();
                    HttpResponse::Accepted().finish()
                }
            }
        };
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(sender.clone()))
                .default_service(web::post().to(take))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}/hook", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, came }
    }

    async fn next(&mut self) -> Value {
        let came = tokio::time::timeout(Duration::from_secs(30), self.came.recv()).await;
        came.expect("a notification came").unwrap()
    }
}

fn wanted(world: &World, hook: &Hook) -> Value {
    let expires = world.entra.now().plus(Duration::from_secs(3_600)).text();
    json!({
        "changeType": "updated,deleted", "notificationUrl": hook.url, "lifecycleNotificationUrl": hook.url,
        "resource": "users", "expirationDateTime": expires, "clientState": "known to both",
    })
}

#[tokio::test]
async fn a_change_is_told_without_data_and_with_the_agreed_state() {
    let world = World::start().await;
    let mut hook = Hook::start(true);
    let made = world.post("/subscriptions", &wanted(&world, &hook)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let dana = world.user(json!({ "displayName": "Dana" }));
    let told = hook.next().await["value"][0].clone();
    assert_eq!(told["subscriptionId"], made.body["id"]);
    assert_eq!(
        (&told["changeType"], &told["clientState"]),
        (&json!("updated"), &json!("known to both"))
    );
    assert_eq!(
        (&told["resourceData"]["id"], &told["tenantId"]),
        (&json!(dana), &json!(world.tenant.id()))
    );
    assert!(!told.to_string().contains("Dana"));
    world.tenant.delete(Kind::User, dana).unwrap();
    let told = hook.next().await;
    assert!(told.to_string().contains("\"deleted\""), "{told}");
}

#[tokio::test]
async fn many_changes_come_together() {
    let world = World::start().await;
    let mut hook = Hook::start(true);
    world.post("/subscriptions", &wanted(&world, &hook)).await;
    world
        .tenant
        .bulk(Bulk {
            users: 250,
            ..Bulk::default()
        })
        .unwrap();
    let mut sizes = Vec::new();
    for _ in 0..3 {
        sizes.push(hook.next().await["value"].as_array().unwrap().len());
    }
    assert_eq!(sizes, [100, 100, 50]);
}

#[tokio::test]
async fn whoever_does_not_prove_that_they_want_them_gets_none() {
    let world = World::start().await;
    let hook = Hook::start(false);
    let answer = world.post("/subscriptions", &wanted(&world, &hook)).await;
    assert_eq!((answer.status, answer.code()), (400, "ValidationError"));
    assert!(world.tenant.subscriptions().unwrap().is_empty());
}

#[tokio::test]
async fn a_subscription_lives_less_than_29_days_and_can_be_prolonged() {
    let world = World::start().await;
    let hook = Hook::start(true);
    let mut long = wanted(&world, &hook);
    long["expirationDateTime"] = json!(world.entra.now().plus(Duration::from_secs(41_761 * 60)).text());
    assert_eq!(world.post("/subscriptions", &long).await.status, 400);
    let made = world.post("/subscriptions", &wanted(&world, &hook)).await;
    let url = format!(
        "{}/v1.0/subscriptions/{}",
        world.entra.url(),
        made.body["id"].as_str().unwrap()
    );
    let later = json!({ "expirationDateTime": world.entra.now().plus(Duration::from_secs(7_200)).text() });
    let renewed = World::read(world.client.patch(&url).bearer_auth(&world.token).json(&later)).await;
    assert_eq!(renewed.body["expirationDateTime"], later["expirationDateTime"]);
    assert_eq!(world.tenant.subscriptions().unwrap().len(), 1);
    world.entra.advance(Duration::from_secs(7_201));
    assert!(world.tenant.subscriptions().unwrap().is_empty());
}

#[tokio::test]
async fn notifications_come_twice_forged_or_not_at_all() {
    let world = World::start().await;
    let mut hook = Hook::start(true);
    let made = world.post("/subscriptions", &wanted(&world, &hook)).await;
    world.tenant.behave(|tenant| tenant.notifications_lost = true).unwrap();
    world.user(json!({}));
    world
        .tenant
        .behave(|tenant| (tenant.notifications_lost, tenant.notifications_twice) = (false, true))
        .unwrap();
    let dana = world.user(json!({}));
    let (one, other) = (hook.next().await, hook.next().await);
    assert_eq!(
        one["value"][0]["resourceData"]["id"],
        json!(dana),
        "the one before is lost"
    );
    assert_eq!(one, other);
    world
        .tenant
        .behave(|tenant| (tenant.notifications_twice, tenant.notifications_forged) = (false, true))
        .unwrap();
    world.user(json!({}));
    assert_ne!(hook.next().await["value"][0]["clientState"], "known to both");
    let id = made.body["id"].as_str().unwrap().parse().unwrap();
    world.tenant.ask_for_reauthorization(id).unwrap();
    assert_eq!(
        hook.next().await["value"][0]["lifecycleEvent"],
        "reauthorizationRequired"
    );
    assert_eq!(world.broken(Rule::NotificationUnanswered), 0);
}
