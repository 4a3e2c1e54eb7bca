//! Tokens, secrets and passwords are nowhere in the clear but in the one answer that hands them out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use system::mail::MailServer;
use system::otlp::Collector;
use system::receiver::Receiver;
use system::scim::user;
use system::{ADMIN_KEY, Shape, System, Tenant};

crate::on_both_shapes! { no_secret_is_in_the_clear_in_logs_spans_records_or_the_database }

/// A password that an identity provider sends. It is never kept.
const PASSWORD: &str = "t0psecret-password-of-ada";
/// A header of an endpoint, as an app may want it for its gateway.
const HEADER: &str = "t0psecret-header-of-an-app";
/// Path and query of an endpoint's URL may be secrets of the app.
const PATH: &str = "t0psecret-path-of-an-app";
/// What a stranger takes for a key.
const STRANGER: &str = "t0psecret-token-of-a-stranger";

/// Every secret of a run, by what it is.
type Secrets = Vec<(&'static str, String)>;

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn no_secret_is_in_the_clear_in_logs_spans_records_or_the_database(shape: Shape) {
    let collector = Collector::start();
    let mails = MailServer::start().await;
    let [(smtp_url, url), (mail_from, from)] = mails.settings();
    let system = System::start_with(
        shape,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("RUST_LOG", "debug"),
            (smtp_url, &url),
            (mail_from, &from),
            ("ROLLCALL_MAIL_OPERATORS", "ops@rollcall.example"),
        ],
    )
    .await;
    let receiver = Receiver::start();
    let tenant = system.tenant("contoso.example").await;
    let mut secrets: Secrets = vec![
        ("the admin key of the configuration", ADMIN_KEY.to_owned()),
        ("a password", PASSWORD.to_owned()),
        ("the path of an endpoint", PATH.to_owned()),
        ("a header of an endpoint", HEADER.to_owned()),
        ("the token of a stranger", STRANGER.to_owned()),
        ("the password of the mail server", system::mail::PASSWORD.to_owned()),
        ("a directory key", tenant.scim.token.clone()),
    ];
    make_all(&system, &tenant, &receiver, &mut secrets).await;
    provision(&tenant).await;
    receiver.wait_for(1).await;
    refuse(&system, &tenant).await;

    let mut places = records(&system, &tenant).await;
    // A retrievable key that ends, and an endpoint that fails.
    for mail in mails.wait_for(2).await {
        let content = format!("{}{:?}{:?}", mail.raw, mail.parts, mail.headers);
        assert!(!content.contains("ada@x.example"), "a mail names nobody: {content}");
        places.push((format!("the mail {}", mail.subject()), content.into_bytes()));
    }
    for (name, process) in &system.processes {
        places.push((format!("the log of {name}"), process.log().into_bytes()));
    }
    let mut spans = String::new();
    for span in collector.spans() {
        writeln!(spans, "{} {:?}", span.name, span.attributes).unwrap();
    }
    assert!(spans.contains("POST /Users"), "there are spans:\n{spans}");
    places.push(("the spans".to_owned(), spans.into_bytes()));
    places.push(("the database".to_owned(), dump(&system.database.url)));
    for (place, content) in &places {
        for (what, secret) in &secrets {
            for form in forms(secret) {
                assert!(!holds(content, &form), "{place} has {what} in the clear");
            }
        }
    }
    system.stop().await;
    receiver.stop().await;
    collector.stop().await;
}

/// Makes one of everything that has a secret.
async fn make_all(system: &System, tenant: &Tenant, receiver: &Receiver, secrets: &mut Secrets) {
    let directory = format!("/directories/{}", tenant.directory_id);
    let url = format!("{}{PATH}?key={PATH}", receiver.url);
    let body = json!({ "url": url, "headers": { "x-gateway-key": HEADER } });
    let endpoint = system.api("POST", "/endpoints", Some(body)).await;
    receiver.trust(endpoint["secret"].as_str().unwrap());
    secrets.push(("the secret of an endpoint", text(&endpoint["secret"])));
    // Nobody listens at another one.
    let body =
        json!({ "url": format!("{}/{PATH}?key={PATH}", system::nobody()), "headers": { "x-gateway-key": HEADER } });
    let failing = system.api("POST", "/endpoints", Some(body)).await;
    secrets.push(("the secret of an endpoint that fails", text(&failing["secret"])));
    let path = format!("/endpoints/{}/rotate-secret", text(&endpoint["id"]));
    let rotated = system.api("POST", &path, Some(json!({}))).await;
    secrets.push(("the new secret of an endpoint", text(&rotated["secret"])));
    let path = format!("{directory}/keys");
    let ends = events::Timestamp::now().plus(std::time::Duration::from_hours(48));
    let body = json!({ "name": "retrievable", "retrievable": true, "expires_at": ends });
    let key = system.api("POST", &path, Some(body)).await;
    secrets.push(("a retrievable key", text(&key["token"])));
    let shown = system
        .api("GET", &format!("{path}/{}/token", text(&key["id"])), None)
        .await;
    assert_eq!(shown["token"], key["token"]);
    let path = format!("{directory}/oauth-clients");
    let client = system.api("POST", &path, Some(json!({ "name": "entra" }))).await;
    secrets.push(("the secret of an OAuth client", text(&client["client_secret"])));
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
    let access_token = text(&answer.body["access_token"]);
    tenant.scim.with_token(&access_token).get("/Users").await.expect(200);
    secrets.push(("an access token", access_token));
    let body = json!({ "name": "reader", "scopes": ["read"] });
    let key = system.api("POST", "/admin-keys", Some(body)).await;
    secrets.push(("an admin key", text(&key["token"])));
    let body = json!({ "organization_id": tenant.organization_id });
    let link = system.api("POST", "/portal-links", Some(body)).await;
    let url = text(&link["url"]);
    secrets.push(("a portal link", url.rsplit('/').next().unwrap().to_owned()));
}

/// Passwords in every place where an identity provider may put one.
async fn provision(tenant: &Tenant) {
    let mut ada = user("ada@x.example");
    ada["password"] = json!(PASSWORD);
    let ada = tenant.scim.send("POST", "/Users", Some(&ada)).await;
    ada.expect(201);
    let path = format!("/Users/{}", ada.id());
    for operation in [
        json!({ "op": "replace", "path": "password", "value": PASSWORD }),
        json!({ "op": "replace", "value": { "password": PASSWORD, "title": "Countess" } }),
        json!({ "op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password", "value": PASSWORD }),
    ] {
        let answer = tenant.scim.patch(&path, json!([operation])).await;
        assert!(answer.status < 300, "{}", answer.text);
    }
    // What is refused is recorded too.
    let unreadable = json!([{ "op": "replace", "path": "password[", "value": PASSWORD }]);
    assert_eq!(tenant.scim.patch(&path, unreadable).await.status, 400);
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{ "method": "POST", "path": "/Users", "bulkId": "1",
            "data": { "userName": "bob@x.example", "password": PASSWORD } }],
    });
    tenant.scim.send("POST", "/Bulk", Some(&bulk)).await.expect(200);
    let broken = format!("{{ \"userName\": \"eve\", \"password\": \"{PASSWORD}\", }}");
    let headers = [("content-type", "application/scim+json")];
    let answer = tenant
        .scim
        .send_raw("POST", "/Users", &headers, broken.into_bytes())
        .await;
    assert!(answer.status >= 400);
}

/// Keys that open nothing, in every place where a client may put one.
async fn refuse(system: &System, tenant: &Tenant) {
    let client = system::client();
    let basic = STANDARD.encode(format!("user:{STRANGER}"));
    for authorization in [
        format!("Bearer {STRANGER}"),
        format!("Basic {basic}"),
        STRANGER.to_owned(),
    ] {
        for url in [
            format!("{}/Users", tenant.scim.base),
            format!("{}/api/v1/organizations", system.admin_url()),
        ] {
            let answer = client
                .get(url)
                .header("authorization", &authorization)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 401);
        }
    }
}

/// What the API shows of requests, changes, deliveries and events, once the records have what happened last.
async fn records(system: &System, tenant: &Tenant) -> Vec<(String, Vec<u8>)> {
    let requests = format!("/directories/{}/requests?limit=100", tenant.directory_id);
    let started = std::time::Instant::now();
    loop {
        let page = system.api("GET", &requests, None).await;
        let has_all = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|request| request["status"] == 401);
        if has_all {
            break;
        }
        assert!(
            started.elapsed() < system::process::PATIENCE,
            "the request log has all: {page}"
        );
        system::process::pause().await;
    }
    let mut places = Vec::new();
    for path in [
        requests.as_str(),
        "/audit-log?limit=100",
        "/deliveries?limit=100",
        "/endpoints",
        "/admin-keys",
        "/portal-links",
        "/events?limit=100",
    ] {
        let page = system.api("GET", path, None).await;
        for one in page["data"].as_array().unwrap() {
            // Lists show no more than each thing by itself.
            if let (true, Some(id)) = (
                path.contains("/requests") || path.contains("deliveries"),
                one["id"].as_str(),
            ) {
                let base = path.split('?').next().unwrap();
                let (status, whole) = system.try_api("GET", &format!("{base}/{id}"), None).await;
                if status == 200 {
                    places.push((format!("{base}/{id}"), whole.to_string().into_bytes()));
                }
            }
        }
        places.push((path.to_owned(), page.to_string().into_bytes()));
    }
    places
}

/// A secret as it is, and as bytes are written in dumps and headers.
fn forms(secret: &str) -> Vec<String> {
    let hex = secret.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let mut forms = vec![secret.to_owned(), hex, STANDARD.encode(secret)];
    // The part behind the prefix is what is secret.
    if let Some((_, rest)) = secret.split_once('_').filter(|(_, rest)| rest.len() >= 20) {
        forms.push(rest.to_owned());
    }
    forms
}

fn holds(content: &[u8], wanted: &str) -> bool {
    String::from_utf8_lossy(content).contains(wanted)
}

/// All that a database has: what `pg_dump` writes, or the files of SQLite.
fn dump(url: &str) -> Vec<u8> {
    if let Some(file) = url.strip_prefix("sqlite://") {
        let mut content = Vec::new();
        for file in [file.to_owned(), format!("{file}-wal")] {
            if Path::new(&file).exists() {
                content.extend(std::fs::read(file).unwrap());
            }
        }
        assert!(holds(&content, "ada@x.example"), "the database has what was sent");
        return content;
    }
    let output = Command::new("pg_dump")
        .args(["--data-only", "--dbname", url])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(holds(&output.stdout, "ada@x.example"), "the database has what was sent");
    output.stdout
}
