//! Spans reach an OTLP collector, and two set-ups in one process do no harm.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;
use telemetry::{LogFormat, TelemetryOptions};

/// Reads one HTTP/1.1 request with a content length, answers 200 and gives back path and body.
fn answer(stream: TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        if header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    reader
        .get_mut()
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        .unwrap();
    (path, body)
}

/// Runs in a process of its own, because the variables and the subscriber belong to the process.
#[test]
fn spans_are_exported_over_otlp_when_an_endpoint_is_set() {
    const CHILD: &str = "TELEMETRY_EXPORT_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = collector.local_addr().unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in collector.incoming() {
            sender.send(answer(stream.unwrap())).unwrap();
        }
    });
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "spans_are_exported_over_otlp_when_an_endpoint_is_set",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"))
        .env("RUST_LOG", "warn")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (path, body) = receiver.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(path, "/v1/traces");
    let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
    let resource = &request.resource_spans[0];
    let service = resource
        .resource
        .as_ref()
        .unwrap()
        .attributes
        .iter()
        .find(|pair| pair.key == "service.name");
    assert!(format!("{service:?}").contains("rollcall-export-test"), "{service:?}");
    let spans: Vec<_> = resource.scope_spans.iter().flat_map(|scope| &scope.spans).collect();
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["inner", "outer"]);
    assert_eq!(spans[0].trace_id, spans[1].trace_id);
    assert_eq!(spans[0].parent_span_id, spans[1].span_id);
    let log = String::from_utf8_lossy(&output.stderr);
    let trace_id: String = spans[0].trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(
        log.contains(&format!("\"trace_id\":\"{trace_id}\"")),
        "the log line names the trace: {log}"
    );
}

fn child() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let options = TelemetryOptions::new("rollcall-export-test", LogFormat::Json);
        let first = telemetry::init(&options).unwrap();
        let second = telemetry::init(&options).unwrap();
        tracing::info_span!("outer").in_scope(|| {
            tracing::info_span!("inner").in_scope(|| tracing::warn!("a line inside the trace"));
        });
        second.shutdown().await;
        first.shutdown().await;
    });
}
