//! How many connections to PostgreSQL a process has: no more than the guide says, whatever is asked of it at once.

use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use system::process::{Process, pause};
use system::receiver::Receiver;
use system::scim::Scim;
use system::{ADMIN_KEY, MASTER_KEY, Shape, System};

/// `ROLLCALL_DATABASE_CONNECTIONS`.
const SIZE: i64 = 4;
/// `ROLLCALL_DIRECTORY_SEARCHES`; as many as a directory can have of so many connections.
const SEARCHES: i64 = 3;
/// Clients that ask at the same time; more than all connections together.
const CLIENTS: usize = 60;
/// How long they ask.
const LOAD: Duration = Duration::from_secs(8);
const GUIDE: &str = include_str!("../../../../services/admin/guides/operations.md");

/// What the guide says that a process has at most: a row such as `| ingress | 3*N* + 4 | 34 |`.
fn at_most(process: &str) -> i64 {
    let row = GUIDE
        .lines()
        .find(|line| line.starts_with(&format!("| {process} |")))
        .unwrap_or_else(|| panic!("the guide has a row of {process}"));
    let columns: Vec<&str> = row.split('|').map(str::trim).collect();
    let value = |size: i64, searches: i64| -> i64 {
        let term = |term: &str| match term {
            "*N*" => size,
            "`ROLLCALL_DIRECTORY_SEARCHES`" => searches,
            times if times.ends_with("*N*") => times.trim_end_matches("*N*").parse::<i64>().unwrap() * size,
            number => number.parse().unwrap(),
        };
        columns[2].split(" + ").map(term).sum()
    };
    assert_eq!(columns[3], value(10, 4).to_string(), "{row}: with the defaults");
    value(SIZE, SEARCHES)
}

#[test]
fn the_sum_in_the_guide_is_that_of_its_rows() {
    let of_defaults = |process: &str| -> i64 {
        let row = GUIDE
            .lines()
            .find(|line| line.starts_with(&format!("| {process} |")))
            .unwrap();
        row.split('|').nth(3).unwrap().trim().parse().unwrap()
    };
    let sum: i64 = ["ingress", "admin", "projector", "dispatcher"]
        .into_iter()
        .map(of_defaults)
        .sum();
    assert!(GUIDE.contains(&format!("has at most {sum}.")), "{sum}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_separate_service_has_more_connections_than_the_guide_says() {
    let system = System::start_with(Shape::Separate, &environment()).await;
    let tenant = system.tenant("contoso.example").await;
    let receiver = Receiver::start();
    system.subscribe(&receiver, json!({ "ordered": true })).await;
    let most = under_load(&system, &tenant.scim, &system.admin_url(), &tenant.directory_id).await;
    for service in ["ingress", "admin", "projector", "dispatcher"] {
        let found = most.get(&format!("rollcall-{service}")).copied().unwrap_or_default();
        let allowed = at_most(service);
        assert!(
            (1..=allowed).contains(&found),
            "{service} has {found} of {allowed}: {most:?}"
        );
    }
    // The clients did ask for all that the ingress has for them.
    assert!(most["rollcall-ingress"] >= 2 * SIZE, "{most:?}");
    receiver.stop().await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_in_one_process_has_no_more_connections_than_the_guide_says() {
    // The database is that of the separate services, which are over.
    let mut system = System::start_with(Shape::Separate, &environment()).await;
    let tenant = system.tenant("contoso.example").await;
    let receiver = Receiver::start();
    system.subscribe(&receiver, json!({ "ordered": true })).await;
    for process in system.processes.values_mut() {
        assert!(process.terminate().await.success());
    }
    let folder = tempfile::tempdir().unwrap();
    let mut variables: Vec<(String, String)> = environment()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    for (name, value) in [
        ("ROLLCALL_DATABASE_URL", system.database.url.as_str()),
        ("ROLLCALL_MASTER_KEY", MASTER_KEY),
        ("ROLLCALL_ADMIN_KEY", ADMIN_KEY),
        ("ROLLCALL_WEBHOOK_ALLOW_PRIVATE", "true"),
        ("ROLLCALL_DATA_DIR", folder.path().to_str().unwrap()),
    ] {
        variables.push((name.to_owned(), value.to_owned()));
    }
    let mut all = Process::new("rollcall", &["serve"], variables, folder.path());
    all.start().await;
    let base = format!("{}/directories/{}/scim/v2", all.url(), tenant.directory_id);
    let scim = Scim::new(&base, &tenant.scim.token);
    let most = under_load(&system, &scim, &all.url(), &tenant.directory_id).await;
    let (found, allowed) = (most["rollcall"], at_most("all in one process"));
    assert!((2 * SIZE..=allowed).contains(&found), "{found} of {allowed}");
    assert!(all.terminate().await.success());
    receiver.stop().await;
    system.clean().await;
}

fn environment() -> [(&'static str, &'static str); 3] {
    [
        ("ROLLCALL_DATABASE_CONNECTIONS", "4"),
        ("ROLLCALL_DIRECTORY_SEARCHES", "3"),
        ("ROLLCALL_ADMIN_RATE_LIMIT", "100000"),
    ]
}

/// Clients of every kind at the same time, and the most connections that each program was seen with.
async fn under_load(system: &System, scim: &Scim, admin: &str, directory: &str) -> BTreeMap<String, i64> {
    let id = scim.create_user("first@x.example").await.id();
    let over = Arc::new(AtomicBool::new(false));
    let mut clients = Vec::new();
    for n in 0..CLIENTS {
        let (scim, over, id) = (scim.clone(), Arc::clone(&over), id.clone());
        let (admin, directory) = (format!("{admin}/api/v1"), directory.to_owned());
        clients.push(tokio::spawn(async move {
            let client = system::client();
            for round in 0.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let ask = async |path: String| {
                    // Whoever asks too much is told so, and that is no matter here.
                    let _ = client.get(format!("{admin}{path}")).bearer_auth(ADMIN_KEY).send().await;
                };
                match n % 6 {
                    0 => drop(scim.get(&format!("/Users/{id}")).await),
                    1 => drop(scim.get("/Users?filter=title%20co%20%22x%22&sortBy=userName").await),
                    2 => drop(scim.create_user(&format!("user{n}-{round}@x.example")).await),
                    3 => ask("/deliveries?status=delivered".to_owned()).await,
                    4 => ask(format!("/directories/{directory}/users?filter=title%20co%20%22x%22")).await,
                    _ => ask("/organizations".to_owned()).await,
                }
            }
        }));
    }
    let mut most = BTreeMap::new();
    let started = Instant::now();
    while started.elapsed() < LOAD {
        for (name, count) in system.database.connections().await {
            let seen: &mut i64 = most.entry(name).or_default();
            *seen = count.max(*seen);
        }
        pause().await;
    }
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    most
}
