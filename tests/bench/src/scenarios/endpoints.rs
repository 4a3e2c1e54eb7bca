//! The same creates with one and with ten apps subscribed.

use super::creates::subscribe;
use super::name;
use crate::http::Server;
use crate::load::{self, Load};
use crate::receiver::Receiver;
use crate::report::{Table, fine, rate, whole};
use system::{Shape, System};

/// Clients at once.
const CLIENTS: usize = 64;
/// Each number of endpoints comes so often, taking turns with the other.
const TURNS: usize = 5;

/// Runs the scenario and prints its table.
pub(crate) async fn run(shape: Shape, wanted: usize) {
    let table = Table::new(
        &format!("creates, {}, {CLIENTS} clients, one and ten endpoints", name(shape)),
        &["endpoints", "creates/s", "p50 ms", "p99 ms", "webhooks", "ratio"],
    );
    let systems = [(1, System::start(shape).await), (10, System::start(shape).await)];
    let receivers = [Receiver::start(), Receiver::start()];
    for ((endpoints, system), receiver) in systems.iter().zip(&receivers) {
        for _ in 0..*endpoints {
            subscribe(system, receiver).await;
        }
    }
    // Plans, caches and connections are made in the first second; that is not what is compared.
    for ((endpoints, system), receiver) in systems.iter().zip(&receivers) {
        let load = creates(system, "warm.example", wanted / 2).await;
        receiver.take_all(load.requests * *endpoints).await;
    }
    let mut rates = [Vec::new(), Vec::new()];
    for turn in 0..TURNS {
        let mut one = 0.0;
        for (n, ((endpoints, system), receiver)) in systems.iter().zip(&receivers).enumerate() {
            let load = creates(system, &format!("contoso{turn}.example"), wanted / 2).await;
            let webhooks = receiver.take_all(load.requests * *endpoints).await.webhooks;
            if *endpoints == 1 {
                one = load.rate();
            }
            rates[n].push(load.rate());
            table.row(&[
                whole(*endpoints),
                rate(load.rate()),
                fine(load.millis(0.5)),
                fine(load.millis(0.99)),
                whole(webhooks),
                fine(load.rate() / one),
            ]);
        }
    }
    let [one, ten] = rates.map(median);
    println!("\nmedian: {} and {}, ratio {}", rate(one), rate(ten), fine(ten / one));
    for (_, system) in systems {
        system.stop().await;
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

/// Creates so many people in a directory of their own.
pub(super) async fn creates(system: &System, domain: &str, count: usize) -> Load {
    let tenant = system.tenant(domain).await;
    let server = Server::new(&tenant.scim.base, Some(&tenant.scim.token));
    let domain = domain.to_owned();
    load::run(CLIENTS, count, move |n| {
        let server = server.clone();
        let user = system::scim::user(&format!("person{n}@{domain}")).to_string();
        let header = format!("traceparent: 00-{:032x}-00f067aa0ba902b7-01\r\n", n + 1);
        async move { server.send("POST", "/Users", &header, &user).await?.expect(201) }
    })
    .await
    .flawless()
}
