//! People in the console: who may enter by single sign-on, what they may do there, and when they are out.

use crate::portal::{key, location};
use crate::sign_on::{Browser, start};
use reqwest::StatusCode;
use serde_json::{Value, json};
use system::identity_provider::IdentityProvider;
use system::process::{PATIENCE, pause};
use system::single_sign_on::connect;
use system::{Shape, System, Tenant};
use uuid::Uuid;

crate::on_both_shapes! {
    who_has_the_role_acts_within_scopes_and_organization_and_is_out_without_it,
    who_is_deactivated_or_came_by_a_connection_that_is_paused_is_out,
    who_may_not_enter_is_told_so_and_an_answer_of_another_browser_is_not_taken,
    nobody_gives_more_than_they_have_and_nobody_else_says_who_is_who,
    the_login_page_names_nobody_and_the_key_opens_while_the_connection_is_broken,
}

/// Two organizations, of which one has a connection, and people in it.
struct World {
    provider: IdentityProvider,
    system: System,
    own: Tenant,
    other: Tenant,
    connection: Value,
    /// Who has the role.
    ada: String,
    /// Who has not.
    bo: String,
}

impl World {
    async fn on(shape: Shape) -> Self {
        let provider = IdentityProvider::start();
        let system = start(shape, &provider).await;
        let own = system.tenant("contoso.example").await;
        let other = system.tenant("fabrikam.example").await;
        let mut ada = system::scim::user("ada@contoso.example");
        ada["displayName"] = json!("Ada Lovelace");
        ada["roles"] = json!([{ "value": "EnterpriseAdmin", "primary": true }]);
        let ada = own.scim.send("POST", "/Users", Some(&ada)).await.id();
        let bo = own.scim.create_user("bo@contoso.example").await.id();
        // Everybody may log in to apps of the web, whatever the role.
        let path = format!("/directories/{}", own.directory_id);
        system
            .api("PATCH", &path, Some(json!({ "default_grants": ["app", "web"] })))
            .await;
        let connection = connect(&system, &own, &provider).await;
        Self {
            provider,
            system,
            own,
            other,
            connection,
            ada,
            bo,
        }
    }

    fn path(&self) -> String {
        format!("/connections/{}", self.connection["id"].as_str().unwrap())
    }

    /// Opens the console to the role; where to log in.
    async fn open(&self, scopes: &[&str]) -> String {
        let body = json!({ "roles": ["EnterpriseAdmin"], "scopes": scopes });
        let path = format!("{}/console-access", self.path());
        let opened = self.system.api("PUT", &path, Some(body)).await;
        opened["login_url"].as_str().unwrap().to_owned()
    }

    /// Somebody goes from the login page to the identity provider and back to single sign-on. Where the browser goes then.
    async fn returned(&self, browser: &mut Browser, login: &str, user_name: &str, object: Uuid) -> String {
        let page = browser.read(login).await;
        assert!(page.contains("Log in with "), "{page}");
        let href = page
            .split("/console/sign-on?")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let begin = format!("/console/sign-on?{}", href.replace("&#38;", "&").replace("&amp;", "&"));
        let authorize = location(&browser.get(&begin).await);
        let sent_to = location(&browser.get(&authorize).await);
        let back = self.provider.log_in(&sent_to, user_name, object);
        location(&browser.get(&back).await)
    }

    /// Somebody who is in.
    async fn inside(&self, login: &str, user_name: &str, object: Uuid) -> Browser {
        let mut browser = Browser::of(&self.system);
        let callback = self.returned(&mut browser, login, user_name, object).await;
        assert_eq!(location(&browser.get(&callback).await), "/console");
        browser
    }

    /// Waits until somebody is out.
    async fn is_out(&self, browser: &mut Browser) {
        let started = std::time::Instant::now();
        while browser.get("/console/organizations").await.status() != StatusCode::SEE_OTHER {
            assert!(started.elapsed() < PATIENCE, "somebody is in still");
            pause().await;
        }
        let answer = browser.get("/console/organizations").await;
        assert!(location(&answer).starts_with("/console/login"));
    }

    /// The newest entry of the audit log with an action.
    async fn noted(&self, action: &str) -> Value {
        let log = self
            .system
            .api("GET", &format!("/audit-log?action={action}"), None)
            .await;
        log["data"][0].clone()
    }

    /// The sessions of the connection.
    async fn sessions(&self) -> Vec<Value> {
        let list = self.system.api("GET", &format!("{}/sessions", self.path()), None).await;
        list["data"].as_array().unwrap().clone()
    }
}

async fn who_has_the_role_acts_within_scopes_and_organization_and_is_out_without_it(shape: Shape) {
    let world = World::on(shape).await;
    let login = world.open(&["read", "directories"]).await;
    let mut ada = world.inside(&login, "ada@contoso.example", Uuid::new_v4()).await;
    let page = ada.read("/console").await;
    assert!(page.contains("Ada Lovelace") && !page.contains("rca_"));
    let entry = world.noted("console.login").await;
    assert_eq!(
        entry["actor"],
        json!({ "type": "person", "id": world.ada, "name": "Ada Lovelace" })
    );

    // What is done is done in her name, in her organization, and as far as her scopes go.
    let organizations = ada.read("/console/organizations").await;
    assert!(organizations.contains("contoso.example") && !organizations.contains("fabrikam"));
    let keys = |tenant: &Tenant| format!("/console/directories/{}/keys", tenant.directory_id);
    let (here, named) = (keys(&world.own), [("name", "Entra")]);
    assert_eq!(ada.post(&here, &named).await.status(), StatusCode::OK);
    let entry = world.noted("key.created").await;
    assert_eq!(
        (&entry["actor"]["type"], &entry["actor"]["id"]),
        (&json!("person"), &json!(world.ada))
    );
    let foreign = keys(&world.other);
    assert_eq!(ada.get(&foreign).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(ada.post(&foreign, &named).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(ada.get("/console/admin-keys").await.status(), StatusCode::FORBIDDEN);
    let connection = format!("/console{}", world.path());
    let refused = ada
        .refused(&format!("{connection}/state"), &[("state", "paused")])
        .await;
    assert!(refused.contains("connections"), "the missing scope is named");
    assert!(
        !ada.read(&connection).await.contains("console-access"),
        "it is not offered"
    );
    let sent = ada.send(reqwest::Method::POST, &here, &named, "cross-site").await;
    assert_eq!(sent.status(), StatusCode::FORBIDDEN);

    // Other scopes count at once, and so does the loss of the role.
    world.open(&["read"]).await;
    assert!(ada.refused(&here, &named).await.contains("directories"));
    let without = json!([{ "op": "Remove", "path": "roles" }]);
    world
        .own
        .scim
        .patch(&format!("/Users/{}", world.ada), without)
        .await
        .expect(200);
    world.is_out(&mut ada).await;
    assert_eq!(world.noted("console.session_ended").await["detail"], "access_lost");
    assert!(!world.sessions().await[0]["is_live"].as_bool().unwrap());
    let again = json!([{ "op": "Add", "path": "roles", "value": [{ "value": "EnterpriseAdmin", "primary": true }] }]);
    world
        .own
        .scim
        .patch(&format!("/Users/{}", world.ada), again)
        .await
        .expect(200);
    world.is_out(&mut ada).await;
    world.system.stop().await;
}

async fn who_is_deactivated_or_came_by_a_connection_that_is_paused_is_out(shape: Shape) {
    let world = World::on(shape).await;
    let login = world.open(&["read"]).await;
    let object = Uuid::new_v4();
    let mut ada = world.inside(&login, "ada@contoso.example", object).await;
    assert_eq!(
        location(&ada.post("/console/logout", &[]).await),
        "/console/login?notice=out"
    );
    assert_eq!(world.noted("console.logout").await["actor"]["id"], world.ada);
    assert_eq!(
        world.sessions().await[0]["end_reason"],
        "logout",
        "single sign-on knows of it"
    );
    assert!(
        ada.read("/console/login").await.contains("Log in with contoso.example"),
        "the browser remembers"
    );

    let state = |value: &str| json!({ "state": value, "force": true });
    let mut ada = world.inside(&login, "ada@contoso.example", object).await;
    world.system.api("PATCH", &world.path(), Some(state("paused"))).await;
    assert!(location(&ada.get("/console/organizations").await).starts_with("/console/login"));
    assert!(
        !ada.read(&login).await.contains("Log in with"),
        "nobody is led to where nobody gets in"
    );
    world.system.api("PATCH", &world.path(), Some(state("active"))).await;
    world.is_out(&mut ada).await;

    let mut ada = world.inside(&login, "ada@contoso.example", object).await;
    let access = format!("{}/console-access", world.path());
    world.system.api("DELETE", &access, None).await;
    assert!(location(&ada.get("/console/organizations").await).starts_with("/console/login"));
    let login = world.open(&["read"]).await;

    let mut ada = world.inside(&login, "ada@contoso.example", object).await;
    let inactive = json!([{ "op": "Replace", "path": "active", "value": "False" }]);
    world
        .own
        .scim
        .patch(&format!("/Users/{}", world.ada), inactive)
        .await
        .expect(200);
    assert!(
        location(&ada.get("/console/organizations").await).starts_with("/console/login"),
        "with the next request"
    );
    let mut again = Browser::of(&world.system);
    let callback = world.returned(&mut again, &login, "ada@contoso.example", object).await;
    let refused = again.page(&callback, StatusCode::FORBIDDEN).await;
    assert!(refused.contains("user_not_provisioned"), "{refused}");

    // What she did stays in the audit log, without her name, once she is erased.
    let user = format!("/directories/{}/users/{}?erase=true", world.own.directory_id, world.ada);
    world.system.api("DELETE", &user, None).await;
    let started = std::time::Instant::now();
    while world.noted("console.login").await["actor"] != json!({ "type": "person", "id": world.ada, "name": null }) {
        assert!(started.elapsed() < PATIENCE, "her name is there still");
        pause().await;
    }
    world.system.stop().await;
}

async fn who_may_not_enter_is_told_so_and_an_answer_of_another_browser_is_not_taken(shape: Shape) {
    let world = World::on(shape).await;
    let login = world.open(&["read"]).await;
    let (mut bo, of_bo) = (Browser::of(&world.system), Uuid::new_v4());
    let callback = world.returned(&mut bo, &login, "bo@contoso.example", of_bo).await;
    let refused = bo.page(&callback, StatusCode::FORBIDDEN).await;
    assert!(refused.contains("not among those"), "{refused}");
    assert!(location(&bo.get("/console").await).starts_with("/console/login"));
    let entry = world.noted("console.login_refused").await;
    assert_eq!(
        (&entry["actor"]["id"], &entry["outcome"]),
        (&json!(world.bo), &json!("refused"))
    );
    assert_eq!(
        world.sessions().await[0]["is_live"],
        false,
        "nothing goes on at single sign-on"
    );

    // An answer works in the browser that began the login, and once.
    let object = Uuid::new_v4();
    let (mut ada, mut eve) = (Browser::of(&world.system), Browser::of(&world.system));
    let callback = world.returned(&mut ada, &login, "ada@contoso.example", object).await;
    eve.page(&callback, StatusCode::BAD_REQUEST).await;
    world.returned(&mut eve, &login, "bo@contoso.example", of_bo).await;
    eve.page(&callback, StatusCode::BAD_REQUEST).await;
    assert!(location(&eve.get("/console").await).starts_with("/console/login"));
    // Somebody else's code under one's own state: PKCE binds it, too.
    let mine = world.returned(&mut eve, &login, "bo@contoso.example", of_bo).await;
    let part = |url: &str, name: &str| {
        url.split(&format!("{name}="))
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap()
            .to_owned()
    };
    let mixed = mine.replace(&part(&mine, "code"), &part(&callback, "code"));
    eve.page(&mixed, StatusCode::BAD_REQUEST).await;
    for broken in [
        callback.replace(&part(&callback, "state"), "0"),
        callback.replace(&part(&callback, "iss"), "https%3A%2F%2Fevil.example"),
    ] {
        ada.page(&broken, StatusCode::BAD_REQUEST).await;
    }
    assert_eq!(location(&ada.get(&callback).await), "/console");
    ada.read("/console/organizations").await;
    ada.page(&callback, StatusCode::BAD_REQUEST).await;

    // The console is no app that others change, and it is at one address.
    let client = part(
        &location(
            &ada.get(&format!("/console/sign-on?{}", login.split('?').nth(1).unwrap()))
                .await,
        ),
        "client_id",
    );
    let (status, _) = world
        .system
        .try_api("DELETE", &format!("/sso-clients/{client}"), None)
        .await;
    assert_eq!(status, 409);
    let elsewhere = format!(
        "/sso/authorize?client_id={client}&redirect_uri=https%3A%2F%2Fevil.example%2F&response_type=code&state=s"
    );
    assert_eq!(ada.get(&elsewhere).await.status(), StatusCode::BAD_REQUEST);
    let list = world.system.api("GET", "/sso-clients", None).await;
    assert_eq!(list["data"], json!([]));
    world.system.stop().await;
}

/// A call of the management API with a key.
async fn call(system: &System, token: &str, method: &str, path: &str, body: Value) -> u16 {
    let url = format!("{}/api/v1{path}", system.admin_url());
    let request = system::client()
        .request(method.parse().unwrap(), url)
        .bearer_auth(token)
        .json(&body);
    request.send().await.unwrap().status().as_u16()
}

async fn nobody_gives_more_than_they_have_and_nobody_else_says_who_is_who(shape: Shape) {
    let world = World::on(shape).await;
    let (system, access) = (&world.system, format!("{}/console-access", world.path()));
    let of_own = |scopes: Value| json!({ "name": "k", "scopes": scopes, "organization_id": world.own.organization_id });
    let (_, local) = key(system, of_own(json!(["read", "connections", "admin"]))).await;
    let (_, connector) = key(system, of_own(json!(["read", "connections"]))).await;
    let (_, reader) = key(system, json!({ "name": "r", "scopes": ["read", "admin"] })).await;
    let wish = |scopes: Value, reach: &str| json!({ "roles": ["EnterpriseAdmin"], "scopes": scopes, "reach": reach });
    for (token, body, status) in [
        (&connector, wish(json!(["read"]), "organization"), 403),
        (&local, wish(json!(["read", "directories"]), "organization"), 403),
        (&local, wish(json!(["read"]), "installation"), 403),
        (&reader, wish(json!(["directories"]), "installation"), 403),
        (&local, json!({ "scopes": ["read"] }), 422),
        (&local, json!({ "roles": ["a", "a"], "scopes": ["read"] }), 422),
        (&local, wish(json!(["read", "connections"]), "organization"), 200),
        (&reader, wish(json!(["read"]), "installation"), 200),
    ] {
        assert_eq!(
            call(system, token, "PUT", &access, body.clone()).await,
            status,
            "{body}"
        );
    }
    let (_, stranger) = key(
        system,
        json!({ "name": "f", "scopes": ["admin"], "organization_id": world.other.organization_id }),
    )
    .await;
    for method in ["GET", "PUT", "DELETE"] {
        let body = wish(json!(["admin"]), "organization");
        assert_eq!(call(system, &stranger, method, &access, body).await, 404, "{method}");
    }

    // With that, an organization's own key leads nobody in by a provider of its own.
    let evil = IdentityProvider::start();
    for patch in [
        json!({ "authority": evil.entered() }),
        json!({ "client_id": "0f8fad5b-d9cb-469f-a165-70867728950e" }),
        json!({ "user_name_claim": "name2" }),
        json!({ "allows_guests": true }),
    ] {
        for token in [&local, &connector] {
            let status = call(system, token, "PATCH", &world.path(), patch.clone()).await;
            assert!(matches!(status, 403 | 422), "{patch}: {status}");
        }
    }
    let now = system.api("GET", &world.path(), None).await;
    assert_eq!(now["authority"], world.connection["authority"]);
    assert_eq!(
        (&now["user_name_claim"], &now["allows_guests"]),
        (&json!("upn"), &json!(false))
    );
    assert_eq!(
        call(system, &connector, "PATCH", &world.path(), json!({ "name": "Work" })).await,
        200
    );
    assert_eq!(
        call(system, &local, "DELETE", &access, json!({})).await,
        204,
        "but it may close the door"
    );
    evil.stop().await;
    forms(&world).await;
    world.system.stop().await;
}

/// The same in the console: what an operator may not give is not offered, and not taken.
async fn forms(world: &World) {
    let of_own = json!({ "name": "k", "scopes": ["read", "admin"], "organization_id": world.own.organization_id });
    let (_, token) = key(&world.system, of_own).await;
    let mut operator = Browser::of(&world.system);
    operator.post("/console/login", &[("key", &token)]).await;
    let here = format!("/console{}", world.path());
    let access = format!("{here}/console-access");
    let page = operator.read(&here).await;
    assert!(page.contains(&access) && page.contains("value=\"read\"") && !page.contains("value=\"directories\""));
    assert!(!page.contains("value=\"installation\""));
    let all = [
        ("roles", "EnterpriseAdmin"),
        ("scopes", "read"),
        ("reach", "installation"),
    ];
    operator.refused(&access, &all).await;
    let nobody = operator
        .refused(&access, &[("scopes", "read"), ("reach", "organization")])
        .await;
    assert!(nobody.contains("id=\"error-roles\""));
    let good = [
        ("roles", "EnterpriseAdmin, IT lead"),
        ("user_ids", world.bo.as_str()),
        ("scopes", "read"),
    ];
    assert_eq!(location(&operator.post(&access, &good).await), here);
    let set = world
        .system
        .api("GET", &format!("{}/console-access", world.path()), None)
        .await;
    assert_eq!(set["roles"], json!(["EnterpriseAdmin", "IT lead"]));
    assert_eq!(
        (&set["user_ids"], &set["reach"]),
        (&json!([world.bo]), &json!("organization"))
    );
    let page = operator.read(&here).await;
    let login = set["login_url"].as_str().unwrap();
    assert!(page.contains(login));
    let mut bo = world.inside(login, "bo@contoso.example", Uuid::new_v4()).await;
    bo.read("/console/organizations").await;
    assert_eq!(location(&operator.post(&format!("{access}/delete"), &[]).await), here);
    assert!(location(&bo.get("/console/organizations").await).starts_with("/console/login"));
}

async fn the_login_page_names_nobody_and_the_key_opens_while_the_connection_is_broken(shape: Shape) {
    let world = World::on(shape).await;
    let mut stranger = Browser::of(&world.system);
    let page = stranger.read("/console/login").await;
    assert!(!page.contains("/console/sign-on"), "nobody logs in so yet");
    let login = world.open(&["read"]).await;
    let page = stranger.read("/console/login").await;
    assert!(page.contains("/console/sign-on") && !page.contains("contoso") && !page.contains("with="));

    // The same is said of a customer without console and of a company that nobody knows.
    let ask =
        async |browser: &mut Browser, person: &str| browser.refused("/console/sign-on", &[("person", person)]).await;
    let unknown = ask(&mut stranger, "a@unknown.example").await;
    assert!(unknown.contains("id=\"error-person\""));
    for person in ["a@fabrikam.example", "", "contoso.example"] {
        assert_eq!(ask(&mut stranger, person).await, unknown, "{person}");
    }
    let answer = stranger
        .post(
            "/console/sign-on",
            &[("person", "ada@Contoso.example"), ("next", "/console/events")],
        )
        .await;
    let refresh = answer.headers()["refresh"].to_str().unwrap().to_owned();
    let begin = refresh.strip_prefix("0; url=").unwrap();
    let authorize = location(&stranger.get(begin).await);
    assert!(authorize.contains("login_hint=ada%40Contoso.example") && authorize.contains("code_challenge_method=S256"));
    let sent_to = location(&stranger.get(&authorize).await);
    let back = world.provider.log_in(&sent_to, "ada@contoso.example", Uuid::new_v4());
    let callback = location(&stranger.get(&back).await);
    assert_eq!(
        location(&stranger.get(&callback).await),
        "/console/events",
        "where somebody wanted to go"
    );

    // Entra refuses us: people are told, and the key opens.
    world.provider.refuse_secrets(true);
    let mut ada = Browser::of(&world.system);
    let callback = world
        .returned(&mut ada, &login, "ada@contoso.example", Uuid::new_v4())
        .await;
    ada.page(&callback, StatusCode::FORBIDDEN).await;
    let (_, token) = key(&world.system, json!({ "name": "Dana", "scopes": ["read"] })).await;
    assert_eq!(
        location(&ada.post("/console/login", &[("key", &token)]).await),
        "/console"
    );
    assert!(ada.read("/console").await.contains("Dana"));
    world.system.stop().await;
}
