//! Sessions of single sign-on end with what they stand on, once, though whoever ends them is killed, and each app hears of its
//! own.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;
use system::identity_provider::IdentityProvider;
use system::process::{PATIENCE, pause};
use system::scim::{PATCH_OP, Scim};
use system::single_sign_on::{App, LogoutReceiver, Session, connect};
use system::{Detour, Shape, System, Tenant, assert_gapless};
use uuid::Uuid;

crate::on_both_shapes! {
    sessions_end_once_though_their_reader_is_killed,
    sessions_end_when_the_settings_of_the_directory_take_the_grant,
}

/// People who leave, and people who stay.
const LEAVING: usize = 36;
const STAYING: usize = 8;
/// How often the reader is killed.
const KILLS: usize = 3;

/// Somebody with a session of the first app, and perhaps one of the second.
struct Person {
    id: String,
    sessions: [Option<Session>; 2],
}

/// An app with where it is told of logouts.
struct ToldApp {
    app: App,
    receiver: LogoutReceiver,
}

async fn told_app(system: &System, provider: &IdentityProvider) -> ToldApp {
    let receiver = LogoutReceiver::start();
    ToldApp {
        app: App::register(system, provider, &receiver.url).await,
        receiver,
    }
}

/// A person who is logged in: to the second app only every other one, and every third has a code there that is never redeemed.
async fn person(n: usize, tenant: &Tenant, sso: &str, connection: &Value, apps: &[ToldApp; 2]) -> Person {
    let (name, object) = (format!("person{n}@contoso.example"), Uuid::new_v4());
    let id = tenant.scim.create_user(&name).await.id();
    let first = apps[0].app.log_in(sso, connection, &name, object).await;
    let second = if n.is_multiple_of(2) {
        Some(apps[1].app.log_in(sso, connection, &name, object).await)
    } else {
        None
    };
    if n.is_multiple_of(3) {
        apps[1].app.begin(sso, connection, &name, object).await;
    }
    Person {
        id,
        sessions: [Some(first), second],
    }
}

/// Deactivates somebody, for as long as nobody says that it is done.
async fn deactivate(scim: &Scim, id: &str) {
    let operation = json!({ "op": "Replace", "path": "active", "value": false });
    let body = json!({ "schemas": [PATCH_OP], "Operations": [operation] });
    let started = Instant::now();
    loop {
        match scim.try_send("PATCH", &format!("/Users/{id}"), Some(&body), &[]).await {
            Ok(answer) if answer.status < 300 => return,
            _ => assert!(started.elapsed() < PATIENCE, "{id} is not deactivated"),
        }
        pause().await;
    }
}

async fn started(shape: Shape, provider: &IdentityProvider) -> System {
    let mut system = System::start_with(shape, &[("ROLLCALL_ENTRA_AUTHORITY", &provider.authority)]).await;
    if shape == Shape::Separate {
        system.add("sso", "rollcall-sso", Detour::default()).await;
    }
    system
}

async fn sessions_end_once_though_their_reader_is_killed(shape: Shape) {
    let provider = IdentityProvider::start();
    let mut system = started(shape, &provider).await;
    let tenant = system.tenant("contoso.example").await;
    let connection = connect(&system, &tenant, &provider).await;
    let apps = [told_app(&system, &provider).await, told_app(&system, &provider).await];
    let sso = system.process("sso").url();
    let mut people = Vec::new();
    for n in 0..LEAVING + STAYING {
        people.push(person(n, &tenant, &sso, &connection, &apps).await);
    }
    let (leaving, staying) = people.split_at(LEAVING);

    let scim = &tenant.scim;
    let leave = async {
        for some in leaving.chunks(4) {
            futures_util::future::join_all(some.iter().map(|person| deactivate(scim, &person.id))).await;
        }
    };
    let kill = async {
        for round in 1..=KILLS {
            apps[0].receiver.wait_for(round * LEAVING / (2 * KILLS)).await;
            let process = system.process("sso");
            process.kill().await;
            process.start().await;
        }
    };
    tokio::join!(leave, kill);

    for (n, told) in apps.iter().enumerate() {
        heard_of_its_own(told, leaving, n).await;
    }
    each_ended_once(&system, &tenant, leaving).await;
    for (n, told) in apps.iter().enumerate() {
        for (person, is_live) in leaving
            .iter()
            .map(|person| (person, false))
            .chain(staying.iter().map(|person| (person, true)))
        {
            if let Some(session) = &person.sessions[n] {
                assert_eq!(told.app.is_live(&sso, session).await, is_live, "{}", person.id);
            }
        }
    }
    system.verify().await;
    for told in apps {
        told.receiver.stop().await;
    }
    provider.stop().await;
    system.stop().await;
}

async fn sessions_end_when_the_settings_of_the_directory_take_the_grant(shape: Shape) {
    let provider = IdentityProvider::start();
    let mut system = started(shape, &provider).await;
    let (tenant, other) = (
        system.tenant("contoso.example").await,
        system.tenant("fabrikam.example").await,
    );
    let sso = system.process("sso").url();
    let told = told_app(&system, &provider).await;
    let mut sessions = Vec::new();
    for (tenant, names) in [(&tenant, &["ada", "bob"][..]), (&other, &["eve"])] {
        let connection = connect(&system, tenant, &provider).await;
        for name in names {
            let name = format!("{name}@contoso.example");
            tenant.scim.create_user(&name).await.expect(201);
            sessions.push(told.app.log_in(&sso, &connection, &name, Uuid::new_v4()).await);
        }
    }
    let grants = json!({ "default_grants": ["web"] });
    let path = format!("/directories/{}", tenant.directory_id);
    system.api("PATCH", &path, Some(grants)).await;
    told.receiver.wait_for(2).await;
    let log = system.log(&tenant).await;
    let ended = log.iter().filter(|event| event["type"] == "session.ended");
    let mut reasons: Vec<_> = ended.map(|event| event["data"]["session"]["reason"].clone()).collect();
    reasons.dedup();
    assert_eq!(reasons, [json!("access_lost")]);
    let mut are_live = Vec::new();
    for session in &sessions {
        are_live.push(told.app.is_live(&sso, session).await);
    }
    assert_eq!(are_live, [false, false, true], "another directory is not concerned");
    system.verify().await;
    told.receiver.stop().await;
    provider.stop().await;
    system.stop().await;
}

/// The sessions of one app that had to end, with their people.
fn ended(leaving: &[Person], app: usize) -> BTreeMap<&str, &str> {
    let sessions = leaving.iter().filter_map(|person| person.sessions[app].as_ref());
    sessions
        .map(|session| (session.sid.as_str(), session.sub.as_str()))
        .collect()
}

/// An app hears of each session of its own that had to end, by tokens of one name, and of no other.
async fn heard_of_its_own(told: &ToldApp, leaving: &[Person], app: usize) {
    let expected = ended(leaving, app);
    let started = Instant::now();
    let tokens = loop {
        let tokens = told.receiver.told();
        let sids: BTreeSet<_> = tokens.iter().map(|(_, token)| token["sid"].as_str().unwrap()).collect();
        if sids.len() >= expected.len() {
            break tokens;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "{} of {} were told",
            sids.len(),
            expected.len()
        );
        pause().await;
    };
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for (_, token) in &tokens {
        let text = |name: &str| token[name].as_str().unwrap();
        assert_eq!(expected.get(text("sid")), Some(&text("sub")), "another's: {token}");
        assert_eq!(text("aud"), told.app.id);
        let known = *names.entry(text("sid")).or_insert(text("jti"));
        assert_eq!(known, text("jti"), "a repetition has the same name");
    }
    let distinct: BTreeSet<_> = names.values().collect();
    assert_eq!(distinct.len(), expected.len(), "each session has a name of its own");
}

/// The log has one end for each session that had to end, and for no other.
async fn each_ended_once(system: &System, tenant: &Tenant, leaving: &[Person]) {
    let log = system.log(tenant).await;
    assert_gapless(&log);
    let mut expected: BTreeMap<_, _> = ended(leaving, 0);
    expected.extend(ended(leaving, 1));
    let mut found = BTreeSet::new();
    for event in log.iter().filter(|event| event["type"] == "session.ended") {
        let session = &event["data"]["session"];
        let id = session["id"].as_str().unwrap();
        assert!(found.insert(id), "ended twice: {event}");
        assert_eq!(expected.get(id).copied(), session["user_id"].as_str(), "{event}");
        assert_eq!(session["reason"], "deactivated");
    }
    assert_eq!(found.len(), expected.len());
}
