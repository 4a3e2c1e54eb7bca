//! An app that only notes when each event came: as little work as a receiver can do.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Events by the id of their trace.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    arrivals: Arc<Mutex<HashMap<String, Instant>>>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let arrivals: Arc<Mutex<HashMap<String, Instant>>> = Arc::default();
        let data = web::Data::from(Arc::clone(&arrivals));
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
        tokio::spawn(server);
        Self { url, arrivals }
    }

    /// Waits for so many different events.
    pub(crate) async fn wait_for(&self, events: usize) {
        let started = Instant::now();
        while self.arrivals.lock().unwrap().len() < events {
            assert!(
                started.elapsed() < Duration::from_secs(300),
                "{} of {events} webhooks",
                self.arrivals.lock().unwrap().len()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What has arrived, and forgets it.
    pub(crate) fn take(&self) -> HashMap<String, Instant> {
        std::mem::take(&mut self.arrivals.lock().unwrap())
    }
}

async fn receive(
    request: HttpRequest,
    _body: web::Bytes,
    arrivals: web::Data<Mutex<HashMap<String, Instant>>>,
) -> HttpResponse {
    let at = Instant::now();
    let trace = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok()?.split('-').nth(1));
    arrivals
        .lock()
        .unwrap()
        .entry(trace.unwrap_or_default().to_owned())
        .or_insert(at);
    HttpResponse::NoContent().finish()
}
