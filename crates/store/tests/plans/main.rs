//! No statement costs more because more is stored, or because nobody has counted it yet.
//!
//! Everything that clients and timers make the store do is done once where much is stored, while the database tells of
//! each statement how many rows it looked at. What is looked at must stand in proportion to what is asked for: on tables
//! filled a moment ago, of which the planner knows nothing, as on those that were analysed. And a place in the source
//! that sends a statement and was not come by is a place that nobody has looked at.

#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

mod fill;
mod plans;
mod sites;
mod story;

use plans::{Execution, Executions};
use std::collections::BTreeSet;
use store::Dialect;
use store::testing::{TestDatabase, statements};
use tracing_subscriber::layer::SubscriberExt as _;

/// People, events and deliveries that are stored.
const MANY: u64 = 20_000;
/// The same on SQLite, which plans by the schema alone.
const SOME: u64 = 6_000;
/// Rows that any statement may look at.
const FREE: u64 = 800;
/// Rows that a statement may look at for each that was asked for.
const EACH: u64 = 12;

/// What may look at more, by a part of its text: how much, and why it is no matter how much is stored.
const ALLOWED: &[(&str, u64, &str)] = &[
    (
        "FROM \"audit_log\" WHERE",
        5_000 + 1_000,
        "a stretch of the audit log is searched for what is rare in it",
    ),
    (
        "json_build_array(\"o\".\"member_id\"",
        4 * MANY,
        "each member of a group is asked for, and its name",
    ),
    (
        "FROM \"sequences\" AS \"s\" WHERE \"s\".\"lane\"",
        3 * MANY / 20 + 200,
        "two narrow rows for each directory, and none of the log",
    ),
    (
        "WITH \"seen\" AS",
        2 * 5_000 + 1_000,
        "a stretch of the log, or of deliveries, is searched for what is rare in it",
    ),
    (
        ") AS \"seen\"",
        2 * 5_000 + 1_000,
        "a stretch of the log of requests is searched for what is rare in it",
    ),
    (
        "AND \"r\".\"updated_at\" > ",
        MANY + 1_000,
        "a search by a range: what matches is sorted, or the directory walked, as the planner estimates",
    ),
    (
        "LIMIT 5001) AS \"counted\"",
        3 * 5_001,
        "people of a group are counted up to the number that is told one by one",
    ),
    (
        "AS \"waiting_members\"",
        3 * MANY,
        "objects of a tenant are counted once for each round, up to a number",
    ),
    (
        "AS \"d\" GROUP BY \"state\"",
        2 * MANY + 1_000,
        "what waits is counted up to a number for the gauges",
    ),
    (
        r#""state" = 'leased' AND "deliveries"."state" IN"#,
        3 * MANY,
        "what is open, once, when a database of its own process is opened",
    ),
    (
        r#"SET "next_at" = 9223372036854775807 WHERE"#,
        4 * 5_000,
        "each delivery of an array is asked for, with its endpoint and what is before it, and most need no change",
    ),
];

/// Places that nothing in the stories comes by, and why.
const ELSEWHERE: &[(&str, &str, &str)] = &[
    ("db/database.rs", "migrate", "at the start"),
    (
        "store/tenancy/organizations.rs",
        "organization_of_domain",
        "when two do it at the same moment",
    ),
];
/// Places that are of one database only.
const OF_POSTGRES: &[(&str, &str)] = &[
    ("store/event_log/append.rs", "lock_lane"),
    ("store/deliveries/claim.rs", "claim_postgres"),
    ("store/deliveries/follow.rs", "places_postgres"),
    ("store/deliveries/line.rs", "lock_lines"),
    ("store/deliveries/record.rs", "write_at_once"),
    ("store/directory/projection/part.rs", "at_once"),
    ("store/operations/requests/write.rs", "write_requests"),
];
const OF_SQLITE: &[(&str, &str)] = &[
    ("store/deliveries/claim.rs", "claim_sqlite"),
    ("store/deliveries/follow.rs", "places_sqlite"),
    ("store/deliveries/record.rs", "write_in_steps"),
];

#[tokio::test]
async fn no_statement_looks_at_more_than_is_asked_for_on_tables_just_filled() {
    on_postgres(false).await;
}

#[tokio::test]
async fn no_statement_looks_at_more_than_is_asked_for_on_tables_that_were_analysed() {
    on_postgres(true).await;
}

async fn on_postgres(is_analysed: bool) {
    let executions = Executions::default();
    let _told = tracing::subscriber::set_default(tracing_subscriber::registry().with(executions.clone()));
    statements::record();
    let database = TestDatabase::of(Dialect::Postgres).await;
    fill::fill(&database, MANY).await;
    if is_analysed {
        database.execute("SET statement_timeout = 0; ANALYZE").await;
    }
    let store = plans::open_telling(&database).await;
    executions.take();
    story::tell(&database, &store, MANY).await;
    store.close().await;
    database.close().await;
    let executions = executions.take();
    assert!(
        executions.len() > 200,
        "the server reported {} statements only",
        executions.len()
    );
    let excessive: Vec<String> = executions.iter().filter_map(excess).collect();
    assert!(
        excessive.is_empty(),
        "{} statements:\n{}",
        excessive.len(),
        excessive.join("\n")
    );
    assert_all_was_seen(false);
}

fn excess(execution: &Execution) -> Option<String> {
    let (touched, asked) = (execution.touched(), execution.asked());
    let allowed = ALLOWED
        .iter()
        .find(|(part, ..)| execution.text.contains(part))
        .map_or(FREE + EACH * asked, |(_, rows, _)| *rows);
    (touched > allowed).then(|| {
        format!(
            "looked at {touched} rows for {asked}, {allowed} allowed: {}\n{}",
            execution.text,
            execution.outline()
        )
    })
}

#[tokio::test]
async fn on_sqlite_every_statement_finds_its_rows_by_an_index() {
    statements::record();
    let database = TestDatabase::of(Dialect::Sqlite).await;
    fill::fill(&database, SOME).await;
    story::tell(&database, &database.store, SOME).await;
    let mut scanning = Vec::new();
    for sent in statements::sent().into_iter().filter(|sent| sent.is_sqlite) {
        let is_allowed = SCANS_ALLOWED.iter().any(|(part, _)| sent.text.contains(part));
        if is_allowed || !sent.text.contains("FROM") && !sent.text.contains("UPDATE") {
            continue;
        }
        for step in database.query_plan(&sent.text).await {
            if scans_a_table(&step, &sent.text) {
                scanning.push(format!("{}:{} {step}: {}", sent.file, sent.line, sent.text));
            }
        }
    }
    database.close().await;
    assert!(
        scanning.is_empty(),
        "{} scans:\n{}",
        scanning.len(),
        scanning.join("\n")
    );
    assert_all_was_seen(true);
}

/// Statements that may go through a table on SQLite, by a part of their text, and why.
const SCANS_ALLOWED: &[(&str, &str)] = &[
    (
        r#"WITH "seen" AS  MATERIALIZED (SELECT "#,
        "a list from the newest id on, as far as its limit",
    ),
    (
        "ORDER BY \"e\".\"position\" ASC LIMIT",
        "the log from the beginning on, as far as its limit",
    ),
    (
        "FROM \"sequences\" AS \"s\" WHERE \"s\".\"lane\"",
        "one narrow row for each directory, never one of the log",
    ),
    (r#"FROM "organizations" LIMIT"#, "one row"),
    (
        r#"instr("directories"."settings""#,
        "an index of those alone that are meant",
    ),
    (r#"WITH RECURSIVE "seen""#, "from one endpoint to the next"),
    (
        "AS \"d\" GROUP BY \"state\"",
        "what waits, up to a number, for the gauges",
    ),
    (
        r#""state" = 'leased' AND "deliveries"."state" IN"#,
        "what is open, once, when a database of its own process is opened",
    ),
    (
        r#"FROM "audit_log" WHERE TRUE ORDER BY"#,
        "the audit log from the newest entry on, as far as its limit",
    ),
    ("FROM endpoints ", "there are few endpoints"),
    (
        r#"FROM "endpoints" CROSS JOIN "#,
        "an endpoint that asks for the past of all directories has a row for each",
    ),
    (r#"FROM "endpoints" "#, "there are few endpoints"),
];

/// Tables that grow with what is stored.
const GROWING: [&str; 49] = [
    "incidents",
    "mails",
    "request_log",
    "sync_cycles",
    "directory_contacts",
    "users",
    "user_emails",
    "groups",
    "group_members",
    "events",
    "deliveries",
    "attempts",
    "delivery_bodies",
    "inbox",
    "directories",
    "directory_keys",
    "oauth_clients",
    "organizations",
    "organization_domains",
    "sequences",
    "publications",
    "catch_ups",
    "erasures",
    "idempotency_keys",
    "directory_removals",
    "directory_counts",
    "users_base",
    "user_emails_base",
    "groups_base",
    "group_members_base",
    "admin_keys",
    "audit_log",
    "portal_links",
    "connections",
    "sso_clients",
    "sso_logins",
    "sso_bindings",
    "sso_sessions",
    "sso_client_people",
    "ssf_streams",
    "ssf_removed_subjects",
    "graph_pulls",
    "graph_credentials",
    "graph_cursors",
    "graph_objects",
    "graph_drift",
    "graph_members",
    "graph_rounds",
    "graph_subscriptions",
];

/// `SCAN x` where `x` is a table that grows, or stands for one.
fn scans_a_table(step: &str, text: &str) -> bool {
    let Some(rest) = step
        .strip_prefix("SCAN ")
        .filter(|rest| !rest.contains("VIRTUAL TABLE"))
    else {
        return false;
    };
    let name = rest.split(' ').next().unwrap_or_default();
    let words: Vec<&str> = text
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    GROWING.contains(&name)
        || words
            .windows(2)
            .any(|pair| GROWING.contains(&pair[0]) && pair[1] == name)
        || words
            .windows(3)
            .any(|three| GROWING.contains(&three[0]) && three[1] == "AS" && three[2] == name)
}

fn assert_all_was_seen(is_sqlite: bool) {
    let reached: BTreeSet<(String, u32)> = statements::sent()
        .into_iter()
        .filter(|sent| sent.is_sqlite == is_sqlite)
        .filter_map(|sent| Some((sites::name_of(sent.file)?, sent.line)))
        .collect();
    let missed: Vec<String> = sites::missed(&reached)
        .into_iter()
        .filter(|site| {
            let is_it = |(file, function, _): &&(&str, &str, &str)| site.file == *file && site.function == *function;
            let others = if is_sqlite { OF_POSTGRES } else { OF_SQLITE };
            let is_of_others = others.contains(&(site.file.as_str(), site.function.as_str()));
            !is_of_others && !ELSEWHERE.iter().any(|place| is_it(&place))
        })
        .map(|site| format!("{}: {} (line {})", site.file, site.function, site.line))
        .collect();
    assert!(
        missed.is_empty(),
        "{} statements are in no story:\n{}",
        missed.len(),
        missed.join("\n")
    );
}
