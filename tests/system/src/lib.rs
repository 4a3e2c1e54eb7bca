//! The harness of the system tests: Rollcall as it is run, and the outside world around it.
//!
//! Every scenario runs on both shapes ([`Shape`]): everything in one process on SQLite, and separate processes on
//! PostgreSQL and RabbitMQ. The outside is real too: HTTP in, database, broker and webhooks out.

#![allow(clippy::needless_pass_by_value, reason = "bodies are written where they are passed")]
#![allow(clippy::unwrap_used, reason = "a harness that cannot do its part fails the test")]

pub mod identity_provider;
pub mod mail;
pub mod otlp;
pub mod process;
pub mod pulls;
pub mod raw;
pub mod receiver;
pub mod recorder;
pub mod scim;
pub mod servers;
pub mod single_sign_on;
pub mod trouble;

use bus::testing::Vhost;
use process::Process;
use receiver::Receiver;
use reqwest::Client;
use scim::Scim;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use store::testing::TestDatabase;
use tempfile::TempDir;

/// 32 zero bytes; nothing secret is sealed in tests.
pub const MASTER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// The admin key of the tests.
pub const ADMIN_KEY: &str = "admin-key-of-the-system-tests-0001";

/// How Rollcall is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `rollcall serve` on SQLite and the bus inside.
    AllInOne,
    /// A process for each service, on PostgreSQL and RabbitMQ.
    Separate,
}

/// A client that waits long enough for slow machines and no longer.
#[must_use]
pub fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(Duration::from_secs(30)).build().unwrap()
}

/// The origin of a server that is not there: a port that was free a moment ago.
#[must_use]
pub fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A running Rollcall with a database and a broker of its own.
#[derive(Debug)]
pub struct System {
    /// How it runs.
    pub shape: Shape,
    /// By binary name.
    pub processes: BTreeMap<String, Process>,
    /// Its database.
    pub database: TestDatabase,
    vhost: Option<Vhost>,
    shared: Vec<(String, String)>,
    client: Client,
    folder: TempDir,
}

/// Other addresses of the servers than their own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Detour {
    /// Of the broker.
    pub broker: Option<SocketAddr>,
    /// Of the database.
    pub database: Option<SocketAddr>,
}

/// Servers that a system has for itself, and that may be stopped and started.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// The broker.
    pub broker: &'a servers::Broker,
    /// The database server.
    pub database: &'a servers::Postgres,
}

/// A URL with another host and port.
fn via(url: &str, address: SocketAddr) -> String {
    let mut url: url::Url = url.parse().unwrap();
    url.set_host(Some(&address.ip().to_string())).unwrap();
    url.set_port(Some(address.port())).unwrap();
    url.into()
}

/// A directory that was set up, with the two ends of a change.
#[derive(Debug)]
pub struct Tenant {
    /// The directory's id.
    pub directory_id: String,
    /// Its organization's id.
    pub organization_id: String,
    /// What the identity provider uses.
    pub scim: Scim,
}

impl System {
    /// Starts everything and waits until it is ready.
    pub async fn start(shape: Shape) -> Self {
        Self::start_with(shape, &[]).await
    }

    /// The same with more environment variables.
    pub async fn start_with(shape: Shape, environment: &[(&str, &str)]) -> Self {
        Self::start_all(shape, environment, Detour::default(), None).await
    }

    /// Separate processes that reach a server at another address, for example that of a proxy.
    pub async fn start_through(detour: Detour) -> Self {
        Self::start_all(Shape::Separate, &[], detour, None).await
    }

    /// Separate processes on servers of their own.
    pub async fn start_on(own: Own<'_>) -> Self {
        Self::start_all(Shape::Separate, &[], Detour::default(), Some(own)).await
    }

    async fn start_all(shape: Shape, environment: &[(&str, &str)], detour: Detour, own: Option<Own<'_>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (database, vhost) = match (shape, own) {
            (Shape::AllInOne, _) => (TestDatabase::sqlite().await, None),
            (Shape::Separate, Some(own)) => (TestDatabase::postgres_on(&own.database.url).await, None),
            (Shape::Separate, None) => (TestDatabase::postgres().await, Some(Vhost::create().await)),
        };
        let database_url = detour
            .database
            .map_or_else(|| database.url.clone(), |address| via(&database.url, address));
        let bus_url = match (&vhost, detour.broker, own) {
            (_, _, Some(own)) => own.broker.url.clone(),
            (None, ..) => "embedded:".to_owned(),
            (Some(vhost), None, _) => vhost.url.clone(),
            (Some(vhost), Some(broker), _) => vhost.url_via(broker),
        };
        let mut shared: Vec<(String, String)> = [
            ("ROLLCALL_DATABASE_URL", database_url.as_str()),
            ("ROLLCALL_DATABASE_CONNECTIONS", "5"),
            ("ROLLCALL_BUS_URL", bus_url.as_str()),
            ("ROLLCALL_MASTER_KEY", MASTER_KEY),
            ("ROLLCALL_ADMIN_KEY", ADMIN_KEY),
            ("ROLLCALL_WEBHOOK_ALLOW_PRIVATE", "true"),
            // Tests ask as often as they can, and are held up by what they test only.
            ("ROLLCALL_ADMIN_RATE_LIMIT", "100000"),
            ("ROLLCALL_SSO_ADDRESS_RATE", "100000"),
            ("ROLLCALL_TRACE_PARENT_CIDRS", "127.0.0.0/8"),
            ("ROLLCALL_DATA_DIR", folder.path().to_str().unwrap()),
            ("RUST_LOG", "info"),
        ]
        .into_iter()
        .chain(environment.iter().copied())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let mut processes = BTreeMap::new();
        let names: &[&str] = match shape {
            Shape::AllInOne => &["rollcall"],
            Shape::Separate => &[
                "rollcall-ingress",
                "rollcall-projector",
                "rollcall-dispatcher",
                "rollcall-admin",
            ],
        };
        for name in names {
            let mut process = Process::new(name, &[], shared.clone(), folder.path());
            process.start().await;
            if *name == "rollcall-ingress" {
                // The links that the management API hands out lead to the ingress.
                shared.push(("ROLLCALL_PUBLIC_URL".to_owned(), process.url()));
            }
            processes.insert((*name).to_owned(), process);
        }
        let system = Self {
            shape,
            processes,
            database,
            vhost,
            shared,
            client: client(),
            folder,
        };
        if shape == Shape::AllInOne {
            system.settle().await;
        }
        system
    }

    /// The first start makes a directory, whose events are nobody's: they are over before an endpoint is made that would
    /// get them too.
    async fn settle(&self) {
        const FIRST: f64 = 2.0;
        let url = format!("{}/metrics", self.processes["rollcall"].url());
        let started = Instant::now();
        loop {
            let text = match self.client.get(&url).send().await {
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            let count = text
                .lines()
                .find_map(|line| line.strip_prefix("rollcall_dispatched_events_total "))
                .and_then(|count| count.trim().parse::<f64>().ok());
            if count.is_some_and(|count| count >= FIRST) {
                return;
            }
            assert!(
                started.elapsed() < process::PATIENCE,
                "the first start told nothing:\n{text}"
            );
            process::pause().await;
        }
    }

    /// The process that does a service's work in this shape.
    pub fn process(&mut self, service: &str) -> &mut Process {
        let name = match self.shape {
            Shape::AllInOne => "rollcall".to_owned(),
            Shape::Separate => format!("rollcall-{service}"),
        };
        self.processes.get_mut(&name).expect("a known service")
    }

    /// Starts one more process of a service under a name of its own, by its own ways to the servers.
    pub async fn add(&mut self, service: &str, name: &str, detour: Detour) {
        let mut environment = self.shared.clone();
        if let Some(address) = detour.database {
            environment.push(("ROLLCALL_DATABASE_URL".to_owned(), via(&self.database.url, address)));
        }
        if let (Some(vhost), Some(address)) = (&self.vhost, detour.broker) {
            environment.push(("ROLLCALL_BUS_URL".to_owned(), vhost.url_via(address)));
        }
        let binary = format!("rollcall-{service}");
        let mut process = Process::called(name, &binary, &[], environment, self.folder.path());
        process.start().await;
        self.processes.insert(name.to_owned(), process);
    }

    /// The broker's URL; `None` for the bus inside.
    #[must_use]
    pub fn bus_url(&self) -> Option<&str> {
        self.vhost.as_ref().map(|vhost| vhost.url.as_str())
    }

    /// The virtual host; `None` for the bus inside and for a broker of the system's own.
    #[must_use]
    pub const fn vhost(&self) -> Option<&Vhost> {
        self.vhost.as_ref()
    }

    /// Base URL of the service that answers the management API.
    #[must_use]
    pub fn admin_url(&self) -> String {
        let process = self
            .processes
            .get("rollcall-admin")
            .or_else(|| self.processes.get("rollcall"));
        process.expect("one of them runs").url()
    }

    /// A management API call that is expected to succeed.
    pub async fn api(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.try_api(method, path, body).await;
        assert!(
            (200..300).contains(&status),
            "{method} {path} was answered {status}: {answer}"
        );
        answer
    }

    /// A management API call and its status.
    pub async fn try_api(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/api/v1{path}", self.admin_url());
        let mut request = self.client.request(method.parse().unwrap(), url).bearer_auth(ADMIN_KEY);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Sets a directory up, as an administrator does.
    pub async fn tenant(&self, domain: &str) -> Tenant {
        let directory = self
            .api("POST", "/directories", Some(json!({ "organization": domain })))
            .await;
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Tenant {
            directory_id: text(&directory["id"]),
            organization_id: text(&directory["organization_id"]),
            scim: Scim::new(&text(&directory["scim_url"]), &text(&directory["key"]["token"])),
        }
    }

    /// Subscribes an app, to everything unless `more` says otherwise.
    pub async fn subscribe(&self, receiver: &Receiver, more: Value) -> String {
        let mut body = json!({ "url": receiver.url });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let endpoint = self.api("POST", "/endpoints", Some(body)).await;
        receiver.trust(endpoint["secret"].as_str().unwrap());
        endpoint["id"].as_str().unwrap().to_owned()
    }

    /// The whole log of a directory, through the API.
    pub async fn log(&self, tenant: &Tenant) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        self.each_event(tenant, |event| events.push(event)).await;
        events
    }

    /// Every event of a directory's log, one after the other.
    pub async fn each_event(&self, tenant: &Tenant, mut take: impl FnMut(Value)) {
        let mut after = "0".to_owned();
        loop {
            let path = format!("/events?directory_id={}&after={after}&limit=100", tenant.directory_id);
            let page = self.api("GET", &path, None).await;
            let data = page["data"].as_array().unwrap().clone();
            let Some(last) = data.last() else { return };
            last["id"].as_str().unwrap().clone_into(&mut after);
            data.into_iter().for_each(&mut take);
        }
    }

    /// `rollcall verify`: the stored state equals the replay of the log.
    pub async fn verify(&self) {
        if let Err(told) = self.try_verify().await {
            panic!("{told}");
        }
    }

    /// The same, with what it tells where it finds a difference.
    ///
    /// # Errors
    /// Its output.
    pub async fn try_verify(&self) -> Result<(), String> {
        let output = tokio::process::Command::new(process::binary("rollcall"))
            .arg("verify")
            .env("ROLLCALL_DATABASE_URL", &self.database.url)
            .env("ROLLCALL_MASTER_KEY", MASTER_KEY)
            .env("ROLLCALL_DATA_DIR", self.folder.path())
            .env("ROLLCALL_BUS_URL", "embedded:")
            .output()
            .await
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let log = String::from_utf8_lossy(&output.stderr);
        // One that looks at nothing has found nothing out.
        if output.status.success() && told.contains("ok") {
            Ok(())
        } else {
            Err(format!("{told}\n{log}"))
        }
    }

    /// Stops everything as an operator does, and expects that all of it ends well.
    pub async fn stop(mut self) {
        for process in self.processes.values_mut() {
            let status = process.terminate().await;
            assert!(
                status.success(),
                "{} ended with {status}:\n{}",
                process.name,
                process.log()
            );
        }
        self.clean().await;
    }

    /// Drops database and broker of a system whose processes are gone or do not matter any more.
    pub async fn clean(mut self) {
        self.processes.clear();
        if let Some(vhost) = self.vhost.take() {
            drop(vhost);
        }
        self.database.close().await;
    }
}

/// Asserts that the log's sequences count 1, 2, 3 … with no gap.
pub fn assert_gapless(log: &[Value]) {
    for (n, event) in log.iter().enumerate() {
        assert_eq!(
            event["sequence"].as_i64(),
            i64::try_from(n).ok().map(|n| n + 1),
            "{event}"
        );
    }
}
