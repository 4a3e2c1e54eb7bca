//! SCIM events as Security Event Tokens (RFC 9967, RFC 8935), as their receiver sees them.

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use system::process::{PATIENCE, pause};
use system::scim::Scim;
use system::{Shape, System};

crate::on_both_shapes! {
    changes_are_pushed_as_signed_tokens_that_verify_with_the_published_keys,
    what_is_advertised_is_what_is_sent_and_answers_stay_synchronous,
}

/// A token as it was pushed: its headers, and its text.
type Pushed = (HashMap<String, String>, String);

/// A receiver of RFC 8935, which acknowledges each token with 202.
#[derive(Clone, Debug, Default)]
struct Feed(Arc<Mutex<Vec<Pushed>>>);

impl Feed {
    fn start(&self) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/feed", listener.local_addr().unwrap());
        let feed = web::Data::new(self.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(feed.clone())
                .route("/feed", web::post().to(receive))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        tokio::spawn(server);
        url
    }

    async fn wait_for(&self, count: usize) -> Vec<Pushed> {
        let started = std::time::Instant::now();
        loop {
            let all = self.0.lock().unwrap().clone();
            if all.len() >= count {
                return all;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{} of {count} tokens have arrived",
                all.len()
            );
            pause().await;
        }
    }
}

async fn receive(request: HttpRequest, body: String, feed: web::Data<Feed>) -> HttpResponse {
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
    feed.0.lock().unwrap().push((headers.collect(), body));
    HttpResponse::Accepted().finish()
}

/// The claims of a token whose signature the published keys prove.
fn verified(token: &str, keys: &Value) -> Value {
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&json!("secevent+jwt"), &json!("EdDSA"))
    );
    let key = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["kid"] == header["kid"])
        .unwrap();
    UnparsedPublicKey::new(&ED25519, decode(key["x"].as_str().unwrap()))
        .verify(signed.as_bytes(), &decode(signature))
        .unwrap();
    serde_json::from_slice(&decode(claims)).unwrap()
}

// Rules: S1, S7
async fn changes_are_pushed_as_signed_tokens_that_verify_with_the_published_keys(shape: Shape) {
    let system = System::start(shape).await;
    let feed = Feed::default();
    let url = feed.start();
    let endpoint = json!({ "url": url, "format": "set", "ordered": true });
    system.api("POST", "/endpoints", Some(endpoint)).await;
    let tenant = system.tenant("contoso.example").await;
    let user = tenant.scim.create_user("marta@contoso.example").await.id();
    let group = tenant
        .scim
        .send("POST", "/Groups", Some(&system::scim::group("Sales")))
        .await
        .id();
    let (user_path, group_path) = (format!("/Users/{user}"), format!("/Groups/{group}"));
    let rename = json!([{ "op": "Replace", "path": "title", "value": "Planner" }]);
    tenant.scim.patch(&user_path, rename).await.expect(200);
    let off = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    tenant.scim.patch(&user_path, off).await.expect(200);
    let add = json!([{ "op": "Add", "path": "members", "value": [{ "value": user }] }]);
    tenant.scim.patch(&group_path, add).await.expect(204);
    tenant.scim.delete(&user_path).await.expect(204);

    let keys = format!("{}/.well-known/jwks.json", system.admin_url());
    let keys: Value = system::client().get(keys).send().await.unwrap().json().await.unwrap();
    let pushed = feed.wait_for(6).await;
    let log = system.log(&tenant).await;
    let mut tokens = HashMap::new();
    for (headers, token) in &pushed {
        assert_eq!(headers["content-type"], "application/secevent+jwt");
        assert_eq!(headers["accept"], "application/json");
        assert!(headers.contains_key("traceparent") && !headers.contains_key("webhook-signature"));
        let claims = verified(token, &keys);
        assert_eq!(claims["aud"], json!([url]));
        let event = log
            .iter()
            .find(|event| event["id"] == claims["txn"])
            .expect("txn is the event's id");
        let kind = event["type"].as_str().unwrap().to_owned();
        tokens.insert(kind, claims);
    }
    let uri = |kind: &str| {
        let events = tokens[kind]["events"].as_object().unwrap();
        (
            tokens[kind]["sub_id"]["uri"].as_str().unwrap(),
            events.keys().next().unwrap().as_str(),
        )
    };
    let event = |name: &str| format!("urn:ietf:params:scim:event:prov:{name}");
    assert_eq!(uri("user.created"), (user_path.as_str(), event("create:full").as_str()));
    assert_eq!(
        uri("group.created"),
        (group_path.as_str(), event("create:full").as_str())
    );
    assert_eq!(
        uri("user.updated"),
        (user_path.as_str(), event("patch:notice").as_str())
    );
    assert_eq!(
        uri("user.deactivated"),
        (user_path.as_str(), event("deactivate").as_str())
    );
    assert_eq!(
        uri("group.member_added"),
        (group_path.as_str(), event("patch:full").as_str())
    );
    assert_eq!(uri("user.deleted"), (user_path.as_str(), event("delete").as_str()));
    let data = &tokens["user.created"]["events"][event("create:full")]["data"];
    assert_eq!(
        (&data["id"], &data["userName"]),
        (&json!(user), &json!("marta@contoso.example"))
    );
    assert_eq!(log.len(), 8, "the directory's own events are in the log only");
    system.stop().await;
}

// Rules: S5, S6
async fn what_is_advertised_is_what_is_sent_and_answers_stay_synchronous(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    // Strict clients refuse a member that is younger than they are: it is there only where tokens are sent.
    let config = async |scim: &Scim| scim.get("/ServiceProviderConfig").await.expect(200).clone();
    let stranger = tenant.scim.with_token("nobody's");
    assert_eq!(config(&tenant.scim).await.get("securityEvents"), None);
    let other = system.tenant("fabrikam.example").await;
    let url = Feed::default().start();
    for choice in [
        json!({ "directory_ids": [other.directory_id] }),
        json!({ "organization_ids": [other.organization_id] }),
        json!({ "format": "standard" }),
    ] {
        let mut body = json!({ "url": url, "format": "set" });
        body.as_object_mut()
            .unwrap()
            .extend(choice.as_object().unwrap().clone());
        system.api("POST", "/endpoints", Some(body)).await;
    }
    assert_eq!(config(&tenant.scim).await.get("securityEvents"), None);
    assert_eq!(config(&other.scim).await["securityEvents"]["asyncRequest"], "none");
    let own = json!({ "url": url, "format": "set", "directory_ids": [other.directory_id, tenant.directory_id] });
    let own = system.api("POST", "/endpoints", Some(own)).await;
    assert_eq!(
        config(&stranger).await.get("securityEvents"),
        None,
        "who has no key learns nothing of endpoints"
    );
    let config = config(&tenant.scim).await;
    assert_eq!(config["securityEvents"]["asyncRequest"], "none");
    let uris = config["securityEvents"]["eventUris"].as_array().unwrap();
    assert!(
        uris.iter()
            .all(|uri| uri.as_str().unwrap().starts_with("urn:ietf:params:scim:event:prov:"))
    );
    let path = format!("/endpoints/{}", own["id"].as_str().unwrap());
    system.api("DELETE", &path, None).await;
    let without = tenant.scim.get("/ServiceProviderConfig").await.expect(200).clone();
    assert_eq!(without.get("securityEvents"), None);
    let body = system::scim::user("marta@contoso.example");
    let headers = [("prefer", "respond-async")];
    let answer = tenant
        .scim
        .try_send("POST", "/Users", Some(&body), &headers)
        .await
        .unwrap();
    assert!(
        answer.expect(201)["id"].is_string(),
        "answered when it is done, not 202"
    );
    system.stop().await;
}
