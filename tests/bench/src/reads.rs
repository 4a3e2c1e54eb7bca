//! Reads beside a bare handler, and what requests cost in small and large directories.

use crate::load::{self, Load};
use crate::yardstick;
use events::{ResourceId, StoredResource, Timestamp};
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use system::scim::Scim;
use system::{Shape, System, Tenant};

/// Fills a directory past all queues, as one bulk load.
async fn fill(system: &System, tenant: &Tenant, users: usize) -> Vec<ResourceId> {
    let directory = tenant.directory_id.parse().unwrap();
    let mut ids = Vec::with_capacity(users);
    for chunk in (0..users).collect::<Vec<_>>().chunks(1_000) {
        let rows: Vec<StoredResource> = chunk
            .iter()
            .map(|n| {
                let body = system::scim::user(&format!("filled{n}@contoso.example"));
                let Value::Object(mut attributes) = body else {
                    unreachable!("a user is an object")
                };
                ["schemas", "meta", "roles"]
                    .iter()
                    .for_each(|name| drop(attributes.shift_remove(*name)));
                let id = ResourceId::new();
                ids.push(id);
                let at = Timestamp::from_millis(1_700_000_000_000 + i64::try_from(*n).unwrap());
                StoredResource {
                    id,
                    version: 1,
                    created_at: at,
                    updated_at: at,
                    attributes,
                    groups: Vec::new(),
                    members: None,
                }
            })
            .collect();
        store::testing::insert_users(
            &system.database.store,
            directory,
            scim::schema::ResourceType::user(),
            &rows,
        )
        .await
        .unwrap();
    }
    ids
}

/// GET by id and filter by user name, beside a bare handler with one indexed SELECT.
pub(crate) async fn run(shape: Shape, clients: &[usize], requests: usize, users: usize) {
    assert!(shape == Shape::Separate, "the bare handler reads PostgreSQL");
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let ids = fill(&system, &tenant, users).await;
    let pool = PgPoolOptions::new()
        .max_connections(10)
        .connect(&system.database.url)
        .await
        .unwrap();
    let bare = yardstick::bare_handler(pool);
    println!("reads, {shape:?}, {users} people");
    println!(
        "{:>7} {:>10} {:>8} {:>10} {:>8} {:>10} {:>8} {:>10} {:>8} {:>8}",
        "clients", "GET/s", "p50 ms", "filter/s", "p50 ms", "bare/s", "p50 ms", "hello/s", "GET/bare", "filter/b"
    );
    for &count in clients {
        let get = by_id(&tenant.scim, &ids, count, requests).await;
        let find = by_name(&tenant.scim, users, count, requests).await;
        let bare_load = plain(&bare, &ids, count, requests).await;
        let hello = plain(&bare, &[], count, requests).await;
        assert_eq!(get.errors + find.errors + bare_load.errors + hello.errors, 0);
        println!(
            "{:>7} {:>10.0} {:>8.2} {:>10.0} {:>8.2} {:>10.0} {:>8.2} {:>10.0} {:>8.2} {:>8.2}",
            count,
            get.rate(),
            get.millis(0.5),
            find.rate(),
            find.millis(0.5),
            bare_load.rate(),
            bare_load.millis(0.5),
            hello.rate(),
            get.rate() / bare_load.rate(),
            find.rate() / bare_load.rate()
        );
    }
    system.stop().await;
}

/// The same requests in directories of several sizes, one client.
pub(crate) async fn sizes(shape: Shape, sizes: &[usize], requests: usize) {
    println!("sizes, {shape:?}, p50 in ms over {requests} requests of one client");
    println!(
        "{:>9} {:>8} {:>8} {:>8} {:>10} {:>10} {:>10}",
        "people", "GET", "filter", "PATCH", "page first", "page deep", "add member"
    );
    for &users in sizes {
        let system = System::start(shape).await;
        let tenant = system.tenant("contoso.example").await;
        let ids = fill(&system, &tenant, users).await;
        let get = by_id(&tenant.scim, &ids, 1, requests).await;
        let find = by_name(&tenant.scim, users, 1, requests).await;
        let switch = patch(&tenant.scim, &ids, requests).await;
        let first = page(&tenant.scim, 1, requests.min(100)).await;
        let deep = page(&tenant.scim, users - 100, requests.min(100)).await;
        let member = members(&tenant.scim, &ids, requests.min(200)).await;
        let errors: usize = [&get, &find, &switch, &first, &deep, &member]
            .iter()
            .map(|load| load.errors)
            .sum();
        assert_eq!(errors, 0);
        println!(
            "{:>9} {:>8.2} {:>8.2} {:>8.2} {:>10.2} {:>10.2} {:>10.2}",
            users,
            get.millis(0.5),
            find.millis(0.5),
            switch.millis(0.5),
            first.millis(0.5),
            deep.millis(0.5),
            member.millis(0.5)
        );
        system.stop().await;
    }
}

async fn by_id(scim: &Scim, ids: &[ResourceId], clients: usize, requests: usize) -> Load {
    let (scim, ids) = (scim.clone(), ids.to_vec());
    load::run(clients, requests, move |n| {
        let (scim, id) = (scim.clone(), ids[(n * 7_919) % ids.len()]);
        async move { scim.get(&format!("/Users/{id}")).await.status == 200 }
    })
    .await
}

async fn by_name(scim: &Scim, users: usize, clients: usize, requests: usize) -> Load {
    let scim = scim.clone();
    load::run(clients, requests, move |n| {
        let scim = scim.clone();
        let filter = format!("userName eq \"filled{}@contoso.example\"", (n * 7_919) % users);
        async move { scim.find("Users", &filter).await.body["totalResults"] == 1 }
    })
    .await
}

async fn patch(scim: &Scim, ids: &[ResourceId], requests: usize) -> Load {
    let (scim, ids) = (scim.clone(), ids.to_vec());
    load::run(1, requests, move |n| {
        let (scim, id) = (scim.clone(), ids[(n * 7_919) % ids.len()]);
        let operations = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
        async move { scim.patch(&format!("/Users/{id}"), operations).await.status == 200 }
    })
    .await
}

async fn page(scim: &Scim, start: usize, requests: usize) -> Load {
    let scim = scim.clone();
    load::run(1, requests, move |_| {
        let scim = scim.clone();
        async move { scim.get(&format!("/Users?startIndex={start}&count=100")).await.status == 200 }
    })
    .await
}

/// Adds members one at a time to a group that holds half of the people already.
async fn members(scim: &Scim, ids: &[ResourceId], requests: usize) -> Load {
    let group = scim
        .send("POST", "/Groups", Some(&system::scim::group("Everybody")))
        .await
        .id();
    let path = format!("/Groups/{group}");
    let (most, rest) = ids.split_at(ids.len() / 2);
    for chunk in most.chunks(5_000) {
        let value: Vec<Value> = chunk.iter().map(|id| json!({ "value": id })).collect();
        let answer = scim
            .patch(&path, json!([{ "op": "Add", "path": "members", "value": value }]))
            .await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
    let (scim, rest) = (scim.clone(), rest.to_vec());
    load::run(1, requests.min(rest.len()), move |n| {
        let (scim, path) = (scim.clone(), path.clone());
        let operations = json!([{ "op": "Add", "path": "members", "value": [{ "value": rest[n] }] }]);
        async move { scim.patch(&path, operations).await.status == 204 }
    })
    .await
}

/// The bare handler's answers: a row by id, or no row at all when there are no ids.
async fn plain(bare: &str, ids: &[ResourceId], clients: usize, requests: usize) -> Load {
    let (client, bare, ids) = (system::client(), bare.to_owned(), ids.to_vec());
    load::run(clients, requests, move |n| {
        let (client, bare) = (client.clone(), bare.clone());
        let id = if ids.is_empty() {
            String::new()
        } else {
            ids[(n * 7_919) % ids.len()].to_string()
        };
        async move {
            let Ok(response) = client.get(format!("{bare}/{id}")).send().await else {
                return false;
            };
            response.status() == 200 && response.bytes().await.is_ok()
        }
    })
    .await
}
