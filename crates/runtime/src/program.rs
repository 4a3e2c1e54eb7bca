//! From `main` to the exit code: the one order in which every program starts and stops.

use crate::activity;
use crate::connect::{self, WaitingRoom};
use crate::context::{CommandContext, Context};
use crate::files;
use crate::flags::Flags;
use crate::http::HttpLimits;
use crate::master_key::master_keys;
use crate::sealed_by::tell_of_other_keys;
use crate::settings::Settings;
use crate::shutdown::{AFTER_HARD, Shutdown};
use anyhow::{Context as _, bail};
use bus::{Bus, RabbitOptions};
use secrecy::ExposeSecret;
use std::future::Future;
use std::net::TcpListener;
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use telemetry::metrics::MetricsHandle;
use telemetry::{LogFormat, TelemetryOptions};

/// Closing connections is a courtesy to the servers at their other end.
const CLOSING_TIME: Duration = Duration::from_millis(500);
const FAILED: u8 = 1;
const WRONGLY_CONFIGURED: u8 = 2;

/// A program, as `service_main` needs to know it. A bare name is a service.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    name: &'static str,
    all_in_one: bool,
    yields: bool,
    log_filter: Option<&'static str>,
}

/// Of a program that yields: a third of the weight of others.
const NICENESS: i32 = 5;
/// Overrides how many threads a program works with, as in any program on tokio.
const WORKER_THREADS: &str = "TOKIO_WORKER_THREADS";

impl Program {
    /// One service of several; it meets the others on a broker.
    #[must_use]
    pub const fn service(name: &'static str) -> Self {
        Self {
            name,
            all_in_one: false,
            yields: false,
            log_filter: None,
        }
    }

    /// All services in one process; the bus may be inside it too.
    #[must_use]
    pub const fn all_in_one(name: &'static str) -> Self {
        Self {
            name,
            all_in_one: true,
            yields: false,
            log_filter: None,
        }
    }

    /// For a service whose work can wait, so that those of the same machine whose clients wait find a core: works on half of
    /// the cores it sees, at least on one, unless `TOKIO_WORKER_THREADS` says otherwise, and at a lower priority (nice 5),
    /// which matters only when there is more to do than the cores can.
    #[must_use]
    pub const fn yielding(mut self) -> Self {
        self.yields = true;
        self
    }

    /// Other log lines than the usual ones when `RUST_LOG` is unset: for a program that talks to a person.
    #[must_use]
    pub const fn with_log_filter(mut self, filter: &'static str) -> Self {
        self.log_filter = Some(filter);
        self
    }
}

impl From<&'static str> for Program {
    fn from(name: &'static str) -> Self {
        Self::service(name)
    }
}

/// Runs a service to its end: settings, telemetry, HTTP port, database (waited for and migrated), bus, `run`, drain,
/// flush. Give it `fn run(context: Context) -> anyhow::Result<()>`, which returns at the soft stop.
///
/// Exit codes: 0 after a clean stop, 1 after a failure, 2 when the settings are wrong.
#[must_use]
pub fn service_main<R, F>(program: impl Into<Program>, flags: Flags, run: R) -> ExitCode
where
    R: FnOnce(Context) -> F,
    F: Future<Output = anyhow::Result<()>>,
{
    let program = program.into();
    with_process(program, flags, async |process: Process| {
        serve(program, process, run).await
    })
}

/// Runs a command that needs the database and no HTTP port, for example a migration, to its end.
///
/// Exit codes as for [`service_main`]; the command makes the difference by its result.
#[must_use]
pub fn command_main<R, F>(name: &'static str, flags: Flags, run: R) -> ExitCode
where
    R: FnOnce(CommandContext) -> F,
    F: Future<Output = anyhow::Result<ExitCode>>,
{
    with_process(Program::service(name), flags, async |process: Process| {
        let Process { settings, shutdown, .. } = process;
        let Some(store) = connect::store(name, &settings, &shutdown, None).await? else {
            return Ok(ExitCode::from(FAILED));
        };
        let command = CommandContext {
            settings,
            store: store.clone(),
            shutdown: shutdown.clone(),
        };
        let code = until_given_up(&shutdown, run(command))
            .await
            .unwrap_or_else(|| Ok(ExitCode::from(FAILED)));
        end(&shutdown, &store, None).await;
        code
    })
}

/// What every program has before it does anything.
struct Process {
    settings: Arc<Settings>,
    shutdown: Shutdown,
    metrics: MetricsHandle,
    instance: Arc<str>,
}

fn with_process<R>(program: Program, flags: Flags, run: R) -> ExitCode
where
    R: AsyncFnOnce(Process) -> anyhow::Result<ExitCode>,
{
    let name = program.name;
    let settings = match Settings::from_process(&flags) {
        Ok(settings) => settings,
        Err(error) => {
            eprintln!("{name}: {error}");
            return ExitCode::from(WRONGLY_CONFIGURED);
        }
    };
    // Given once and kept in the settings; the flags may hold secrets that nobody needs any more.
    drop(flags);
    // An error only means that the process has a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    if program.yields {
        // The threads started from here on have it too. Where it is not allowed, the service is as the others.
        let _ = rustix::process::nice(NICENESS);
        if std::env::var_os(WORKER_THREADS).is_none() {
            threads.worker_threads(half_of(std::thread::available_parallelism()));
        }
    }
    let runtime = match threads.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("{name}: the threads could not be started: {error}");
            return ExitCode::from(FAILED);
        }
    };
    let code = runtime.block_on(in_runtime(program, settings, run));
    // Nobody waits for what ignored the hard stop, nor for blocking calls that are stuck.
    runtime.shutdown_background();
    code
}

/// At least one.
fn half_of(cores: std::io::Result<NonZero<usize>>) -> usize {
    cores.map_or(1, |cores| (cores.get() / 2).max(1))
}

async fn in_runtime<R>(program: Program, settings: Settings, run: R) -> ExitCode
where
    R: AsyncFnOnce(Process) -> anyhow::Result<ExitCode>,
{
    let name = program.name;
    let instance: Arc<str> = format!("{name}-{}", uuid::Uuid::new_v4()).into();
    let options = TelemetryOptions {
        service: name,
        instance: instance.to_string(),
        log_format: settings.log_format.unwrap_or(LogFormat::Auto),
        log_filter: program.log_filter,
    };
    let guard = match telemetry::init(&options) {
        Ok(guard) => guard,
        Err(error) => {
            eprintln!("{name}: {}", telemetry::chain(&error));
            return ExitCode::from(WRONGLY_CONFIGURED);
        }
    };
    let shutdown = Shutdown::new();
    let metrics = telemetry::metrics::install();
    let process = Process {
        settings: Arc::new(settings),
        shutdown: shutdown.clone(),
        metrics,
        instance,
    };
    let result = match shutdown.listen().context("signals cannot be handled") {
        Ok(()) => run(process).await,
        Err(error) => Err(error),
    };
    let code = match result {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(error = %telemetry::chain(error.as_ref()), "{name} failed");
            ExitCode::from(FAILED)
        }
    };
    // Last of all, so that the spans of the drain are in it.
    guard.shutdown().await;
    code
}

async fn serve<R, F>(program: Program, process: Process, run: R) -> anyhow::Result<ExitCode>
where
    R: FnOnce(Context) -> F,
    F: Future<Output = anyhow::Result<()>>,
{
    let shutdown = process.shutdown.clone();
    let Some(context) = start(program, process).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    let (store, bus) = (context.store.clone(), context.bus.clone());
    let result = until_given_up(&shutdown, run(context)).await;
    let ended = end(&shutdown, &store, Some(&bus)).await;
    match result {
        Some(result) => result?,
        None => bail!("the program did not stop in time"),
    }
    if !ended || shutdown.has_failed() {
        return Ok(ExitCode::from(FAILED));
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// `None` when the program was stopped before it was ready.
async fn start(program: Program, process: Process) -> anyhow::Result<Option<Context>> {
    let Process {
        settings,
        shutdown,
        metrics,
        instance,
    } = process;
    if settings.bus_is_embedded() && !program.all_in_one {
        bail!(
            "ROLLCALL_BUS_URL must be amqp://user:password@host:5672/vhost: {} is one of several processes, and the \
             embedded bus exists only inside `rollcall`, which runs everything in one",
            program.name
        );
    }
    let connections = files::connections(settings.max_connections, files::raise()).map_err(anyhow::Error::msg)?;
    let limits = HttpLimits::of(&settings, connections);
    let master_keys = master_keys(&settings)?;
    // Bound before anything else is tried: a taken port must not leave half a start behind, and port 0 gets its number.
    let listener = TcpListener::bind(&settings.listen)
        .with_context(|| format!("the address {} (ROLLCALL_LISTEN) cannot be used", settings.listen))?;
    let address = listener.local_addr().context("the listening socket has no address")?;
    tracing::info!(%address, max_connections = limits.connections, "listening");
    let waiting = WaitingRoom::new(listener.try_clone()?, metrics.clone(), limits);
    let Some(store) = connect::store(program.name, &settings, &shutdown, Some(waiting)).await? else {
        return Ok(None);
    };
    let keeping = activity::run(store.clone(), shutdown.soft.clone());
    shutdown.spawn("activity", async move {
        keeping.await;
        Ok(())
    });
    tell_of_other_keys(&store, &master_keys).await;
    let bus = connect_bus(program.name, &settings)?;
    Ok(Some(Context {
        public_url: settings.public_url(address).into(),
        settings,
        store,
        bus,
        master_keys,
        shutdown,
        instance,
        listener: Arc::new(listener),
        address,
        metrics,
        limits,
    }))
}

fn connect_bus(name: &'static str, settings: &Settings) -> anyhow::Result<Bus> {
    let partitions = settings.partitions.get();
    if settings.bus_is_embedded() {
        return Ok(Bus::embedded(partitions));
    }
    let url = settings.bus_url.expose_secret();
    bus::check_url(url).context("ROLLCALL_BUS_URL cannot be used")?;
    Ok(Bus::rabbit(RabbitOptions {
        url: url.to_owned(),
        partitions,
        name: name.to_owned(),
    }))
}

/// The result of `work`, or `None` when it goes on after the hard stop.
async fn until_given_up<F: Future>(shutdown: &Shutdown, work: F) -> Option<F::Output> {
    tokio::select! {
        result = work => Some(result),
        () = async {
            shutdown.hard.cancelled().await;
            tokio::time::sleep(AFTER_HARD).await;
        } => None,
    }
}

/// Waits for all tasks, then closes the connections. Whether all tasks ended.
async fn end(shutdown: &Shutdown, store: &Store, bus: Option<&Bus>) -> bool {
    let ended = shutdown.drain().await;
    if !ended {
        tracing::warn!(tasks = shutdown.tracker.len(), "some tasks did not stop in time");
    }
    let closing = async {
        if let Some(bus) = bus {
            bus.close().await;
        }
        store.close().await;
    };
    if tokio::time::timeout(CLOSING_TIME, closing).await.is_err() {
        tracing::debug!("connections were dropped instead of closed");
    }
    ended
}
