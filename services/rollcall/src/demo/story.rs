//! What the demo plays: a tenant's first weeks, each step with the events and webhooks that it causes.

use super::entra::{Entra, Exchange, Person};
use super::receiver::{Arrival, Receiver};
use super::screen::Screen;
use anyhow::{Context as _, bail, ensure};
use hdrhistogram::Histogram;
use reqwest::Client;
use serde_json::Value;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a webhook may take before the demo says that something is wrong.
const LONGEST_DELIVERY: Duration = Duration::from_secs(20);
/// People of the initial cycle, beside those who are shown one by one.
const CROWD_PEOPLE: u32 = 200;
/// Requests that the initial cycle has open at once.
const MOST_OPEN_REQUESTS: usize = 4;

/// What is counted.
pub(crate) struct Tally {
    pub(crate) requests: u64,
    pub(crate) events: u64,
    pub(crate) deliveries: u64,
    pub(crate) unverified: u64,
    /// Microseconds from the request to its webhook.
    pub(crate) latency: Histogram<u64>,
    /// The slowest one and its trace.
    pub(crate) slowest: (Duration, String),
    /// Traces of the steps shown, with what they were.
    pub(crate) traces: Vec<(String, String)>,
}

/// Plays the story against a running Rollcall.
pub(crate) struct Story {
    pub(crate) screen: Screen,
    pub(crate) entra: Entra,
    pub(crate) receiver: Receiver,
    pub(crate) client: Client,
    pub(crate) api: String,
    pub(crate) admin_key: String,
    pub(crate) directory_id: String,
    pub(crate) tally: Tally,
    /// The last event seen in the log.
    pub(crate) last_event: String,
    pub(crate) arrived: HashMap<String, Arrival>,
}

impl Tally {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            requests: 0,
            events: 0,
            deliveries: 0,
            unverified: 0,
            latency: Histogram::new_with_bounds(1, 120_000_000, 3)?,
            slowest: (Duration::ZERO, String::new()),
            traces: Vec::new(),
        })
    }
}

impl Story {
    pub(crate) async fn play(&mut self) -> anyhow::Result<()> {
        let screen = self.screen;
        screen.step("Directory set up: the app hears of it too");
        self.follow(None, 2).await?;

        screen.step("Test Connection: a filter that can match nobody");
        let exchange = self.entra.test_connection().await?;
        self.quiet(&exchange, 200)?;

        screen.step("Initial cycle: match each person, create those who are missing");
        let marta = Person {
            given: "Marta".into(),
            family: "Lopez".into(),
            department: "Planning",
            number: 10_042,
        };
        let jonas = Person {
            given: "Jonas".into(),
            family: "Berg".into(),
            department: "Planning",
            number: 10_043,
        };
        let aiko = Person {
            given: "Aiko".into(),
            family: "Tanaka".into(),
            department: "Retail",
            number: 10_044,
        };
        let marta_id = self.provision(&marta).await?;
        let jonas_id = self.provision(&jonas).await?;
        let aiko_id = self.provision(&aiko).await?;
        self.crowd().await?;

        screen.step("Manager: a separate PATCH, a bare string on the extension's URN");
        let exchange = self.entra.set_manager(&jonas_id, &marta_id).await?;
        self.change(&exchange, 200, 1).await?;

        screen.step("Groups: created empty, members added afterwards");
        let exchange = self.entra.match_group("Sales EMEA").await?;
        self.quiet(&exchange, 200)?;
        let exchange = self.entra.create_group("Sales EMEA").await?;
        self.change(&exchange, 201, 1).await?;
        let group_id = exchange.id()?;
        let exchange = self
            .entra
            .add_members(&group_id, &[&marta_id, &jonas_id, &aiko_id])
            .await?;
        self.change(&exchange, 204, 3).await?;
        self.change_nothing(&group_id, &marta_id).await?;

        screen.step("Rename: the matching attribute itself changes");
        let renamed = Person {
            family: "Ruiz".into(),
            ..marta.clone()
        };
        let exchange = self.entra.rename_user(&marta_id, &renamed).await?;
        self.change(&exchange, 200, 1).await?;
        let exchange = self.entra.match_user(&renamed.user_name()).await?;
        self.quiet(&exchange, 200)?;
        ensure!(
            exchange.total() == 1,
            "the renamed user is not found under the new name"
        );

        screen.step("Deactivation: the string \"False\", as Entra's default mapping sends it");
        let exchange = self.entra.set_active(&aiko_id, "False").await?;
        self.change(&exchange, 200, 1).await?;
        ensure!(exchange.body["active"] == Value::Bool(false), "active is not false");
        screen.step("Reactivation");
        let exchange = self.entra.set_active(&aiko_id, "True").await?;
        self.change(&exchange, 200, 1).await?;

        screen.step("Leaving: out of the group, then deleted");
        let exchange = self.entra.remove_member(&group_id, &jonas_id).await?;
        self.change(&exchange, 204, 1).await?;
        let exchange = self.entra.delete("Users", &jonas_id).await?;
        self.change(&exchange, 204, 1).await?;
        let exchange = self.entra.rename_group(&group_id, "Sales Europe").await?;
        self.change(&exchange, 204, 1).await?;
        let exchange = self.entra.delete("Groups", &group_id).await?;
        self.change(&exchange, 204, 1).await
    }

    async fn provision(&mut self, person: &Person) -> anyhow::Result<String> {
        let exchange = self.entra.match_user(&person.user_name()).await?;
        self.quiet(&exchange, 200)?;
        let exchange = self.entra.create_user(person).await?;
        self.change(&exchange, 201, 1).await?;
        exchange.id()
    }

    /// The rest of the tenant, several requests at a time, counted rather than shown.
    async fn crowd(&mut self) -> anyhow::Result<()> {
        use futures_util::StreamExt as _;
        let began = Instant::now();
        let people = (0..CROWD_PEOPLE).map(|n| Person {
            given: format!("Person{n:03}"),
            family: "Contoso".into(),
            department: "Field",
            number: 20_000 + n,
        });
        let entra = self.entra.clone();
        let creates = futures_util::stream::iter(people)
            .map(|person| {
                let entra = entra.clone();
                async move {
                    let matched = entra.match_user(&person.user_name()).await?;
                    ensure!(
                        matched.status == 200 && matched.total() == 0,
                        "a new person was found already"
                    );
                    entra.create_user(&person).await
                }
            })
            .buffer_unordered(MOST_OPEN_REQUESTS)
            .collect::<Vec<_>>()
            .await;
        let mut started = HashMap::new();
        for exchange in creates {
            let exchange = exchange?;
            ensure!(
                exchange.status == 201,
                "a create was answered {}: {}",
                exchange.status,
                exchange.body
            );
            self.tally.requests += 2;
            started.insert(exchange.trace_id.clone(), exchange.started);
        }
        let took = began.elapsed();
        let events = self.events(CROWD_PEOPLE as usize).await?;
        for event in &events {
            let arrival = self.arrival(event).await?;
            let after = self.count(&arrival, started.get(&arrival.trace_id).copied());
            ensure!(after.is_some(), "a webhook does not belong to the trace of its request");
        }
        let rate = f64::from(CROWD_PEOPLE) / took.as_secs_f64();
        self.screen.line(&format!(
            "  … and {CROWD_PEOPLE} more people, {MOST_OPEN_REQUESTS} at a time: {rate:.0} people/s, every webhook arrived and verified"
        ));
        Ok(())
    }

    /// Adding a member who is one already: success, and no event.
    async fn change_nothing(&mut self, group: &str, member: &str) -> anyhow::Result<()> {
        self.screen
            .step("The same again changes nothing, so nothing is announced");
        let exchange = self.entra.add_members(group, &[member]).await?;
        self.change(&exchange, 204, 0).await
    }

    /// A request that reads.
    fn quiet(&mut self, exchange: &Exchange, expected: u16) -> anyhow::Result<()> {
        self.screen.request(exchange);
        self.tally.requests += 1;
        if exchange.status != expected {
            bail!(
                "{} {} was answered {}: {}",
                exchange.method,
                exchange.shown,
                exchange.status,
                exchange.body
            );
        }
        Ok(())
    }

    /// A request that changes something: shown with the events it caused and the webhooks they became.
    async fn change(&mut self, exchange: &Exchange, expected: u16, events: usize) -> anyhow::Result<()> {
        self.quiet(exchange, expected)?;
        self.tally.traces.push((
            format!("{} {}", exchange.method, exchange.shown),
            exchange.trace_id.clone(),
        ));
        self.follow(Some(exchange), events).await
    }

    async fn follow(&mut self, cause: Option<&Exchange>, expected: usize) -> anyhow::Result<()> {
        let events = self.events(expected).await?;
        for event in &events {
            let kind = event["type"].as_str().unwrap_or_default();
            self.screen
                .event(kind, event["sequence"].as_i64().unwrap_or_default(), &about(event));
        }
        for event in &events {
            let arrival = self.arrival(event).await?;
            let started = cause.map(|exchange| exchange.started);
            if let Some(exchange) = cause {
                ensure!(
                    arrival.trace_id == exchange.trace_id,
                    "the webhook is not in the trace of its request"
                );
            }
            let after = self.count(&arrival, started);
            let kind = event["type"].as_str().unwrap_or_default();
            self.screen.webhook(kind, arrival.verified, after);
        }
        Ok(())
    }

    fn count(&mut self, arrival: &Arrival, started: Option<Instant>) -> Option<Duration> {
        self.tally.deliveries += 1;
        self.tally.unverified += u64::from(!arrival.verified);
        let after = arrival.at.saturating_duration_since(started?);
        self.tally
            .latency
            .saturating_record(u64::try_from(after.as_micros()).unwrap_or(u64::MAX));
        if after > self.tally.slowest.0 {
            self.tally.slowest = (after, arrival.trace_id.clone());
        }
        Some(after)
    }

    /// The next events of the log, exactly so many.
    async fn events(&mut self, expected: usize) -> anyhow::Result<Vec<Value>> {
        let mut found: Vec<Value> = Vec::new();
        loop {
            let url = format!(
                "{}/events?directory_id={}&after={}&limit=100",
                self.api, self.directory_id, self.last_event
            );
            let page: Value = self
                .client
                .get(url)
                .bearer_auth(&self.admin_key)
                .send()
                .await?
                .json()
                .await?;
            let data = page["data"]
                .as_array()
                .cloned()
                .with_context(|| format!("the events API answered {page}"))?;
            if let Some(last) = data.last() {
                self.last_event = last["id"].as_str().unwrap_or_default().to_owned();
            }
            let full = data.len() == 100;
            found.extend(data);
            if !full {
                break;
            }
        }
        ensure!(
            found.len() == expected,
            "the log has {} new events where {expected} were expected",
            found.len()
        );
        self.tally.events += found.len() as u64;
        Ok(found)
    }

    /// Waits for the webhook of an event.
    async fn arrival(&mut self, event: &Value) -> anyhow::Result<Arrival> {
        let id = event["id"].as_str().unwrap_or_default();
        loop {
            if let Some(arrival) = self.arrived.remove(id) {
                return Ok(arrival);
            }
            let next = tokio::time::timeout(LONGEST_DELIVERY, self.receiver.arrivals.recv()).await;
            let arrival =
                next.with_context(|| format!("no webhook for event {id} within {} s", LONGEST_DELIVERY.as_secs()))?;
            let arrival = arrival.context("the receiver stopped")?;
            self.arrived.insert(arrival.event_id.clone(), arrival);
        }
    }
}

/// Whom an event is about, for people.
fn about(event: &Value) -> String {
    let data = &event["data"];
    let group = data["group"]["display_name"].as_str();
    let user = data["user"]["display_name"]
        .as_str()
        .or_else(|| data["user"]["user_name"].as_str());
    let changed: Vec<&str> = data["changes"]
        .as_array()
        .map(|changes| changes.iter().filter_map(|change| change["path"].as_str()).collect())
        .unwrap_or_default();
    let who = match (group, user) {
        (Some(group), Some(user)) => format!("{user} / {group}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => data["directory"]["name"]
            .as_str()
            .or_else(|| data["key"]["name"].as_str())
            .unwrap_or_default()
            .to_owned(),
    };
    if changed.is_empty() {
        who
    } else {
        format!("{who}: {}", changed.join(", "))
    }
}
