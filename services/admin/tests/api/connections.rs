//! `/connections`, with their credentials, bindings and sessions.

use crate::harness::{Api, BOTH, text};
use crate::identity_provider::{APPLICATION, IdentityProvider, TENANT};
use actix_web::http::{Method, StatusCode};
use events::{ConnectionId, DirectoryId, OrganizationId, ResourceId, SsoClientId, SsoSessionId, Timestamp};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use store::{
    ConnectionCredential, ConnectionTest, Dialect, LoginChannel, NewSsoSession, SealedColumn, SessionEnd, TestDecision,
};
use webhooks::{Guard, Rules};

const PATH: &str = "/api/v1/connections";
const SECRET: &str = "abc8Q~the-value-of-a-secret";

/// A test login with these decisions, of which `None` lets the person in.
fn test(codes: &[Option<&str>]) -> ConnectionTest {
    let decisions = codes.iter().map(|code| TestDecision {
        channel: Some("web".to_owned()),
        code: code.map(str::to_owned),
        detail: None,
    });
    ConnectionTest {
        at: Timestamp::now(),
        decisions: decisions.collect(),
    }
}

/// The API of a machine that may ask identity providers on itself, such a provider, and a directory.
struct World {
    api: Api,
    provider: IdentityProvider,
    directory: Value,
}

impl World {
    async fn on(dialect: Dialect) -> Self {
        let api = Api::with_guard(dialect, Guard::new(Rules::private())).await;
        let directory = api.directory("contoso.example").await;
        Self {
            provider: IdentityProvider::start().await,
            directory,
            api,
        }
    }

    /// A body that is taken, with these members changed.
    fn body(&self, more: &Value) -> Value {
        let mut body = json!({
            "organization_id": self.directory["organization_id"],
            "directory_id": self.directory["id"],
            "authority": self.provider.authority(TENANT),
            "client_id": APPLICATION,
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    async fn connection(&self, more: &Value) -> Value {
        let answer = self.api.post(PATH, &self.body(more)).await;
        answer.expect(StatusCode::CREATED)
    }

    async fn patch(&self, connection: &Value, body: Value) -> crate::harness::Answer {
        self.api.patch(&path_of(connection), &body).await
    }

    /// Somebody who is logged in by a connection.
    async fn session(&self, connection: &Value, client: &Value) -> SsoSessionId {
        let now = Timestamp::now();
        let session = NewSsoSession {
            id: SsoSessionId::new(),
            connection_id: id(connection),
            client_id: text(client, "id").parse::<SsoClientId>().unwrap(),
            organization_id: text(connection, "organization_id").parse::<OrganizationId>().unwrap(),
            directory_id: text(connection, "directory_id").parse::<DirectoryId>().unwrap(),
            user_id: ResourceId::new(),
            subject: format!("{TENANT}.o"),
            channel: LoginChannel::Web,
            scope: "openid".to_owned(),
            upstream_sid: None,
            code_hash: [7; 32],
            redirect_uri: "https://app.example/cb".to_owned(),
            code_challenge: None,
            nonce: None,
            code_expires_at: now.plus(Duration::from_secs(60)),
            authenticated_at: None,
            created_at: now,
            expires_at: now.plus(Duration::from_secs(3_600)),
            traceparent: None,
        };
        self.api.db.store.sso_sessions().begin(&session).await.unwrap();
        session.id
    }

    async fn client(&self) -> Value {
        let body = json!({"name": "App", "authentication": "none", "redirect_uris": ["https://app.example/cb"]});
        let answer = self.api.post("/api/v1/sso-clients", &body).await;
        answer.expect(StatusCode::CREATED)
    }

    async fn close(self) {
        self.api.close().await;
    }
}

fn id(connection: &Value) -> ConnectionId {
    text(connection, "id").parse().unwrap()
}

fn path_of(connection: &Value) -> String {
    format!("{PATH}/{}", text(connection, "id"))
}

#[actix_web::test]
async fn a_connection_knows_its_provider_at_once_and_never_shows_its_secret() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let more = json!({
            "client_secret": format!(" {SECRET} "), "secret_expires_at": "2099-01-31T12:00:00Z",
            "client_id": APPLICATION.to_uppercase(), "test_accounts": [" ada@contoso.example "],
        });
        let made = world.connection(&more).await;
        assert_eq!(made["state"], "draft");
        assert_eq!(made["name"], "contoso.example");
        assert_eq!(made["issuer"], format!("{}/{TENANT}/v2.0", world.provider.url));
        assert_eq!(made["tenant_id"], TENANT);
        assert_eq!(made["client_id"], APPLICATION, "in the spelling of tokens");
        assert_eq!(made["user_name_claim"], "upn");
        assert_eq!(made["test_accounts"], json!(["ada@contoso.example"]));
        assert_eq!(
            (&made["last_error"], &made["certificate"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(
            (&made["credential"], &made["has_client_secret"]),
            (&json!("client_secret"), &json!(true))
        );
        assert_eq!(made["credential_expires_at"], "2099-01-31T12:00:00.000Z");
        assert_eq!(world.provider.asked().len(), 1);

        let uris = made["redirect_uris"].as_array().unwrap();
        let slug = text(&uris[1], "uri")
            .strip_prefix("https://rollcall.example/sso/")
            .unwrap();
        let slug = slug.strip_suffix("/oauth2/authresp").unwrap();
        assert!(
            slug.starts_with("contoso-example-") && slug.len() == "contoso-example-".len() + 8,
            "{slug}"
        );
        assert_eq!(
            uris[0],
            json!({
                "uri": format!("https://rollcall.example/sso/{slug}/oauth2/native"),
                "platform": "mobile_and_desktop", "entra_name": "Mobile and desktop applications",
            })
        );
        assert_eq!(
            (&uris[1]["platform"], &uris[1]["entra_name"]),
            (&json!("web"), &json!("Web"))
        );
        let found = world.api.db.store.connections().by_slug(slug).await.unwrap().unwrap();
        assert_eq!(found.id, id(&made));

        let sealed = world.api.db.store.connections().credential(id(&made)).await.unwrap();
        let place = SealedColumn::ConnectionClientSecret.context(&id(&made));
        let opened = world
            .api
            .state_key()
            .open_text(&sealed.client_secret.unwrap(), &place)
            .unwrap();
        assert_eq!(opened.expose_secret(), SECRET);
        assert_eq!(without_ticket(&world, &made).await, made);
        let list = world.api.get(PATH).await.expect(StatusCode::OK);
        assert_eq!(list["data"], json!([made]));
        let log = world.api.get("/api/v1/audit-log?limit=100").await;
        assert!(log.text.contains("connection.created") && !log.text.contains(SECRET));
        assert!(!log.text.contains("rcv_"), "who reads the log begins no test");
        let ends = world
            .api
            .get("/api/v1/credentials?kind=connection")
            .await
            .expect(StatusCode::OK);
        assert_eq!(
            (&ends["data"][0]["id"], &ends["data"][0]["name"]),
            (&made["id"], &made["name"])
        );
        world.close().await;
    }
}

/// A connection as it is shown, without the ticket for tests, which is the same each time, and of nobody who only reads.
async fn without_ticket(world: &World, made: &Value) -> Value {
    let path = path_of(made);
    let mut shown = world.api.get(&path).await.expect(StatusCode::OK);
    assert_eq!(world.api.get(&path).await.expect(StatusCode::OK), shown);
    let url = shown["test_url"].as_str().unwrap().to_owned();
    let (bare, _) = url.split_once("?ticket=rcv_").unwrap();
    shown["test_url"] = json!(bare);
    let reader = json!({ "name": "reader", "scopes": ["read"] });
    let reader = world.api.admin_key(&reader).await;
    let read = world.api.call_with(&reader, Method::GET, &path).send().await;
    assert_eq!(read.expect(StatusCode::OK), shown);
    shown
}

#[actix_web::test]
async fn every_fault_is_told_at_its_place_with_the_way_to_mend_it() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let other = world.api.directory("other.example").await;
        let guid = "0b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d";
        for (more, pointer, says) in [
            (json!({"authority": "common"}), "#/authority", "tenant"),
            (
                json!({"authority": "https://login.example/x"}),
                "#/authority",
                "login.example",
            ),
            (json!({"client_id": "my app"}), "#/client_id", "Application (client) ID"),
            (json!({"client_id": TENANT}), "#/client_id", "Directory (tenant) ID"),
            (json!({"client_secret": guid}), "#/client_secret", "Value"),
            (
                json!({"client_secret": "x", "secret_expires_at": "2001-01-01T00:00:00Z"}),
                "#/secret_expires_at",
                "future",
            ),
            (
                json!({"secret_expires_at": "2099-01-01T00:00:00Z"}),
                "#/secret_expires_at",
                "client_secret",
            ),
            (json!({"user_name_claim": "email"}), "#/user_name_claim", "upn"),
            (json!({"user_name_claim": "a b"}), "#/user_name_claim", "claim"),
            (json!({"expected_issuer": "issuer"}), "#/expected_issuer", "https"),
            (
                json!({"test_accounts": ["a@x.example", "A@x.example"]}),
                "#/test_accounts/1",
                "twice",
            ),
            (
                json!({"directory_id": other["id"]}),
                "#/directory_id",
                "in this organization",
            ),
            (json!({"organization_id": guid}), "#/organization_id", "organization"),
            (json!({"secret": "x"}), "#/secret", "Unknown field"),
        ] {
            let refused = world.api.post(PATH, &world.body(&more)).await.problem(422);
            let errors = refused["errors"].as_array().unwrap();
            assert_eq!(errors.len(), 1, "{refused}");
            assert_eq!(errors[0]["pointer"], pointer, "{refused}");
            assert!(text(&errors[0], "detail").contains(says), "{refused}");
        }
        let several = json!({"authority": "common", "client_id": "x", "client_secret": guid, "test_accounts": [""]});
        assert_eq!(
            world.api.post(PATH, &world.body(&several)).await.faults(422),
            ["#/authority", "#/client_secret", "#/test_accounts/0"]
        );
        assert_eq!(
            world.provider.asked(),
            Vec::<String>::new(),
            "nobody is asked about what is wrong"
        );
        let list = world.api.get(PATH).await.expect(StatusCode::OK);
        assert_eq!(list["data"], json!([]));
        world.close().await;
    }
}

#[actix_web::test]
async fn ids_that_were_entered_the_wrong_way_round_are_recognised() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let swapped = json!({"authority": world.provider.authority(APPLICATION), "client_id": TENANT});
        let refused = world.api.post(PATH, &world.body(&swapped)).await.problem(422);
        assert_eq!(refused["errors"][0]["pointer"], "#/authority", "{refused}");
        assert!(
            text(&refused["errors"][0], "detail").contains("wrong way round"),
            "{refused}"
        );
        assert_eq!(refused["errors"][1]["pointer"], "#/client_id");
        assert_eq!(world.provider.asked().len(), 2);
        world.close().await;
    }
}

#[actix_web::test]
async fn where_the_provider_does_not_answer_the_connection_is_made_and_says_why() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        world.provider.has("d1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42");
        let made = world.connection(&json!({})).await;
        assert_eq!((&made["state"], &made["issuer"]), (&json!("draft"), &Value::Null));
        assert_eq!(made["tenant_id"], TENANT, "it was entered");
        let why = text(&made, "last_error");
        assert!(why.contains("AADSTS90002") && why.contains(TENANT), "{why}");
        // Any change asks again, as long as it is not known.
        world.provider.has(TENANT);
        let known = world.patch(&made, json!({})).await.expect(StatusCode::OK);
        assert_eq!(known["issuer"], format!("{}/{TENANT}/v2.0", world.provider.url));
        assert_eq!(known["last_error"], Value::Null);
        let count = world.provider.asked().len();
        world
            .patch(&made, json!({"name": "Named"}))
            .await
            .expect(StatusCode::OK);
        assert_eq!(world.provider.asked().len(), count, "what is known is not asked again");
        world.close().await;
    }
}

#[actix_web::test]
async fn outside_of_development_only_entra_id_is_asked_and_no_private_address() {
    let api = Api::on(BOTH[1]).await;
    let provider = IdentityProvider::start().await;
    let directory = api.directory("contoso.example").await;
    let body = json!({
        "organization_id": directory["organization_id"], "directory_id": directory["id"],
        "authority": provider.authority(TENANT), "client_id": APPLICATION,
    });
    assert_eq!(api.post(PATH, &body).await.faults(422), ["#/authority"]);
    assert_eq!(provider.asked(), Vec::<String>::new());
    api.close().await;
}

#[actix_web::test]
async fn a_post_that_is_repeated_gets_the_first_answer_and_asks_nobody() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let body = world.body(&json!({}));
        let post = async || {
            let call = world.api.call(Method::POST, PATH).header("idempotency-key", "one");
            call.json(&body).send().await.expect(StatusCode::CREATED)
        };
        let first = post().await;
        world.provider.has("d1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42");
        assert_eq!(post().await, first);
        assert_eq!(world.provider.asked().len(), 1);
        world.close().await;
    }
}

#[actix_web::test]
async fn a_connection_becomes_active_once_it_was_tested_or_by_force() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let made = world.connection(&json!({})).await;
        let active = json!({"state": "active"});
        let refused = world.patch(&made, active.clone()).await;
        assert_eq!(refused.faults(422), ["#/state"]);
        let forced = world.patch(&made, json!({"state": "active", "force": true})).await;
        assert_eq!(forced.expect(StatusCode::OK)["state"], "active");
        let paused = world.patch(&made, json!({"state": "paused"})).await;
        assert_eq!(paused.expect(StatusCode::OK)["state"], "paused");
        assert_eq!(
            world.patch(&made, active.clone()).await.faults(422),
            ["#/state"],
            "it was never tested"
        );

        let tested = world.connection(&json!({})).await;
        let store = &world.api.db.store;
        store
            .connections()
            .note_test(id(&tested), &test(&[Some("user_not_provisioned")]))
            .await
            .unwrap();
        assert_eq!(world.patch(&tested, active.clone()).await.faults(422), ["#/state"]);
        store
            .connections()
            .note_test(id(&tested), &test(&[None, Some("web_access_denied")]))
            .await
            .unwrap();
        let now = world.patch(&tested, active.clone()).await.expect(StatusCode::OK);
        assert_eq!(now["state"], "active");
        assert!(now["tested_at"].is_string());
        let decisions = &now["last_test"]["decisions"];
        assert_eq!(
            (&decisions[0]["code"], &decisions[1]["code"]),
            (&Value::Null, &json!("web_access_denied")),
            "what came of the test is told"
        );
        world
            .patch(&tested, json!({"state": "paused"}))
            .await
            .expect(StatusCode::OK);
        assert_eq!(
            world.patch(&tested, active.clone()).await.expect(StatusCode::OK)["state"],
            "active"
        );
        // Another application was not tested.
        let other = json!({"client_id": "d1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42"});
        let other = world.patch(&tested, other).await.expect(StatusCode::OK);
        assert_eq!((&other["state"], &other["tested_at"]), (&json!("draft"), &Value::Null));
        let faulty = world.patch(&tested, json!({"client_id": TENANT})).await;
        assert_eq!(faulty.faults(422), ["#/client_id"]);
        world.close().await;
    }
}

#[actix_web::test]
async fn who_came_by_a_connection_is_logged_out_when_it_is_paused_or_deleted() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let client = world.client().await;
        let made = world.connection(&json!({})).await;
        let force = json!({"state": "active", "force": true});
        world.patch(&made, force).await.expect(StatusCode::OK);
        let session = world.session(&made, &client).await;
        world
            .patch(&made, json!({"name": "Other"}))
            .await
            .expect(StatusCode::OK);
        let sessions = world.api.db.store.sso_sessions();
        assert!(
            sessions
                .by_id(session)
                .await
                .unwrap()
                .unwrap()
                .is_live(Timestamp::now())
        );
        world
            .patch(&made, json!({"state": "paused"}))
            .await
            .expect(StatusCode::OK);
        let ended = sessions.by_id(session).await.unwrap().unwrap();
        assert_eq!(ended.end_reason, Some(SessionEnd::ConnectionPaused));

        let again = world.session(&made, &client).await;
        let gone = world.api.delete(&path_of(&made)).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT);
        let left = sessions.by_id(again).await.unwrap();
        assert!(left.is_none_or(|left| !left.is_live(Timestamp::now())));
        world.api.get(&path_of(&made)).await.problem(404);
        world.api.delete(&path_of(&made)).await.problem(404);
        let log = world.api.get("/api/v1/audit-log?action=connection.deleted").await;
        assert!(log.text.contains("1 sessions ended."), "{}", log.text);
        world.close().await;
    }
}

#[actix_web::test]
async fn sessions_are_listed_and_one_of_them_can_be_ended() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let client = world.client().await;
        let made = world.connection(&json!({})).await;
        let session = world.session(&made, &client).await.to_string();
        let path = format!("{}/sessions", path_of(&made));
        let list = world.api.get(&path).await.expect(StatusCode::OK);
        assert_eq!(list["data"].as_array().unwrap().len(), 1);
        let shown = &list["data"][0];
        assert_eq!((&shown["id"], &shown["is_live"]), (&json!(session), &json!(true)));
        assert_eq!((&shown["client_id"], &shown["channel"]), (&client["id"], &json!("web")));
        let end = format!("/api/v1/sso-sessions/{session}");
        assert_eq!(world.api.delete(&end).await.status, StatusCode::NO_CONTENT);
        world.api.delete(&end).await.problem(409);
        let list = world.api.get(&path).await.expect(StatusCode::OK);
        let shown = &list["data"][0];
        assert_eq!(
            (&shown["is_live"], &shown["end_reason"]),
            (&json!(false), &json!("revoked"))
        );
        let log = world.api.get("/api/v1/audit-log?action=sso_session.ended").await;
        assert!(log.text.contains(&session));
        let none = format!("{PATH}/{}/sessions", ConnectionId::new());
        world.api.get(&none).await.problem(404);
        world.close().await;
    }
}

#[actix_web::test]
async fn who_somebody_is_can_be_looked_up_and_forgotten() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let made = world.connection(&json!({})).await;
        let user = ResourceId::new();
        let path = format!("{}/bindings/{user}", path_of(&made));
        world.api.get(&path).await.problem(404);
        let bindings = world.api.db.store.sso_bindings(id(&made));
        assert!(bindings.bind("t.o", user, Timestamp::now()).await.unwrap());
        let shown = world.api.get(&path).await.expect(StatusCode::OK);
        assert_eq!((&shown["user_id"], &shown["subject"]), (&json!(user), &json!("t.o")));
        assert_eq!(world.api.delete(&path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(bindings.of_user(user).await.unwrap(), None);
        world.api.delete(&path).await.problem(404);
        let log = world
            .api
            .get("/api/v1/audit-log?action=connection_binding.deleted")
            .await;
        assert!(log.text.contains(&user.to_string()), "{}", log.text);
        world.close().await;
    }
}

#[actix_web::test]
async fn a_key_is_made_here_and_its_certificate_is_a_file() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let long = "Ä".repeat(100);
        let made = world.connection(&json!({"client_secret": SECRET, "name": long})).await;
        let certificate = format!("{}/certificate", path_of(&made));
        world.api.get(&certificate).await.problem(404);
        let key = format!("{}/key", path_of(&made));
        let keyed = world.api.post(&key, &json!({})).await.expect(StatusCode::OK);
        assert_eq!(
            (&keyed["credential"], &keyed["has_client_secret"]),
            (&json!("private_key_jwt"), &json!(false))
        );
        assert_eq!(keyed["credential_expires_at"], keyed["certificate"]["not_after"]);
        let store = &world.api.db.store;
        let row = store.connections().by_id(id(&made)).await.unwrap().unwrap();
        let shown = oidc::Certificate::from_der(row.certificate.as_deref().unwrap()).unwrap();
        assert_eq!(keyed["certificate"]["thumbprint_sha1"], shown.sha1_thumbprint());
        assert_eq!(keyed["certificate"]["thumbprint_sha256"], shown.sha256_thumbprint());
        assert_eq!(keyed["certificate"]["pem"], shown.pem());
        let sealed = store.connections().credential(id(&made)).await.unwrap();
        assert_eq!(sealed.client_secret, None, "what is not used is not kept");
        let place = SealedColumn::ConnectionPrivateKey.context(&id(&made));
        let opened = world
            .api
            .state_key()
            .open(&sealed.private_key.unwrap(), &place)
            .unwrap();
        let signing = oidc::SigningKey::from_pkcs8(&opened).unwrap();
        assert!(shown.is_of(&signing));

        let (status, headers) = world.api.call(Method::GET, &certificate).status_and_headers().await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers.get("content-type").unwrap(), "application/pkix-cert");
        let name = headers.get("content-disposition").unwrap().to_str().unwrap();
        assert!(
            name.starts_with("attachment; filename=\"rollcall-contoso-example-") && name.ends_with(".cer\""),
            "{name}"
        );

        let secret = format!("{}/client-secret", path_of(&made));
        let guid = json!({"client_secret": TENANT, "expires_at": "2001-01-01T00:00:00Z"});
        let put = async |body: &Value| world.api.call(Method::PUT, &secret).json(body).send().await;
        assert_eq!(put(&guid).await.faults(422), ["#/client_secret", "#/expires_at"]);
        let again = put(&json!({"client_secret": "new-value"})).await.expect(StatusCode::OK);
        assert_eq!(
            (&again["credential"], &again["certificate"]),
            (&json!("client_secret"), &Value::Null)
        );
        let row = store.connections().by_id(id(&made)).await.unwrap().unwrap();
        assert_eq!(row.credential, ConnectionCredential::ClientSecret);
        assert_eq!(
            store.connections().credential(id(&made)).await.unwrap().private_key,
            None
        );
        let log = world.api.get("/api/v1/audit-log?limit=100").await;
        assert!(log.text.contains("connection.key_created") && log.text.contains("connection.secret_set"));
        assert!(!log.text.contains(SECRET) && !log.text.contains("new-value"));
        world.close().await;
    }
}

#[actix_web::test]
async fn a_key_of_one_organization_sees_and_makes_only_its_own() {
    for dialect in BOTH {
        let world = World::on(dialect).await;
        let own = world.connection(&json!({})).await;
        let other = world.api.directory("other.example").await;
        let of_other = json!({"organization_id": other["organization_id"], "directory_id": other["id"]});
        let other = world.connection(&of_other).await;
        let body = json!({
            "name": "own", "scopes": ["read", "connections"], "organization_id": world.directory["organization_id"],
        });
        let key = world.api.admin_key(&body).await;
        let call = |method, path: &str| world.api.call_with(&key, method, path);
        let list = call(Method::GET, PATH).send().await.expect(StatusCode::OK);
        assert_eq!(list["data"], json!([own]));
        call(Method::GET, &path_of(&own)).send().await.expect(StatusCode::OK);
        let session = world.session(&other, &world.client().await).await;
        let mut answers = BTreeSet::new();
        for (method, path) in [
            (Method::GET, path_of(&other)),
            (Method::DELETE, path_of(&other)),
            (Method::GET, format!("{}/sessions", path_of(&other))),
            (Method::GET, format!("{PATH}/{}", ConnectionId::new())),
            (Method::DELETE, format!("/api/v1/sso-sessions/{session}")),
        ] {
            let answer = call(method, &path).send().await.problem(404);
            answers.insert(text(&answer, "title").to_owned());
        }
        assert_eq!(answers.len(), 1);
        call(Method::POST, PATH)
            .json(&world.body(&of_other))
            .send()
            .await
            .problem(404);
        let made = call(Method::POST, PATH).json(&world.body(&json!({}))).send().await;
        made.expect(StatusCode::CREATED);
        // The scope is needed to change, and `read` to look.
        let reader = world.api.admin_key(&json!({"name": "r", "scopes": ["read"]})).await;
        world
            .api
            .call_with(&reader, Method::GET, PATH)
            .send()
            .await
            .expect(StatusCode::OK);
        let post = world
            .api
            .call_with(&reader, Method::POST, PATH)
            .json(&world.body(&json!({})));
        post.send().await.problem(403);
        world.close().await;
    }
}
