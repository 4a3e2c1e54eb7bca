//! A person at a shell.

use serde_json::Value;
use std::path::Path;
use std::process::{Output, Stdio};
use system::process::{PATIENCE, binary};
use system::{ADMIN_KEY, System};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

/// A person at a shell: a home folder of their own, and a server.
pub(super) struct Shell {
    pub(super) home: tempfile::TempDir,
    pub(super) environment: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ended {
    pub(super) fn well(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

impl Shell {
    /// Without a server.
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let environment = vec![("HOME".to_owned(), home.path().display().to_string())];
        Self { home, environment }
    }

    /// With a server in the environment.
    pub(super) fn of(system: &System) -> Self {
        let mut shell = Self::new();
        shell
            .environment
            .push(("ROLLCALL_API_URL".to_owned(), system.admin_url()));
        shell
            .environment
            .push(("ROLLCALL_API_KEY".to_owned(), ADMIN_KEY.to_owned()));
        shell
    }

    pub(super) fn path(&self) -> &Path {
        self.home.path()
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("rollcall"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub(super) async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "").await
    }

    /// With something on stdin.
    pub(super) async fn run_with(&self, arguments: &[&str], stdin: &str) -> Ended {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).await.unwrap();
        let output: Output = tokio::time::timeout(PATIENCE, child.wait_with_output())
            .await
            .expect("it ends")
            .unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A command that runs on, and the lines that it prints.
pub(super) struct Running {
    child: Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
    told: tokio::io::Lines<BufReader<tokio::process::ChildStderr>>,
}

impl Running {
    pub(super) fn start(shell: &Shell, arguments: &[&str]) -> Self {
        let mut child = shell.command(arguments).spawn().unwrap();
        Self {
            lines: BufReader::new(child.stdout.take().unwrap()).lines(),
            told: BufReader::new(child.stderr.take().unwrap()).lines(),
            child,
        }
    }

    pub(super) async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line())
            .await
            .expect("a line comes")
            .unwrap();
        line.expect("the command runs on")
    }

    /// Waits until stderr says so.
    pub(super) async fn until(&mut self, said: &str) {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.told.next_line())
                .await
                .expect("a line comes")
                .unwrap();
            if line.expect("the command runs on").contains(said) {
                return;
            }
        }
    }

    pub(super) async fn ended(&mut self) -> i32 {
        let status = tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("it ends")
            .unwrap();
        status.code().unwrap_or(-1)
    }
}
