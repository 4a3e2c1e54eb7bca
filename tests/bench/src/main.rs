//! Benchmarks: Rollcall as it is run, beside yardsticks of the same run on the same servers.
//!
//! `cargo build --profile dist --workspace --bins && cargo run --profile dist -p bench -- creates`
//!
//! The services are the programs beside this one. PostgreSQL and RabbitMQ are those of the tests
//! (`ROLLCALL_TEST_DATABASE_URL`, `ROLLCALL_TEST_BUS_URL`). Everything shares one machine (load, servers, services), so
//! read ratios rather than rates, and run nothing else meanwhile. Nothing is asserted about time.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot do its part ends")]

mod bare;
mod fill;
mod http;
mod load;
mod receiver;
mod report;
mod scenarios;
mod stages;
mod usage;
mod yardstick;

use clap::{Parser, ValueEnum};
use system::Shape;

/// Benchmarks of Rollcall.
#[derive(Parser)]
struct Cli {
    /// What is measured
    #[arg(value_enum, default_value = "creates")]
    scenario: Scenario,
    /// How Rollcall is run; one after the other if several
    #[arg(long, value_enum, value_delimiter = ',', default_value = "separate")]
    shape: Vec<ShapeName>,
    /// Clients at once: one row of the table for each number
    #[arg(long, value_delimiter = ',', default_value = "1,16,64,256")]
    clients: Vec<usize>,
    /// Requests for each number of clients; one client alone sends at most 2,000
    #[arg(long, default_value_t = 10_000)]
    requests: usize,
    /// People in the directory, one row for each number in `sizes`; `reads` takes the second
    #[arg(long, value_delimiter = ',', default_value = "1000,100000,1000000")]
    users: Vec<usize>,
    /// People created in `growth`, and pulled in `graph`
    #[arg(long, default_value_t = 100_000)]
    people: usize,
    /// Directories that have nothing new, in `graph`
    #[arg(long, default_value_t = 1_000)]
    directories: usize,
    /// Parts of a request in `hostile`: one column for each number
    #[arg(long, value_delimiter = ',', default_value = "5000,10000,20000,40000,80000")]
    parts: Vec<usize>,
    /// People who have logged in before, in `logins`: one row for each number
    #[arg(long, value_delimiter = ',', default_value = "1000,1000000")]
    bindings: Vec<usize>,
    /// Logins a second in `logins`
    #[arg(long, default_value_t = 200)]
    logins: usize,
    /// Deactivations a second in `logouts`
    #[arg(long, default_value_t = 100)]
    logouts: usize,
    /// Members that a group has before one is added, in `sizes`
    #[arg(long, value_delimiter = ',', default_value = "10,1000,100000")]
    members: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// People created and changed over SCIM with one app subscribed
    Creates,
    /// The same creates with one and with ten apps subscribed
    Endpoints,
    /// What the processes hold after many creates
    Growth,
    /// People read by id and found by name
    Reads,
    /// What requests cost in small and large directories and groups
    Sizes,
    /// The pages of the console where there are many people
    Pages,
    /// Webhooks: rates, delays, and endpoints in trouble
    Deliveries,
    /// Whole logins through single sign-on, with few and with many people bound
    Logins,
    /// From a deactivation to the app's logout
    Logouts,
    /// A tenant pulled from Microsoft Graph, and many that have nothing new
    Graph,
    /// Requests of many parts, in memory: time for each KiB as they grow
    Hostile,
    /// Creates of one tenant while another replaces large groups
    Neighbours,
    /// All of these
    All,
}

#[derive(Clone, Copy, ValueEnum)]
enum ShapeName {
    /// One process, SQLite and the bus inside
    AllInOne,
    /// A process for each service, PostgreSQL and RabbitMQ
    Separate,
}

#[tokio::main]
async fn main() {
    let cli = Cli::parse();
    let runs = |scenario| cli.scenario == scenario || cli.scenario == Scenario::All;
    if runs(Scenario::Hostile) {
        scenarios::hostile::run(&cli.parts);
    }
    for shape in &cli.shape {
        if cli.scenario == Scenario::Hostile {
            break;
        }
        let shape = match shape {
            ShapeName::AllInOne => Shape::AllInOne,
            ShapeName::Separate => Shape::Separate,
        };
        if runs(Scenario::Creates) {
            Box::pin(scenarios::creates::run(shape, &cli.clients, cli.requests)).await;
        }
        if runs(Scenario::Endpoints) {
            Box::pin(scenarios::endpoints::run(shape, cli.requests)).await;
        }
        if runs(Scenario::Growth) {
            Box::pin(scenarios::growth::run(shape, cli.people)).await;
        }
        if runs(Scenario::Reads) {
            let users = cli.users.get(1).or(cli.users.first()).copied().unwrap_or(1_000);
            Box::pin(scenarios::reads::run(shape, &cli.clients, cli.requests, users)).await;
        }
        if runs(Scenario::Pages) {
            let users = cli.users.get(1).or(cli.users.first()).copied().unwrap_or(1_000);
            Box::pin(scenarios::pages::run(shape, users)).await;
        }
        if runs(Scenario::Deliveries) {
            Box::pin(scenarios::deliveries::run(shape, cli.requests)).await;
        }
        if runs(Scenario::Logins) {
            Box::pin(scenarios::logins::run(shape, &cli.bindings, cli.logins)).await;
        }
        if runs(Scenario::Logouts) {
            Box::pin(scenarios::logouts::run(shape, cli.logouts)).await;
        }
        if runs(Scenario::Graph) {
            Box::pin(scenarios::graph::run(shape, cli.people, cli.directories)).await;
        }
        if runs(Scenario::Neighbours) {
            Box::pin(scenarios::neighbours::run(shape)).await;
        }
        if runs(Scenario::Sizes) {
            Box::pin(scenarios::sizes::run(shape, &cli.users, &cli.members)).await;
        }
    }
}
