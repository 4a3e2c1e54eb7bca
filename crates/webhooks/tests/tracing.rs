//! The span of an attempt, as an exporter sees it.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use events::EventId;
use opentelemetry::trace::{SpanKind, TracerProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing::instrument::WithSubscriber;
use tracing_subscriber::layer::SubscriberExt;
use webhooks::{Content, CustomHeaders, Guard, Request, Rules, Sender, SenderOptions, Trace};

const CHANGE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

async fn span_of(attempt: u32, trace: Trace<'_>) -> SpanData {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let subscriber = tracing_subscriber::registry().with(layer);
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{closed}/hook?token=t0psecret");
    let request = Request {
        url: &url,
        headers: &CustomHeaders::default(),
        event_id: EventId::new(),
        content: Content::Standard {
            secrets: &[],
            body: "{}",
        },
        attempt,
        trace,
        identity: None,
        test: false,
    };
    let sender = Sender::new(SenderOptions {
        guard: Guard::new(Rules::private()),
        ..SenderOptions::default()
    })
    .unwrap();
    let result = sender.send(&request).with_subscriber(subscriber).await;
    let span = exporter
        .get_finished_spans()
        .unwrap()
        .into_iter()
        .find(|span| span.name.starts_with("POST "))
        .expect("the attempt is a span");
    assert_eq!(result.trace_id, Some(span.span_context.trace_id().to_string()));
    span
}

fn attribute(span: &SpanData, key: &str) -> Option<String> {
    span.attributes
        .iter()
        .find(|pair| pair.key.as_str() == key)
        .map(|pair| pair.value.to_string())
}

#[tokio::test]
async fn the_first_attempt_is_a_client_span_under_the_change() {
    let span = span_of(1, Trace::ChildOf(CHANGE)).await;
    assert_eq!(span.name, "POST 127.0.0.1");
    assert_eq!(span.span_kind, SpanKind::Client);
    assert_eq!(span.span_context.trace_id().to_string(), &CHANGE[3..35]);
    assert_eq!(span.parent_span_id.to_string(), &CHANGE[36..52]);
    assert_eq!(attribute(&span, "http.request.method").as_deref(), Some("POST"));
    assert_eq!(attribute(&span, "server.address").as_deref(), Some("127.0.0.1"));
    assert_eq!(attribute(&span, "error.type").as_deref(), Some("connect"));
    assert_eq!(attribute(&span, "http.request.resend_count"), None);
    assert!(!format!("{:?}", span.attributes).contains("t0psecret"));
}

#[tokio::test]
async fn a_later_attempt_is_a_trace_of_its_own_with_a_link() {
    let span = span_of(3, Trace::LinkedTo(CHANGE)).await;
    assert_ne!(span.span_context.trace_id().to_string(), &CHANGE[3..35]);
    assert_eq!(span.links.len(), 1);
    assert_eq!(span.links[0].span_context.trace_id().to_string(), &CHANGE[3..35]);
    assert_eq!(attribute(&span, "http.request.resend_count").as_deref(), Some("2"));
}
