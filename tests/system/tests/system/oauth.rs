//! Authentication without long-lived tokens: client credentials (E3) and workload identity federation (E4).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use events::Timestamp;
use federation::{SUBJECT, ask_with_assertion, claims, federated};
use secrets::{AccessClaims, AccessTokens, GrantType, MasterKey};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use system::identity_provider::{IdentityProvider, kid, unsigned};
use system::scim::Answer;
use system::{Shape, System, Tenant};

mod federation;

crate::on_both_shapes! {
    a_client_gets_a_token_however_it_sends_its_credentials,
    what_is_no_good_client_gets_no_token,
    a_token_opens_its_directory_until_it_or_its_client_ends,
    a_way_of_authentication_that_is_switched_off_opens_nothing,
    strangers_get_one_answer_and_the_reason_is_in_the_log_of_the_directory,
}

const AUDIENCE: &str = "api://rollcall";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A client as the management API answered it.
struct Client {
    id: String,
    secret: String,
}

impl Client {
    async fn create(system: &System, tenant: &Tenant, body: Value) -> Self {
        let path = format!("/directories/{}/oauth-clients", tenant.directory_id);
        let made = system.api("POST", &path, Some(body)).await;
        assert_eq!(made["token_url"], format!("{}/oauth/token", tenant.scim.base));
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Self {
            id: text("client_id"),
            secret: text("client_secret"),
        }
    }

    fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.id, self.secret)))
    }

    fn form(&self) -> String {
        format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            self.id, self.secret
        )
    }
}

async fn ask(tenant: &Tenant, form: &str, authorization: Option<&str>) -> Answer {
    let mut headers = vec![FORM];
    headers.extend(authorization.map(|value| ("authorization", value)));
    tenant
        .scim
        .send_raw("POST", "/oauth/token", &headers, form.as_bytes().to_vec())
        .await
}

/// The access token of a good answer.
#[track_caller]
fn token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.body["token_type"], "Bearer");
    assert_eq!(answer.body["expires_in"], 3600);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(
        (answer.status, answer.body["error"].as_str()),
        (status, Some(error)),
        "{}",
        answer.text
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("www-authenticate").is_empty(), status != 401);
    assert_eq!(answer.body.get("access_token"), None);
}

async fn status_with(tenant: &Tenant, token: &str) -> u16 {
    tenant.scim.with_token(token).get("/Users").await.status
}

/// What was looked up is remembered for a moment.
async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < system::process::PATIENCE, "{what}");
    }
}

// Rules: E3, V21
async fn a_client_gets_a_token_however_it_sends_its_credentials(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let first = Client::create(&system, &tenant, json!({})).await;
    let second = Client::create(&system, &tenant, json!({ "name": "the next one" })).await;
    for client in [&first, &second] {
        let (basic, form) = (client.basic(), client.form());
        let bare = "grant_type=client_credentials&scope=anything";
        for answer in [
            ask(&tenant, bare, Some(&basic)).await,
            ask(&tenant, &form, None).await,
            ask(&tenant, &form, Some(&basic)).await,
        ] {
            let scim = tenant.scim.with_token(&token(&answer));
            scim.get("/Users").await.expect(200);
        }
    }
    // Both forms of the base URL are the same directory.
    let (root, _) = tenant.scim.base.split_once("/directories/").unwrap();
    let by_domain = Tenant {
        directory_id: tenant.directory_id.clone(),
        organization_id: tenant.organization_id.clone(),
        scim: system::scim::Scim::new(&format!("{root}/org/contoso.example/scim/v2"), ""),
    };
    let answer = ask(&by_domain, &first.form(), None).await;
    let scim = tenant.scim.with_token(&token(&answer));
    scim.create_user("ada@contoso.example").await.expect(201);
    assert_eq!(status_with(&by_domain, &token(&answer)).await, 200);
    let path = format!("/directories/{}/oauth-clients", tenant.directory_id);
    eventually("the use of the client is noted", async || {
        let list = system.api("GET", &path, None).await;
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|client| !client["last_used_at"].is_null())
    })
    .await;
    system.stop().await;
}

// Rules: E3
async fn what_is_no_good_client_gets_no_token(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let other = system.tenant("fabrikam.example").await;
    let client = Client::create(&system, &tenant, json!({})).await;
    let foreign = Client::create(&system, &other, json!({})).await;
    let form = client.form();
    let mixed = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        client.id, foreign.secret
    );
    let with_key = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        client.id, tenant.scim.token
    );
    for bad in [
        &foreign.form(),
        &mixed,
        &with_key,
        &format!("{form}A"),
        "grant_type=client_credentials",
    ] {
        refused(&ask(&tenant, bad, None).await, 401, "invalid_client");
    }
    refused(
        &ask(&tenant, &form, Some(&foreign.basic())).await,
        400,
        "invalid_request",
    );
    refused(&ask(&tenant, &form, Some("Bearer x")).await, 401, "invalid_client");
    refused(&ask(&tenant, "client_id=a", None).await, 400, "invalid_request");
    refused(
        &ask(&tenant, "grant_type=password", None).await,
        400,
        "unsupported_grant_type",
    );
    let json = tenant.scim.send_raw(
        "POST",
        "/oauth/token",
        &[("content-type", "application/json")],
        b"{}".to_vec(),
    );
    refused(&json.await, 400, "invalid_request");
    let huge = format!("{form}&scope={}", "x".repeat(100_000));
    refused(&ask(&tenant, &huge, None).await, 400, "invalid_request");
    let get = tenant.scim.send_raw("GET", "/oauth/token", &[], Vec::new()).await;
    refused(&get, 405, "invalid_request");
    // An unknown directory is told in the same words.
    let nowhere = tenant
        .scim
        .base
        .replace(&tenant.directory_id, &uuid::Uuid::new_v4().to_string());
    let nowhere = Tenant {
        scim: system::scim::Scim::new(&nowhere, ""),
        ..other
    };
    let unknown = ask(&nowhere, &form, None).await;
    refused(&unknown, 401, "invalid_client");
    assert_eq!(unknown.body, ask(&tenant, &format!("{form}A"), None).await.body);
    // The secret of a client is no bearer token.
    assert_eq!(status_with(&tenant, &client.secret).await, 401);
    system.stop().await;
}

// Rules: E3
async fn a_token_opens_its_directory_until_it_or_its_client_ends(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let other = system.tenant("fabrikam.example").await;
    let client = Client::create(&system, &tenant, json!({})).await;
    let good = token(&ask(&tenant, &client.form(), None).await);
    assert_eq!(status_with(&tenant, &good).await, 200);
    assert_eq!(status_with(&other, &good).await, 401);
    for position in [4, 20, good.len() / 2, good.len() - 1] {
        let mut tampered = good.clone().into_bytes();
        tampered[position] = if tampered[position] == b'A' { b'B' } else { b'A' };
        assert_eq!(
            status_with(&tenant, &String::from_utf8(tampered).unwrap()).await,
            401,
            "{position}"
        );
    }
    let basic = format!("Basic {}", STANDARD.encode(format!("any:{good}")));
    let headers = [("authorization", basic.as_str())];
    let as_password = tenant.scim.send_raw("GET", "/Users", &headers, Vec::new()).await;
    assert_eq!(as_password.status, 401);
    // Signed by this installation, one good and one whose time is over, and one by another installation.
    let signed = |key: &MasterKey, at: Timestamp| {
        use secrecy::ExposeSecret as _;
        let claims = AccessClaims {
            grant: GrantType::ClientSecret,
            directory_id: tenant.directory_id.parse().unwrap(),
            subject: client.id.parse().unwrap(),
            expires_at_ms: at.millis(),
        };
        AccessTokens::new(&key.clone().into())
            .sign(&claims)
            .expose_secret()
            .to_owned()
    };
    let ours = MasterKey::from_base64(system::MASTER_KEY).unwrap();
    let minute = Duration::from_secs(60);
    let (past, future) = (Timestamp::now().minus(minute), Timestamp::now().plus(minute));
    assert_eq!(status_with(&tenant, &signed(&ours, future)).await, 200);
    assert_eq!(status_with(&tenant, &signed(&ours, past)).await, 401);
    assert_eq!(status_with(&tenant, &signed(&MasterKey::generate(), future)).await, 401);

    let expires_at = Timestamp::now().plus(Duration::from_secs(3));
    let short = Client::create(&system, &tenant, json!({ "expires_at": expires_at })).await;
    let short_token = token(&ask(&tenant, &short.form(), None).await);
    eventually("an expired client and its tokens", async || {
        ask(&tenant, &short.form(), None).await.status == 401 && status_with(&tenant, &short_token).await == 401
    })
    .await;
    assert!(Timestamp::now() >= expires_at);
    let path = format!("/directories/{}/oauth-clients/{}", tenant.directory_id, client.id);
    system.api("DELETE", &path, None).await;
    eventually("a revoked client and its tokens", async || {
        ask(&tenant, &client.form(), None).await.status == 401 && status_with(&tenant, &good).await == 401
    })
    .await;
    system.stop().await;
}

// Rules: E2
async fn a_way_of_authentication_that_is_switched_off_opens_nothing(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let client = Client::create(&system, &tenant, json!({})).await;
    let access = token(&ask(&tenant, &client.form(), None).await);
    let basic = format!("Basic {}", STANDARD.encode(format!("any:{}", tenant.scim.token)));
    let path = format!("/directories/{}", tenant.directory_id);
    let by_basic = async || {
        let headers = [("authorization", basic.as_str())];
        tenant.scim.send_raw("GET", "/Users", &headers, Vec::new()).await.status
    };
    for (on, expected) in [
        (json!(["oauth_client_credentials"]), (401, 401, 200, 200)),
        (json!(["bearer"]), (200, 401, 401, 400)),
        (json!(["basic", "workload_identity"]), (401, 200, 401, 400)),
        (Value::Null, (200, 200, 200, 200)),
    ] {
        system.api("PATCH", &path, Some(json!({ "authentication": on }))).await;
        eventually(&on.to_string(), async || {
            let by_key = tenant.scim.get("/Users").await.status;
            let by_access = status_with(&tenant, &access).await;
            let new = ask(&tenant, &client.form(), None).await.status;
            (by_key, by_basic().await, by_access, new) == expected
        })
        .await;
    }
    system
        .api("PATCH", &path, Some(json!({ "authentication": ["bearer"] })))
        .await;
    eventually("the refusal says why", async || {
        ask(&tenant, &client.form(), None).await.body["error"] == "unauthorized_client"
    })
    .await;
    system.stop().await;
}

/// What a stranger may compare: everything that is answered.
fn shown(answer: &Answer) -> (u16, String, String) {
    let header = |name: &str| answer.header(name).to_owned();
    let headers = ["cache-control", "content-type", "www-authenticate", "retry-after"].map(header);
    (answer.status, headers.join("|"), answer.text.clone())
}

// Rules: E3, E4
async fn strangers_get_one_answer_and_the_reason_is_in_the_log_of_the_directory(shape: Shape) {
    let provider = IdentityProvider::start();
    let (system, tenant) = federated(shape, &provider).await;
    let (without, other) = (
        system.tenant("fabrikam.example").await,
        system.tenant("northwind.example").await,
    );
    let path = |tenant: &Tenant| format!("/directories/{}", tenant.directory_id);
    let nowhere = tenant
        .scim
        .base
        .replace(&tenant.directory_id, &uuid::Uuid::new_v4().to_string());
    let nowhere = Tenant {
        directory_id: tenant.directory_id.clone(),
        organization_id: tenant.organization_id.clone(),
        scim: system::scim::Scim::new(&nowhere, ""),
    };
    let client = Client::create(&system, &tenant, json!({})).await;
    let foreign = Client::create(&system, &other, json!({})).await;
    let revoked = Client::create(&system, &tenant, json!({})).await;
    let revoked_path = format!("{}/oauth-clients/{}", path(&tenant), revoked.id);
    system.api("DELETE", &revoked_path, None).await;
    let good = claims(&provider);
    let now = Timestamp::now().millis() / 1000;
    let wrong = |name: &str, value: Value| {
        let mut wrong = good.clone();
        wrong[name] = value;
        provider.sign(0, &wrong)
    };
    let one = shown(&ask(&nowhere, &client.form(), None).await);
    assert_eq!(one.0, 401);
    // By secrets. The reason of the last refusal is what the administrator finds.
    let last_refusal = async || system.api("GET", &path(&tenant), None).await["last_refusal"].clone();
    let unknown = format!(
        "grant_type=client_credentials&client_id={}&client_secret=s",
        uuid::Uuid::new_v4()
    );
    for (form, reason) in [
        (unknown, "not one of this client"),
        (
            "grant_type=client_credentials&client_id=a&client_secret=s".to_owned(),
            "no client",
        ),
        ("grant_type=client_credentials&client_id=a".to_owned(), "client_secret"),
        (format!("{}A", client.form()), "secret"),
        (foreign.form(), "another directory"),
        (revoked.form(), "revoked"),
    ] {
        assert_eq!(shown(&ask(&tenant, &form, None).await), one, "{reason}");
    }
    eventually("the reason of the last refusal", async || {
        let refusal = last_refusal().await.to_string();
        assert!(!refusal.contains(&client.secret) && !refusal.contains(&foreign.secret));
        refusal.contains("revoked")
    })
    .await;
    // By assertions: of a federation that exists, of one that does not, of a directory that does not; with a key that the
    // tenant lacks, and while its keys cannot be had at all.
    for (assertion, reason) in [
        ("x.y.z".to_owned(), "not a JWT"),
        (wrong("iss", json!("https://elsewhere.example/v2.0")), "tenant"),
        (wrong("aud", json!("api://another")), "audience"),
        (wrong("sub", json!("another")), "subject"),
        (wrong("exp", json!(now - 120)), "expired"),
        (provider.sign(1, &good), "no such key"),
    ] {
        for tenant in [&tenant, &without, &nowhere] {
            assert_eq!(shown(&ask_with_assertion(tenant, &assertion).await), one, "{reason}");
        }
    }
    eventually("the reason of the last refusal", async || {
        last_refusal().await.to_string().contains("no such key")
    })
    .await;
    // Nobody proved anything: the directory is as it was.
    let seen = system.api("GET", &path(&tenant), None).await;
    assert_eq!(
        (&seen["last_error"], &seen["health"]["state"], &seen["last_request_at"]),
        (&Value::Null, &json!("waiting"), &Value::Null)
    );
    assert!(
        system
            .api("GET", &path(&other), None)
            .await
            .get("last_refusal")
            .is_none()
    );
    // What is good is taken all the same, and is what counts.
    let scim = tenant
        .scim
        .with_token(&token(&ask(&tenant, &client.form(), None).await));
    scim.get("/Users?count=0").await.expect(200);
    scim.get("/Users?filter=nonsense")
        .await
        .expect_error(400, "invalidFilter");
    eventually("a request that proved who it was", async || {
        system.api("GET", &path(&tenant), None).await["health"]["state"] == "failing"
    })
    .await;
    assert_eq!(shown(&ask(&tenant, &format!("{}A", client.form()), None).await), one);
    let unreachable = system.tenant("adventure.example").await;
    let stranger = uuid::Uuid::new_v4();
    let body = json!({ "tenant_id": stranger, "audience": AUDIENCE, "subject": SUBJECT });
    let federation = format!("{}/federation", path(&unreachable));
    system.api("PUT", &federation, Some(body)).await;
    let mut claims = good.clone();
    claims["tid"] = json!(stranger);
    claims["iss"] = json!(format!("{}/{stranger}/v2.0", provider.authority));
    let assertion = provider.sign(0, &claims);
    provider.stop().await;
    assert_eq!(shown(&ask_with_assertion(&unreachable, &assertion).await), one);
    eventually("keys that cannot be fetched", async || {
        let refusal = system.api("GET", &path(&unreachable), None).await["last_refusal"].to_string();
        refusal.contains("cannot be fetched")
    })
    .await;
    system.stop().await;
}
