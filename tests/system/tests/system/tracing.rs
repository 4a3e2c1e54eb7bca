//! One trace per change, from the identity provider's request to the webhook.

use serde_json::json;
use system::otlp::{Collector, Span};
use system::receiver::Receiver;
use system::{Shape, System};

crate::on_both_shapes! { a_change_is_one_trace_from_request_to_webhook, the_trace_of_a_stranger_is_linked_and_not_continued }

async fn a_change_is_one_trace_from_request_to_webhook(shape: Shape) {
    let collector = Collector::start();
    let system = System::start_with(
        shape,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ],
    )
    .await;
    let receiver = Receiver::start();
    // Path and query may be the receiver's secrets.
    let url = format!("{}t0psecret-path?key=t0psecret-query", receiver.url);
    system
        .subscribe(&receiver, json!({ "event_types": ["user.created"], "url": url }))
        .await;
    let tenant = system.tenant("contoso.example").await;
    let trace_id = uuid::Uuid::new_v4().simple().to_string();
    let traceparent = format!("00-{trace_id}-00f067aa0ba902b7-01");
    let user = system::scim::user("ada@x.example");
    let answer = tenant
        .scim
        .try_send("POST", "/Users", Some(&user), &[("traceparent", &traceparent)])
        .await
        .unwrap();
    answer.expect(201);
    let arrival = receiver.wait_for(1).await.remove(0);
    assert_eq!(arrival.traceparent.split('-').nth(1), Some(trace_id.as_str()));
    let find = |trace: &[Span], kind: i32, name: &str| {
        trace
            .iter()
            .find(|span| span.kind == kind && span.name.starts_with(name))
            .cloned()
    };
    const SERVER: i32 = 2;
    const CLIENT: i32 = 3;
    const PRODUCER: i32 = 4;
    const CONSUMER: i32 = 5;
    let steps = [
        (SERVER, "POST /Users"),
        (PRODUCER, "send rollcall.commands"),
        (CONSUMER, "process rollcall.commands"),
        (PRODUCER, "send rollcall.events"),
        (CONSUMER, "process rollcall.dispatch"),
        (CLIENT, "POST"),
    ];
    let trace = collector
        .trace(&trace_id, |trace| {
            steps.iter().all(|(kind, name)| find(trace, *kind, name).is_some())
        })
        .await;
    let spans: Vec<Span> = steps
        .iter()
        .map(|(kind, name)| find(&trace, *kind, name).unwrap())
        .collect();
    assert_eq!(
        spans[0].parent_id, "00f067aa0ba902b7",
        "the caller's context is taken up"
    );
    for pair in spans.windows(2) {
        assert_eq!(
            pair[1].parent_id, pair[0].span_id,
            "{} is the child of {}",
            pair[1].name, pair[0].name
        );
    }
    assert_eq!(
        arrival.traceparent.split('-').nth(2),
        Some(spans[5].span_id.as_str()),
        "the webhook names its own span"
    );
    if shape == Shape::Separate {
        let services: Vec<&str> = spans.iter().map(|span| span.service.as_str()).collect();
        let (ingress, projector, dispatcher) = ("rollcall-ingress", "rollcall-projector", "rollcall-dispatcher");
        assert_eq!(
            services,
            [ingress, ingress, projector, projector, dispatcher, dispatcher]
        );
    }
    for span in collector.spans() {
        for (key, value) in &span.attributes {
            assert!(
                !value.contains(&tenant.scim.token) && !value.contains("ada@x.example") && !value.contains("t0psecret"),
                "{key} tells too much: {value}"
            );
        }
    }
    for process in system.processes.values() {
        assert!(!process.log().contains("t0psecret"), "the log tells too much");
    }
    system.stop().await;
    receiver.stop().await;
    collector.stop().await;
}

async fn the_trace_of_a_stranger_is_linked_and_not_continued(shape: Shape) {
    let collector = Collector::start();
    let system = System::start_with(
        shape,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            // The default.
            ("ROLLCALL_TRACE_PARENT_CIDRS", ""),
        ],
    )
    .await;
    let receiver = Receiver::start();
    system
        .subscribe(&receiver, json!({ "event_types": ["user.created"] }))
        .await;
    let tenant = system.tenant("contoso.example").await;
    let theirs = uuid::Uuid::new_v4().simple().to_string();
    let traceparent = format!("00-{theirs}-00f067aa0ba902b7-01");
    let user = system::scim::user("ada@x.example");
    let headers = [("traceparent", traceparent.as_str())];
    let answer = tenant
        .scim
        .try_send("POST", "/Users", Some(&user), &headers)
        .await
        .unwrap();
    answer.expect(201);
    let arrival = receiver.wait_for(1).await.remove(0);
    let ours = arrival.traceparent.split('-').nth(1).unwrap().to_owned();
    assert_ne!(ours, theirs);
    let is_request = |span: &Span| span.name.starts_with("POST /Users");
    let trace = collector.trace(&ours, |trace| trace.iter().any(is_request)).await;
    let request = trace.iter().find(|span| is_request(span)).unwrap();
    assert_eq!(request.parent_id, "", "a trace begins here");
    assert_eq!(request.links.join(","), theirs);
    assert!(collector.spans().iter().all(|span| span.trace_id != theirs));
    system.stop().await;
    receiver.stop().await;
    collector.stop().await;
}
