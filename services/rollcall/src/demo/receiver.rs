//! The downstream app of the demo: receives webhooks, checks their signature, and says when they came.

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use std::net::TcpListener;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tokio::sync::mpsc;
use webhooks::{ID_HEADER, SIGNATURE_HEADER, Secret, SignedHeaders, TIMESTAMP_HEADER};

/// A webhook as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// The `webhook-id`: the event's id.
    pub(crate) event_id: String,
    /// Whether the signature is the endpoint's and the timestamp is fresh.
    pub(crate) verified: bool,
    /// The trace it belongs to.
    pub(crate) trace_id: String,
    /// When its last byte was here.
    pub(crate) at: Instant,
}

/// A running receiver.
pub(crate) struct Receiver {
    pub(crate) url: String,
    pub(crate) arrivals: mpsc::UnboundedReceiver<Arrival>,
    secret: Arc<OnceLock<Secret>>,
    handle: ServerHandle,
}

struct Shared {
    secret: Arc<OnceLock<Secret>>,
    arrivals: mpsc::UnboundedSender<Arrival>,
}

impl Receiver {
    /// Starts on a free loopback port.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port for the webhook receiver")?;
        let url = format!("http://{}/webhooks", listener.local_addr()?);
        let (sender, arrivals) = mpsc::unbounded_channel();
        let secret = Arc::new(OnceLock::new());
        let shared = web::Data::new(Shared {
            secret: Arc::clone(&secret),
            arrivals: sender,
        });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/webhooks", web::post().to(receive))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Self {
            url,
            arrivals,
            secret,
            handle,
        })
    }

    /// The secret that the endpoint was given when it was created.
    pub(crate) fn trust(&self, secret: &str) -> anyhow::Result<()> {
        let secret = Secret::parse(secret).context("the endpoint's secret")?;
        let _ = self.secret.set(secret);
        Ok(())
    }

    pub(crate) async fn stop(&self) {
        self.handle.stop(false).await;
    }
}

async fn receive(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let at = Instant::now();
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let signed = SignedHeaders {
        id: header(ID_HEADER),
        timestamp: header(TIMESTAMP_HEADER),
        signature: header(SIGNATURE_HEADER),
    };
    let verified = shared
        .secret
        .get()
        .is_some_and(|secret| secret.verify(&signed, &body).is_ok());
    let arrival = Arrival {
        event_id: signed.id.to_owned(),
        verified,
        trace_id: trace_id(header("traceparent")).to_owned(),
        at,
    };
    // Nobody listens any more once the demo has ended; the webhook is welcome all the same.
    let _ = shared.arrivals.send(arrival);
    if verified {
        HttpResponse::NoContent().finish()
    } else {
        HttpResponse::Unauthorized().finish()
    }
}

/// The second part of a `traceparent`.
fn trace_id(traceparent: &str) -> &str {
    traceparent.split('-').nth(1).unwrap_or_default()
}
