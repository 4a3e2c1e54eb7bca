//! A directory is pulled from Microsoft Graph, and whoever takes part is killed meanwhile: nobody is made twice, nobody is left
//! out, and the log says each thing once.

use ::secrets::{MasterKey, MasterKeys};
use entra::{Bulk, Entra, NewApp, NewCredential, NewTenant, Options};
use events::{DirectoryId, GraphCredentialId, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;
use store::{
    GraphCredential, GraphCredentialKind, GraphCredentialState, GraphPull, GraphPullMode, GraphPullState, SealedColumn,
    SealedGraphCredential,
};
use system::process::{PATIENCE, pause};
use system::{Detour, MASTER_KEY, Shape, System, Tenant, assert_gapless};

crate::on_both_shapes! {
    a_directory_that_is_pulled_loses_nothing_though_everybody_is_killed,
}

const USERS: u32 = 1_500;
const GROUPS: u32 = 5;
const MEMBERS: u32 = 300;
const SECRET: &str = "a secret+with&more";

/// Lets a tenant of the simulator be pulled into a directory.
async fn pull(system: &System, directory: DirectoryId, tenant: &entra::Tenant) {
    let app = NewApp::new("Pull", &["User.Read.All", "GroupMember.Read.All"]).with(NewCredential::secret(SECRET));
    let client_id = tenant.app(app).unwrap();
    let store = &system.database.store;
    let now = Timestamp::now();
    let change = store.change(None).await.unwrap();
    let found = store.directories().by_id(directory).await.unwrap().unwrap();
    let pull = GraphPull {
        directory_id: directory,
        organization_id: found.organization_id,
        state: GraphPullState::Active,
        mode: GraphPullMode::Pull,
        cloud: "global".to_owned(),
        tenant_id: Some(tenant.id()),
        client_id: Some(client_id),
        settings: json!({ "scope": "all", "interval_seconds": 3_600 }).to_string(),
        generation: 1,
        due_at: now,
        held_until: None,
        progress: None,
        last_error: None,
        failing_since: None,
        failures: 0,
        brake_released_at: None,
        created_at: now,
        updated_at: now,
    };
    change.create_graph_pull(&pull).await.unwrap();
    let credential = GraphCredential {
        id: GraphCredentialId::new(),
        directory_id: directory,
        kind: GraphCredentialKind::Secret,
        state: GraphCredentialState::Active,
        certificate: None,
        hint: "a s".to_owned(),
        assertion_form: String::new(),
        expires_at: None,
        created_at: now,
        proved_at: None,
        retires_at: None,
    };
    let keys: MasterKeys = MasterKey::from_base64(MASTER_KEY).unwrap().into();
    let place = SealedColumn::GraphSecret.context(&credential.id);
    let sealed = SealedGraphCredential {
        secret: Some(keys.seal(SECRET.as_bytes(), &place)),
        private_key: None,
    };
    change.add_graph_credential(&credential, sealed).await.unwrap();
    change.commit().await.unwrap();
}

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

/// Waits until the cycle is over.
async fn until_over(system: &System, directory: DirectoryId) {
    let started = Instant::now();
    loop {
        let pull = system
            .database
            .store
            .graph_pulls()
            .by_directory(directory)
            .await
            .unwrap()
            .unwrap();
        let is_over = pull.progress.is_none() && pull.held_until.is_none() && pull.due_at > Timestamp::now();
        if is_over {
            assert_eq!((pull.failures, pull.last_error), (0, None));
            return;
        }
        assert!(started.elapsed() < 2 * PATIENCE, "the cycle does not end: {pull:?}");
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
    until_over(&system, directory).await;
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
    until_over(&system, directory).await;
    let said: Vec<Value> = system.log(&tenant).await[before..].to_vec();
    let said: Vec<&str> = said.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(said, ["user.updated", "directory.sync_completed"]);
    assert!(entra.requests().broken.is_empty(), "{:?}", entra.requests().broken);
    system.verify().await;
    system.stop().await;
}
