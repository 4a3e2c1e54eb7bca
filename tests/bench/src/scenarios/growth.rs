//! What the processes hold after many creates, and what a large group costs to delete.

use super::{creates::subscribe, endpoints::creates, name};
use crate::http::Server;
use crate::receiver::Receiver;
use crate::report::{self, Table, fine, rate, whole};
use crate::{fill, usage};
use std::time::Instant;
use system::{Shape, System};

/// Members of the group that is deleted.
const MEMBERS: usize = 10_000;

/// Runs the scenario and prints its tables.
pub(crate) async fn run(shape: Shape, people: usize) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    subscribe(&system, &receiver).await;
    let load = creates(&system, "contoso.example", people).await;
    receiver.take(people).await;
    println!(
        "\n{} people created, {}, {} a second",
        whole(people),
        name(shape),
        rate(load.rate())
    );
    report::memory(&usage::all(&system));
    let table = Table::new(
        &format!("DELETE of a group of {} members", whole(MEMBERS)),
        &["turn", "ms"],
    );
    let tenant = system.tenant("fabrikam.example").await;
    fill::people(&system, &tenant, MEMBERS).await;
    let server = Server::new(&tenant.scim.base, Some(&tenant.scim.token));
    for turn in 1..=5 {
        let body = system::scim::group(&format!("Group {turn}"));
        let group = tenant.scim.send("POST", "/Groups", Some(&body)).await.id();
        fill::members(&system, &tenant, &group, MEMBERS).await;
        let began = Instant::now();
        let answer = server
            .send("DELETE", &format!("/Groups/{group}"), "", "")
            .await
            .unwrap();
        answer.expect(204).unwrap();
        table.row(&[whole(turn), fine(began.elapsed().as_secs_f64() * 1000.0)]);
    }
    system.stop().await;
}
