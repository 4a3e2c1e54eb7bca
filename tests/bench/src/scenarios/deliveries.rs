//! Webhooks: how many, how soon, and what endpoints in trouble do to the others.

use super::name;
use crate::http::Server;
use crate::load::{self, Load};
use crate::receiver::{Arrivals, Receiver};
use crate::report::{self, Table, fine, rate, whole};
use crate::usage;
use hdrhistogram::Histogram;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use system::trouble::Trouble;
use system::{Shape, System, Tenant};

/// Requests at once where the rate is to be as high as it gets.
const CLIENTS: usize = 64;
/// How long a rate is held.
const STEADY: Duration = Duration::from_secs(10);
/// People whose changes an ordered endpoint gets.
const BUSY: usize = 5;
/// Healthy endpoints in the isolation scenario.
const HEALTHY: usize = 5;

/// About what a webhook of one person weighs.
fn body() -> String {
    format!("{{\"type\":\"user.created\",\"padding\":\"{}\"}}", "x".repeat(1_400))
}

/// Runs the scenario and prints its tables.
pub(crate) async fn run(shape: Shape, wanted: usize) {
    let bare = bare(wanted).await;
    let mut cpu = Vec::new();
    let table = Table::new(
        &format!(
            "deliveries, {}; bare: a plain HTTP client loop against the same receiver",
            name(shape)
        ),
        &["what         ", "endpoints", "webhooks", "per s", "bare/s", "/bare"],
    );
    for endpoints in [1, 10] {
        let (count, requests) = (
            wanted * if endpoints == 1 { 2 } else { 5 },
            wanted / if endpoints == 1 { 1 } else { 4 },
        );
        if shape == Shape::Separate {
            let done = from_a_full_queue(endpoints, count / endpoints).await;
            table.row(&cells("full queue", endpoints, &done, bare));
            cpu.push((format!("full queue, {endpoints}"), done));
        }
        let done = whole_chain(shape, endpoints, requests).await;
        table.row(&cells("whole chain", endpoints, &done, bare));
        cpu.push((format!("whole chain, {endpoints}"), done));
    }
    let done = in_order(shape, wanted).await;
    table.row(&cells("in order", 1, &done, bare));
    cpu.push(("in order, 1".to_owned(), done));
    latencies(shape).await;
    isolation(shape).await;
    costs(&cpu);
}

fn costs(rounds: &[(String, Done)]) {
    println!("\nCPU in µs for each webhook, and memory (load: clients and receiver)");
    for (what, done) in rounds {
        let each: Vec<String> = done
            .cpu
            .iter()
            .map(|(name, seconds)| {
                let rss = done.memory.get(name).copied().unwrap_or_default();
                format!("{name} {} ({rss:.0} MiB)", rate(seconds * 1e6 / done.webhooks as f64))
            })
            .collect();
        println!("{what:>18}: {}", each.join(", "));
    }
}

/// So many webhooks in this time.
struct Done {
    webhooks: usize,
    took: Duration,
    cpu: BTreeMap<String, f64>,
    memory: BTreeMap<String, f64>,
}

impl Done {
    fn rate(&self) -> f64 {
        self.webhooks as f64 / self.took.as_secs_f64()
    }
}

fn cells(what: &str, endpoints: usize, done: &Done, bare: f64) -> Vec<String> {
    vec![
        what.to_owned(),
        whole(endpoints),
        whole(done.webhooks),
        rate(done.rate()),
        rate(bare),
        fine(done.rate() / bare),
    ]
}

/// What a client that does nothing but send reaches against the receiver.
async fn bare(requests: usize) -> f64 {
    let receiver = Receiver::start();
    let server = Server::new(&receiver.url, None);
    let body = body();
    let load = load::run(CLIENTS, requests, move |_| {
        let (server, body) = (server.clone(), body.clone());
        async move { server.send("POST", "", "", &body).await?.expect(204) }
    });
    load.await.flawless().rate()
}

async fn subscribe(system: &System, receiver: &Receiver, endpoints: usize) {
    for _ in 0..endpoints {
        let body = json!({ "url": receiver.url, "event_types": ["user.created"] });
        system.api("POST", "/endpoints", Some(body)).await;
    }
}

/// The trace of the request with this number.
const fn trace(n: usize) -> u128 {
    1 << 64 | (n as u128 + 1)
}

/// Creates people, as fast as so many clients can.
async fn create(tenant: &Tenant, clients: usize, requests: usize) -> Load {
    let server = Server::new(&tenant.scim.base, Some(&tenant.scim.token));
    let load = load::run(clients, requests, move |n| {
        let server = server.clone();
        let user = system::scim::user(&format!("person{n}@contoso.example")).to_string();
        let header = format!("traceparent: 00-{:032x}-00f067aa0ba902b7-01\r\n", trace(n));
        async move { server.send("POST", "/Users", &header, &user).await?.expect(201) }
    });
    load.await.flawless()
}

fn span(arrivals: &Arrivals) -> Duration {
    let (first, last) = (arrivals.all.first(), arrivals.all.last());
    match (first, last) {
        (Some((_, first)), Some((_, last))) => last.duration_since(*first),
        _ => Duration::ZERO,
    }
}

fn memory(usage: &BTreeMap<String, usage::Usage>) -> BTreeMap<String, f64> {
    usage
        .iter()
        .map(|(name, usage)| (name.clone(), usage.rss_mib))
        .collect()
}

/// The events wait in the queue before the dispatcher starts.
async fn from_a_full_queue(endpoints: usize, events: usize) -> Done {
    let mut system = System::start(Shape::Separate).await;
    let receiver = Receiver::start();
    subscribe(&system, &receiver, endpoints).await;
    let tenant = system.tenant("contoso.example").await;
    // The directory's own events are nobody's, but one delivery shows that everything runs.
    system.process("dispatcher").terminate().await;
    create(&tenant, CLIENTS, events).await;
    let before = usage::all(&system);
    system.process("dispatcher").start().await;
    let arrivals = receiver.take_all(events * endpoints).await;
    let after = usage::all(&system);
    let done = Done {
        webhooks: arrivals.webhooks,
        took: span(&arrivals),
        cpu: report::spent(&before, &after),
        memory: memory(&after),
    };
    system.stop().await;
    done
}

/// From SCIM requests to webhooks, from the first request to the last webhook.
async fn whole_chain(shape: Shape, endpoints: usize, requests: usize) -> Done {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    subscribe(&system, &receiver, endpoints).await;
    let tenant = system.tenant("contoso.example").await;
    let before = usage::all(&system);
    let began = Instant::now();
    create(&tenant, CLIENTS, requests).await;
    let arrivals = receiver.take_all(requests * endpoints).await;
    let after = usage::all(&system);
    let done = Done {
        webhooks: arrivals.webhooks,
        took: arrivals
            .all
            .last()
            .map_or(Duration::ZERO, |(_, at)| at.duration_since(began)),
        cpu: report::spent(&before, &after),
        memory: memory(&after),
    };
    system.stop().await;
    done
}

/// Changes of a few busy people, to an endpoint that gets each person's in their order: one after the other.
async fn in_order(shape: Shape, requests: usize) -> Done {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    let body = json!({ "url": receiver.url, "event_types": ["user.updated"], "ordered": true });
    system.api("POST", "/endpoints", Some(body)).await;
    let tenant = system.tenant("contoso.example").await;
    let mut people = Vec::new();
    for n in 0..BUSY {
        let user = system::scim::user(&format!("busy{n}@contoso.example"));
        people.push(tenant.scim.send("POST", "/Users", Some(&user)).await.id());
    }
    let server = Server::new(&tenant.scim.base, Some(&tenant.scim.token));
    let before = usage::all(&system);
    let began = Instant::now();
    let load = load::run(CLIENTS, requests, move |n| {
        let (server, path) = (server.clone(), format!("/Users/{}", people[n % BUSY]));
        let header = format!("traceparent: 00-{:032x}-00f067aa0ba902b7-01\r\n", trace(n));
        let body = format!(
            r#"{{"schemas":["{}"],"Operations":[{{"op":"Replace","path":"displayName","value":"Name {n}"}}]}}"#,
            system::scim::PATCH_OP
        );
        async move { server.send("PATCH", &path, &header, &body).await?.expect(200) }
    });
    load.await.flawless();
    let arrivals = receiver.take_all(requests).await;
    let after = usage::all(&system);
    let done = Done {
        webhooks: arrivals.webhooks,
        took: arrivals
            .all
            .last()
            .map_or(Duration::ZERO, |(_, at)| at.duration_since(began)),
        cpu: report::spent(&before, &after),
        memory: memory(&after),
    };
    system.stop().await;
    done
}

/// Requests at an even rate, whatever becomes of them: so a slow answer delays nothing but itself.
async fn steadily(tenant: &Tenant, per_second: usize, first: usize) -> Vec<Instant> {
    let requests = per_second * usize::try_from(STEADY.as_secs()).unwrap();
    let server = Server::new(&tenant.scim.base, Some(&tenant.scim.token));
    let starts: Arc<Vec<OnceLock<Instant>>> = Arc::new((0..requests).map(|_| OnceLock::new()).collect());
    let began = tokio::time::Instant::now();
    let mut tasks = Vec::with_capacity(requests);
    for n in 0..requests {
        tokio::time::sleep_until(began + STEADY * u32::try_from(n).unwrap() / u32::try_from(requests).unwrap()).await;
        let (server, starts) = (server.clone(), Arc::clone(&starts));
        tasks.push(tokio::spawn(async move {
            let user = system::scim::user(&format!("steady{}@contoso.example", first + n)).to_string();
            let header = format!("traceparent: 00-{:032x}-00f067aa0ba902b7-01\r\n", trace(first + n));
            let _ = starts[n].set(Instant::now());
            server.send("POST", "/Users", &header, &user).await?.expect(201)
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    starts.iter().map(|start| *start.get().unwrap()).collect()
}

/// From each request to each of its webhooks.
fn delays(starts: &[Instant], first: usize, arrivals: &Arrivals) -> Histogram<u64> {
    let mut delays = load::histogram();
    for (n, start) in starts.iter().enumerate() {
        let trace = trace(first + n);
        for (_, at) in arrivals.all.iter().filter(|(of, _)| *of == trace) {
            delays.saturating_record(load::micros(at.duration_since(*start)));
        }
    }
    delays
}

async fn latencies(shape: Shape) {
    let table = Table::new(
        "from SCIM request to receiver, one endpoint",
        &["requests/s", "p50 ms", "p99 ms"],
    );
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    subscribe(&system, &receiver, 1).await;
    let tenant = system.tenant("contoso.example").await;
    create(&tenant, CLIENTS, 500).await;
    receiver.take(500).await;
    let mut first = 1_000_000;
    for per_second in [100, 500] {
        let starts = steadily(&tenant, per_second, first).await;
        let arrivals = receiver.take_all(starts.len()).await;
        let delays = delays(&starts, first, &arrivals);
        let quantile = |of| fine(load::quantile_millis(&delays, of));
        table.row(&[whole(per_second), quantile(0.5), quantile(0.99)]);
        first += starts.len();
    }
    system.stop().await;
}

/// Healthy endpoints at 100 events a second, alone and beside those in trouble.
async fn isolation(shape: Shape) {
    let table = Table::new(
        "five healthy endpoints at 100 events/s; beside them one that never answers, one that answers after 20 s, one that \
         stalls in the body, one that answers 500",
        &["            ", "p50 ms", "p99 ms", "/alone"],
    );
    let mut alone = None;
    for in_trouble in [false, true] {
        let mut system = System::start(shape).await;
        let receiver = Receiver::start();
        subscribe(&system, &receiver, HEALTHY).await;
        if in_trouble {
            for trouble in Trouble::ALL {
                let body = json!({ "url": trouble.start().await, "event_types": ["user.created"] });
                system.api("POST", "/endpoints", Some(body)).await;
            }
        }
        let tenant = system.tenant("contoso.example").await;
        create(&tenant, 1, 100).await;
        receiver.take_all(100 * HEALTHY).await;
        let starts = steadily(&tenant, 100, 1_000_000).await;
        let arrivals = receiver.take_all(starts.len() * HEALTHY).await;
        let delays = delays(&starts, 1_000_000, &arrivals);
        let p99 = load::quantile_millis(&delays, 0.99);
        table.row(&[
            if in_trouble { "beside" } else { "alone" }.to_owned(),
            fine(load::quantile_millis(&delays, 0.5)),
            fine(p99),
            fine(p99 / *alone.get_or_insert(p99)),
        ]);
        for process in system.processes.values_mut() {
            process.terminate().await;
        }
        system.clean().await;
    }
}
