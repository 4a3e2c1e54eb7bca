//! Clients that remember what they were told, and the comparison of that with what is there afterwards.
//!
//! Each client creates, renames and deletes people of its own, one request after the other. People about whom it got no clear answer
//! about, it leaves alone from then on: so of each person's history all but the last step is known.

use crate::receiver::Receiver;
use crate::scim::{Scim, user};
use crate::{System, Tenant};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// People that a client has at hand at once.
const AT_HAND: usize = 12;
/// The most violations shown of one kind.
const SHOWN: usize = 5;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// `POST`.
    Create,
    /// `PATCH` of the display name, to this.
    Rename(String),
    /// `DELETE`.
    Delete,
}

/// What it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// 2xx.
    Done,
    /// 503 or 429, or nobody to ask: not applied.
    Refused,
    /// 504, or no answer: may or may not have been applied.
    Unknown,
}

/// The life of one person, as their client knows it.
#[derive(Clone, Debug)]
pub struct History {
    /// The user name.
    pub name: String,
    /// Every request about them.
    pub steps: Vec<(Deed, Told)>,
}

/// What goes on while clients are at work.
#[derive(Debug, Default)]
pub struct Progress {
    stop: AtomicBool,
    done: AtomicU64,
    refused: AtomicU64,
    unknown: AtomicU64,
    /// When the last change was acknowledged, and the longest wait for one so far.
    silence: Mutex<Option<(Instant, Duration)>>,
    strange: Mutex<Vec<String>>,
}

impl Progress {
    /// No client begins another request.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Requests that were done, refused, and left in doubt.
    #[must_use]
    pub fn counts(&self) -> (u64, u64, u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        (count(&self.done), count(&self.refused), count(&self.unknown))
    }

    /// Waits until so many more changes are acknowledged.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn wait_for_more(&self, changes: u64) {
        let (before, started) = (self.counts().0, Instant::now());
        while self.counts().0 < before + changes {
            assert!(
                started.elapsed() < 2 * crate::process::PATIENCE,
                "{} of {changes} changes were acknowledged",
                self.counts().0 - before
            );
            crate::process::pause().await;
        }
    }

    /// The longest time in which nobody's change was acknowledged, since the last call.
    #[must_use]
    pub fn longest_silence(&self) -> Duration {
        let mut silence = self.silence.lock().unwrap();
        let longest = silence.map(|(_, longest)| longest).unwrap_or_default();
        *silence = silence.map(|(last, _)| (last, Duration::ZERO));
        longest
    }

    fn note(&self, told: Told) {
        let counter = match told {
            Told::Done => &self.done,
            Told::Refused => &self.refused,
            Told::Unknown => &self.unknown,
        };
        counter.fetch_add(1, Ordering::SeqCst);
        if told == Told::Done {
            let now = Instant::now();
            let mut silence = self.silence.lock().unwrap();
            let longest = silence.map_or(Duration::ZERO, |(last, longest)| longest.max(now - last));
            *silence = Some((now, longest));
        }
    }
}

/// Clients at work until [`Progress::stop`]; a `pause` lies between two requests of each. Client `n` works in the
/// `n`-th directory, in turn.
pub async fn work(tenants: &[Tenant], clients: usize, pause: Duration, progress: &Progress) -> Vec<Vec<History>> {
    let each = (0..clients).map(|client| async move {
        let tenant = client % tenants.len();
        let lived = Client::new(&tenants[tenant].scim, client, progress).work(pause).await;
        (tenant, lived)
    });
    let mut by_tenant: Vec<Vec<History>> = tenants.iter().map(|_| Vec::new()).collect();
    for (tenant, lived) in futures_util::future::join_all(each).await {
        by_tenant[tenant].extend(lived);
    }
    by_tenant
}

struct Client<'a> {
    scim: &'a Scim,
    number: usize,
    progress: &'a Progress,
    /// Any sequence that visits all its choices will do.
    dice: u64,
    people: usize,
    renames: usize,
    /// With their ids.
    at_hand: Vec<(String, History)>,
    past: Vec<History>,
}

impl<'a> Client<'a> {
    fn new(scim: &'a Scim, number: usize, progress: &'a Progress) -> Self {
        Self {
            scim,
            number,
            progress,
            dice: u64::try_from(number).unwrap_or(0) * 7_919 + 1,
            people: 0,
            renames: 0,
            at_hand: Vec::new(),
            past: Vec::new(),
        }
    }

    fn roll(&mut self, below: usize) -> usize {
        self.dice = self
            .dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.dice >> 33).unwrap_or(0) % below.max(1)
    }

    async fn work(mut self, pause: Duration) -> Vec<History> {
        while !self.progress.stop.load(Ordering::SeqCst) {
            let told = match self.roll(100) {
                // Few enough for the mass-change brake.
                0..5 if !self.at_hand.is_empty() => self.change(Deed::Delete).await,
                5..50 if !self.at_hand.is_empty() => {
                    self.renames += 1;
                    let name = format!("Name {}", self.renames);
                    self.change(Deed::Rename(name)).await
                }
                _ => self.create().await,
            };
            // What cannot be reached is not asked again at once.
            tokio::time::sleep(if told == Told::Done {
                pause
            } else {
                pause.max(Duration::from_millis(20))
            })
            .await;
        }
        self.past.extend(self.at_hand.into_iter().map(|(_, history)| history));
        self.past
    }

    async fn create(&mut self) -> Told {
        self.people += 1;
        let name = format!("c{}n{}@x.example", self.number, self.people);
        let (told, id) = self.send("POST", "/Users", Some(user(&name)), 201).await;
        let history = History {
            name,
            steps: vec![(Deed::Create, told)],
        };
        match id {
            Some(id) if told == Told::Done => self.at_hand.push((id, history)),
            _ => self.past.push(history),
        }
        if self.at_hand.len() > AT_HAND {
            let (_, history) = self.at_hand.remove(0);
            self.past.push(history);
        }
        told
    }

    async fn change(&mut self, deed: Deed) -> Told {
        let chosen = self.roll(self.at_hand.len());
        let (id, mut history) = self.at_hand.swap_remove(chosen);
        let path = format!("/Users/{id}");
        let told = match &deed {
            Deed::Rename(name) => {
                let operation = json!({ "op": "Replace", "path": "displayName", "value": name });
                let body = json!({ "schemas": [crate::scim::PATCH_OP], "Operations": [operation] });
                self.send("PATCH", &path, Some(body), 200).await.0
            }
            Deed::Create | Deed::Delete => self.send("DELETE", &path, None, 204).await.0,
        };
        let is_over = told == Told::Unknown || (deed == Deed::Delete && told == Told::Done);
        history.steps.push((deed, told));
        if is_over {
            self.past.push(history);
        } else {
            self.at_hand.push((id, history));
        }
        told
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>, good: u16) -> (Told, Option<String>) {
        let strange = |told: String| self.progress.strange.lock().unwrap().push(told);
        let (told, id) = match self.scim.try_send(method, path, body.as_ref(), &[]).await {
            Ok(answer) if answer.status == good => (Told::Done, answer.body["id"].as_str().map(str::to_owned)),
            Ok(answer) if matches!(answer.status, 429 | 503) => {
                if answer.header("retry-after").is_empty() {
                    strange(format!("no Retry-After: {}", answer.text));
                }
                (Told::Refused, None)
            }
            Ok(answer) => {
                if answer.status != 504 {
                    strange(format!("{method} was answered {}: {}", answer.status, answer.text));
                }
                (Told::Unknown, None)
            }
            // Nobody was there to be asked.
            Err(error) if error.is_connect() => (Told::Refused, None),
            Err(_) => (Told::Unknown, None),
        };
        self.progress.note(told);
        (told, id)
    }
}

/// What must hold after the clients have stopped and every fault has ended.
#[derive(Debug, Default)]
pub struct Findings {
    /// People whom clients have asked for.
    pub people: usize,
    /// Events in the logs.
    pub events: usize,
    /// Webhooks that came more than once, over all receivers.
    pub repeated: usize,
    /// What is wrong, in words.
    pub violations: Vec<String>,
}

impl Findings {
    /// Fails a test.
    ///
    /// # Panics
    /// When there is any violation.
    pub fn assert_none(&self) {
        let mut told = String::new();
        for violation in &self.violations {
            let _ = writeln!(told, "{violation}");
        }
        assert!(
            self.violations.is_empty(),
            "{} violations:\n{told}",
            self.violations.len()
        );
    }

    fn tell(&mut self, kind: &str, all: Vec<String>) {
        let more = all.len().saturating_sub(SHOWN);
        self.violations
            .extend(all.into_iter().take(SHOWN).map(|one| format!("{kind}: {one}")));
        if more > 0 {
            self.violations.push(format!("{kind}: and {more} more"));
        }
    }
}

/// An event of the log, as far as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Logged {
    id: String,
    sequence: i64,
    kind: String,
    subject: String,
    user_name: String,
    display_name: String,
}

/// Compares what clients were told with the log, the log with the state, and the webhooks with the log. A receiver that is
/// `ordered` had each person's events in order.
pub async fn check(
    system: &System,
    tenants: &[Tenant],
    lived: &[Vec<History>],
    progress: &Progress,
    receivers: &[(&Receiver, bool)],
) -> Findings {
    let mut findings = Findings::default();
    findings.tell("strange answer", std::mem::take(&mut *progress.strange.lock().unwrap()));
    let mut expected: HashMap<String, Logged> = HashMap::new();
    for (tenant, lived) in tenants.iter().zip(lived) {
        let log = logged(system, tenant).await;
        findings.people += lived.len();
        findings.events += log.len();
        findings.tell("gap in the log", gaps(&log));
        findings.tell("the log is not what clients were told", compare(&log, lived));
        findings.tell("state", compare_state(tenant, &log).await);
        expected.extend(
            log.into_iter()
                .filter(|event| event.kind.starts_with("user."))
                .map(|event| (event.id.clone(), event)),
        );
    }
    for (receiver, ordered) in receivers {
        wait_for_all(receiver, expected.len()).await;
        let arrivals = receiver.arrivals();
        let unverified = arrivals.iter().filter(|arrival| !arrival.verified).count();
        findings.tell("webhook with a bad signature", vec![String::from("one"); unverified]);
        let mut seen: HashSet<&str> = HashSet::new();
        let (mut unknown, mut disorder) = (Vec::new(), Vec::new());
        let mut latest: HashMap<&str, i64> = HashMap::new();
        for arrival in &arrivals {
            if !seen.insert(&arrival.id) {
                findings.repeated += 1;
                continue;
            }
            let Some(event) = expected.get(&arrival.id) else {
                unknown.push(format!("{} is in no log", arrival.id));
                continue;
            };
            let latest = latest.entry(&event.subject).or_insert(0);
            if event.sequence < *latest {
                disorder.push(format!("{} of {} after {latest}", event.sequence, event.subject));
            }
            *latest = event.sequence.max(*latest);
        }
        findings.tell("webhook without an event", unknown);
        let missing = expected.keys().filter(|id| !seen.contains(id.as_str())).cloned();
        findings.tell("event without a webhook", missing.collect());
        if *ordered {
            findings.tell("webhooks of one person out of order", disorder);
        }
    }
    if let Err(told) = system.try_verify().await {
        findings.tell("rollcall verify", vec![told]);
    }
    findings
}

async fn logged(system: &System, tenant: &Tenant) -> Vec<Logged> {
    let mut log = Vec::new();
    system
        .each_event(tenant, |event| {
            let user = &event["data"]["user"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            log.push(Logged {
                id: text(&event["id"]),
                sequence: event["sequence"].as_i64().unwrap_or_default(),
                kind: text(&event["type"]),
                subject: text(&user["id"]),
                user_name: text(&user["user_name"]),
                display_name: text(&user["display_name"]),
            });
        })
        .await;
    log
}

fn gaps(log: &[Logged]) -> Vec<String> {
    let numbered = log.iter().zip(1..);
    let gaps = numbered.filter(|(event, number)| event.sequence != *number);
    gaps.map(|(event, number)| format!("{} stands where {number} should", event.sequence))
        .collect()
}

/// What is wrong with the log, if these are the histories: each person's events must be exactly the steps that were
/// acknowledged, in order, and perhaps the one that was left in doubt.
fn compare(log: &[Logged], lived: &[History]) -> Vec<String> {
    let mut told: BTreeMap<&str, Vec<Deed>> = BTreeMap::new();
    for event in log.iter().filter(|event| event.kind.starts_with("user.")) {
        let deed = match event.kind.as_str() {
            "user.created" => Deed::Create,
            "user.deleted" => Deed::Delete,
            _ => Deed::Rename(event.display_name.clone()),
        };
        told.entry(&event.user_name).or_default().push(deed);
    }
    let mut wrong = Vec::new();
    for history in lived {
        let found = told.remove(history.name.as_str()).unwrap_or_default();
        let acknowledged = history.steps.iter().filter(|(_, told)| *told == Told::Done);
        let mut expected: Vec<Deed> = acknowledged.map(|(deed, _)| deed.clone()).collect();
        if found == expected {
            continue;
        }
        if let Some((deed, Told::Unknown)) = history.steps.last() {
            expected.push(deed.clone());
            if found == expected {
                continue;
            }
        }
        wrong.push(format!("{}: {:?}, in the log: {found:?}", history.name, history.steps));
    }
    wrong.extend(told.keys().map(|name| format!("nobody has asked for {name}")));
    wrong
}

async fn compare_state(tenant: &Tenant, log: &[Logged]) -> Vec<String> {
    let created = log.iter().filter(|event| event.kind == "user.created").count();
    let deleted = log.iter().filter(|event| event.kind == "user.deleted").count();
    let answer = tenant.scim.get("/Users?count=0").await;
    let total = answer.body["totalResults"].as_u64();
    if total == u64::try_from(created - deleted).ok() {
        Vec::new()
    } else {
        vec![format!(
            "{} users, by the log {}: {}",
            total.unwrap_or(0),
            created - deleted,
            answer.text
        )]
    }
}

/// Retries may be some minutes apart, so this waits as long as anything still arrives.
async fn wait_for_all(receiver: &Receiver, events: usize) {
    let (mut count, mut since) = (receiver.count(), Instant::now());
    while count < events && since.elapsed() < 2 * crate::process::PATIENCE {
        crate::process::pause().await;
        let now = receiver.count();
        if now != count {
            (count, since) = (now, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(kind: &str, display_name: &str) -> Logged {
        Logged {
            id: String::new(),
            sequence: 0,
            kind: kind.to_owned(),
            subject: String::new(),
            user_name: "ada".to_owned(),
            display_name: display_name.to_owned(),
        }
    }

    fn wrong(log: &[Logged], steps: Vec<(Deed, Told)>) -> usize {
        let history = History {
            name: "ada".to_owned(),
            steps,
        };
        compare(log, &[history]).len()
    }

    #[test]
    fn the_comparison_finds_what_is_lost_made_up_doubled_and_out_of_order() {
        let (a, b) = (Deed::Rename("a".into()), Deed::Rename("b".into()));
        let steps = vec![(Deed::Create, Told::Done), (a, Told::Done), (b, Told::Done)];
        let (created, a, b) = (
            logged("user.created", ""),
            logged("user.updated", "a"),
            logged("user.updated", "b"),
        );
        assert_eq!(wrong(&[created.clone(), a.clone(), b.clone()], steps.clone()), 0);
        assert_eq!(wrong(&[created.clone(), a.clone()], steps.clone()), 1, "lost");
        assert_eq!(
            wrong(&[created.clone(), b.clone(), a.clone()], steps.clone()),
            1,
            "out of order"
        );
        assert_eq!(wrong(&[created.clone(), a.clone(), a, b], steps), 1, "doubled");
        let refused = vec![(Deed::Create, Told::Refused)];
        assert_eq!(wrong(&[], refused.clone()), 0);
        assert_eq!(wrong(std::slice::from_ref(&created), refused), 1, "made up");
        for (log, in_doubt) in [(vec![], 0), (vec![created], 0)] {
            assert_eq!(wrong(&log, vec![(Deed::Create, Told::Unknown)]), in_doubt);
        }
    }
}
