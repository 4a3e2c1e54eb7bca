//! A service as a process: started, watched, killed, frozen and drained like in production.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// One program with its environment; it may run, or be dead between two runs.
#[derive(Debug)]
pub struct Process {
    /// What it is called here: the binary's name, unless there are several.
    pub name: String,
    binary: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    log: PathBuf,
    child: Option<Child>,
    address: Option<SocketAddr>,
}

impl Process {
    /// A program that is not started yet. Its log goes to a file in `folder`.
    #[must_use]
    pub fn new(name: &str, arguments: &[&str], environment: Vec<(String, String)>, folder: &Path) -> Self {
        Self::called(name, name, arguments, environment, folder)
    }

    /// A second process of a program, under a name of its own.
    #[must_use]
    pub fn called(
        name: &str,
        binary: &str,
        arguments: &[&str],
        environment: Vec<(String, String)>,
        folder: &Path,
    ) -> Self {
        Self {
            name: name.to_owned(),
            binary: binary.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            environment,
            log: folder.join(format!("{name}.log")),
            child: None,
            address: None,
        }
    }

    /// Sets a variable for later starts, or takes it away.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.environment.retain(|(known, _)| known != name);
        if let Some(value) = value {
            self.environment.push((name.to_owned(), value.to_owned()));
        }
    }

    /// Starts it and waits until it is ready. A second start takes the address of the first.
    pub async fn start(&mut self) {
        self.launch().await;
        self.ready().await;
    }

    /// Starts it and waits until it listens.
    pub async fn launch(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        let listen = self
            .address
            .map_or_else(|| "127.0.0.1:0".to_owned(), |address| address.to_string());
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let began = self.log().len();
        let child = Command::new(binary(&self.binary))
            .args(&self.arguments)
            .env_remove("OTEL_EXPORTER_OTLP_ENDPOINT")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("ROLLCALL_LISTEN", listen)
            .env("ROLLCALL_LOG_FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true)
            .spawn();
        let child = child.unwrap_or_else(|error| panic!("{} cannot be started: {error}; build it first", self.name));
        self.child = Some(child);
        let started = Instant::now();
        loop {
            if let Some(address) = listening(&self.log()[began..]) {
                self.address = Some(address);
                return;
            }
            self.expect_patience(started, "listen").await;
        }
    }

    /// Waits until `/readyz` says yes.
    pub async fn ready(&mut self) {
        let url = format!("{}/readyz", self.url());
        let client = crate::client();
        let started = Instant::now();
        loop {
            if client
                .get(&url)
                .send()
                .await
                .is_ok_and(|response| response.status() == 200)
            {
                return;
            }
            self.expect_patience(started, "become ready").await;
        }
    }

    async fn expect_patience(&mut self, started: Instant, what: &str) {
        let ended = self.child.as_mut().and_then(|child| child.try_wait().unwrap());
        assert!(
            ended.is_none(),
            "{} ended with {ended:?} before it could {what}:\n{}",
            self.name,
            self.log()
        );
        assert!(
            started.elapsed() < PATIENCE,
            "{} did not {what} in time:\n{}",
            self.name,
            self.log()
        );
        pause().await;
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address.expect("it has been started"))
    }

    /// Everything it has logged, over all runs.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its id in the operating system.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).expect("it runs")
    }

    /// Whether it has been started and not stopped since.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// `kill -9`.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().await.unwrap();
    }

    /// SIGSTOP and SIGCONT.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.pid()).unwrap()), signal).unwrap();
    }

    /// SIGTERM, and the exit status.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::SIGTERM);
        let mut child = self.child.take().expect("it runs");
        let ended = tokio::time::timeout(Duration::from_secs(15), child.wait()).await;
        ended
            .unwrap_or_else(|_| panic!("{} did not stop:\n{}", self.name, self.log()))
            .unwrap()
    }
}

/// A short wait between two looks at a condition.
pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(10)).await;
}

/// The address in the log line that a program writes when it listens.
fn listening(log: &str) -> Option<SocketAddr> {
    log.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|line| {
            let said = |key: &str| {
                line.get(key)
                    .or_else(|| line.get("fields")?.get(key))
                    .and_then(|value| value.as_str())
            };
            if said("message") == Some("listening") {
                said("address")?.parse().ok()
            } else {
                None
            }
        })
}

/// Where a program is: in the folder of the build that the caller belongs to. `tests/run` builds them before the tests.
///
/// # Panics
/// When it has not been built.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the caller has a path");
    // A test is in `target/<profile>/deps`, a benchmark in `target/<profile>`.
    let found = own
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not built beside {}", own.display()))
}
