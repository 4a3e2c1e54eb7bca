//! People read by id, found by name and listed, beside a bare handler with one indexed SELECT.

use super::{name, requests, spread};
use crate::bare::Bare;
use crate::fill;
use crate::http::Server;
use crate::load::{self, Load};
use crate::report::{self, Table, fine, rate, whole};
use crate::usage;
use system::{Shape, System};

/// People in a page.
const PAGE: usize = 20;

/// Runs the scenario and prints its tables.
pub(crate) async fn run(shape: Shape, clients: &[usize], wanted: usize, users: usize) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    fill::people(&system, &tenant, users).await;
    let bare = Bare::start(&system.database.url).await;
    let about = format!("reads, {}, {} people", name(shape), whole(users));
    let titles = [
        "clients",
        "GET/s",
        "p50 ms",
        "p99 ms",
        "filter/s",
        "p50 ms",
        "p99 ms",
        "bare/s",
        "p50 ms",
        "p99 ms",
        "y3/s",
        "GET/bare",
        "filter/bare",
        "lists/s",
        "p50 ms",
        "p99 ms",
    ];
    let table = Table::new(&about, &titles);
    let (mut cpu, mut list_cpu) = (Vec::new(), Vec::new());
    for &count in clients {
        let requests = requests(count, wanted);
        let server = Server::new(&tenant.scim.base, Some(&tenant.scim.token));
        let before = usage::all(&system);
        let get = by_id(&server, users, count, requests).await.flawless();
        cpu.push((count, requests, report::spent(&before, &usage::all(&system))));
        let find = by_name(&server, users, count, requests).await.flawless();
        let before = usage::all(&system);
        let lists = page(&server, users, count, requests / 2).await.flawless();
        list_cpu.push((count, requests / 2, report::spent(&before, &usage::all(&system))));
        let plain = bare.reads(count, requests, move |n| fill::id(spread(n, users))).await;
        let y3 = bare.answers(count, requests).await;
        let figures = |load: &Load| [rate(load.rate()), fine(load.millis(0.5)), fine(load.millis(0.99))];
        let ratios = [
            rate(y3.rate()),
            fine(get.rate() / plain.rate()),
            fine(find.rate() / plain.rate()),
        ];
        table.row(
            &[
                &[whole(count)],
                &figures(&get)[..],
                &figures(&find),
                &figures(&plain),
                &ratios,
                &figures(&lists),
            ]
            .concat(),
        );
    }
    report::cpu("GET by id", &cpu);
    report::cpu("list", &list_cpu);
    report::memory(&usage::all(&system));
    println!(
        "\nlists: pages of 20 from all over the directory; bare: one SELECT by id in a bare actix handler; y3: answers of that server without a database."
    );
    system.stop().await;
}

/// `GET /Users/{id}`.
pub(super) async fn by_id(server: &Server, users: usize, clients: usize, requests: usize) -> Load {
    let server = server.clone();
    load::run(clients, requests, move |n| {
        let (server, path) = (server.clone(), format!("/Users/{}", fill::id(spread(n, users))));
        async move { server.send("GET", &path, "", "").await?.expect(200) }
    })
    .await
}

/// Pages of twenty people, from all over the directory.
async fn page(server: &Server, users: usize, clients: usize, requests: usize) -> Load {
    let server = server.clone();
    let pages = (users / PAGE).max(1);
    load::run(clients, requests, move |n| {
        let first = spread(n, pages) * PAGE + 1;
        let (server, path) = (server.clone(), format!("/Users?startIndex={first}&count={PAGE}"));
        async move { server.send("GET", &path, "", "").await?.expect(200) }
    })
    .await
}

/// `GET /Users?filter=userName eq "…"`, as Entra looks for everybody before it creates them.
pub(super) async fn by_name(server: &Server, users: usize, clients: usize, requests: usize) -> Load {
    let server = server.clone();
    load::run(clients, requests, move |n| {
        let (server, user_name) = (server.clone(), fill::user_name(spread(n, users)));
        async move {
            let path = format!("/Users?filter=userName%20eq%20%22{user_name}%22");
            let answer = server.send("GET", &path, "", "").await?;
            if !answer.text.contains(&user_name) {
                return Err(format!("not found: {}", answer.text));
            }
            answer.expect(200)
        }
    })
    .await
}
