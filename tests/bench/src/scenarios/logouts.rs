//! From the identity provider's `active=false` to the app's address for logouts.

use super::logins::House;
use super::name;
use crate::fill;
use crate::http::Server;
use crate::load;
use crate::report::{self, Table, fine, whole};
use crate::usage;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use system::Shape;
use system::scim::PATCH_OP;
use uuid::Uuid;

/// For how long they come.
const LASTS: Duration = Duration::from_secs(60);
/// People of whom as many may leave without the directory being held.
const PEOPLE: usize = 40_000;
/// Logins at once before.
const CLIENTS: usize = 16;

/// Runs the scenario and prints its table.
pub(crate) async fn run(shape: Shape, per_second: usize) {
    let house = House::build(shape, PEOPLE).await;
    let leaving = per_second * usize::try_from(LASTS.as_secs()).unwrap();
    let door = house.door.clone();
    let logins = load::run(CLIENTS, leaving, move |n| door.clone().log_in(n));
    logins.await.flawless();

    let starts: Arc<Vec<OnceLock<Instant>>> = Arc::new((0..leaving).map(|_| OnceLock::new()).collect());
    let server = Server::new(&house.tenant.scim.base, Some(&house.tenant.scim.token));
    let before = usage::all(&house.system);
    let sent = Arc::clone(&starts);
    let patches = load::steadily(per_second, LASTS, move |n| {
        let (server, path) = (server.clone(), format!("/Users/{}", fill::id(n)));
        let body =
            format!(r#"{{"schemas":["{PATCH_OP}"],"Operations":[{{"op":"Replace","path":"active","value":false}}]}}"#);
        let _ = sent[n].set(Instant::now());
        async move { server.send("PATCH", &path, "", &body).await?.expect(200) }
    });
    let patches = patches.await.flawless();
    house.receiver.wait_for(leaving).await;
    let after = usage::all(&house.system);

    let mut delays = load::histogram();
    let mut heard = vec![0_usize; leaving];
    for (at, token) in house.receiver.told() {
        let person: Uuid = token["sub"].as_str().unwrap().parse().unwrap();
        let number = usize::try_from(person.as_u128() ^ fill::id(0).as_u128()).unwrap();
        heard[number] += 1;
        if heard[number] == 1 {
            delays.saturating_record(load::micros(at.duration_since(*starts[number].get().unwrap())));
        }
    }
    assert!(heard.iter().all(|times| *times > 0), "somebody was not told of");
    let again = heard.iter().sum::<usize>() - leaving;
    let about = format!(
        "PATCH active=false to the app's address for logouts, {per_second} a second, {}",
        name(shape)
    );
    let titles = [
        "logouts",
        "again",
        "p50 ms",
        "p99 ms",
        "max ms",
        "PATCH p50",
        "PATCH p99",
    ];
    let table = Table::new(&about, &titles);
    let quantile = |of| fine(load::quantile_millis(&delays, of));
    table.row(&[
        whole(leaving),
        whole(again),
        quantile(0.5),
        quantile(0.99),
        quantile(1.0),
        fine(patches.millis(0.5)),
        fine(patches.millis(0.99)),
    ]);
    report::cpu("logout", &[(1, leaving, report::spent(&before, &after))]);
    report::memory(&after);
    house.leave().await;
}
