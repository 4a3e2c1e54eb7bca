//! Another master key takes the place of the one that everything is sealed with.

mod killed;
mod of_files;

use super::shell::{Ended, Shell, text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use events::{DeadLetterId, Timestamp};
use secrets::{KeyId, MasterKey};
use serde_json::{Value, json};
use std::process::Command;
use std::time::Instant;
use store::testing::TestDatabase;
use store::{DeadLetter, DeadLetterKind, Dialect, SealedColumn};
use system::process::{PATIENCE, pause};
use system::receiver::Receiver;
use system::{MASTER_KEY as OLD, Shape, System, Tenant};

/// Takes the place of [`OLD`].
const NEW: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
/// What nothing is sealed with.
const UNKNOWN: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
const CERTIFICATE: &str = include_str!("../../../src/keys/tls/client.pem");
const PRIVATE_KEY: &str = include_str!("../../../src/keys/tls/client.key");

mod all_in_one {
    #[tokio::test(flavor = "multi_thread")]
    async fn every_secret_is_sealed_with_the_new_key_and_is_the_same_as_before() {
        Box::pin(super::every_secret_is_the_same_as_before(system::Shape::AllInOne)).await;
    }
}

mod separate {
    #[tokio::test(flavor = "multi_thread")]
    async fn every_secret_is_sealed_with_the_new_key_and_is_the_same_as_before() {
        Box::pin(super::every_secret_is_the_same_as_before(system::Shape::Separate)).await;
    }
}

fn key(text: &str) -> MasterKey {
    MasterKey::from_base64(text).unwrap()
}

/// An operator beside a database, with these keys.
fn operator(database: &TestDatabase, current: &str, previous: Option<&str>) -> Shell {
    let mut shell = Shell::new();
    let mut set = |name: &str, value: &str| shell.environment.push((name.to_owned(), value.to_owned()));
    set("ROLLCALL_DATABASE_URL", &database.url);
    set("ROLLCALL_MASTER_KEY", current);
    if let Some(previous) = previous {
        set("ROLLCALL_MASTER_KEY_PREVIOUS", previous);
    }
    shell
}

async fn rotate(shell: &Shell) -> Ended {
    shell.run(&["rotate-master-key", "--json"]).await
}

/// One secret of each kind, as those who know it see it.
struct Known {
    endpoint_id: String,
    secret: Value,
    url: Value,
    key_path: String,
    token: Value,
    answered: Value,
    letter: DeadLetterId,
    access_token: String,
}

const LETTER: &[u8] = b"{\"a\":\"command\"}";

async fn every_secret_is_the_same_as_before(shape: Shape) {
    let mut system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let receiver = Receiver::start();
    let known = make_all(&system, &tenant, &receiver).await;
    assert!(!beginnings(&system.database, OLD).await.is_empty());

    // Every service gets both keys, and seals with the new one.
    restart(
        &mut system,
        &[
            ("ROLLCALL_MASTER_KEY", Some(NEW)),
            ("ROLLCALL_MASTER_KEY_PREVIOUS", Some(OLD)),
        ],
    )
    .await;
    check(&system, &tenant, &receiver, &known).await;
    assert_eq!(access(&tenant, &known).await, 200);
    assert_eq!(published_keys(&system).await, 2);
    let shell = operator(&system.database, NEW, Some(OLD));
    let found = shell.run(&["doctor"]).await;
    assert!(found.out.contains("sealed with the previous key: "), "{}", found.out);
    assert!(
        found.out.contains("`rollcall rotate-master-key` seals them again"),
        "{}",
        found.out
    );

    let report = rotate(&shell).await.well().json();
    assert!(report["sealed_again"].as_u64().unwrap() >= 8, "{report}");
    assert_eq!(report["cannot_be_opened"], 0, "{report}");
    assert_eq!(report["previous_key_may_be_removed"], true, "{report}");
    assert_eq!(report["master_key"], key(NEW).id().to_string(), "{report}");
    check(&system, &tenant, &receiver, &known).await;
    assert_eq!(access(&tenant, &known).await, 200);
    let again = rotate(&shell).await.well().json();
    assert_eq!(again["sealed_again"], 0, "{again}");
    let found = shell.run(&["doctor"]).await;
    assert!(
        found.out.contains("sealed with the previous key: 0 of "),
        "{}",
        found.out
    );

    // The previous key is taken away, and nothing in the database is sealed with it.
    restart(&mut system, &[("ROLLCALL_MASTER_KEY_PREVIOUS", None)]).await;
    check(&system, &tenant, &receiver, &known).await;
    assert_eq!(access(&tenant, &known).await, 401);
    assert_eq!(published_keys(&system).await, 1);
    assert_eq!(beginnings(&system.database, OLD).await, Vec::<String>::new());
    assert!(!beginnings(&system.database, NEW).await.is_empty());
    let letters = system.database.store.dead_letters();
    let letter = letters.by_id(known.letter).await.unwrap().unwrap();
    let context = SealedColumn::DeadLetterBody.context(&known.letter);
    assert_eq!(key(NEW).open(&letter.body.unwrap(), &context).unwrap(), LETTER);

    with_the_old_key_only(&mut system, &known).await;
    receiver.stop().await;
    system.stop().await;
}

/// What a service and the commands say without the key that is needed.
async fn with_the_old_key_only(system: &mut System, known: &Known) {
    restart(system, &[("ROLLCALL_MASTER_KEY", Some(OLD))]).await;
    let new = key(NEW).id().to_string();
    for process in system.processes.values() {
        let said = process.log();
        let said = said
            .lines()
            .rfind(|line| line.contains("sealed with a master key that this program does not have"))
            .unwrap_or_else(|| panic!("{} says nothing", process.name));
        assert!(
            said.contains(&new) && said.contains("ROLLCALL_MASTER_KEY_PREVIOUS"),
            "{said}"
        );
    }
    let (status, answer) = system.try_api("GET", &known.key_path, None).await;
    assert_eq!(status, 500, "{answer}");
    for shell in [
        operator(&system.database, OLD, None),
        operator(&system.database, UNKNOWN, Some(OLD)),
    ] {
        let ended = rotate(&shell).await;
        let report = ended.json();
        assert_eq!(ended.code, 1, "{report}");
        let named = report["unopened"].as_array().unwrap();
        let of_endpoint = named
            .iter()
            .find(|one| one["column"] == "endpoints.sealed_secret" && one["row"] == known.endpoint_id.as_str())
            .unwrap_or_else(|| panic!("the endpoint is named: {report}"));
        assert!(text(&of_endpoint["reason"]).contains(&new), "{report}");
        let shown = format!("{}{}", ended.out, ended.err);
        for secret in [OLD, NEW, UNKNOWN, known.secret.as_str().unwrap()] {
            assert!(!shown.contains(secret), "{shown}");
        }
        let found = shell.run(&["doctor"]).await;
        assert_eq!(found.code, 2, "{}", found.out);
        assert!(
            found
                .out
                .contains(&format!("in endpoints.sealed_secret with the key {new}")),
            "{}",
            found.out
        );
    }
    restart(system, &[("ROLLCALL_MASTER_KEY", Some(NEW))]).await;
}

/// Stops everything, and starts it with other variables.
async fn restart(system: &mut System, variables: &[(&str, Option<&str>)]) {
    for process in system.processes.values_mut() {
        assert!(process.terminate().await.success());
        for (name, value) in variables {
            process.set(name, *value);
        }
    }
    for process in system.processes.values_mut() {
        process.start().await;
    }
}

/// Makes one of everything that is sealed.
async fn make_all(system: &System, tenant: &Tenant, receiver: &Receiver) -> Known {
    let body = json!({ "headers": { "x-gateway-key": "secret" },
        "client_certificate": { "certificate": CERTIFICATE, "private_key": PRIVATE_KEY } });
    let endpoint_id = system.subscribe(receiver, body).await;
    let path = format!("/endpoints/{endpoint_id}");
    system
        .api("POST", &format!("{path}/rotate-secret"), Some(json!({})))
        .await;
    let keys = format!("/directories/{}/keys", tenant.directory_id);
    let body = json!({ "name": "retrievable", "retrievable": true });
    let made = system.api("POST", &keys, Some(body)).await;
    let key_path = format!("{keys}/{}/token", text(&made["id"]));
    let clients = format!("/directories/{}/oauth-clients", tenant.directory_id);
    let client = system.api("POST", &clients, Some(json!({ "name": "entra" }))).await;
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        text(&client["client_id"]),
        text(&client["client_secret"])
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = tenant
        .scim
        .send_raw("POST", "/oauth/token", &headers, form.into_bytes())
        .await;
    let letter = letter();
    system
        .database
        .store
        .dead_letters()
        .keep(std::slice::from_ref(&letter))
        .await
        .unwrap();
    Known {
        secret: system.api("GET", &format!("{path}/secret"), None).await["secret"].clone(),
        url: system.api("GET", &path, None).await["url"].clone(),
        endpoint_id,
        token: system.api("GET", &key_path, None).await["token"].clone(),
        key_path,
        answered: post_once(system).await,
        letter: letter.id,
        access_token: text(&answer.body["access_token"]),
    }
}

fn letter() -> DeadLetter {
    let id = DeadLetterId::new();
    DeadLetter {
        id,
        kind: DeadLetterKind::UserCommand,
        message_id: id.to_string(),
        queue: "rollcall.commands.0".to_owned(),
        lane: Some(0),
        name: None,
        organization_id: None,
        directory_id: None,
        resource_id: None,
        reason: "hopeless".to_owned(),
        tried: None,
        times: 1,
        trace_id: None,
        body: Some(key(OLD).seal(LETTER, &SealedColumn::DeadLetterBody.context(&id))),
        parked_at: Timestamp::now(),
        redriven_at: None,
        outcome: None,
    }
}

/// The same request with the same key: it makes one admin key, and its token is in every answer.
async fn post_once(system: &System) -> Value {
    let answer = system::client()
        .post(format!("{}/api/v1/admin-keys", system.admin_url()))
        .bearer_auth(system::ADMIN_KEY)
        .header("idempotency-key", "once")
        .json(&json!({ "name": "once", "scopes": ["read"] }))
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.json().await.unwrap()
}

/// Everything that was known is known, and webhooks are signed as before.
async fn check(system: &System, tenant: &Tenant, receiver: &Receiver, known: &Known) {
    let path = format!("/endpoints/{}", known.endpoint_id);
    assert_eq!(
        system.api("GET", &format!("{path}/secret"), None).await["secret"],
        known.secret
    );
    let endpoint = system.api("GET", &path, None).await;
    assert_eq!(endpoint["url"], known.url);
    assert!(!endpoint["client_certificate"].is_null());
    assert_eq!(system.api("GET", &known.key_path, None).await["token"], known.token);
    assert_eq!(post_once(system).await, known.answered);
    let before = receiver.count();
    let user = format!("user{before}@x.example");
    tenant.scim.create_user(&user).await.expect(201);
    let started = Instant::now();
    loop {
        let of_user = |body: &Value| body["data"]["user"]["user_name"] == user.as_str();
        if let Some(arrival) = receiver.arrivals().into_iter().find(|arrival| of_user(&arrival.body)) {
            // By the secret of before the rotation of the endpoint, so the previous secret of it signs, too.
            assert!(arrival.verified, "{}", arrival.signature);
            assert_eq!(arrival.signature.split(' ').count(), 2, "{}", arrival.signature);
            break;
        }
        assert!(started.elapsed() < PATIENCE, "no webhook about {user}");
        pause().await;
    }
}

/// An access token that was given out before.
async fn access(tenant: &Tenant, known: &Known) -> u16 {
    tenant.scim.with_token(&known.access_token).get("/Users").await.status
}

/// The keys that Security Event Tokens are verified with.
async fn published_keys(system: &System) -> usize {
    let url = format!("{}/.well-known/jwks.json", system.admin_url());
    let answer: Value = system::client().get(url).send().await.unwrap().json().await.unwrap();
    answer["keys"].as_array().unwrap().len()
}

/// Where in the database, whatever the table, there is the beginning of a value that a key sealed.
async fn beginnings(database: &TestDatabase, master_key: &str) -> Vec<String> {
    let head: Vec<u8> = key(master_key).seal(b"", "")[..KeyId::HEAD].to_vec();
    let hex: String = head.iter().map(|byte| format!("{byte:02x}")).collect();
    // Six digits of base64 are as good as four and a half bytes, whatever follows.
    let base64 = STANDARD.encode(&head)[..6].to_owned();
    let forms = [head, hex.into_bytes(), base64.into_bytes()];
    let dump = dump(database).await;
    let holds = |form: &[u8]| dump.windows(form.len()).filter(|part| *part == form).count();
    let found = forms.iter().map(|form| holds(form)).filter(|count| *count > 0);
    found.map(|count| format!("{count} times")).collect()
}

/// All that a database has at this moment, and nothing of what it had.
async fn dump(database: &TestDatabase) -> Vec<u8> {
    if database.store.dialect() == Dialect::Sqlite {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy.db");
        database.execute(&format!("VACUUM INTO '{}'", copy.display())).await;
        return std::fs::read(copy).unwrap();
    }
    let mut dump = Command::new("pg_dump");
    let output = dump.args(["--data-only", "--dbname", &database.url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}
