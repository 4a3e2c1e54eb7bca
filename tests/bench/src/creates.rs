//! People created over SCIM with one app subscribed, beside bare commits.

use crate::load::{self, histogram, quantile_millis};
use crate::receiver::Receiver;
use crate::{usage, yardstick};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use system::{Shape, System, assert_gapless};

/// Runs the scenario and prints its table.
pub(crate) async fn run(shape: Shape, clients: &[usize], requests: usize) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    let tenant = system.tenant("contoso.example").await;
    let body = json!({ "url": receiver.url, "event_types": ["user.created"] });
    system.api("POST", "/endpoints", Some(body)).await;
    println!("creates, {shape:?}, {requests} requests for each number of clients, one endpoint subscribed");
    println!(
        "{:>7} {:>6} {:>10} {:>8} {:>8} {:>10} {:>10} {:>9} {:>9} {:>6} {:>6}",
        "clients",
        "errors",
        "creates/s",
        "p50 ms",
        "p99 ms",
        "hook p50",
        "hook p99",
        "y1 tx/s",
        "y0 tx/s",
        "/y1",
        "/y0"
    );
    for &count in clients {
        let requests = if count == 1 { requests.min(2_000) } else { requests };
        let started = Arc::new(Mutex::new(HashMap::with_capacity(requests)));
        let scim = tenant.scim.clone();
        let starts = Arc::clone(&started);
        let load = load::run(count, requests, move |n| {
            let (scim, starts) = (scim.clone(), Arc::clone(&starts));
            async move {
                let trace = uuid::Uuid::new_v4().simple().to_string();
                let user = system::scim::user(&format!("c{count}n{n}@contoso.example"));
                let traceparent = format!("00-{trace}-00f067aa0ba902b7-01");
                starts.lock().unwrap().insert(trace, Instant::now());
                let answer = scim
                    .try_send("POST", "/Users", Some(&user), &[("traceparent", &traceparent)])
                    .await;
                answer.is_ok_and(|answer| answer.status == 201)
            }
        })
        .await;
        receiver.wait_for(requests - load.errors).await;
        let mut hooks = histogram();
        let started = std::mem::take(&mut *started.lock().unwrap());
        for (trace, at) in receiver.take() {
            if let Some(began) = started.get(&trace) {
                hooks.saturating_record(u64::try_from(at.duration_since(*began).as_micros()).unwrap());
            }
        }
        let (y1, y0) = yardsticks(shape, count, requests).await;
        println!(
            "{:>7} {:>6} {:>10.0} {:>8.2} {:>8.2} {:>10.2} {:>10.2} {:>9.0} {:>9.0} {:>6.2} {:>6.2}",
            count,
            load.errors,
            load.rate(),
            load.millis(0.5),
            load.millis(0.99),
            quantile_millis(&hooks, 0.5),
            quantile_millis(&hooks, 0.99),
            y1,
            y0,
            load.rate() / y1,
            load.rate() / y0
        );
    }
    let log = system.log(&tenant).await;
    assert_gapless(&log);
    println!(
        "log: {} events, sequences 1..{} without a gap; every webhook arrived",
        log.len(),
        log.len()
    );
    println!("{:>20} {:>9} {:>9} {:>9}", "process", "CPU s", "RSS MiB", "peak MiB");
    for (name, usage) in usage::all(&system) {
        println!(
            "{name:>20} {:>9.1} {:>9.1} {:>9.1}",
            usage.cpu, usage.rss_mib, usage.peak_mib
        );
    }
    system.verify().await;
    system.stop().await;
}

/// Bare commits: y1 and y0 on PostgreSQL; on SQLite both are y4.
async fn yardsticks(shape: Shape, clients: usize, requests: usize) -> (f64, f64) {
    if shape == Shape::AllInOne {
        let y4 = yardstick::sqlite_rows(clients, requests).await.rate();
        return (y4, y4);
    }
    let (database, pool) = yardstick::postgres(clients).await;
    let y1 = yardstick::three_rows(&pool, clients, requests).await.rate();
    let y0 = yardstick::one_row(&pool, clients, requests).await.rate();
    pool.close().await;
    database.close().await;
    (y1, y0)
}
