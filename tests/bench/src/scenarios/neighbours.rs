//! What a tenant notices of another one that replaces large groups as fast as it can.

use super::{creates::subscribe, name};
use crate::fill;
use crate::http::Server;
use crate::load;
use crate::receiver::Receiver;
use crate::report::{Table, fine, whole};
use hdrhistogram::Histogram;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use system::{Shape, System};

/// Clients of the busy tenant, each with a group of its own.
const CLIENTS: usize = 4;
/// Members that each request puts into the group; nobody of them was in it before.
const MEMBERS: usize = 16_000;
/// People that the neighbour creates, one after the other, alone and beside the others.
const CREATES: usize = 1_000;
/// Creates are not waited for any longer than this.
const LONGEST: Duration = Duration::from_mins(2);

/// What came of a client's requests.
struct Answers {
    latency: Histogram<u64>,
    errors: usize,
    first_error: Option<String>,
}

impl Answers {
    fn new() -> Self {
        Self {
            latency: load::histogram(),
            errors: 0,
            first_error: None,
        }
    }

    fn note(&mut self, began: Instant, outcome: Result<(), String>) {
        self.latency.saturating_record(load::micros(began.elapsed()));
        if let Err(error) = outcome {
            self.errors += 1;
            self.first_error.get_or_insert(error);
        }
    }

    fn millis(&self, quantile: f64) -> f64 {
        load::quantile_millis(&self.latency, quantile)
    }
}

/// Runs the scenario and prints its table.
pub(crate) async fn run(shape: Shape) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    subscribe(&system, &receiver).await;
    let busy = system.tenant("busy.example").await;
    fill::people(&system, &busy, 2 * MEMBERS).await;
    let quiet = system.tenant("quiet.example").await;
    let neighbour = Server::new(&quiet.scim.base, Some(&quiet.scim.token));
    let alone = creates(&neighbour, "alone").await;

    let stop = Arc::new(AtomicBool::new(false));
    let halves: Arc<[String; 2]> = Arc::new([members(0), members(MEMBERS)]);
    // All groups first: what comes after a large change in its directory waits for it.
    let mut groups = Vec::new();
    for client in 0..CLIENTS {
        let body = system::scim::group(&format!("Group {client}"));
        groups.push(busy.scim.send("POST", "/Groups", Some(&body)).await.id());
    }
    let mut tasks = Vec::new();
    for (client, group) in groups.into_iter().enumerate() {
        let server = Server::new(&busy.scim.base, Some(&busy.scim.token));
        let load = replace(server, group, client, Arc::clone(&halves), Arc::clone(&stop));
        tasks.push(tokio::spawn(load));
    }
    // They are in full swing when the first ones are answered.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let beside = creates(&neighbour, "beside").await;
    stop.store(true, Ordering::Relaxed);
    let mut others = Answers::new();
    for task in tasks {
        let answers = task.await.unwrap();
        others.latency.add(answers.latency).unwrap();
        others.errors += answers.errors;
        others.first_error = others.first_error.or(answers.first_error);
    }
    print(shape, &alone, &beside, &others);
    system.stop().await;
}

/// People created one after the other.
async fn creates(server: &Server, name: &str) -> Answers {
    let mut answers = Answers::new();
    let started = Instant::now();
    for n in 0..CREATES {
        if started.elapsed() > LONGEST {
            break;
        }
        let user = system::scim::user(&format!("{name}{n}@quiet.example")).to_string();
        let began = Instant::now();
        let answer = server.send("POST", "/Users", "", &user).await;
        answers.note(began, answer.and_then(|answer| answer.expect(201)));
    }
    answers
}

/// Replaces all members of a group again and again.
async fn replace(
    server: Server,
    group: String,
    client: usize,
    halves: Arc<[String; 2]>,
    stop: Arc<AtomicBool>,
) -> Answers {
    let mut answers = Answers::new();
    let mut turn = 0;
    while !stop.load(Ordering::Relaxed) {
        let body = format!(
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Group {client}","members":[{}]}}"#,
            halves[turn % 2]
        );
        let began = Instant::now();
        let answer = server.send("PUT", &format!("/Groups/{group}"), "", &body).await;
        let outcome = answer.and_then(|answer| answer.expect(200));
        turn += usize::from(outcome.is_ok());
        answers.note(began, outcome);
    }
    answers
}

/// So many members, from this number on.
fn members(first: usize) -> String {
    let mut text = String::new();
    for n in first..first + MEMBERS {
        let separator = if n == first { "" } else { "," };
        write!(text, r#"{separator}{{"value":"{}"}}"#, fill::id(n)).unwrap();
    }
    text
}

fn print(shape: Shape, alone: &Answers, beside: &Answers, others: &Answers) {
    let about = format!(
        "a create beside {CLIENTS} clients of another tenant that replace {} members at a time, {}, in ms",
        whole(MEMBERS),
        name(shape)
    );
    let table = Table::new(
        &about,
        &["            ", "requests", "errors", "p50", "p90", "p99", "longest"],
    );
    for (what, answers) in [("alone", alone), ("beside them", beside), ("they", others)] {
        let quantiles = [0.5, 0.9, 0.99, 1.0].map(|quantile| fine(answers.millis(quantile)));
        let requests = usize::try_from(answers.latency.len()).unwrap();
        let counts = [what.to_owned(), whole(requests), whole(answers.errors)];
        table.row(&[counts.as_slice(), &quantiles].concat());
    }
    let ratios = [0.5, 0.9, 0.99, 1.0].map(|quantile| fine(beside.millis(quantile) / alone.millis(quantile)));
    let ratio = ["ratio".to_owned(), String::new(), String::new()];
    table.row(&[ratio.as_slice(), &ratios].concat());
    for error in [alone, beside, others]
        .into_iter()
        .filter_map(|answers| answers.first_error.as_ref())
    {
        let shown: String = error.chars().take(300).collect();
        println!("  the first error: {shown}");
    }
}
