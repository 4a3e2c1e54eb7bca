//! People created over SCIM with one app subscribed, beside bare commits.

use super::{name, requests};
use crate::bare::Bare;
use crate::http::Server;
use crate::load::{self, Load};
use crate::receiver::{Arrivals, Receiver};
use crate::report::{self, Table, fine, rate, whole};
use crate::{usage, yardstick};
use hdrhistogram::Histogram;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use system::{Shape, System, Tenant, assert_gapless};

/// What one number of clients came to.
struct Round {
    clients: usize,
    load: Load,
    /// From request to webhook.
    hooks: Histogram<u64>,
    /// From the first request to the last webhook.
    until_last_hook: Duration,
    /// Webhooks, repetitions included.
    webhooks: usize,
    /// CPU seconds by process.
    cpu: BTreeMap<String, f64>,
    summary: String,
}

/// Runs the scenario and prints its tables.
pub(crate) async fn run(shape: Shape, clients: &[usize], wanted: usize) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    let body = json!({ "url": receiver.url, "event_types": ["user.created"] });
    system.api("POST", "/endpoints", Some(body)).await;
    let bare = Bare::start(&system.database.url).await;
    let titles: &[&str] = match shape {
        Shape::Separate => &["y1/s", "y0/s", "y3/s", "/y1", "/y0"],
        Shape::AllInOne => &["y4/s", "y3/s", "/y4"],
    };
    let common: &[&str] = &[
        "clients",
        "errors",
        "creates/s",
        "p50 ms",
        "p99 ms",
        "webhooks",
        "hooks/s",
        "hook p50",
        "hook p99",
    ];
    let about = format!("creates, {}, one endpoint subscribed", name(shape));
    let table = Table::new(&about, &[common, titles].concat());
    let mut rounds = Vec::new();
    for &count in clients {
        let round = round(&system, &receiver, count, requests(count, wanted)).await;
        let yardsticks = yardsticks(shape, &bare, &round).await;
        table.row(&[cells(&round), yardsticks].concat());
        rounds.push(round);
    }
    println!();
    for round in &rounds {
        println!("{}", round.summary);
        if let Some(error) = &round.load.first_error {
            println!("  the first error: {error}");
        }
    }
    let cpu: Vec<_> = rounds
        .into_iter()
        .map(|round| (round.clients, round.load.requests, round.cpu))
        .collect();
    report::cpu("create", &cpu);
    report::memory(&usage::all(&system));
    explain(shape);
    system.verify().await;
    system.stop().await;
}

fn explain(shape: Shape) {
    let yardsticks = match shape {
        Shape::Separate => "y1: transactions of three inserts (person, event, inbox); y0: single rows committed; ",
        Shape::AllInOne => "y4: single rows committed by SQLite (WAL, synchronous=FULL); ",
    };
    println!("\n{yardsticks}y3: answers of a bare actix server to the same request. Same server, same clients.");
}

/// The trace id of a request: the number of clients, and the number of the request.
fn trace(clients: usize, n: usize) -> u128 {
    (clients as u128) << 64 | (n as u128 + 1)
}

/// Creates people in a directory of their own.
async fn round(system: &System, receiver: &Receiver, clients: usize, requests: usize) -> Round {
    let tenant = system.tenant(&format!("contoso{clients}.example")).await;
    let before = usage::all(system);
    let starts: Arc<Vec<OnceLock<Instant>>> = Arc::new((0..requests).map(|_| OnceLock::new()).collect());
    let server = Server::new(&tenant.scim.base, Some(&tenant.scim.token));
    let began = Instant::now();
    let noted = Arc::clone(&starts);
    let load = load::run(clients, requests, move |n| {
        let (server, noted) = (server.clone(), Arc::clone(&noted));
        let user = system::scim::user(&format!("person{n}@contoso{clients}.example")).to_string();
        let header = format!("traceparent: 00-{:032x}-00f067aa0ba902b7-01\r\n", trace(clients, n));
        async move {
            let _ = noted[n].set(Instant::now());
            server.send("POST", "/Users", &header, &user).await?.expect(201)
        }
    })
    .await;
    let arrivals = receiver.take(requests - load.errors).await;
    let cpu = report::spent(&before, &usage::all(system));
    let mut hooks = load::histogram();
    for (n, start) in starts.iter().enumerate() {
        if let (Some(start), Some(at)) = (start.get(), arrivals.first.get(&trace(clients, n))) {
            hooks.saturating_record(load::micros(at.duration_since(*start)));
        }
    }
    let last = arrivals.first.values().max();
    let until_last_hook = last.map_or(Duration::ZERO, |at| at.duration_since(began));
    let told = check(system, &tenant, clients, &load, &arrivals).await;
    let summary = format!(
        "{told}, the last {:.2} s after the first request",
        until_last_hook.as_secs_f64()
    );
    Round {
        clients,
        hooks,
        until_last_hook,
        webhooks: arrivals.webhooks,
        load,
        cpu,
        summary,
    }
}

/// Holds the log against the answers, and says in one line what came of the round.
async fn check(system: &System, tenant: &Tenant, clients: usize, load: &Load, arrivals: &Arrivals) -> String {
    let log = system.log(tenant).await;
    assert_gapless(&log);
    let sequences: Vec<i64> = log
        .iter()
        .filter(|event| event["type"] == "user.created")
        .filter_map(|event| event["sequence"].as_i64())
        .collect();
    assert_eq!(
        sequences.len(),
        load.requests - load.errors,
        "one event for each create"
    );
    assert_eq!(arrivals.first.len(), sequences.len(), "each event was delivered");
    let others: Vec<&str> = log
        .iter()
        .filter_map(|event| event["type"].as_str().filter(|kind| *kind != "user.created"))
        .collect();
    let own = if others.is_empty() {
        String::new()
    } else {
        format!(" after {} of the directory itself", others.len())
    };
    let errors = match load.errors {
        0 => "no error".to_owned(),
        errors => format!("{} errors", whole(errors)),
    };
    let ends = |event: Option<&i64>| event.copied().unwrap_or_default();
    format!(
        "{} creates by {clients} clients: {errors}, {} events {}..{}{own}, {} webhooks ({} repeated)",
        whole(load.requests),
        whole(sequences.len()),
        ends(sequences.first()),
        ends(sequences.last()),
        whole(arrivals.first.len()),
        arrivals.webhooks - arrivals.first.len()
    )
}

fn cells(round: &Round) -> Vec<String> {
    let Round { load, hooks, .. } = round;
    vec![
        whole(round.clients),
        whole(load.errors),
        rate(load.rate()),
        fine(load.millis(0.5)),
        fine(load.millis(0.99)),
        whole(round.webhooks),
        rate(round.webhooks as f64 / round.until_last_hook.as_secs_f64()),
        fine(load::quantile_millis(hooks, 0.5)),
        fine(load::quantile_millis(hooks, 0.99)),
    ]
}

/// Bare commits and bare answers at the same number of clients.
async fn yardsticks(shape: Shape, bare: &Bare, round: &Round) -> Vec<String> {
    let (clients, requests) = (round.clients, round.load.requests);
    let y3 = bare.answers(clients, requests).await.rate();
    let own = round.load.rate();
    if shape == Shape::AllInOne {
        let y4 = yardstick::sqlite_rows(clients, requests).await.flawless().rate();
        return vec![rate(y4), rate(y3), fine(own / y4)];
    }
    let (database, pool) = yardstick::postgres(clients).await;
    let y1 = yardstick::three_rows(&pool, clients, requests).await.flawless().rate();
    let y0 = yardstick::one_row(&pool, clients, requests).await.flawless().rate();
    pool.close().await;
    database.close().await;
    vec![rate(y1), rate(y0), rate(y3), fine(own / y1), fine(own / y0)]
}
