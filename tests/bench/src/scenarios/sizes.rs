//! What the same requests cost in small and large directories, and in small and large groups: one client.

use super::{management, name, reads, spread};
use crate::fill;
use crate::http::Server;
use crate::load::{self, Load};
use crate::report::{Table, fine, whole};
use serde_json::json;
use std::time::Instant;
use system::{Shape, System, Tenant};

/// Requests of each kind; of lists, which answer a hundred people each, and of new members a fifth.
const REQUESTS: usize = 500;
/// People in a page.
const PAGE: usize = 100;

/// Runs the scenario and prints its tables.
pub(crate) async fn run(shape: Shape, users: &[usize], members: &[usize]) {
    let about = format!("directories of several sizes, {}, p50 in ms, one client", name(shape));
    let titles = [
        "people",
        "GET",
        "filter",
        "PATCH active",
        "first page",
        "deep page",
        "first by cursor",
        "filtered by cursor",
        "deep by cursor",
        "fill s",
    ];
    let table = Table::new(&about, &titles);
    let mut rows = Vec::new();
    for &count in users {
        let system = System::start(shape).await;
        let tenant = system.tenant("contoso.example").await;
        loosen_brake(&system, &tenant).await;
        let began = Instant::now();
        fill::people(&system, &tenant, count).await;
        let filled = began.elapsed().as_secs_f64();
        let row = directory(&tenant, count).await;
        print_row(&table, count, &[row.as_slice(), &[filled]].concat());
        rows.push(row);
        system.stop().await;
    }
    print_ratio(&table, &rows);
    managed(shape, users).await;
    groups(shape, members).await;
}

/// The management API in directories of these sizes.
async fn managed(shape: Shape, users: &[usize]) {
    let mut rows = management::Rows::new(shape);
    for &count in users {
        let system = System::start(shape).await;
        let tenant = system.tenant("contoso.example").await;
        fill::people(&system, &tenant, count).await;
        rows.measure(&system, &tenant, count).await;
        system.stop().await;
    }
    rows.print_ratio();
}

fn print_row(table: &Table, size: usize, medians: &[f64]) {
    table.row(
        &[
            &[whole(size)][..],
            &medians.iter().copied().map(fine).collect::<Vec<_>>(),
        ]
        .concat(),
    );
}

/// The largest beside the smallest.
fn print_ratio(table: &Table, rows: &[Vec<f64>]) {
    if let [first, .., last] = rows {
        let ratios = first.iter().zip(last).map(|(first, last)| fine(last / first));
        table.row(&["ratio".to_owned()].into_iter().chain(ratios).collect::<Vec<_>>());
    }
}

/// The brake counts as it always does, but lets the people here be deactivated, as many as they are.
async fn loosen_brake(system: &System, tenant: &Tenant) {
    let path = format!("/directories/{}", tenant.directory_id);
    let body = json!({ "mass_change_brake": { "percent": 100, "new_user_hours": 0 } });
    system.api("PATCH", &path, Some(body)).await;
}

/// The medians in one directory.
async fn directory(tenant: &Tenant, users: usize) -> Vec<f64> {
    let server = Server::new(&tenant.scim.base, Some(&tenant.scim.token));
    let deep = users.saturating_sub(2 * PAGE) + 1;
    let mut loads = vec![
        reads::by_id(&server, users, 1, REQUESTS).await,
        reads::by_name(&server, users, 1, REQUESTS).await,
        patch(&server, users).await,
        page(&server, &format!("startIndex=1&count={PAGE}")).await,
        page(&server, &format!("startIndex={deep}&count={PAGE}")).await,
        page(&server, &format!("count={PAGE}&cursor=")).await,
        page(&server, &format!("filter=userName%20pr&count={PAGE}&cursor=")).await,
    ]
    .into_iter()
    .map(|load| load.flawless().millis(0.5))
    .collect::<Vec<_>>();
    loads.push(walk(&server, users).await);
    loads
}

/// Turns all pages by cursor, from the first to the last; the median of the last ones.
async fn walk(server: &Server, users: usize) -> f64 {
    let pages = users.div_ceil(PAGE);
    let mut latency = load::histogram();
    let mut cursor = String::new();
    for page in 1..=pages {
        let began = Instant::now();
        let path = format!("/Users?count={PAGE}&cursor={cursor}");
        let answer = server.send("GET", &path, "", "").await.unwrap();
        if page + REQUESTS / 5 > pages {
            latency.saturating_record(load::micros(began.elapsed()));
        }
        // Read without parsing the page.
        let next = answer
            .text
            .split("\"nextCursor\":\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        assert_eq!(
            next.is_some(),
            page < pages,
            "page {page} of {pages}: {} {}",
            answer.status,
            answer.text
        );
        next.unwrap_or_default().clone_into(&mut cursor);
    }
    load::quantile_millis(&latency, 0.5)
}

/// Switches people off and on as Entra does; each change is one, also when a person comes round again.
async fn patch(server: &Server, users: usize) -> Load {
    let server = server.clone();
    load::run(1, REQUESTS, move |n| {
        let (server, path) = (server.clone(), format!("/Users/{}", fill::id(spread(n, users))));
        let active = if (n / users).is_multiple_of(2) { "False" } else { "True" };
        let body = format!(
            r#"{{"schemas":["{}"],"Operations":[{{"op":"Replace","path":"active","value":"{active}"}}]}}"#,
            system::scim::PATCH_OP
        );
        async move { server.send("PATCH", &path, "", &body).await?.expect(200) }
    })
    .await
}

/// The page that these parameters ask for.
async fn page(server: &Server, query: &str) -> Load {
    let (server, query) = (server.clone(), query.to_owned());
    load::run(1, REQUESTS / 5, move |_| {
        let (server, path) = (server.clone(), format!("/Users?{query}"));
        async move { server.send("GET", &path, "", "").await?.expect(200) }
    })
    .await
}

/// Adds people one at a time to groups of several sizes in one directory that is large enough.
async fn groups(shape: Shape, members: &[usize]) {
    let added = REQUESTS / 5;
    let largest = members.iter().copied().max().unwrap_or_default();
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    fill::people(&system, &tenant, largest + added).await;
    let about = format!("groups of several sizes, {}, p50 in ms, one client", name(shape));
    let table = Table::new(
        &about,
        &[
            "members",
            "just filled: GET",
            "add member",
            "remove member",
            "GET without members",
        ],
    );
    let server = Server::new(&tenant.scim.base, Some(&tenant.scim.token));
    let mut rows = Vec::new();
    for &count in members {
        let body = system::scim::group(&format!("Group of {count}"));
        let group = tenant.scim.send("POST", "/Groups", Some(&body)).await.id();
        fill::members(&system, &tenant, &group, count).await;
        let path = format!("/Groups/{group}");
        let loads = [
            get(&server, &path, added / 5).await,
            change(&server, &path, count, added, "Add").await,
            change(&server, &path, count, added, "Remove").await,
            get(&server, &format!("{path}?excludedAttributes=members"), added).await,
        ];
        let row: Vec<f64> = loads.into_iter().map(|load| load.flawless().millis(0.5)).collect();
        print_row(&table, count, &row);
        rows.push(row);
    }
    print_ratio(&table, &rows);
    system.stop().await;
}

/// Adds or removes the people behind the first `count`, one a request.
async fn change(server: &Server, path: &str, count: usize, requests: usize, op: &'static str) -> Load {
    let (server, path) = (server.clone(), path.to_owned());
    load::run(1, requests, move |n| {
        let (server, path) = (server.clone(), path.clone());
        let body = format!(
            r#"{{"schemas":["{}"],"Operations":[{{"op":"{op}","path":"members","value":[{{"value":"{}"}}]}}]}}"#,
            system::scim::PATCH_OP,
            fill::id(count + n)
        );
        async move { server.send("PATCH", &path, "", &body).await?.expect(204) }
    })
    .await
}

/// The group, whole or (as Entra reads it) without its members.
async fn get(server: &Server, path: &str, requests: usize) -> Load {
    let (server, path) = (server.clone(), path.to_owned());
    load::run(1, requests, move |_| {
        let (server, path) = (server.clone(), path.clone());
        async move { server.send("GET", &path, "", "").await?.expect(200) }
    })
    .await
}
