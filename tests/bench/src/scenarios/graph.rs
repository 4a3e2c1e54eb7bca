//! Directories that are pulled from Microsoft Graph: a first round of a large tenant, beside what the simulator alone serves and
//! what the services take by SCIM; and a round of many directories in which nothing happened.

use super::name;
use crate::http::Server;
use crate::load;
use crate::report::{self, Table, fine, rate, whole};
use crate::usage;
use ::graph::delta::{Begin, Collection, Next};
use ::graph::map::AttributeMap;
use ::graph::{Cloud, Clouds, Credential, Graph, Identity, TenantSize};
use entra::{Bulk, Entra, NewTenant, Options, Tenant};
use events::{ConnectionId, DirectoryId, Timestamp};
use scim::schema::ResourceType;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use system::pulls::{SECRET, app, pull, until_over};
use system::{Detour, Shape, System};
use webhooks::{Guard, Rules};

/// Members of each group.
const MEMBERS: u32 = 50;
/// One group for so many people.
const PEOPLE_OF_A_GROUP: usize = 100;
/// People who are created over SCIM for comparison, and by how many clients.
const CREATED: usize = 5_000;
const CLIENTS: usize = 64;
/// How long a round may take.
const MOST: Duration = Duration::from_mins(30);
/// How often a directory is pulled, where nothing is said.
const INTERVAL: f64 = 900.0;

/// Runs the scenario and prints its tables.
pub(crate) async fn run(shape: Shape, people: usize, directories: usize) {
    let entra = Entra::start(Options::default()).unwrap();
    let environment = [
        ("ROLLCALL_ENTRA_AUTHORITY", entra.url()),
        ("ROLLCALL_GRAPH_URL", entra.url()),
    ];
    let mut system = System::start_with(shape, &environment).await;
    if shape == Shape::Separate {
        system.add("graph-sync", "rollcall-graph-sync", Detour::default()).await;
    }
    first_round(&system, &entra, shape, people).await;
    idle(&system, &entra, shape, directories).await;
    report::memory(&usage::all(&system));
    system.stop().await;
}

fn tenant(entra: &Entra, users: usize, groups: usize, members: u32) -> Tenant {
    let new = NewTenant {
        id: None,
        domain: "fabrikam.example".to_owned(),
    };
    let tenant = entra.create_tenant(&new).unwrap();
    let bulk = Bulk {
        users: u32::try_from(users).unwrap(),
        groups: u32::try_from(groups).unwrap(),
        members,
        managers: true,
    };
    tenant.bulk(bulk).unwrap();
    tenant
}

async fn first_round(system: &System, entra: &Entra, shape: Shape, people: usize) {
    let fabrikam = tenant(entra, people, people / PEOPLE_OF_A_GROUP, MEMBERS);
    let alone = people as f64 / served(entra, &fabrikam).await.as_secs_f64();
    let taken = created(system).await;
    let here = system.tenant("fabrikam.example").await;
    let directory: DirectoryId = here.directory_id.parse().unwrap();
    let before = usage::all(system);
    let started = Instant::now();
    pull(system, directory, &fabrikam).await;
    let came = all_came(system, directory, people).await - started;
    until_over(system, directory, MOST).await;
    let whole_cycle = started.elapsed();
    let after = usage::all(system);
    let pulled = people as f64 / came.as_secs_f64();
    let about = format!("a first round from Microsoft Graph, {}", name(shape));
    let titles = [
        "people",
        "people/s",
        "until over s",
        "simulator/s",
        "SCIM/s",
        "of the smaller",
    ];
    let table = Table::new(&about, &titles);
    table.row(&[
        whole(people),
        rate(pulled),
        fine(whole_cycle.as_secs_f64()),
        rate(alone),
        rate(taken),
        fine(pulled / alone.min(taken)),
    ]);
    println!(
        "simulator: its pages read by the same client, and nothing done with them; SCIM: the same services, {CLIENTS} clients."
    );
    report::cpu("person", &[(1, people, report::spent(&before, &after))]);
}

/// How long it takes to read everybody, where nothing is done with them.
async fn served(entra: &Entra, tenant: &Tenant) -> Duration {
    let guard = Guard::new(Rules::new(true, Vec::new(), Vec::new()));
    let clouds = Clouds::of_settings(entra.url(), Some(entra.url())).unwrap();
    let identity = Identity {
        connection: ConnectionId::new(),
        tenant: tenant.id(),
        client_id: app(tenant),
        endpoints: clouds.endpoints(Cloud::Global),
        credential: Credential::Secret(SECRET.into()),
        size: TenantSize::of(0),
    };
    let session = Graph::new(guard).unwrap().session(identity);
    let map = AttributeMap::users(&::graph::map::default_users(), ResourceType::user()).unwrap();
    let mut link = session
        .first_link(Collection::Users, &map.select(), &Begin::All)
        .unwrap();
    let started = Instant::now();
    loop {
        match session.users_page(&link).await.unwrap().next {
            Next::More(next) => link = next,
            Next::Done(_) => return started.elapsed(),
        }
    }
}

/// How many people a second the same services take over SCIM.
async fn created(system: &System) -> f64 {
    let here = system.tenant("contoso.example").await;
    let server = Server::new(&here.scim.base, Some(&here.scim.token));
    let creates = load::run(CLIENTS, CREATED, move |n| {
        let server = server.clone();
        let body = format!(
            r#"{{"schemas":["{}"],"userName":"person{n}@contoso.example","externalId":"{n}","active":true,"title":"Engineer","name":{{"givenName":"P","familyName":"{n}"}}}}"#,
            scim::urn::CORE_USER
        );
        async move { server.send("POST", "/Users", "", &body).await?.expect(201) }
    });
    creates.await.flawless().rate()
}

/// When the last of so many people came.
async fn all_came(system: &System, directory: DirectoryId, people: usize) -> Instant {
    let started = Instant::now();
    loop {
        let counts = system.database.store.directories().counts(&[directory]).await.unwrap();
        let users = counts.get(&directory).map_or(0, |counts| counts.users);
        if usize::try_from(users).unwrap() >= people {
            return Instant::now();
        }
        assert!(started.elapsed() < MOST, "{users} of {people} people came");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A round of many directories in which nothing happened since the last one.
async fn idle(system: &System, entra: &Entra, shape: Shape, count: usize) {
    let mut directories = Vec::with_capacity(count);
    for n in 0..count {
        let here = system.tenant(&format!("tenant{n}.example")).await;
        let directory: DirectoryId = here.directory_id.parse().unwrap();
        pull(system, directory, &tenant(entra, 3, 1, 2)).await;
        directories.push(directory);
    }
    for directory in &directories {
        until_over(system, *directory, MOST).await;
    }
    let before = usage::all(system);
    let started = Instant::now();
    let pulls = system.database.store.graph_pulls();
    for directory in &directories {
        pulls.ask(*directory, Timestamp::now()).await.unwrap();
    }
    for directory in &directories {
        until_over(system, *directory, MOST).await;
    }
    let took = started.elapsed();
    let spent: BTreeMap<String, f64> = report::spent(&before, &usage::all(system));
    let services: f64 = spent
        .iter()
        .filter(|(name, _)| *name != "load")
        .map(|(_, cpu)| cpu)
        .sum();
    let about = format!("a round in which nothing happened, {}", name(shape));
    let table = Table::new(&about, &["directories", "took s", "CPU s", "% of a core at 15 min"]);
    table.row(&[
        whole(count),
        fine(took.as_secs_f64()),
        fine(services),
        fine(100.0 * services / INTERVAL),
    ]);
}
