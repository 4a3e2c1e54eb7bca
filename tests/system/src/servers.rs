//! A RabbitMQ node and a PostgreSQL cluster for one test alone, so that it may stop and start them without disturbing
//! another.
//!
//! Both are the installed programs with a folder, a port and a name of their own; nothing of the machine's is touched.

use crate::process::{PATIENCE, pause};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, chown, geteuid};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;
use tempfile::TempDir;

/// A RabbitMQ node.
#[derive(Debug)]
pub struct Broker {
    /// Its URL, with the default virtual host.
    pub url: String,
    folder: TempDir,
    name: String,
    port: u16,
    distribution_port: u16,
    server: Child,
}

/// A PostgreSQL cluster.
#[derive(Debug)]
pub struct Postgres {
    /// The URL of its database `postgres`.
    pub url: String,
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Broker {
    /// Starts a node without plugins.
    ///
    /// # Panics
    /// When RabbitMQ is not installed or does not start.
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("rollcall-broker-").tempdir().unwrap();
        std::fs::write(folder.path().join("enabled_plugins"), "[].").unwrap();
        let (port, distribution_port) = (free_port(), free_port());
        let name = format!("rollcall-test-{port}@localhost");
        let server = Self::command(folder.path(), &name, port, distribution_port, "rabbitmq-server")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: the shell that starts Erlang must not outlive the test.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("RabbitMQ cannot be started: {error}"));
        let broker = Self {
            url: format!("amqp://guest:guest@127.0.0.1:{port}/%2f"),
            folder,
            name,
            port,
            distribution_port,
            server,
        };
        until_listening(port, "the broker").await;
        broker.control(&["await_startup"]).await;
        broker
    }

    /// `rabbitmqctl stop_app`: every connection ends, and none is taken.
    pub async fn stop_app(&self) {
        self.control(&["stop_app"]).await;
    }

    /// `rabbitmqctl start_app`: what was durable is there again.
    pub async fn start_app(&self) {
        self.control(&["start_app"]).await;
        until_listening(self.port, "the broker").await;
    }

    async fn control(&self, arguments: &[&str]) {
        let mut command = Self::command(
            self.folder.path(),
            &self.name,
            self.port,
            self.distribution_port,
            "rabbitmqctl",
        );
        command.args(["--quiet", "-n", &self.name]).args(arguments);
        succeed(command).await;
    }

    fn command(folder: &Path, name: &str, port: u16, distribution_port: u16, program: &str) -> Command {
        // The programs in the path of a Debian system insist on being run as the user rabbitmq, in its home.
        let plain = Path::new("/usr/lib/rabbitmq/bin").join(program);
        let mut command = Command::new(if plain.is_file() { plain } else { program.into() });
        command
            .current_dir(folder)
            .env("HOME", folder)
            .env("RABBITMQ_NODENAME", name)
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", port.to_string())
            .env("RABBITMQ_DIST_PORT", distribution_port.to_string())
            .env("RABBITMQ_MNESIA_BASE", folder.join("data"))
            .env("RABBITMQ_LOG_BASE", folder.join("log"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("enabled_plugins"))
            .env("RABBITMQ_CONFIG_FILE", folder.join("none"))
            .env("RABBITMQ_CONF_ENV_FILE", folder.join("none"))
            // As many schedulers as a test needs; Erlang would busy-wait on every core.
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none");
        command
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Ok(group) = i32::try_from(self.server.id()) {
            let _ = kill(Pid::from_raw(-group), Signal::SIGKILL);
        }
        let _ = self.server.wait();
    }
}

impl Postgres {
    /// Makes a cluster and starts it, durable like any other. PostgreSQL does not run as root: then it runs as `postgres`.
    ///
    /// # Panics
    /// When PostgreSQL is not installed or does not start.
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("rollcall-database-").tempdir().unwrap();
        if geteuid().is_root() {
            let user = postgres_user();
            chown(folder.path(), Some(user.uid), Some(user.gid)).unwrap();
        }
        let port = free_port();
        let postgres = Self {
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            folder,
            programs: programs(),
            port,
        };
        let mut init = postgres.command("initdb");
        init.args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--no-sync",
            "--pgdata",
        ])
        .arg(postgres.data());
        succeed(init).await;
        postgres.launch().await;
        postgres
    }

    /// As its administrator restarts it in a hurry: every connection ends at once, what is not committed is gone.
    pub async fn restart(&self) {
        self.stop("immediate").await;
        self.launch().await;
    }

    async fn launch(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=100",
            self.port
        );
        let mut command = self.command("pg_ctl");
        command.arg("--pgdata").arg(self.data());
        command
            .args(["-w", "-t", "60", "-l"])
            .arg(self.folder.path().join("log"));
        command.args(["-o", &options, "start"]);
        succeed(command).await;
    }

    async fn stop(&self, mode: &str) {
        let mut command = self.command("pg_ctl");
        command
            .arg("--pgdata")
            .arg(self.data())
            .args(["-w", "-m", mode, "stop"]);
        succeed(command).await;
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        as_postgres(&self.programs.join(program), self.folder.path())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut command = self.command("pg_ctl");
        command
            .arg("--pgdata")
            .arg(self.data())
            .args(["-m", "immediate", "stop"]);
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// A database program, as a user that it accepts.
fn as_postgres(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stdin(Stdio::null());
    if geteuid().is_root() {
        let user = postgres_user();
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
    }
    command
}

fn postgres_user() -> User {
    let found = User::from_name("postgres").unwrap();
    found.expect("PostgreSQL does not run as root, and there is no user postgres")
}

/// Where the server programs are: on Debian not in the path.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file())
        .collect();
    found.sort();
    found.pop().unwrap_or_default()
}

/// Runs a program to its end, off the runtime.
///
/// # Panics
/// When it fails, with what it said.
async fn succeed(mut command: Command) {
    let shown = format!("{command:?}");
    let folder = tempfile::tempfile().unwrap();
    // A server that the program leaves behind must not hold a pipe that is waited for.
    command
        .stdout(folder.try_clone().unwrap())
        .stderr(folder.try_clone().unwrap());
    let ended: std::io::Result<Output> = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let ended = ended.unwrap_or_else(|error| panic!("{shown}: {error}"));
    assert!(
        ended.status.success(),
        "{shown} ended with {}: {}",
        ended.status,
        told(folder)
    );
}

fn told(mut file: std::fs::File) -> String {
    use std::io::{Read as _, Seek as _};
    let mut text = String::new();
    let _ = file.rewind();
    let _ = file.read_to_string(&mut text);
    text
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

async fn until_listening(port: u16, what: &str) {
    let started = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(started.elapsed() < PATIENCE, "{what} does not listen");
        pause().await;
    }
}
