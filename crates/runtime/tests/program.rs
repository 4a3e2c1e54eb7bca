//! Whole programs: this test starts itself again as one, with the settings of the case, and sends it signals.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use runtime::{Context, Flags, Program, service_main};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStderr, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const ROLE: &str = "RUNTIME_TEST_ROLE";
const PATIENCE: Duration = Duration::from_secs(20);

/// Not a case of its own: what the cases start.
#[test]
fn program() {
    let program = match std::env::var(ROLE).as_deref() {
        Ok("service") => Program::service("test-service"),
        Ok("all") => Program::all_in_one("test-all"),
        _ => return,
    };
    let code = service_main(program, Flags::default(), |context: Context| async move {
        let soft = context.shutdown.soft.clone();
        context.spawn("part", async move {
            soft.cancelled().await;
            Ok(())
        });
        tracing::info!(public_url = %context.public_url, "ready");
        context.serve_probes().await?;
        Ok(())
    });
    // The test harness has exit codes of its own.
    let code = (0..=u8::MAX).find(|number| ExitCode::from(*number) == code).unwrap();
    std::process::exit(code.into());
}

struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
    seen: String,
    _folder: tempfile::TempDir,
}

fn start(role: &str, variables: &[(&str, &str)]) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "program", "--nocapture"])
        .current_dir(folder.path())
        .env_remove("RUST_LOG")
        .env(ROLE, role)
        .env("ROLLCALL_LISTEN", "127.0.0.1:0")
        .env("ROLLCALL_LOG_FORMAT", "json")
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    Running {
        child,
        log,
        seen: String::new(),
        _folder: folder,
    }
}

impl Running {
    /// Reads the log up to the line with this message.
    fn line(&mut self, message: &str) -> Value {
        loop {
            let mut text = String::new();
            assert!(
                self.log.read_line(&mut text).unwrap() > 0,
                "ended before {message:?}:\n{}",
                self.seen
            );
            self.seen.push_str(&text);
            if let Ok(line) = serde_json::from_str::<Value>(&text)
                && line["message"] == message
            {
                return line;
            }
        }
    }

    fn address(&mut self) -> SocketAddr {
        self.line("listening")["address"].as_str().unwrap().parse().unwrap()
    }

    fn terminate(&self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGTERM).unwrap();
    }

    /// The exit code and the whole log.
    fn end(mut self) -> (i32, String) {
        self.log.read_to_string(&mut self.seen).unwrap();
        (self.child.wait().unwrap().code().unwrap(), self.seen)
    }
}

fn status(address: SocketAddr, path: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_program_starts_with_nothing_set_and_stops_cleanly_on_sigterm() {
    let mut running = start("all", &[]);
    let address = running.address();
    let ready = running.line("ready");
    assert_eq!(ready["public_url"], format!("http://{address}"));
    assert_eq!(status(address, "/readyz"), 200);
    let stopped = Instant::now();
    running.terminate();
    let (code, log) = running.end();
    assert_eq!(code, 0, "{log}");
    assert!(stopped.elapsed() < Duration::from_secs(10));
    assert!(log.contains("\"message\":\"stopped\""), "{log}");
}

#[test]
fn a_single_service_refuses_the_embedded_bus_and_says_what_to_set() {
    let (code, log) = start("service", &[]).end();
    assert_eq!(code, 1, "{log}");
    assert!(log.contains("ROLLCALL_BUS_URL must be amqp://"), "{log}");
}

#[test]
fn a_wrong_setting_ends_the_program_with_code_two_before_it_does_anything() {
    let (code, log) = start("all", &[("ROLLCALL_PARTITIONS", "none")]).end();
    assert_eq!(code, 2, "{log}");
    assert!(
        log.contains("test-all: partitions (environment ROLLCALL_PARTITIONS) must be"),
        "{log}"
    );
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, log) = start("all", &[("ROLLCALL_LISTEN", &address)]).end();
    assert_eq!(code, 1, "{log}");
    assert!(log.contains(&address) && log.contains("ROLLCALL_LISTEN"), "{log}");
}

#[test]
fn without_its_database_a_program_lives_but_is_not_ready_and_still_stops_cleanly() {
    // Bound and never listened to by PostgreSQL: connecting is refused at once.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!(
        "postgres://nobody@127.0.0.1:{}/none",
        nobody.local_addr().unwrap().port()
    );
    drop(nobody);
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let mut running = start("all", &[("ROLLCALL_DATABASE_URL", &url), ("ROLLCALL_MASTER_KEY", key)]);
    let address = running.address();
    running.line("the database cannot be reached yet");
    assert_eq!(status(address, "/healthz"), 200);
    assert_eq!(status(address, "/readyz"), 503);
    running.terminate();
    let (code, log) = running.end();
    assert_eq!(code, 0, "{log}");
}

#[test]
fn a_database_other_than_sqlite_needs_a_master_key() {
    let (code, log) = start(
        "all",
        &[("ROLLCALL_DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")],
    )
    .end();
    assert_eq!(code, 1, "{log}");
    assert!(log.contains("openssl rand -base64 32"), "{log}");
}
