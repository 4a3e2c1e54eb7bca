//! What Microsoft Graph tells of changes.

use crate::world::{BOTH, Pulled, World};
use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer};
use graph_sync::{Config, GraphSync};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::Duration;
use url::Url;

const DAY: Duration = Duration::from_hours(24);

/// The pull as a process that Microsoft can reach.
struct Reachable {
    sync: GraphSync,
    server: ServerHandle,
    url: Url,
}

impl Reachable {
    async fn new(world: &World) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let config = Config {
            notified_at: Some(url.clone()),
            ..world.config.clone()
        };
        let sync = world.process("reachable", config);
        let routes = sync.routes();
        let server = HttpServer::new(move || App::new().configure(routes.clone()))
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            sync,
            server: handle,
            url,
        }
    }

    /// What a URL answers to this, and what that says.
    async fn post(&self, path: &str, body: &Value) -> (u16, String) {
        let url = self.url.join(path).unwrap();
        let sent = reqwest::Client::new()
            .post(url)
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        (sent.status().as_u16(), sent.text().await.unwrap())
    }
}

/// Waits until a directory is due, as of now.
async fn due(world: &World, of: &Pulled) {
    let soon = world.now().plus(Duration::from_mins(1));
    let waiting = async {
        while world.pull(of).await.due_at > soon {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    waited.expect("the directory is due");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_told_is_pulled_before_its_time() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let reachable = Reachable::new(&world).await;
        let of = world
            .pulled(&json!({ "scope": "all", "interval_seconds": 86_400 }))
            .await;
        let ada = of
            .tenant
            .user(json!({ "userPrincipalName": "ada@fabrikam.example" }))
            .unwrap();
        reachable.sync.settle().await.unwrap();
        let mut resources: Vec<_> = of.tenant.subscriptions().unwrap();
        resources.sort_by(|one, other| one.resource.cmp(&other.resource));
        let names: Vec<_> = resources.iter().map(|one| one.resource.as_str()).collect();
        assert_eq!(names, ["groups", "users"]);
        assert!(world.pull(&of).await.due_at > world.now().plus(DAY / 2));

        of.tenant.update_user(ada, json!({ "jobTitle": "Countess" })).unwrap();
        due(&world, &of).await;
        world.entra.advance(Duration::from_mins(1));
        reachable.sync.settle().await.unwrap();
        let (_, attributes) = world.user(&of, ada).await.unwrap();
        assert_eq!(attributes["title"], "Countess");
        reachable.server.stop(false).await;
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_know_the_state_hastens_nothing_and_is_shown_nothing() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let reachable = Reachable::new(&world).await;
        let of = world
            .pulled(&json!({ "scope": "all", "interval_seconds": 86_400 }))
            .await;
        reachable.sync.settle().await.unwrap();
        let known = world.store().graph_subscriptions(of.directory).await.unwrap();
        let before = world.pull(&of).await.due_at;
        let path = format!("/graph/notifications/{}", known[0].id);
        let told = |state: &str| {
            json!({ "value": [{ "subscriptionId": known[0].subscription_id, "clientState": state,
                "tenantId": of.tenant.id(), "lifecycleEvent": "subscriptionRemoved" }] })
        };
        let (state, _) = secrets::Token::mint(secrets::TokenKind::GraphSubscription, known[0].id.uuid());
        for state in ["", "x", secrecy::ExposeSecret::expose_secret(&state)] {
            assert_eq!(reachable.post(&path, &told(state)).await.0, 403);
        }
        assert_eq!(reachable.post(&path, &json!([])).await.0, 400);
        // No subscription is being made any more, so the URL echoes nothing.
        let asked = format!("{path}?validationToken=hello");
        assert_eq!(reachable.post(&asked, &Value::Null).await, (404, String::new()));
        let unknown = format!(
            "/graph/notifications/{}?validationToken=hello",
            events::GraphSubscriptionId::new()
        );
        assert_eq!(reachable.post(&unknown, &Value::Null).await, (404, String::new()));
        assert_eq!(world.pull(&of).await.due_at, before);
        assert_eq!(world.store().graph_subscriptions(of.directory).await.unwrap(), known);
        reachable.server.stop(false).await;
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_renewed_at_half_time_and_made_again_when_they_are_gone() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let reachable = Reachable::new(&world).await;
        let of = world
            .pulled(&json!({ "scope": "all", "interval_seconds": 86_400 }))
            .await;
        reachable.sync.settle().await.unwrap();
        let first = of.tenant.subscriptions().unwrap();
        let ids = || {
            let mut ids: Vec<_> = of.tenant.subscriptions().unwrap().iter().map(|one| one.id).collect();
            ids.sort_unstable();
            ids
        };
        let before = ids();
        for _ in 0..20 {
            world.entra.advance(DAY);
            reachable.sync.settle().await.unwrap();
        }
        assert_eq!(ids(), before, "they are the same ones");
        assert!(of.tenant.subscriptions().unwrap()[0].expires > first[0].expires);
        // Graph asks for one, which is renewed with the next round, and that is soon.
        of.tenant.ask_for_reauthorization(before[0]).unwrap();
        due(&world, &of).await;
        let asked_for = world.store().graph_subscriptions(of.directory).await.unwrap();
        assert!(asked_for.iter().any(|one| one.renew_at <= world.now()));
        // Nobody was there for longer than they last.
        world.entra.advance(DAY * 40);
        assert!(of.tenant.subscriptions().unwrap().is_empty());
        reachable.sync.settle().await.unwrap();
        assert_eq!(of.tenant.subscriptions().unwrap().len(), 2);
        reachable.server.stop(false).await;
        world.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_cannot_be_reached_pulls_at_its_interval() {
    for dialect in BOTH {
        let world = World::new(dialect).await;
        let config = Config {
            // Nobody listens there.
            notified_at: Some("http://127.0.0.1:1".parse().unwrap()),
            ..world.config.clone()
        };
        let sync = world.process("unreachable", config);
        let of = world
            .pulled(&json!({ "scope": "all", "interval_seconds": 3_600 }))
            .await;
        let ada = of
            .tenant
            .user(json!({ "userPrincipalName": "ada@fabrikam.example" }))
            .unwrap();
        sync.settle().await.unwrap();
        assert!(world.user(&of, ada).await.is_some());
        assert!(of.tenant.subscriptions().unwrap().is_empty());
        let pull = world.pull(&of).await;
        assert_eq!((pull.failures, pull.last_error), (0, None));
        let tried = world.store().graph_subscriptions(of.directory).await.unwrap();
        world.entra.advance(DAY / 24);
        sync.settle().await.unwrap();
        let again = world.store().graph_subscriptions(of.directory).await.unwrap();
        assert_eq!(again, tried, "it is not tried with each round");
        world.stop().await;
    }
}
