//! An app that only notes when each event came: as little work as a receiver can do.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long no webhook may come while some are missing.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running app.
pub(crate) struct Receiver {
    /// Where it listens.
    pub(crate) url: String,
    arrivals: Arc<Mutex<Arrivals>>,
}

/// What came.
#[derive(Default)]
pub(crate) struct Arrivals {
    /// When each event came first, by the id of its trace.
    pub(crate) first: HashMap<u128, Instant>,
    /// How many webhooks came in all, repetitions included.
    pub(crate) webhooks: usize,
    /// Each of them, as it came.
    pub(crate) all: Vec<(u128, Instant)>,
}

impl Receiver {
    /// Starts on a free port.
    pub(crate) fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let arrivals: Arc<Mutex<Arrivals>> = Arc::default();
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

    /// Waits for so many different events at each of so many endpoints, takes what has arrived, and forgets it.
    ///
    /// # Panics
    /// When none comes any more.
    pub(crate) async fn take(&self, events: usize) -> Arrivals {
        self.take_when(events, |arrivals| arrivals.first.len()).await
    }

    /// The same for so many webhooks, however many events they tell of.
    ///
    /// # Panics
    /// When none comes any more.
    pub(crate) async fn take_all(&self, webhooks: usize) -> Arrivals {
        self.take_when(webhooks, |arrivals| arrivals.webhooks).await
    }

    async fn take_when(&self, wanted: usize, count: impl Fn(&Arrivals) -> usize) -> Arrivals {
        let (mut most, mut at) = (0, Instant::now());
        loop {
            let count = count(&self.arrivals.lock().unwrap());
            if count >= wanted {
                return std::mem::take(&mut self.arrivals.lock().unwrap());
            }
            if count > most {
                (most, at) = (count, Instant::now());
            }
            assert!(at.elapsed() < PATIENCE, "{count} of {wanted} have arrived");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn receive(request: HttpRequest, _body: web::Bytes, arrivals: web::Data<Mutex<Arrivals>>) -> HttpResponse {
    let at = Instant::now();
    let trace = request
        .headers()
        .get("traceparent")
        .and_then(|value| u128::from_str_radix(value.to_str().ok()?.split('-').nth(1)?, 16).ok());
    let mut arrivals = arrivals.lock().unwrap();
    arrivals.webhooks += 1;
    arrivals.all.push((trace.unwrap_or_default(), at));
    arrivals.first.entry(trace.unwrap_or_default()).or_insert(at);
    HttpResponse::NoContent().finish()
}
