//! Trace context in W3C text form, for headers and rows (<https://www.w3.org/TR/trace-context/>).

use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry::{Context, propagation::Extractor, propagation::TextMapPropagator};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::fmt::Write;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const TRACEPARENT: &str = "traceparent";

/// The `traceparent` of the current span, or `None` outside any span (or before [`crate::init`]).
///
/// Asking starts the span, so [`set_parent`] must come first.
#[must_use]
pub fn traceparent() -> Option<String> {
    traceparent_of(&Span::current())
}

/// The `traceparent` of a span, or `None` when the span is disabled.
///
/// Asking starts the span, so [`set_parent`] must come first.
#[must_use]
pub fn traceparent_of(span: &Span) -> Option<String> {
    let context = span_context(span)?;
    let mut text = String::with_capacity(55);
    // W3C Trace Context §3.2: version 00, trace id, parent id, flags, all in lower-case hex.
    write!(
        text,
        "00-{}-{}-{:02x}",
        context.trace_id(),
        context.span_id(),
        context.trace_flags().to_u8()
    )
    .ok()?;
    Some(text)
}

/// Makes the sender's span, named by its `traceparent`, the parent of `span`. Call it before the span is first
/// entered; later calls, and text that is no traceparent, change nothing.
pub fn set_parent(span: &Span, traceparent: Option<&str>) {
    if let Some(context) = traceparent.and_then(parse) {
        // The error cases (span disabled or already started) leave a trace that is merely shorter.
        let _ = span.set_parent(Context::new().with_remote_span_context(context));
    }
}

/// Links `span` to another one by its `traceparent`: related, but not its child (a batch to each of its messages, a
/// late retry to the change that caused it). Text that is no traceparent changes nothing.
pub fn link(span: &Span, traceparent: &str) {
    if let Some(context) = parse(traceparent) {
        span.add_link(context);
    }
}

/// Gives a span the name that is known only once it is running.
pub fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

/// The trace id of a span as 32 hex digits, or `None` when the span is disabled.
#[must_use]
pub fn trace_id(span: &Span) -> Option<String> {
    span_context(span).map(|context| context.trace_id().to_string())
}

fn span_context(span: &Span) -> Option<SpanContext> {
    let context = span.context().span().span_context().clone();
    context.is_valid().then_some(context)
}

fn parse(traceparent: &str) -> Option<SpanContext> {
    struct One<'a>(&'a str);

    impl Extractor for One<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            (key == TRACEPARENT).then_some(self.0)
        }

        fn keys(&self) -> Vec<&str> {
            vec![TRACEPARENT]
        }
    }

    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &One(traceparent));
    let context = context.span().span_context().clone();
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    const REMOTE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn with_tracing(test: impl FnOnce()) {
        let tracer = SdkTracerProvider::builder().build().tracer("test");
        let subscriber = tracing_subscriber::registry().with(tracing_opentelemetry::layer().with_tracer(tracer));
        tracing::subscriber::with_default(subscriber, test);
    }

    #[test]
    fn a_root_span_has_a_traceparent_without_any_exporter() {
        with_tracing(|| {
            let span = tracing::info_span!("root");
            let text = traceparent_of(&span).unwrap();
            assert_eq!(text.len(), 55, "{text}");
            assert!(text.starts_with("00-"));
            assert_eq!(span.in_scope(traceparent), Some(text.clone()));
            assert_eq!(trace_id(&span).unwrap(), &text[3..35]);
        });
    }

    #[test]
    fn a_remote_parent_gives_its_trace_id_to_the_span() {
        with_tracing(|| {
            let span = tracing::info_span!("child");
            set_parent(&span, Some(REMOTE));
            let text = traceparent_of(&span).unwrap();
            assert_eq!(&text[..35], &REMOTE[..35]);
            assert_ne!(&text[36..52], &REMOTE[36..52], "the span has an id of its own");
        });
    }

    #[test]
    fn a_malformed_traceparent_changes_nothing() {
        let zeros = "00-00000000000000000000000000000000-0000000000000000-01";
        for text in [
            "",
            "garbage",
            "00-xyz-1-01",
            zeros,
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            with_tracing(|| {
                let span = tracing::info_span!("own");
                set_parent(&span, Some(text));
                link(&span, text);
                assert!(traceparent_of(&span).is_some(), "{text:?}");
            });
        }
    }

    #[test]
    fn a_link_leaves_the_trace_id_alone() {
        with_tracing(|| {
            let span = tracing::info_span!("batch");
            link(&span, REMOTE);
            assert_ne!(trace_id(&span).unwrap(), &REMOTE[3..35]);
        });
    }

    #[test]
    fn outside_any_span_there_is_no_traceparent() {
        with_tracing(|| assert_eq!(traceparent(), None));
        assert_eq!(traceparent(), None);
    }
}
