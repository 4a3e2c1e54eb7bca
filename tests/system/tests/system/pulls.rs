//! A directory is pulled from Microsoft Graph, and whoever takes part is killed meanwhile: nobody is made twice, nobody is left
//! out, and the log says each thing once.

use entra::{Bulk, Entra, NewTenant, Options};
use events::{DirectoryId, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;
use system::process::{PATIENCE, pause};
use system::pulls::{pull, until_over};
use system::{Detour, Shape, System, Tenant, assert_gapless};

crate::on_both_shapes! {
    a_directory_that_is_pulled_loses_nothing_though_everybody_is_killed,
}

const USERS: u32 = 1_500;
const GROUPS: u32 = 5;
const MEMBERS: u32 = 300;

/// Waits until the directory has more than so many users.
async fn until_more_than(system: &System, directory: DirectoryId, users: i64) -> i64 {
    let started = Instant::now();
    loop {
        let counts = system.database.store.directories().counts(&[directory]).await.unwrap();
        let count = counts.get(&directory).map_or(0, |counts| counts.users);
        if count > users {
            return count;
        }
        assert!(started.elapsed() < PATIENCE, "no more than {count} people came");
        pause().await;
    }
}

async fn a_directory_that_is_pulled_loses_nothing_though_everybody_is_killed(shape: Shape) {
    let entra = Entra::start(Options::default()).unwrap();
    let fabrikam = NewTenant {
        id: None,
        domain: "fabrikam.example".to_owned(),
    };
    let fabrikam = entra.create_tenant(&fabrikam).unwrap();
    let bulk = Bulk {
        users: USERS,
        groups: GROUPS,
        members: MEMBERS,
        managers: true,
    };
    fabrikam.bulk(bulk).unwrap();
    fabrikam
        .behave(|how| (how.page_size, how.member_page_size) = (20, 50))
        .unwrap();
    let environment = [
        ("ROLLCALL_ENTRA_AUTHORITY", entra.url()),
        ("ROLLCALL_GRAPH_URL", entra.url()),
    ];
    let mut system = System::start_with(shape, &environment).await;
    let tenant: Tenant = system.tenant("fabrikam.example").await;
    let directory: DirectoryId = tenant.directory_id.parse().unwrap();
    if shape == Shape::Separate {
        for name in ["one", "another"] {
            system.add("graph-sync", name, Detour::default()).await;
        }
    }
    pull(&system, directory, &fabrikam).await;
    let mut users = until_more_than(&system, directory, 50).await;
    let victims: &[&str] = match shape {
        Shape::AllInOne => &["rollcall", "rollcall", "rollcall"],
        Shape::Separate => &["one", "another", "rollcall-projector", "one"],
    };
    for victim in victims {
        system.processes.get_mut(*victim).unwrap().kill().await;
        if *victim != "one" {
            // The others wait for whoever was killed; the directory of "one" moves to "another".
            system.processes.get_mut(*victim).unwrap().start().await;
        }
        users = until_more_than(&system, directory, users).await;
        if *victim == "one" {
            system.processes.get_mut(*victim).unwrap().start().await;
        }
    }
    until_over(&system, directory, 2 * PATIENCE).await;
    let log = system.log(&tenant).await;
    assert_gapless(&log);
    let of = |kind: &str| {
        log.iter()
            .filter(|event| event["type"] == kind)
            .collect::<Vec<&Value>>()
    };
    let made: BTreeSet<&str> = of("user.created")
        .iter()
        .map(|event| event["data"]["user"]["external_id"].as_str().unwrap())
        .collect();
    let truth = fabrikam.truth().unwrap();
    assert_eq!(
        (of("user.created").len(), made.len(), truth.users.len()),
        (USERS as usize, USERS as usize, USERS as usize)
    );
    assert_eq!(of("group.created").len(), GROUPS as usize);
    assert_eq!(of("group.member_added").len(), (GROUPS * MEMBERS) as usize);
    for kind in [
        "user.deleted",
        "user.deactivated",
        "group.deleted",
        "group.member_removed",
    ] {
        assert!(of(kind).is_empty(), "{kind}");
    }
    // What changed since is there with the next round, and nothing else.
    let before = log.len();
    fabrikam
        .update_user(truth.users[7].id, json!({ "jobTitle": "Driver" }))
        .unwrap();
    system
        .database
        .store
        .graph_pulls()
        .ask(directory, Timestamp::now())
        .await
        .unwrap();
    until_over(&system, directory, 2 * PATIENCE).await;
    let said: Vec<Value> = system.log(&tenant).await[before..].to_vec();
    let said: Vec<&str> = said.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(said, ["user.updated", "directory.sync_completed"]);
    assert!(entra.requests().broken.is_empty(), "{:?}", entra.requests().broken);
    system.verify().await;
    system.stop().await;
}
