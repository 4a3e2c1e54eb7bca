//! What the pages of the console cost where a directory has many people: one operator.

use super::{name, reads, spread};
use crate::fill;
use crate::http::Server;
use crate::load::{self, Load};
use crate::report::{Table, fine, whole};
use serde_json::json;
use system::receiver::Receiver;
use system::scim::group;
use system::{ADMIN_KEY, Shape, System, Tenant};

/// Looks at each page.
const LOOKS: usize = 300;

/// Runs the scenario and prints its table.
pub(crate) async fn run(shape: Shape, users: usize) {
    let system = System::start(shape).await;
    let receiver = Receiver::start_light();
    let tenant = system.tenant("contoso.example").await;
    let endpoint = system.subscribe(&receiver, json!({})).await;
    fill::people(&system, &tenant, users).await;
    let everybody = group("Everybody");
    let everybody = tenant.scim.send("POST", "/Groups", Some(&everybody)).await.id();
    fill::members(&system, &tenant, &everybody, users).await;
    let cookie = log_in(&system).await;
    let people = whole(users);
    let about = format!("pages of the console, {}, {people} people, one operator", name(shape));
    let table = Table::new(&about, &["page of the console, or yardstick", "p50 ms", "p99 ms", "kB"]);
    let api = Server::new(&format!("{}/api/v1", system.admin_url()), Some(ADMIN_KEY));
    let yardstick = reads::by_id(
        &Server::new(&tenant.scim.base, Some(&tenant.scim.token)),
        users,
        1,
        LOOKS,
    )
    .await;
    print(&table, "yardstick: one person over SCIM", &yardstick, None);
    let directory = format!("/directories/{}", tenant.directory_id);
    let load = look(&api, &directory, "").await;
    print(&table, "yardstick: a directory over the API", &load, None);
    let pages = Server::new(&system.admin_url(), None);
    let cookie = format!("cookie: {cookie}\r\nsec-fetch-site: none\r\n");
    for (title, path) in paths(&tenant, &endpoint, &everybody, users) {
        let page = pages.send("GET", &path, &cookie, "").await.unwrap();
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let load = look(&pages, &path, &cookie).await;
        print(&table, title, &load, Some(page.text.len()));
    }
    receiver.stop().await;
    system.stop().await;
}

fn paths(tenant: &Tenant, endpoint: &str, everybody: &str, users: usize) -> Vec<(&'static str, String)> {
    let directory = format!("/console/directories/{}", tenant.directory_id);
    let person = fill::id(spread(users / 3, users));
    vec![
        ("overview", "/console".to_owned()),
        ("directories", "/console/directories".to_owned()),
        ("directory: activity", directory.clone()),
        ("directory: people", format!("{directory}/users")),
        ("directory: groups", format!("{directory}/groups")),
        ("directory: keys", format!("{directory}/keys")),
        ("directory: settings", format!("{directory}/settings")),
        ("person", format!("{directory}/users/{person}")),
        ("group of everybody", format!("{directory}/groups/{everybody}")),
        ("endpoints", "/console/endpoints".to_owned()),
        ("endpoint", format!("/console/endpoints/{endpoint}")),
        ("events", "/console/events".to_owned()),
        ("search", format!("/console/search?q={}", fill::user_name(users / 2))),
    ]
}

/// A session of the console, as its cookie.
async fn log_in(system: &System) -> String {
    let client = reqwest::Client::builder();
    let client = client.redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = client
        .post(format!("{}/console/login", system.admin_url()))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("key={ADMIN_KEY}"))
        .send()
        .await
        .unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    cookie.split(';').next().unwrap_or_default().to_owned()
}

async fn look(server: &Server, path: &str, more: &str) -> Load {
    let (server, path, more) = (server.clone(), path.to_owned(), more.to_owned());
    load::run(1, LOOKS, move |_| {
        let (server, path, more) = (server.clone(), path.clone(), more.clone());
        async move { server.send("GET", &path, &more, "").await?.expect(200) }
    })
    .await
    .flawless()
}

fn print(table: &Table, title: &str, load: &Load, bytes: Option<usize>) {
    let size = bytes.map(|bytes| whole(bytes.div_ceil(1_000))).unwrap_or_default();
    table.row(&[title.to_owned(), fine(load.millis(0.5)), fine(load.millis(0.99)), size]);
}
