//! What consumers choose: filters, fields, signatures, tests, replays.

use serde_json::{Value, json};
use std::time::Instant;
use system::process::{PATIENCE, pause};
use system::receiver::Receiver;
use system::scim::{ENTERPRISE, Scim, group, user};
use system::{Shape, System};

crate::on_both_shapes! {
    a_filter_sends_users_who_enter_or_leave_and_only_members_in_scope,
    fields_and_globs_leave_out_the_rest,
    a_test_event_of_every_type_goes_the_real_way_and_is_told_apart,
    a_replay_is_counted_first_and_then_sent,
    v1a_signatures_are_of_the_key_that_the_endpoint_shows,
    a_receiver_that_asks_is_shown_the_certificate_of_its_endpoint,
}

async fn person(scim: &Scim, name: &str, department: &str) -> String {
    let mut body = user(&format!("{name}@contoso.example"));
    body[ENTERPRISE] = json!({ "department": department });
    body["title"] = "Clerk".into();
    scim.send("POST", "/Users", Some(&body)).await.id()
}

async fn set(scim: &Scim, id: &str, path: &str, value: &str) {
    let operations = json!([{ "op": "replace", "path": path, "value": value }]);
    scim.patch(&format!("/Users/{id}"), operations).await.expect(200);
}

async fn a_filter_sends_users_who_enter_or_leave_and_only_members_in_scope(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let receiver = Receiver::start();
    let more = json!({ "filter": "department eq \"Sales\"", "event_types": ["user.*", "group.*"], "ordered": true });
    system.subscribe(&receiver, more).await;
    let scim = &tenant.scim;
    let department = format!("{ENTERPRISE}:department");
    let ada = person(scim, "ada", "Sales").await;
    let bob = person(scim, "bob", "Legal").await;
    let team = scim.send("POST", "/Groups", Some(&group("Team"))).await.id();
    for id in [&ada, &bob] {
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id }] }]);
        scim.patch(&format!("/Groups/{team}"), add).await.expect(204);
    }
    set(scim, &bob, "title", "Counsel").await;
    set(scim, &bob, &department, "Sales").await;
    set(scim, &ada, &department, "Legal").await;
    set(scim, &ada, "title", "Judge").await;
    scim.delete(&format!("/Users/{ada}")).await.expect(204);
    scim.delete(&format!("/Users/{bob}")).await.expect(204);
    let mut arrivals = receiver.wait_for(6).await;
    arrivals.sort_by_key(|arrival| arrival.body["sequence"].as_i64());
    let told: Vec<(&str, &str)> = arrivals
        .iter()
        .map(|arrival| {
            (
                arrival.kind(),
                arrival.body["data"]["user"]["id"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    // A user that is deleted before the event of its membership is looked at is not sent as a member.
    let told: Vec<_> = told
        .into_iter()
        .filter(|(kind, _)| *kind != "group.member_added")
        .collect();
    let expected = [
        ("user.created", ada.as_str()),
        ("group.created", ""),
        ("user.entered", bob.as_str()),
        ("user.left", ada.as_str()),
        ("user.deleted", bob.as_str()),
    ];
    assert_eq!(told[..4], expected[..4]);
    let arrivals = receiver.wait_for(told.len()).await;
    assert!(
        arrivals
            .iter()
            .all(|arrival| arrival.verified && arrival.id == arrival.body["id"].as_str().unwrap())
    );
    let entered = arrivals
        .iter()
        .find(|arrival| arrival.kind() == "user.entered")
        .unwrap();
    let whole = &entered.body["data"]["user"];
    assert_eq!(
        (&whole["department"], &whole["groups"][0]["id"]),
        (&json!("Sales"), &json!(team))
    );
    let left = arrivals.iter().find(|arrival| arrival.kind() == "user.left").unwrap();
    assert_eq!(left.body["data"]["user"]["user_name"], "ada@contoso.example");
    assert!(!left.body.to_string().contains("Legal"));
    receiver.stop().await;
    system.stop().await;
}

async fn fields_and_globs_leave_out_the_rest(shape: Shape) {
    let system = System::start(shape).await;
    let (ours, theirs) = (
        system.tenant("contoso.example").await,
        system.tenant("fabrikam.example").await,
    );
    let receiver = Receiver::start();
    let more = json!({ "fields": ["user_name", "department"], "event_types": ["user.*"],
                       "organization_ids": [ours.organization_id], "ordered": true });
    system.subscribe(&receiver, more).await;
    person(&theirs.scim, "foreign", "Sales").await;
    let ada = person(&ours.scim, "ada", "Sales").await;
    set(&ours.scim, &ada, "title", "Unseen").await;
    set(&ours.scim, &ada, &format!("{ENTERPRISE}:department"), "Legal").await;
    let arrivals = receiver.wait_for(2).await;
    let kinds: Vec<_> = arrivals.iter().map(|arrival| arrival.kind().to_owned()).collect();
    assert_eq!(kinds, ["user.created", "user.updated"]);
    let data = &arrivals[1].body["data"];
    let expected = json!({ "id": ada, "organization_id": ours.organization_id,
                           "directory_id": ours.directory_id, "user_name": "ada@contoso.example",
                           "department": "Legal" });
    assert_eq!(data["user"], expected);
    assert_eq!(data["changes"].as_array().unwrap().len(), 1);
    assert!(
        arrivals
            .iter()
            .all(|arrival| arrival.verified && arrival.body["sequence"].as_i64() > Some(0))
    );
    receiver.stop().await;
    system.stop().await;
}

async fn a_test_event_of_every_type_goes_the_real_way_and_is_told_apart(shape: Shape) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    let endpoint = system
        .subscribe(&receiver, json!({ "event_types": ["directory.deleted"] }))
        .await;
    let before = system.api("GET", "/events?limit=100", None).await;
    let catalogue = system.api("GET", "/event-types", None).await;
    let types: Vec<_> = catalogue["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["type"].clone())
        .collect();
    let mut sent = Vec::new();
    for kind in &types {
        let body = json!({ "type": kind });
        let answer = system
            .api("POST", &format!("/endpoints/{endpoint}/test"), Some(body))
            .await;
        assert_eq!(answer["type"], *kind);
        sent.push((answer["event_id"].clone(), answer["delivery_id"].clone(), kind.clone()));
    }
    let arrivals = receiver.wait_for(types.len()).await;
    for (event, delivery, kind) in sent {
        let arrival = arrivals
            .iter()
            .find(|arrival| arrival.id == event.as_str().unwrap())
            .unwrap();
        assert!(arrival.verified && arrival.test);
        assert_eq!(
            (&arrival.body["type"], &arrival.body["test"], &arrival.body["sequence"]),
            (&kind, &json!(true), &json!(0))
        );
        let path = format!("/deliveries/{}", delivery.as_str().unwrap());
        let started = Instant::now();
        while system.api("GET", &path, None).await["status"] != "delivered" {
            assert!(started.elapsed() < PATIENCE);
            pause().await;
        }
    }
    let log = system.api("GET", "/events?limit=100", None).await;
    assert_eq!(log, before, "a test takes no sequence and is in no log");
    let (status, _) = system
        .try_api(
            "POST",
            &format!("/endpoints/{endpoint}/test"),
            Some(json!({ "type": "user.*" })),
        )
        .await;
    assert_eq!(status, 422);
    receiver.stop().await;
    system.stop().await;
}

async fn a_replay_is_counted_first_and_then_sent(shape: Shape) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    let endpoint = system.subscribe(&receiver, json!({})).await;
    let tenant = system.tenant("contoso.example").await;
    for n in 0..5 {
        person(&tenant.scim, &format!("p{n}"), "Sales").await;
    }
    receiver.wait_for(7).await;
    let path = format!("/endpoints/{endpoint}/replay");
    let replay = json!({ "types": ["user.*"], "status": "delivered", "dry_run": true });
    let started = Instant::now();
    while system.api("POST", &path, Some(replay.clone())).await["would_queue"] != 5 {
        assert!(started.elapsed() < PATIENCE);
        pause().await;
    }
    let failed = json!({ "only_failed": true, "dry_run": true });
    assert_eq!(system.api("POST", &path, Some(failed)).await["would_queue"], 0);
    assert_eq!(receiver.arrivals().len(), 7, "nothing was sent for the asking");
    let replay = json!({ "types": ["user.*"], "status": "delivered" });
    assert_eq!(system.api("POST", &path, Some(replay)).await["queued"], 5);
    let started = Instant::now();
    while receiver.arrivals().len() < 12 {
        assert!(started.elapsed() < PATIENCE);
        pause().await;
    }
    assert_eq!(receiver.distinct().len(), 7, "under the same ids");
    receiver.stop().await;
    system.stop().await;
}

async fn v1a_signatures_are_of_the_key_that_the_endpoint_shows(shape: Shape) {
    let system = System::start(shape).await;
    let receiver = Receiver::start();
    let body = json!({ "url": receiver.url, "signing": "v1a" });
    let endpoint = system.api("POST", "/endpoints", Some(body)).await;
    assert!(endpoint.get("secret").is_none() && endpoint["public_key"].as_str().unwrap().starts_with("whpk_"));
    let path = format!("/endpoints/{}", endpoint["id"].as_str().unwrap());
    assert_eq!(system.try_api("GET", &format!("{path}/secret"), None).await.0, 409);
    let test = format!("{path}/test");
    system.api("POST", &test, Some(json!({}))).await;
    let one = receiver.wait_for(1).await.remove(0);
    assert!(one.signature.starts_with("v1a,") && !one.signature.contains(' '));
    let rotated = system.api("POST", &format!("{path}/rotate-secret"), None).await;
    assert!(rotated.get("secret").is_none());
    assert_ne!(rotated["public_key"], endpoint["public_key"]);
    let shown = system.api("GET", &path, None).await;
    assert_eq!(
        (&shown["public_key"], &shown["previous_public_key"]),
        (&rotated["public_key"], &endpoint["public_key"])
    );
    system.api("POST", &test, Some(json!({}))).await;
    let two = receiver.wait_for(2).await.remove(1);
    let versions: Vec<_> = two
        .signature
        .split(' ')
        .map(|part| part.split(',').next().unwrap())
        .collect();
    assert_eq!(versions, ["v1a", "v1a"]);
    // Back to a shared secret: both ways sign for a while.
    let changed = system.api("PATCH", &path, Some(json!({ "signing": "v1" }))).await;
    assert_eq!(
        (&changed["signing"], &changed["public_key"]),
        (&json!("v1"), &Value::Null)
    );
    let secret = system.api("GET", &format!("{path}/secret"), None).await;
    receiver.trust(secret["secret"].as_str().unwrap());
    system.api("POST", &test, Some(json!({}))).await;
    let three = receiver.wait_for(3).await.remove(2);
    let versions: Vec<_> = three
        .signature
        .split(' ')
        .map(|part| part.split(',').next().unwrap())
        .collect();
    assert_eq!(versions, ["v1", "v1a"]);
    assert!(three.verified);
    receiver.stop().await;
    system.stop().await;
}

/// A receiver over TLS that asks for a certificate of the tests' authority, takes one request and tells the SHA-256 of the
/// certificate that it was shown.
fn receiver_that_asks() -> (String, std::thread::JoinHandle<Option<String>>) {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use std::io::{Read as _, Write as _};
    let certificates = |pem: &[u8]| {
        CertificateDer::pem_slice_iter(pem)
            .collect::<Result<Vec<_>, _>>()
            .unwrap()
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = rustls::RootCertStore::empty();
    for root in certificates(include_bytes!("../../src/keys/tls/ca.pem")) {
        roots.add(root).unwrap();
    }
    let clients = rustls::server::WebPkiClientVerifier::builder(roots.into())
        .build()
        .unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../src/keys/tls/receiver.key")).unwrap();
    let config = rustls::ServerConfig::builder()
        .with_client_cert_verifier(clients)
        .with_single_cert(certificates(include_bytes!("../../src/keys/tls/receiver.pem")), key)
        .unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let config = std::sync::Arc::new(config);
    let serving = std::thread::spawn(move || {
        let (tcp, _) = listener.accept().unwrap();
        let tls = rustls::ServerConnection::new(config).unwrap();
        let mut stream = rustls::StreamOwned::new(tls, tcp);
        let mut request = Vec::new();
        let mut chunk = [0; 4096];
        // The body is JSON and ends in a brace.
        while !request.ends_with(b"}") {
            match stream.read(&mut chunk) {
                Ok(0) | Err(_) => return None,
                Ok(read) => request.extend_from_slice(&chunk[..read]),
            }
        }
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
        let shown = stream.conn.peer_certificates()?.first()?.clone();
        let hash = ring::digest::digest(&ring::digest::SHA256, &shown);
        Some(hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    });
    (url, serving)
}

async fn a_receiver_that_asks_is_shown_the_certificate_of_its_endpoint(shape: Shape) {
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/src/keys/tls/ca.pem");
    let system = System::start_with(shape, &[("SSL_CERT_FILE", authority)]).await;
    let certificate = json!({ "certificate": include_str!("../../src/keys/tls/client.pem"),
                              "private_key": include_str!("../../src/keys/tls/client.key") });
    for shows in [false, true] {
        let (url, serving) = receiver_that_asks();
        let mut body = json!({ "url": url });
        if shows {
            body["client_certificate"] = certificate.clone();
        }
        let endpoint = system.api("POST", "/endpoints", Some(body)).await;
        let path = format!("/endpoints/{}", endpoint["id"].as_str().unwrap());
        let sent = system.api("POST", &format!("{path}/test"), Some(json!({}))).await;
        let shown = tokio::task::spawn_blocking(|| serving.join().unwrap()).await.unwrap();
        assert_eq!(shown.as_deref(), endpoint["client_certificate"]["thumbprint"].as_str());
        let wanted = if shows { "delivered" } else { "scheduled" };
        let path = format!("/deliveries/{}", sent["delivery_id"].as_str().unwrap());
        let started = Instant::now();
        while system.api("GET", &path, None).await["status"] != wanted {
            assert!(started.elapsed() < PATIENCE, "{}", system.api("GET", &path, None).await);
            pause().await;
        }
    }
    system.stop().await;
}
