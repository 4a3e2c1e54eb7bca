//! Benchmarks: Rollcall as it is run, beside yardsticks of the same run on the same servers.
//!
//! `cargo build --release --workspace --bins && cargo run --release -p bench -- creates`
//!
//! Everything shares one machine (load, servers, services), so read ratios rather than rates.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot do its part ends")]

mod creates;
mod load;
mod reads;
mod receiver;
mod usage;
mod yardstick;

use clap::{Parser, Subcommand, ValueEnum};
use system::Shape;

/// Benchmarks of Rollcall.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    scenario: Scenario,
    /// How Rollcall is run
    #[arg(long, global = true, value_enum, default_value = "separate")]
    shape: ShapeName,
    /// Clients at once
    #[arg(long, global = true, value_delimiter = ',', default_value = "1,16,64")]
    clients: Vec<usize>,
    /// Requests for each number of clients
    #[arg(long, global = true, default_value_t = 10_000)]
    requests: usize,
}

#[derive(Subcommand)]
enum Scenario {
    /// People created over SCIM, one app subscribed
    Creates,
    /// People read by id and found by name
    Reads {
        /// People in the directory
        #[arg(long, default_value_t = 10_000)]
        users: usize,
    },
    /// What requests cost in small and large directories
    Sizes {
        /// People in the directories
        #[arg(long, value_delimiter = ',', default_value = "1000,100000")]
        users: Vec<usize>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum ShapeName {
    AllInOne,
    Separate,
}

#[tokio::main]
async fn main() {
    let cli = Cli::parse();
    let shape = match cli.shape {
        ShapeName::AllInOne => Shape::AllInOne,
        ShapeName::Separate => Shape::Separate,
    };
    match cli.scenario {
        Scenario::Creates => creates::run(shape, &cli.clients, cli.requests).await,
        Scenario::Reads { users } => reads::run(shape, &cli.clients, cli.requests, users).await,
        Scenario::Sizes { users } => reads::sizes(shape, &users, cli.requests.min(500)).await,
    }
}
