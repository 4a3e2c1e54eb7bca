//! The world's mail: an SMTP server that other people wrote, as a process, and what arrives at it.

use crate::process::{PATIENCE, pause};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use tempfile::TempDir;

/// The user that Rollcall logs in as.
const USER: &str = "rollcall";
/// Its password, which must be nowhere else.
pub const PASSWORD: &str = "t0psecret-password-of-the-mail-server";
/// Whom mails are from.
pub const SENDER: &str = "Rollcall <rollcall@rollcall.example>";

/// A mail as it arrived.
#[derive(Clone, Debug, Deserialize)]
pub struct Arrived {
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Who was logged in.
    pub user: Option<String>,
    /// Its headers, by their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// Its content type.
    pub r#type: String,
    /// What is wrong with its form.
    pub defects: Vec<String>,
    /// Its parts by their content types.
    pub parts: BTreeMap<String, String>,
    /// All of it, as it came.
    pub raw: String,
}

impl Arrived {
    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.headers["subject"]
    }
}

/// A running SMTP server.
#[derive(Debug)]
pub struct MailServer {
    folder: TempDir,
    python: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl MailServer {
    /// Starts one on a free port; the first one ever is installed before.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self {
            folder,
            python: tokio::task::spawn_blocking(python).await.unwrap(),
            port: 0,
            process: None,
        };
        server.restart().await;
        server
    }

    /// Starts it again after [`Self::stop`], where it was.
    pub async fn restart(&mut self) {
        let found = self.folder.path().join("port");
        let _ = std::fs::remove_file(&found);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mail/server.py");
        let process = Command::new(&self.python)
            .arg(script)
            .arg(self.folder.path())
            .args([&self.port.to_string(), USER, PASSWORD])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        let started = Instant::now();
        while !found.exists() {
            assert!(started.elapsed() < PATIENCE, "the mail server does not start");
            pause().await;
        }
        self.port = std::fs::read_to_string(&found).unwrap().parse().unwrap();
    }

    /// Stops it; its port stays its own.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// The settings of a Rollcall that sends to it.
    #[must_use]
    pub fn settings(&self) -> [(&'static str, String); 2] {
        let url = format!("smtp://{USER}:{PASSWORD}@127.0.0.1:{}", self.port);
        [("ROLLCALL_SMTP_URL", url), ("ROLLCALL_MAIL_FROM", SENDER.to_owned())]
    }

    /// Whether it keeps mails and does not answer.
    pub fn hold(&self, is_held: bool) {
        self.switch("hold", is_held);
    }

    /// Whether it refuses recipients for good.
    pub fn refuse(&self, is_refused: bool) {
        self.switch("refuse", is_refused);
    }

    fn switch(&self, name: &str, is_on: bool) {
        let file = self.folder.path().join(name);
        if is_on {
            std::fs::write(file, "").unwrap();
        } else {
            std::fs::remove_file(file).unwrap();
        }
    }

    /// What has arrived so far, the oldest first.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arrived> {
        (1..)
            .map(|n| self.folder.path().join(format!("mail-{n}.json")))
            .map_while(|file| std::fs::read(file).ok())
            .map(|file| serde_json::from_slice(&file).unwrap())
            .collect()
    }

    /// Waits until so many have arrived.
    pub async fn wait_for(&self, count: usize) -> Vec<Arrived> {
        let started = Instant::now();
        loop {
            let arrived = self.arrived();
            if arrived.len() >= count {
                return arrived;
            }
            assert!(
                started.elapsed() < 2 * PATIENCE,
                "{} of {count} mails arrived: {:?}",
                arrived.len(),
                arrived.iter().map(Arrived::subject).collect::<Vec<_>>()
            );
            pause().await;
        }
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The Python that has the server; installs it where it is missing.
fn python() -> PathBuf {
    let install = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mail/install");
    let output = Command::new(install).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().into()
}
