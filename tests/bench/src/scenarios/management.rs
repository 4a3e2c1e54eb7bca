//! What the management API's lists, filters and histories cost in small and large directories: one client.

use super::{name, spread};
use crate::fill;
use crate::http::Server;
use crate::load::{self, Load};
use crate::report::{Table, fine, whole};
use events::Timestamp;
use serde_json::json;
use system::scim::{PATCH_OP, group};
use system::{ADMIN_KEY, Shape, System, Tenant};

/// Requests of each kind.
const REQUESTS: usize = 100;
/// Changes of the person whose history is read.
const CHANGES: usize = 40;
/// People or changes in a page.
const PAGE: usize = 100;

/// Prints a row for each number of people, and the last beside the first.
pub(crate) struct Rows {
    table: Table,
    rows: Vec<Vec<f64>>,
}

impl Rows {
    /// An empty table.
    pub(crate) fn new(shape: Shape) -> Self {
        let about = format!("management API, {}, p50 in ms, one client", name(shape));
        let titles = [
            "people",
            "GET",
            "first page",
            "deep page",
            "userName eq",
            "emails eq",
            "userName sw",
            "active eq",
            "groups",
            "members",
            "history",
            "as of",
        ];
        Self {
            table: Table::new(&about, &titles),
            rows: Vec::new(),
        }
    }

    /// Measures a directory of so many people.
    pub(crate) async fn measure(&mut self, system: &System, tenant: &Tenant, users: usize) {
        let row = medians(system, tenant, users).await;
        let figures = row.iter().copied().map(fine);
        self.table
            .row(&[whole(users)].into_iter().chain(figures).collect::<Vec<_>>());
        self.rows.push(row);
    }

    /// The last row beside the first.
    pub(crate) fn print_ratio(&self) {
        if let [first, .., last] = self.rows.as_slice() {
            let ratios = first.iter().zip(last).map(|(first, last)| fine(last / first));
            self.table
                .row(&["ratio".to_owned()].into_iter().chain(ratios).collect::<Vec<_>>());
        }
    }
}

/// The medians in one directory, which has one group of everybody.
async fn medians(system: &System, tenant: &Tenant, users: usize) -> Vec<f64> {
    let everybody = tenant
        .scim
        .send("POST", "/Groups", Some(&group("Everybody")))
        .await
        .id();
    fill::members(system, tenant, &everybody, users).await;
    // Those that were filled in have no history.
    let person = tenant.scim.create_user("ada@contoso.example").await.id();
    change(tenant, &format!("/Users/{person}")).await;
    let now = Timestamp::now();
    let url = format!("{}/api/v1/directories/{}", system.admin_url(), tenant.directory_id);
    let server = Server::new(&url, Some(ADMIN_KEY));
    let filtered = |filter: &str| {
        let filter = filter.replace(' ', "%20").replace('"', "%22");
        format!("/users?limit={PAGE}&filter={filter}")
    };
    let some = fill::user_name(users / 3);
    let deep = cursor_before_last(&server, users).await;
    let paths = [
        format!("/users?limit={PAGE}"),
        format!("/users?limit={PAGE}&cursor={deep}"),
        filtered(&format!("userName eq \"{some}\"")),
        filtered(&format!("emails.value eq \"{some}\"")),
        filtered(&format!("userName sw \"{}\"", &some[..some.len() - 18])),
        filtered("active eq true"),
        format!("/groups?limit={PAGE}"),
        format!("/groups/{everybody}/members?limit={PAGE}"),
        format!("/users/{person}/history?limit={PAGE}"),
        format!("/users/{person}?at={now}"),
    ];
    let mut loads = vec![by_id(&server, users).await];
    for path in paths {
        loads.push(get(&server, path).await);
    }
    loads.into_iter().map(|load| load.flawless().millis(0.5)).collect()
}

/// Gives a person a history.
async fn change(tenant: &Tenant, path: &str) {
    for n in 0..CHANGES {
        let operation = json!({ "op": "replace", "path": "title", "value": format!("Title {n}") });
        let body = json!({ "schemas": [PATCH_OP], "Operations": [operation] });
        let answer = tenant.scim.send("PATCH", path, Some(&body)).await;
        assert!(answer.status < 300, "{}", answer.text);
    }
}

/// Turns the pages up to the one before the last.
async fn cursor_before_last(server: &Server, users: usize) -> String {
    let mut cursor = String::new();
    // With the one that was made beside them.
    for _ in 1..(users + 1).div_ceil(PAGE) {
        let path = match cursor.is_empty() {
            true => format!("/users?limit={PAGE}"),
            false => format!("/users?limit={PAGE}&cursor={cursor}"),
        };
        let answer = server.send("GET", &path, "", "").await.unwrap();
        // Read without parsing the page.
        let next = answer.text.rsplit("\"next_cursor\":\"").next();
        let next = next.and_then(|rest| rest.split('"').next()).unwrap_or_default();
        assert!(answer.status == 200 && !next.is_empty(), "{}", answer.text);
        next.clone_into(&mut cursor);
    }
    cursor
}

async fn by_id(server: &Server, users: usize) -> Load {
    let server = server.clone();
    load::run(1, REQUESTS, move |n| {
        let (server, path) = (server.clone(), format!("/users/{}", fill::id(spread(n, users))));
        async move { server.send("GET", &path, "", "").await?.expect(200) }
    })
    .await
}

async fn get(server: &Server, path: String) -> Load {
    let server = server.clone();
    load::run(1, REQUESTS, move |_| {
        let (server, path) = (server.clone(), path.clone());
        async move { server.send("GET", &path, "", "").await?.expect(200) }
    })
    .await
}
