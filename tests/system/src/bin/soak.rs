//! The soak: a running system under load for minutes or hours, while processes are killed and frozen and servers are
//! restarted at random; then everything that was promised is checked.
//!
//! ```console
//! $ cargo build --release --workspace --bins
//! $ cargo run --release -p system --bin soak -- --minutes 10 --shape separate
//! ```
//!
//! Prints a line for each disturbance and a table at the end; ends with 1 on any violation.

use clap::{Parser, ValueEnum};
use nix::sys::signal::Signal;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use system::receiver::Receiver;
use system::recorder::{Findings, Progress, check, work};
use system::servers::{Broker, Postgres};
use system::{Detour, Own, Shape, System, Tenant};

/// Disturbs a system under load and checks that it kept its promises.
#[derive(Parser)]
struct Cli {
    /// How long it is disturbed
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How Rollcall is run
    #[arg(long, value_enum, default_value = "separate")]
    shape: ShapeName,
    /// Clients at once
    #[arg(long, default_value_t = 32)]
    clients: usize,
    /// Directories that the clients work in
    #[arg(long, default_value_t = 3)]
    directories: usize,
    /// Milliseconds between two requests of a client
    #[arg(long, default_value_t = 20)]
    pause: u64,
    /// The most seconds between two disturbances
    #[arg(long, default_value_t = 10)]
    calm: u64,
    /// Which random choices are made; the same number makes the same ones
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ShapeName {
    /// A process for each service, two projectors, on PostgreSQL and RabbitMQ
    Separate,
    /// Everything in one process, on SQLite
    Embedded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Disturbance {
    Kill,
    Freeze,
    RestartBroker,
    RestartDatabase,
}

impl Disturbance {
    const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill -9",
            Self::Freeze => "SIGSTOP",
            Self::RestartBroker => "broker restarted",
            Self::RestartDatabase => "database restarted",
        }
    }
}

/// Random numbers that can be had again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap_or(0) % end.max(1)
    }

    fn up_to(&mut self, longest: Duration) -> Duration {
        let millis = usize::try_from(longest.as_millis()).unwrap_or(usize::MAX);
        Duration::from_millis(self.below(millis.max(1)) as u64)
    }
}

struct Servers {
    broker: Broker,
    database: Postgres,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let seed = cli.seed.unwrap_or_else(|| u64::from(std::process::id()));
    println!("seed {seed}");
    let servers = match cli.shape {
        ShapeName::Embedded => None,
        ShapeName::Separate => {
            let (broker, database) = tokio::join!(Broker::start(), Postgres::start());
            Some(Servers { broker, database })
        }
    };
    let mut system = start(servers.as_ref()).await;
    let mut tenants = Vec::new();
    for n in 1..=cli.directories.max(1) {
        tenants.push(system.tenant(&format!("soak{n}.example")).await);
    }
    let (ordered, unordered) = (Receiver::start_light(), Receiver::start_light());
    for (receiver, is_ordered) in [(&ordered, true), (&unordered, false)] {
        let types = ["user.created", "user.updated", "user.deleted"];
        let more = json!({ "event_types": types, "ordered": is_ordered });
        system.subscribe(receiver, more).await;
    }
    let progress = Progress::default();
    let pause = Duration::from_millis(cli.pause);
    let began = Instant::now();
    let disturbed = disturb(&cli, &mut system, servers.as_ref(), &progress, Dice(seed));
    let (lived, disturbances) = tokio::join!(work(&tenants, cli.clients, pause, &progress), disturbed);
    let worked = began.elapsed();
    println!("checking …");
    let findings = check(
        &system,
        &tenants,
        &lived,
        &progress,
        &[(&ordered, true), (&unordered, false)],
    )
    .await;
    report(&cli, worked, &tenants, &progress, &disturbances, &findings);
    ordered.stop().await;
    unordered.stop().await;
    system.clean().await;
    if findings.violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn start(servers: Option<&Servers>) -> System {
    let Some(Servers { broker, database }) = servers else {
        return System::start(Shape::AllInOne).await;
    };
    let mut system = System::start_on(Own { broker, database }).await;
    system.add("projector", "rollcall-projector-2", Detour::default()).await;
    system
}

/// One disturbance after the other until the time is over; at the end everything runs again.
async fn disturb(
    cli: &Cli,
    system: &mut System,
    servers: Option<&Servers>,
    progress: &Progress,
    mut dice: Dice,
) -> BTreeMap<Disturbance, (usize, Duration)> {
    let until = Instant::now() + Duration::from_secs_f64(cli.minutes * 60.0);
    let names: Vec<String> = system.processes.keys().cloned().collect();
    let mut told: BTreeMap<Disturbance, (usize, Duration)> = BTreeMap::new();
    progress.wait_for_more(100).await;
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_secs(1) + dice.up_to(Duration::from_secs(cli.calm))).await;
        let _ = progress.longest_silence();
        let chosen = match (servers, dice.below(10)) {
            (Some(_), 0) => Disturbance::RestartBroker,
            (Some(_), 1) => Disturbance::RestartDatabase,
            (_, 2..6) => Disturbance::Freeze,
            _ => Disturbance::Kill,
        };
        let name = &names[dice.below(names.len())];
        let about = carry_out(chosen, system, servers, name, &mut dice).await;
        progress.wait_for_more(u64::try_from(cli.clients).unwrap_or(1)).await;
        let silence = progress.longest_silence();
        let (done, refused, unknown) = progress.counts();
        println!(
            "{:>6} s  {:<18} {about:<28} {:>5.1} s without an acknowledgement; {done} done, {refused} refused, {unknown} in doubt",
            (until - Instant::now()).as_secs(),
            chosen.name(),
            silence.as_secs_f64(),
        );
        let entry = told.entry(chosen).or_default();
        *entry = (entry.0 + 1, entry.1.max(silence));
    }
    progress.stop();
    told
}

async fn carry_out(
    chosen: Disturbance,
    system: &mut System,
    servers: Option<&Servers>,
    name: &str,
    dice: &mut Dice,
) -> String {
    match (chosen, servers) {
        (Disturbance::RestartBroker, Some(servers)) => {
            servers.broker.stop_app().await;
            tokio::time::sleep(dice.up_to(Duration::from_secs(5))).await;
            servers.broker.start_app().await;
            String::new()
        }
        (Disturbance::RestartDatabase, Some(servers)) => {
            servers.database.restart().await;
            String::new()
        }
        (Disturbance::Freeze, _) => {
            let process = &system.processes[name];
            let frozen = dice.up_to(Duration::from_secs(25));
            process.signal(Signal::SIGSTOP);
            tokio::time::sleep(frozen).await;
            process.signal(Signal::SIGCONT);
            format!("{name} {:.1} s", frozen.as_secs_f64())
        }
        _ => {
            let process = system.processes.get_mut(name).expect("its name was taken from there");
            process.kill().await;
            tokio::time::sleep(dice.up_to(Duration::from_secs(3))).await;
            process.start().await;
            name.to_owned()
        }
    }
}

fn report(
    cli: &Cli,
    worked: Duration,
    tenants: &[Tenant],
    progress: &Progress,
    disturbances: &BTreeMap<Disturbance, (usize, Duration)>,
    findings: &Findings,
) {
    let (done, refused, unknown) = progress.counts();
    let row = |name: &str, value: String| println!("{name:<44} {value:>12}");
    println!();
    row("minutes under load", format!("{:.1}", worked.as_secs_f64() / 60.0));
    row("clients / directories", format!("{} / {}", cli.clients, tenants.len()));
    row("changes acknowledged", done.to_string());
    row("changes refused (503, 429)", refused.to_string());
    row("changes in doubt (504, no answer)", unknown.to_string());
    for (disturbance, (count, silence)) in disturbances {
        let what = format!("{}: how often / longest silence", disturbance.name());
        row(&what, format!("{count} / {:.1} s", silence.as_secs_f64()));
    }
    row("people asked for", findings.people.to_string());
    row("events in the logs", findings.events.to_string());
    row("webhooks that came again", findings.repeated.to_string());
    row("violations", findings.violations.len().to_string());
    for violation in &findings.violations {
        println!("VIOLATION  {violation}");
    }
}
