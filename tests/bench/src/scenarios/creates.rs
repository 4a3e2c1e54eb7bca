//! People created and changed over SCIM with one app subscribed, beside bare commits, requests and answers.

use super::{name, requests};
use crate::bare::Bare;
use crate::http::Server;
use crate::load::{self, Load};
use crate::receiver::{Arrivals, Receiver};
use crate::report::{self, Table, fine, rate, whole};
use crate::stages::{self, Clocks};
use crate::{usage, yardstick};
use hdrhistogram::Histogram;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use system::{Shape, System, Tenant, assert_gapless};

/// What was measured with one number of clients and one kind of request.
struct Round {
    load: Load,
    /// From request to webhook.
    hooks: Histogram<u64>,
    /// From the first request to the last webhook.
    until_last_hook: Duration,
    /// Webhooks, repetitions included.
    webhooks: usize,
    /// CPU seconds by process.
    cpu: BTreeMap<String, f64>,
    clocks: (Clocks, Clocks),
}

/// Creates and changes by one number of clients.
struct Pair {
    clients: usize,
    creates: Round,
    patches: Round,
    summary: String,
}

/// Runs the scenario and prints its tables.
pub(crate) async fn run(shape: Shape, clients: &[usize], wanted: usize) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    subscribe(&system, &receiver).await;
    let bare = Bare::start(&system.database.url).await;
    let titles: &[&str] = match shape {
        Shape::Separate => &["y1/s", "y0/s", "y2/s", "y3/s", "create/y1", "PATCH/y1"],
        Shape::AllInOne => &["y4/s", "y3/s", "create/y4", "PATCH/y4"],
    };
    let common = [
        "clients",
        "errors",
        "creates/s",
        "p50 ms",
        "p99 ms",
        "PATCH/s",
        "p50 ms",
        "p99 ms",
    ];
    let about = format!("writes, {}, one endpoint subscribed", name(shape));
    let table = Table::new(&about, &[&common, titles].concat());
    let mut pairs = Vec::new();
    for &count in clients {
        let pair = pair(&system, &receiver, count, requests(count, wanted)).await;
        let yardsticks = yardsticks(shape, &bare, &pair).await;
        table.row(&[cells(&pair), yardsticks].concat());
        pairs.push(pair);
    }
    webhooks(&pairs);
    println!();
    for pair in &pairs {
        println!("{}", pair.summary);
        for error in [&pair.creates, &pair.patches]
            .into_iter()
            .filter_map(|round| round.load.first_error.as_ref())
        {
            println!("  the first error: {error}");
        }
    }
    let (creates, patches): (Vec<_>, Vec<_>) = pairs
        .into_iter()
        .map(|pair| ((pair.clients, pair.creates), (pair.clients, pair.patches)))
        .unzip();
    for (what, rounds) in [("create", creates), ("PATCH", patches)] {
        let clocks: Vec<_> = rounds
            .iter()
            .map(|(clients, round)| (*clients, round.clocks.0.clone(), round.clocks.1.clone()))
            .collect();
        stages::print(what, &clocks);
        let cpu: Vec<_> = rounds
            .into_iter()
            .map(|(clients, round)| (clients, round.load.requests, round.cpu))
            .collect();
        report::cpu(what, &cpu);
    }
    report::memory(&usage::all(&system));
    explain(shape);
    system.verify().await;
    system.stop().await;
}

/// An app that hears of every person.
pub(super) async fn subscribe(system: &System, receiver: &Receiver) {
    let body = json!({ "url": receiver.url, "event_types": ["user.created", "user.updated"] });
    system.api("POST", "/endpoints", Some(body)).await;
}

fn explain(shape: Shape) {
    let yardsticks = match shape {
        Shape::Separate => {
            "y1: transactions of three inserts (person, event, inbox); y0: single rows committed; y2: commands through the \
             quorum queue that are answered at once; "
        }
        Shape::AllInOne => "y4: single rows committed by SQLite (WAL, synchronous=FULL); ",
    };
    println!("\n{yardsticks}y3: answers of a bare actix server to the same request. Same server, same clients.");
}

/// The trace id of a request: the number of clients, the kind of request, and its number.
fn trace(clients: usize, kind: u128, n: usize) -> u128 {
    (clients as u128) << 64 | kind << 48 | (n as u128 + 1)
}

/// Creates people in a directory of their own, then changes them.
async fn pair(system: &System, receiver: &Receiver, clients: usize, requests: usize) -> Pair {
    let tenant = system.tenant(&format!("contoso{clients}.example")).await;
    let server = Server::new(&tenant.scim.base, Some(&tenant.scim.token));
    let ids: Arc<Vec<OnceLock<String>>> = Arc::new((0..requests).map(|_| OnceLock::new()).collect());
    let (target, known) = (server.clone(), Arc::clone(&ids));
    let creates = round(system, receiver, clients, requests, 0, move |n, header| {
        let (server, known) = (target.clone(), Arc::clone(&known));
        async move {
            let user = system::scim::user(&format!("person{n}@contoso{clients}.example")).to_string();
            let answer = server.send("POST", "/Users", &header, &user).await?;
            if let Some(id) = answer
                .text
                .split("\"id\":\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
            {
                let _ = known[n].set(id.to_owned());
            }
            answer.expect(201)
        }
    })
    .await;
    let patches = round(system, receiver, clients, requests, 1, move |n, header| {
        let (server, ids) = (server.clone(), Arc::clone(&ids));
        async move {
            let id = ids[n].get().ok_or("was not created")?;
            let body = format!(
                r#"{{"schemas":["{}"],"Operations":[{{"op":"Replace","path":"title","value":"Title {n}"}}]}}"#,
                system::scim::PATCH_OP
            );
            server
                .send("PATCH", &format!("/Users/{id}"), &header, &body)
                .await?
                .expect(200)
        }
    })
    .await;
    let summary = check(system, &tenant, clients, &creates.load, &patches.load).await;
    Pair {
        clients,
        creates,
        patches,
        summary,
    }
}

/// Sends requests and waits for their webhooks; `send` gets the number of the request and a header line that makes it
/// known.
async fn round<F>(
    system: &System,
    receiver: &Receiver,
    clients: usize,
    requests: usize,
    kind: u128,
    send: impl Fn(usize, String) -> F + Send + Sync + 'static,
) -> Round
where
    F: Future<Output = Result<(), String>> + Send,
{
    let before = (usage::all(system), stages::read(system).await);
    let starts: Arc<Vec<OnceLock<Instant>>> = Arc::new((0..requests).map(|_| OnceLock::new()).collect());
    let began = Instant::now();
    let noted = Arc::clone(&starts);
    let load = load::run(clients, requests, move |n| {
        let _ = noted[n].set(Instant::now());
        send(
            n,
            format!(
                "traceparent: 00-{:032x}-00f067aa0ba902b7-01\r\n",
                trace(clients, kind, n)
            ),
        )
    })
    .await;
    let Arrivals { first, webhooks, .. } = receiver.take(requests - load.errors).await;
    assert_eq!(first.len(), requests - load.errors, "each event was delivered");
    let cpu = report::spent(&before.0, &usage::all(system));
    let mut hooks = load::histogram();
    for (n, start) in starts.iter().enumerate() {
        if let (Some(start), Some(at)) = (start.get(), first.get(&trace(clients, kind, n))) {
            hooks.saturating_record(load::micros(at.duration_since(*start)));
        }
    }
    let last = first.values().max();
    Round {
        hooks,
        until_last_hook: last.map_or(Duration::ZERO, |at| at.duration_since(began)),
        webhooks,
        load,
        cpu,
        clocks: (before.1, stages::read(system).await),
    }
}

/// Holds the log against the answers, and sums up the rounds in one line.
async fn check(system: &System, tenant: &Tenant, clients: usize, creates: &Load, patches: &Load) -> String {
    let log = system.log(tenant).await;
    assert_gapless(&log);
    let of = |kind: &str| log.iter().filter(|event| event["type"] == kind).count();
    let expected = [("user.created", creates), ("user.updated", patches)];
    for (kind, load) in expected {
        assert_eq!(of(kind), load.requests - load.errors, "one {kind} for each answer");
    }
    let errors = match creates.errors + patches.errors {
        0 => "no error".to_owned(),
        errors => format!("{} errors", whole(errors)),
    };
    format!(
        "{clients} clients: {} creates and {} changes, {errors}, {} events without a gap, each delivered",
        whole(creates.requests),
        whole(patches.requests),
        whole(log.len())
    )
}

fn cells(pair: &Pair) -> Vec<String> {
    let figures = |load: &Load| [rate(load.rate()), fine(load.millis(0.5)), fine(load.millis(0.99))];
    let (creates, patches) = (&pair.creates.load, &pair.patches.load);
    [
        &[whole(pair.clients), whole(creates.errors + patches.errors)][..],
        &figures(creates),
        &figures(patches),
    ]
    .concat()
}

/// Prints how the webhooks came.
fn webhooks(pairs: &[Pair]) {
    let titles = ["clients", "request", "webhooks", "hooks/s", "hook p50", "hook p99"];
    let table = Table::new("webhooks: from the request to the receiver, in ms", &titles);
    for pair in pairs {
        for (what, round) in [("create", &pair.creates), ("PATCH", &pair.patches)] {
            table.row(&[
                whole(pair.clients),
                what.to_owned(),
                whole(round.webhooks),
                rate(round.webhooks as f64 / round.until_last_hook.as_secs_f64()),
                fine(load::quantile_millis(&round.hooks, 0.5)),
                fine(load::quantile_millis(&round.hooks, 0.99)),
            ]);
        }
    }
}

/// Bare commits, requests and answers at the same number of clients.
async fn yardsticks(shape: Shape, bare: &Bare, pair: &Pair) -> Vec<String> {
    let (clients, requests) = (pair.clients, pair.creates.load.requests);
    let y3 = bare.answers(clients, requests).await.rate();
    let own = [pair.creates.load.rate(), pair.patches.load.rate()];
    if shape == Shape::AllInOne {
        let y4 = yardstick::sqlite_rows(clients, requests).await.flawless().rate();
        return vec![rate(y4), rate(y3), fine(own[0] / y4), fine(own[1] / y4)];
    }
    let (database, pool) = yardstick::postgres(clients).await;
    let y1 = yardstick::three_rows(&pool, clients, requests).await.flawless().rate();
    let y0 = yardstick::one_row(&pool, clients, requests).await.flawless().rate();
    pool.close().await;
    database.close().await;
    let y2 = yardstick::echo(clients, requests).await.flawless().rate();
    vec![
        rate(y1),
        rate(y0),
        rate(y2),
        rate(y3),
        fine(own[0] / y1),
        fine(own[1] / y1),
    ]
}
