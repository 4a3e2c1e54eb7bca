//! How statements were executed: what PostgreSQL tells of each while it runs (`auto_explain`), and what SQLite would do.

use serde_json::Value;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use store::testing::TestDatabase;
use store::{Store, StoreOptions};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// The server tells each session how it executed what it was asked, with the values and the settings of the session.
const EXPLAIN: [(&str, &str); 7] = [
    ("session_preload_libraries", "auto_explain"),
    ("auto_explain.log_min_duration", "0"),
    ("auto_explain.log_analyze", "on"),
    ("auto_explain.log_timing", "off"),
    ("auto_explain.log_format", "json"),
    ("auto_explain.log_level", "notice"),
    ("auto_explain.log_nested_statements", "on"),
];

/// Opens the database once more, by sessions that tell.
pub(crate) async fn open_telling(database: &TestDatabase) -> Store {
    let name = database.url.rsplit('/').next().unwrap().split('?').next().unwrap();
    for (setting, value) in EXPLAIN {
        database
            .execute(&format!("ALTER DATABASE \"{name}\" SET {setting} = '{value}'"))
            .await;
    }
    Store::connect(&StoreOptions::new(database.url.clone())).await.unwrap()
}

/// A statement as it was executed.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) text: String,
    plan: Value,
}

/// Collects what sessions tell. Of one thread: tests of this process do not mix.
#[derive(Clone, Debug, Default)]
pub(crate) struct Executions(Arc<Mutex<Vec<Execution>>>);

impl Executions {
    pub(crate) fn take(&self) -> Vec<Execution> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Subscriber> Layer<S> for Executions {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = Message::default();
        event.record(&mut message);
        let Some((_, json)) = message.0.split_once("plan:\n") else {
            return;
        };
        let mut told: Value = serde_json::from_str(json).expect("a plan is told as JSON");
        let execution = Execution {
            text: told["Query Text"].as_str().unwrap_or_default().to_owned(),
            plan: told["Plan"].take(),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(execution);
    }
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" && self.0.is_empty() {
            let _ = write!(self.0, "{value:?}");
        }
    }
}

impl Execution {
    /// Rows of tables and entries of indexes that were looked at, and pairs of rows that were compared in vain.
    pub(crate) fn touched(&self) -> u64 {
        sum(&self.plan, &|node| {
            let is_scan = node.get("Relation Name").is_some() && node["Node Type"] != "ModifyTable"
                || node["Node Type"] == "Bitmap Index Scan";
            let found = if is_scan { number(node, "Actual Rows") } else { 0.0 };
            let in_vain = [
                "Rows Removed by Filter",
                "Rows Removed by Index Recheck",
                "Rows Removed by Join Filter",
            ];
            let in_vain: f64 = in_vain.iter().map(|name| number(node, name)).sum();
            let is_of_a_table = is_scan
                || node["Node Type"]
                    .as_str()
                    .is_some_and(|kind| kind.contains("Loop") || kind.contains("Join"));
            found + if is_of_a_table { in_vain } else { 0.0 }
        })
    }

    /// Rows that were asked for: that came out, that were changed, or that the question itself had.
    pub(crate) fn asked(&self) -> u64 {
        let root = sum(&self.plan, &|_| 0.0).max(number(&self.plan, "Actual Rows") as u64);
        let of_functions = sum(&self.plan, &|node| {
            if node["Node Type"] == "Function Scan" || node["Node Type"] == "ProjectSet" {
                number(node, "Actual Rows")
            } else {
                0.0
            }
        });
        let changed = sum(&self.plan, &|node| {
            let children = node["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
            if node["Node Type"] == "ModifyTable" {
                children.iter().map(|child| number(child, "Actual Rows")).sum()
            } else {
                0.0
            }
        });
        root.max(of_functions).max(changed)
    }

    /// The nodes, for a person who has to find out what is wrong.
    pub(crate) fn outline(&self) -> String {
        let mut out = String::new();
        outline(&self.plan, 0, &mut out);
        out
    }
}

fn number(node: &Value, name: &str) -> f64 {
    let loops = node["Actual Loops"].as_f64().unwrap_or(1.0);
    node[name].as_f64().unwrap_or(0.0) * loops
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of rows")]
fn sum(node: &Value, of: &impl Fn(&Value) -> f64) -> u64 {
    let children = node["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
    of(node).round() as u64 + children.iter().map(|child| sum(child, of)).sum::<u64>()
}

fn outline(node: &Value, depth: usize, out: &mut String) {
    let text = |name: &str| node[name].as_str().unwrap_or_default().to_owned();
    let _ = writeln!(
        out,
        "{}{} {} {} rows={} removed={} loops={}",
        "  ".repeat(depth),
        text("Node Type"),
        text("Relation Name"),
        text("Index Name"),
        node["Actual Rows"],
        node["Rows Removed by Filter"],
        node["Actual Loops"]
    );
    for child in node["Plans"].as_array().map(Vec::as_slice).unwrap_or_default() {
        outline(child, depth + 1, out);
    }
}
