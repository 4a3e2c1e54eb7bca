//! The server of every program, asked over real sockets.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorForbidden;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use runtime::Shutdown;
use runtime::http::{BodyError, HttpLimits, Probes, TracedFrom, read_body, serve};
use serde_json::Value;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Store, StoreOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

const LIMITS: HttpLimits = HttpLimits {
    connections: 100,
    unread: 1 << 20,
    body_time: Duration::from_millis(300),
};

struct Server {
    address: SocketAddr,
    shutdown: Shutdown,
    /// A permit lets one request to `/slow/…` through.
    gate: Arc<Semaphore>,
    /// Gets a permit when such a request has begun.
    begun: Arc<Semaphore>,
    ended: JoinHandle<io::Result<()>>,
    store: Store,
    _folder: tempfile::TempDir,
}

async fn start() -> Server {
    start_traced_from(&[]).await
}

async fn start_traced_from(networks: &[&str]) -> Server {
    let traced_from = TracedFrom::new(networks.iter().map(|network| network.parse().unwrap()).collect());
    let traced_from = web::Data::new(traced_from);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let store = Store::connect(&StoreOptions::new(url)).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let metrics = telemetry::metrics::install();
    let probes = Probes::new(
        Some(store.clone()),
        Some(bus::Bus::embedded(1)),
        shutdown.soft.clone(),
        metrics,
    );
    let (gate, begun) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let state = web::Data::new((Arc::clone(&gate), Arc::clone(&begun)));
    let stop = shutdown.clone();
    let ended = tokio::spawn(async move {
        let routes = move |config: &mut ServiceConfig| {
            config
                .app_data(state.clone())
                .app_data(traced_from.clone())
                .route("/slow/{id}", web::get().to(slow))
                .route("/read", web::post().to(read))
                .route("/trace", web::get().to(trace))
                .route("/kept", web::get().to(kept))
                .route("/failing", web::get().to(failing))
                .service(
                    web::resource("/refused")
                        .wrap(from_fn(refuse))
                        .route(web::get().to(trace)),
                );
        };
        serve(listener, probes, &stop, Some(1), LIMITS, routes).await
    });
    Server {
        address,
        shutdown,
        gate,
        begun,
        ended,
        store,
        _folder: folder,
    }
}

async fn slow(state: web::Data<(Arc<Semaphore>, Arc<Semaphore>)>) -> HttpResponse {
    state.1.add_permits(1);
    match state.0.acquire().await {
        Ok(_permit) => HttpResponse::Ok().body("done"),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

async fn kept() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "max-age=60"))
        .finish()
}

async fn failing() -> Result<HttpResponse, actix_web::Error> {
    Err(ErrorForbidden("no"))
}

/// Fails before any handler is asked, as a gate does.
async fn refuse(
    _: ServiceRequest,
    _: Next<impl MessageBody>,
) -> Result<ServiceResponse<actix_web::body::BoxBody>, actix_web::Error> {
    Err(ErrorForbidden("no"))
}

/// Answers how reading the body went.
async fn read(request: HttpRequest, payload: web::Payload) -> HttpResponse {
    match read_body(request.headers(), payload, 100).await {
        Ok(body) => HttpResponse::Ok().body(body),
        Err(BodyError::TooSlow) => HttpResponse::RequestTimeout().finish(),
        Err(_) => HttpResponse::BadRequest().finish(),
    }
}

async fn trace() -> String {
    telemetry::traceparent().unwrap_or_default()
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

impl Server {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn json(&self, path: &str) -> (u16, Value) {
        let response = client().get(self.url(path)).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_names_each_dependency_and_fails_with_the_database() {
    let server = start().await;
    let (status, body) = server.json("/readyz").await;
    assert_eq!((status, &body["status"]), (200, &"ok".into()), "{body}");
    assert_eq!(body["dependencies"]["database"]["status"], "ok");
    assert_eq!(body["dependencies"]["bus"]["status"], "ok");
    server.store.close().await;
    let (status, body) = server.json("/readyz").await;
    assert_eq!((status, &body["status"]), (503, &"unavailable".into()), "{body}");
    assert_eq!(body["dependencies"]["database"]["status"], "unavailable");
    assert_eq!(body["dependencies"]["bus"]["status"], "ok");
    assert_eq!(server.json("/healthz").await.0, 200, "the process lives all the same");
    server.shutdown.soft.cancel();
    server.ended.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_measured_by_route_and_not_by_path() {
    let server = start().await;
    server.gate.add_permits(10);
    let client = client();
    for path in ["/slow/1", "/slow/2", "/nowhere"] {
        client.get(server.url(path)).send().await.unwrap();
    }
    let odd = reqwest::Method::from_bytes(b"BREW").unwrap();
    client.request(odd, server.url("/nowhere")).send().await.unwrap();
    let response = client.get(server.url("/metrics")).send().await.unwrap();
    assert!(
        response.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    let text = response.text().await.unwrap();
    let count = |labels: &str| text.contains(&format!("rollcall_http_request_seconds_count{{{labels}}}"));
    assert!(count(r#"method="GET",route="/slow/{id}",status="200""#), "{text}");
    assert!(count(r#"method="GET",route="unmatched",status="404""#), "{text}");
    assert!(count(r#"method="_OTHER",route="unmatched",status="404""#), "{text}");
    assert!(!text.contains("/slow/1") && !text.contains("/metrics"), "{text}");
    server.shutdown.soft.cancel();
    server.ended.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soft_stop_finishes_the_request_in_flight_and_does_not_wait_for_idle_connections() {
    let server = start().await;
    let idle = client();
    idle.get(server.url("/healthz")).send().await.unwrap();
    let request = tokio::spawn(client().get(server.url("/slow/1")).send());
    server.begun.acquire().await.unwrap().forget();
    let stopped = Instant::now();
    server.shutdown.soft.cancel();
    server.gate.add_permits(1);
    let response = request.await.unwrap().unwrap();
    assert_eq!(response.text().await.unwrap(), "done");
    server.ended.await.unwrap().unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(5), "{:?}", stopped.elapsed());
    drop(idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_a_time_limit_for_every_reader_and_framing() {
    let server = start().await;
    for framing in [
        "content-length: 5\r\n\r\n123",
        "transfer-encoding: chunked\r\n\r\n3\r\n123\r\n",
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!("POST /read HTTP/1.1\r\nhost: x\r\n{framing}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 408", "{framing}");
    }
    let whole = client().post(server.url("/read")).body("12345").send().await.unwrap();
    assert_eq!(whole.text().await.unwrap(), "12345");
    server.shutdown.soft.cancel();
    server.ended.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hard_stop_does_not_wait_for_a_request_that_hangs() {
    let server = start().await;
    let request = tokio::spawn(client().get(server.url("/slow/1")).send());
    server.begun.acquire().await.unwrap().forget();
    let stopped = Instant::now();
    server.shutdown.soft.cancel();
    server.shutdown.hard.cancel();
    server.ended.await.unwrap().unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(2), "{:?}", stopped.elapsed());
    request.abort();
}

/// As HTTP clients send it that trace nothing themselves: the sampled flag is off.
const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

async fn trace_of_a_called_request(server: &Server) -> String {
    let request = client().get(server.url("/trace")).header("traceparent", CALLER);
    request.send().await.unwrap().text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_is_continued_from_the_networks_of_the_setting_and_begun_for_everybody_else() {
    let options = telemetry::TelemetryOptions::new("test", telemetry::LogFormat::Json);
    let _guard = telemetry::init(&options).unwrap();
    for (networks, is_continued) in [
        (&["127.0.0.0/8"][..], true),
        (&["10.0.0.0/8", "127.0.0.1/32"], true),
        (&["::/0"], false),
        (&["10.0.0.0/8"], false),
        (&[], false),
    ] {
        let server = start_traced_from(networks).await;
        let own = client().get(server.url("/trace")).send().await.unwrap();
        let own = own.text().await.unwrap();
        assert_eq!(own.len(), 55, "without a caller's span a trace begins: {own:?}");
        let child = trace_of_a_called_request(&server).await;
        assert_eq!(child[..35] == CALLER[..35], is_continued, "{networks:?}: {child}");
        assert_ne!(child[36..52], CALLER[36..52]);
        assert!(
            child.ends_with("-01"),
            "what happens here is recorded all the same: {child}"
        );
        server.shutdown.soft.cancel();
        server.ended.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_kept_by_a_cache_unless_it_says_so_itself() {
    let server = start().await;
    let client = client();
    for (path, status, header) in [
        ("/trace", 200, "no-store"),
        ("/healthz", 200, "no-store"),
        ("/nowhere", 404, "no-store"),
        ("/failing", 403, "no-store"),
        ("/refused", 403, "no-store"),
        ("/kept", 200, "max-age=60"),
    ] {
        let answer = client.get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert_eq!(answer.headers()["cache-control"], header, "{path}");
    }
    let answer = client.delete(server.url("/healthz")).send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store", "{answer:?}");
    server.shutdown.soft.cancel();
    server.ended.await.unwrap().unwrap();
}
