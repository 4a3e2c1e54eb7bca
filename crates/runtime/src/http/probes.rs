//! `/healthz`, `/readyz` and `/metrics`: what load balancers, orchestrators and Prometheus ask.

use crate::http::read_only;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, http::header};
use bus::Bus;
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use store::Store;
use telemetry::metrics::{CONTENT_TYPE, MetricsHandle};
use tokio_util::sync::CancellationToken;

/// Probes are asked every few seconds; one that hangs is as bad as one that fails.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the probes look at. Answers name states and never addresses, since anyone may ask.
#[derive(Clone, Debug)]
pub struct Probes {
    store: Option<Store>,
    bus: Option<Bus>,
    stopping: CancellationToken,
    metrics: MetricsHandle,
}

impl Probes {
    /// Probes of a program; `None` is a dependency that is not reached yet.
    #[must_use]
    pub const fn new(
        store: Option<Store>,
        bus: Option<Bus>,
        stopping: CancellationToken,
        metrics: MetricsHandle,
    ) -> Self {
        Self {
            store,
            bus,
            stopping,
            metrics,
        }
    }

    /// Adds the three routes.
    pub fn configure(&self, config: &mut ServiceConfig) {
        config
            .app_data(web::Data::new(self.clone()))
            .service(read_only("/healthz").route(web::get().to(healthz)))
            .service(read_only("/readyz").route(web::get().to(readyz)))
            .service(read_only("/metrics").route(web::get().to(metrics)));
    }

    async fn database(&self) -> Value {
        let Some(store) = &self.store else {
            return unavailable("not reached yet");
        };
        let asked = Instant::now();
        match tokio::time::timeout(PATIENCE, store.ping()).await {
            Ok(Ok(())) => json!({"status": "ok", "duration_ms": asked.elapsed().as_millis()}),
            Ok(Err(error)) => {
                tracing::warn!(error = %telemetry::chain(&error), "the database does not answer the probe");
                unavailable("no answer")
            }
            Err(_) => unavailable("no answer in time"),
        }
    }

    fn bus(&self) -> Value {
        match self.bus.as_ref().map(Bus::health) {
            None => unavailable("not reached yet"),
            Some(health) if health.up => json!({"status": "ok"}),
            Some(health) => unavailable(&health.detail),
        }
    }
}

fn unavailable(detail: &str) -> Value {
    json!({"status": "unavailable", "detail": detail})
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

async fn readyz(probes: web::Data<Probes>) -> HttpResponse {
    let mut dependencies = Map::new();
    dependencies.insert("database".to_owned(), probes.database().await);
    dependencies.insert("bus".to_owned(), probes.bus());
    let all_up = dependencies.values().all(|dependency| dependency["status"] == "ok");
    if all_up && !probes.stopping.is_cancelled() {
        HttpResponse::Ok().json(json!({"status": "ok", "dependencies": dependencies}))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({"status": "unavailable", "dependencies": dependencies}))
    }
}

async fn metrics(probes: web::Data<Probes>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, CONTENT_TYPE))
        .body(probes.metrics.render())
}
