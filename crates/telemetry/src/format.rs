//! Log lines that name their trace.

use opentelemetry::trace::TraceContextExt;
use std::fmt;
use tracing::{Event, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::fmt::format::{Format, Full, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// How one line ends, so that ids can be put in before the end.
pub(crate) trait Style: Clone + Send + Sync + 'static {
    /// What the inner format ends a line with.
    const END: &'static str;

    /// Writes the ids of the trace, then the end of the line.
    fn finish(writer: &mut Writer<'_>, trace_id: &str, span_id: &str) -> fmt::Result;
}

/// One JSON object on each line, for machines.
#[derive(Clone, Debug)]
pub(crate) struct JsonStyle;

impl Style for JsonStyle {
    const END: &'static str = "}\n";

    fn finish(writer: &mut Writer<'_>, trace_id: &str, span_id: &str) -> fmt::Result {
        writeln!(writer, r#","trace_id":"{trace_id}","span_id":"{span_id}"}}"#)
    }
}

/// One readable line, for people.
#[derive(Clone, Debug)]
pub(crate) struct PrettyStyle;

impl Style for PrettyStyle {
    const END: &'static str = "\n";

    fn finish(writer: &mut Writer<'_>, trace_id: &str, _span_id: &str) -> fmt::Result {
        writeln!(writer, " trace_id={trace_id}")
    }
}

/// A format of tracing-subscriber with the ids of the current trace added to each line inside a span.
#[derive(Debug)]
pub(crate) struct Traced<F, S> {
    inner: F,
    style: std::marker::PhantomData<S>,
}

impl Traced<Format<Json>, JsonStyle> {
    /// JSON lines; fields of the event at the top level, the innermost span's fields under `span`.
    pub(crate) fn json() -> Self {
        let inner = Format::default()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false);
        Self {
            inner,
            style: std::marker::PhantomData,
        }
    }
}

impl Traced<Format<Full>, PrettyStyle> {
    /// Readable lines, in colour or not.
    pub(crate) fn pretty(ansi: bool) -> Self {
        Self {
            inner: Format::default().with_ansi(ansi).with_target(false),
            style: std::marker::PhantomData,
        }
    }
}

impl<F, Y, S, N> FormatEvent<S, N> for Traced<F, Y>
where
    F: FormatEvent<S, N>,
    Y: Style,
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        // The current span of the thread: asking `ctx` instead would find no span that RUST_LOG hides from the log.
        let context = Span::current().context();
        let span = context.span();
        let ids = span.span_context();
        if !ids.is_valid() {
            return self.inner.format_event(ctx, writer, event);
        }
        let mut line = String::with_capacity(256);
        self.inner.format_event(ctx, Writer::new(&mut line), event)?;
        match line.strip_suffix(Y::END) {
            Some(head) => {
                writer.write_str(head)?;
                Y::finish(&mut writer, &ids.trace_id().to_string(), &ids.span_id().to_string())
            }
            None => writer.write_str(&line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::Layer;
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::layer::SubscriberExt;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(json: bool, log_level: LevelFilter, test: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let make = move || writer.clone();
        let layer = tracing_subscriber::fmt::layer().with_writer(make);
        let log = if json {
            layer
                .fmt_fields(crate::fields::AppendedFields::new())
                .event_format(Traced::json())
                .with_filter(log_level)
                .boxed()
        } else {
            layer.event_format(Traced::pretty(false)).with_filter(log_level).boxed()
        };
        let tracer = SdkTracerProvider::builder().build().tracer("test");
        let traces = tracing_opentelemetry::layer().with_tracer(tracer);
        let subscriber = tracing_subscriber::registry().with(log).with(traces);
        // Of the whole process, which each test has for itself: within an event, a thread knows no other subscriber.
        tracing::subscriber::set_global_default(subscriber).unwrap();
        test();
        lines.text()
    }

    #[test]
    fn a_json_line_inside_a_span_names_its_trace() {
        let mut expected = None;
        let text = logged(true, LevelFilter::INFO, || {
            let span = tracing::info_span!("work", lane = 3);
            expected = crate::trace_id(&span);
            span.in_scope(|| tracing::info!(count = 2, "done \"quoted\""));
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["trace_id"].as_str(), expected.as_deref());
        assert_eq!(line["message"], "done \"quoted\"");
        assert_eq!(line["count"], 2);
        assert_eq!(line["span"]["lane"], 3);
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn a_json_line_has_the_fields_that_its_span_was_given_later() {
        let text = logged(true, LevelFilter::INFO, || {
            let empty = tracing::field::Empty;
            let span = tracing::info_span!("work", first = empty, route = "/a", status = empty);
            span.record("status", 200);
            span.record("route", "/b \"quoted\"");
            span.record("first", true);
            span.in_scope(|| tracing::info!("done"));
            let bare = tracing::info_span!("bare", late = empty);
            bare.record("late", 1);
            bare.in_scope(|| tracing::info!("done"));
        });
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of_work = serde_json::json!({"name": "work", "first": true, "route": "/b \"quoted\"", "status": 200});
        assert_eq!(lines[0]["span"], of_work);
        assert_eq!(lines[1]["span"], serde_json::json!({"name": "bare", "late": 1}));
    }

    #[test]
    fn a_line_outside_any_span_has_no_trace() {
        let text = logged(true, LevelFilter::INFO, || tracing::info!("alone"));
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(line.get("trace_id").is_none(), "{text}");
    }

    #[test]
    fn a_span_that_the_log_filter_hides_still_names_its_trace() {
        let mut expected = None;
        let text = logged(false, LevelFilter::WARN, || {
            let span = tracing::info_span!("hidden");
            expected = crate::trace_id(&span);
            span.in_scope(|| tracing::warn!("trouble"));
        });
        assert!(
            text.ends_with(&format!(" trouble trace_id={}\n", expected.unwrap())),
            "{text}"
        );
    }
}
