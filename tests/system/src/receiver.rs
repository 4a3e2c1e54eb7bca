//! A downstream app: receives webhooks, checks their signatures, remembers them all.

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use crate::process::{PATIENCE, pause};

/// A webhook as it arrived.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The `webhook-id`.
    pub id: String,
    /// The `traceparent`.
    pub traceparent: String,
    /// The signatures.
    pub signature: String,
    /// Whether it says that it is for a test.
    pub test: bool,
    /// The parsed body.
    pub body: Value,
    /// Whether the signature and the timestamp are good.
    pub verified: bool,
}

impl Arrival {
    /// The `type` of the body.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }
}

/// A running app.
#[derive(Debug)]
pub struct Receiver {
    /// Where to send webhooks.
    pub url: String,
    shared: Arc<Shared>,
    handle: ServerHandle,
}

#[derive(Debug, Default)]
struct Shared {
    secret: OnceLock<String>,
    arrivals: Mutex<Vec<Arrival>>,
    seen: Mutex<HashSet<String>>,
    /// Whether only what tells one event from another is kept of the bodies.
    light: bool,
}

impl Receiver {
    /// Starts on a free port.
    #[must_use]
    pub fn start() -> Self {
        Self::start_as(false)
    }

    /// One that keeps of each body no more than type, sequence, directory and whom it is about: for hours of events.
    #[must_use]
    pub fn start_light() -> Self {
        Self::start_as(true)
    }

    fn start_as(light: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            light,
            ..Shared::default()
        });
        let data = web::Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .default_service(web::post().to(receive))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, shared, handle }
    }

    /// The secret of the endpoint that points here.
    pub fn trust(&self, secret: &str) {
        self.shared.secret.set(secret.to_owned()).unwrap();
    }

    /// Everything so far, in order of arrival.
    #[must_use]
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.shared.arrivals.lock().unwrap().clone()
    }

    /// The first arrival of each event, in order of arrival.
    #[must_use]
    pub fn distinct(&self) -> Vec<Arrival> {
        let mut seen = HashSet::new();
        self.arrivals()
            .into_iter()
            .filter(|arrival| seen.insert(arrival.id.clone()))
            .collect()
    }

    /// How many different events have arrived.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shared.seen.lock().unwrap().len()
    }

    /// Waits until so many different events have arrived.
    pub async fn wait_for(&self, events: usize) -> Vec<Arrival> {
        let started = Instant::now();
        loop {
            let count = self.count();
            if count >= events {
                return self.distinct();
            }
            assert!(started.elapsed() < PATIENCE, "{count} of {events} events have arrived");
            pause().await;
        }
    }

    /// Waits until an event of this type about this id has arrived.
    pub async fn wait_for_kind(&self, kind: &str, sequence: i64) -> Arrival {
        let started = Instant::now();
        loop {
            let found = self
                .distinct()
                .into_iter()
                .find(|a| a.kind() == kind && a.body["sequence"] == sequence);
            if let Some(arrival) = found {
                return arrival;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "no {kind} with sequence {sequence} has arrived"
            );
            pause().await;
        }
    }

    /// Stops listening.
    pub async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

async fn receive(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let mut headers = reqwest::header::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, header(name).parse().unwrap());
    }
    let secret = shared.secret.get().cloned().unwrap_or_default();
    let verified = Webhook::new(&secret).is_ok_and(|webhook| webhook.verify(&body, &headers).is_ok());
    let mut body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if shared.light {
        body = json!({
            "type": body["type"],
            "sequence": body["sequence"],
            "directory_id": body["directory_id"],
            "data": { "user": { "id": body["data"]["user"]["id"] } },
        });
    }
    let arrival = Arrival {
        id: header("webhook-id"),
        traceparent: header("traceparent"),
        signature: header("webhook-signature"),
        test: header("webhook-test") == "true",
        body,
        verified,
    };
    let id = arrival.id.clone();
    shared.arrivals.lock().unwrap().push(arrival);
    shared.seen.lock().unwrap().insert(id);
    HttpResponse::NoContent().finish()
}
