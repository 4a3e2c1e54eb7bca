//! An IT administrator sets up single sign-on by a link, without an account and without an operator.

use crate::portal::location;
use crate::sign_on::{Browser, start};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use system::identity_provider::{APPLICATION, CLIENT_SECRET, IdentityProvider};
use system::single_sign_on::connect;
use system::{Shape, System, Tenant};
use uuid::Uuid;

crate::on_both_shapes! {
    whoever_has_a_link_sets_up_single_sign_on_tests_it_and_renews_its_secret,
    a_link_reaches_no_connection_but_those_of_its_own_directory,
}

/// Somebody who opened a new link.
async fn administrator(system: &System, body: Value) -> Browser {
    let link = system.api("POST", "/portal-links", Some(body)).await;
    let url = link["url"].as_str().unwrap();
    let mut browser = Browser::of(system);
    assert_eq!(location(&browser.get(url).await), "/setup/start");
    browser
}

/// Somebody logs in on the test page of a connection; the page that they end on.
async fn test_login(browser: &mut Browser, provider: &IdentityProvider, page: &str, user_name: &str) -> String {
    let (before, after) = page.split_once("/test?ticket=").unwrap();
    let (address, ticket) = (before.rsplit('"').next().unwrap(), after.split('"').next().unwrap());
    let sent_to = location(&browser.get(&format!("{address}/test?ticket={ticket}")).await);
    let back = provider.log_in(&sent_to, user_name, Uuid::new_v4());
    browser.read(&back).await
}

async fn whoever_has_a_link_sets_up_single_sign_on_tests_it_and_renews_its_secret(shape: Shape) {
    let provider = IdentityProvider::start();
    let system = start(shape, &provider).await;
    let tenant = system.tenant("contoso.example").await;
    tenant.scim.create_user("ada@contoso.example").await.expect(201);
    let mut admin = administrator(&system, json!({ "organization_id": tenant.organization_id })).await;
    let guide = format!("/setup/directories/{}/sign-on", tenant.directory_id);
    assert!(
        admin.read("/setup/start").await.contains(&guide),
        "a link opens it that says nothing"
    );
    let first = admin.read(&guide).await;
    assert!(first.contains("New registration") && first.contains("Single tenant"));

    // The ids the wrong way round are recognized, and nothing is made.
    let (entered, swapped) = (provider.entered(), format!("{}/{APPLICATION}", provider.authority));
    let tenant_id = provider.tenant.to_string();
    let refused = admin
        .refused(&guide, &[("client_id", &tenant_id), ("authority", &swapped)])
        .await;
    for field in ["client_id", "authority"] {
        assert!(refused.contains(&format!("id=\"error-{field}\"")), "{field}: {refused}");
    }
    assert!(refused.contains("wrong way round") && refused.contains(&tenant_id));
    let ids = [("client_id", APPLICATION), ("authority", entered.as_str())];
    let second = location(&admin.post(&guide, &ids).await);
    let (here, _) = second.split_once("?step=2").unwrap();
    assert_eq!(
        location(&admin.post(&guide, &ids).await),
        here,
        "a form that is sent twice makes one"
    );
    assert_eq!(location(&admin.get(&guide).await), here);
    let api = here.replace("/setup", "");
    let made = system.api("GET", &api, None).await;
    assert_eq!(
        (&made["state"], &made["directory_id"]),
        (&json!("draft"), &json!(tenant.directory_id))
    );

    let page = admin.read(&second).await;
    let at = |text: &Value| page.find(text.as_str().unwrap()).unwrap();
    let uris = made["redirect_uris"].as_array().unwrap();
    assert!(at(&uris[0]["uri"]) < at(&uris[1]["uri"]) && page.contains("data-copy=\"redirect-uri-2\""));
    assert!(page.contains("Mobile and desktop applications"));
    assert!(admin.read(&format!("{here}?step=4")).await.contains("upn"));
    let consent = admin.read(&format!("{here}?step=5")).await;
    assert!(consent.contains(&format!("/{tenant_id}/adminconsent?client_id={APPLICATION}")));
    let back = uris[1]["uri"].as_str().unwrap();
    let done = admin
        .read(&format!("{back}?admin_consent=True&tenant={tenant_id}"))
        .await;
    assert!(done.contains("Consent was given") && !done.contains("another tenant"));
    let elsewhere = admin
        .read(&format!("{back}?admin_consent=True&tenant={}", Uuid::new_v4()))
        .await;
    assert!(elsewhere.contains("another tenant"));

    credential(&system, &mut admin, here).await;
    test_and_go_live(&system, &mut admin, &provider, here).await;

    // Later, the same page renews the secret.
    assert!(admin.read(here).await.contains("Replace the secret"));
    let page = admin.read(&format!("{here}?step=3")).await;
    assert!(page.contains("Replace the secret") && !page.contains(CLIENT_SECRET));
    let renewed = [("client_secret", "another~value"), ("expires_at", "2999-12-31")];
    admin.post(&format!("{here}/secret"), &renewed).await;
    let now = system.api("GET", &api, None).await;
    assert_eq!(now["credential_expires_at"], "2999-12-31T00:00:00.000Z");
    assert_eq!(now["state"], "active", "nobody is locked out by it");
    let audit = system.api("GET", "/audit-log?action=connection.secret_set", None).await;
    assert_eq!(audit["data"][0]["actor"]["type"], "portal_link");
    system.stop().await;
}

/// What the connection proves itself with: first a key, then a secret in its place.
async fn credential(system: &System, admin: &mut Browser, here: &str) {
    let (secret, certificate) = (format!("{here}/secret"), format!("{here}/certificate"));
    assert_eq!(admin.get(&certificate).await.status(), StatusCode::NOT_FOUND);
    let third = location(&admin.post(&format!("{here}/key"), &[]).await);
    let page = admin.read(&third).await;
    let made = system.api("GET", &here.replace("/setup", ""), None).await;
    assert!(page.contains(made["certificate"]["thumbprint_sha1"].as_str().unwrap()));
    let file = admin.get(&certificate).await;
    assert!(
        file.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .ends_with(".cer\"")
    );
    let undated = admin.refused(&secret, &[("client_secret", CLIENT_SECRET)]).await;
    assert!(undated.contains("id=\"error-expires_at\"") && !undated.contains(CLIENT_SECRET));
    let id = [("client_secret", APPLICATION), ("expires_at", "2999-01-31")];
    let refused = admin.refused(&secret, &id).await;
    assert!(refused.contains("id=\"error-client_secret\"") && refused.contains("Secret ID"));
    let good = [("client_secret", CLIENT_SECRET), ("expires_at", "2999-01-31")];
    assert_eq!(location(&admin.post(&secret, &good).await), format!("{here}?step=3"));
}

/// A test by two accounts, of which one is in the directory, and then the switch.
async fn test_and_go_live(system: &System, admin: &mut Browser, provider: &IdentityProvider, here: &str) {
    let (sixth, state) = (format!("{here}?step=6"), format!("{here}/state"));
    let accounts = format!("{here}/accounts");
    assert!(
        admin
            .refused(&accounts, &[("test_accounts", " ")])
            .await
            .contains("id=\"error-test_accounts\"")
    );
    let named = [("test_accounts", "ada@contoso.example\r\nbo@contoso.example")];
    assert_eq!(location(&admin.post(&accounts, &named).await), sixth);
    assert!(
        admin.refused(&state, &[]).await.contains("id=\"error-state\""),
        "nobody has tested it"
    );
    let page = admin.read(&sixth).await;
    assert!(page.contains("Waiting for the first test login"));
    let result = test_login(admin, provider, &page, "bo@contoso.example").await;
    assert!(result.contains("user_not_provisioned") && result.contains("bo@contoso.example"));
    let page = admin.read(&sixth).await;
    assert!(
        page.contains("would not have got in") && page.contains("user_not_provisioned"),
        "{page}"
    );
    test_login(admin, provider, &page, "stranger@contoso.example").await;
    let page = admin.read(&sixth).await;
    assert!(
        page.contains("no_test_account") && !page.contains("stranger@"),
        "nobody is named"
    );
    assert!(admin.refused(&state, &[]).await.contains("id=\"error-state\""));
    let result = test_login(admin, provider, &page, "ada@contoso.example").await;
    assert!(result.contains("<code>upn</code>") && result.contains("Gets in, as ada@contoso.example"));
    assert!(admin.read(&sixth).await.contains("A test login succeeded"));
    let sessions = system
        .api("GET", &format!("{}/sessions", here.replace("/setup", "")), None)
        .await;
    assert_eq!(sessions["data"], json!([]), "a test logs nobody in");
    assert_eq!(location(&admin.post(&state, &[]).await), format!("{here}?step=7"));
    assert!(
        admin
            .read(here)
            .await
            .contains("People log in with the account that they have at work")
    );
    let api = here.replace("/setup", "");
    system.api("PATCH", &api, Some(json!({ "state": "paused" }))).await;
    let refused = admin.refused(&state, &[]).await;
    assert!(
        refused.contains("paused"),
        "what an operator closed is not opened by a link"
    );
    system.api("PATCH", &api, Some(json!({ "state": "active" }))).await;
}

/// A method, a path and the fields of a form.
type Attempt = (Method, String, Vec<(&'static str, &'static str)>);

/// Every form and page of a connection, with what would be taken from somebody who may send it.
fn attempts(connection: &str, directory: &str) -> Vec<Attempt> {
    let (here, guide) = (
        format!("/setup/connections/{connection}"),
        format!("/setup/directories/{directory}/sign-on"),
    );
    let ids = vec![("client_id", APPLICATION), ("authority", "https://id.example/x")];
    let secret = vec![("client_secret", "taken"), ("expires_at", "2999-01-31")];
    vec![
        (Method::GET, here.clone(), vec![]),
        (Method::GET, format!("{here}/certificate"), vec![]),
        (Method::GET, guide.clone(), vec![]),
        (Method::POST, guide, ids.clone()),
        (Method::POST, format!("{here}/provider"), ids),
        (Method::POST, format!("{here}/secret"), secret),
        (Method::POST, format!("{here}/key"), vec![]),
        (
            Method::POST,
            format!("{here}/accounts"),
            vec![("test_accounts", "eve@evil.example")],
        ),
        (Method::POST, format!("{here}/state"), vec![]),
    ]
}

/// A second directory of an organization.
async fn sibling(system: &System, tenant: &Tenant) -> Tenant {
    let body = json!({ "organization": tenant.organization_id, "provider": "okta" });
    let made = system.api("POST", "/directories", Some(body)).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Tenant {
        directory_id: text(&made["id"]),
        organization_id: tenant.organization_id.clone(),
        scim: system::scim::Scim::new(&text(&made["scim_url"]), &text(&made["key"]["token"])),
    }
}

async fn a_link_reaches_no_connection_but_those_of_its_own_directory(shape: Shape) {
    let provider = IdentityProvider::start();
    let system = start(shape, &provider).await;
    let own = system.tenant("contoso.example").await;
    let (beside, other) = (sibling(&system, &own).await, system.tenant("fabrikam.example").await);
    let mut connections = Vec::new();
    for tenant in [&own, &beside, &other] {
        let made = connect(&system, tenant, &provider).await;
        let path = format!("/connections/{}", made["id"].as_str().unwrap());
        connections.push(system.api("GET", &path, None).await);
    }
    let id = |index: usize| connections[index]["id"].as_str().unwrap();
    let of = |more: Value| {
        let mut body = json!({ "organization_id": own.organization_id });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let one = json!({ "directory_id": own.directory_id, "features": ["sso"] });
    let (beside_it, of_other) = ((id(1), &beside.directory_id), (id(2), &other.directory_id));
    for (link, foreign) in [
        (of(one), vec![beside_it, of_other]),
        (of(json!({ "features": ["directory_sync", "sso"] })), vec![of_other]),
        (
            of(json!({ "features": ["directory_sync"] })),
            vec![(id(0), &own.directory_id), beside_it, of_other],
        ),
    ] {
        let mut admin = administrator(&system, link).await;
        for (connection, directory) in foreign {
            for (method, path, form) in attempts(connection, directory) {
                let answer = admin.send(method, &path, &form, "same-origin").await;
                assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            }
        }
    }
    // A link for single sign-on alone opens no provisioning, and another site's form does nothing.
    let mut admin = administrator(&system, of(json!({ "features": ["sso"] }))).await;
    let sync = format!("/setup/directories/{}", own.directory_id);
    for (method, path) in [
        (Method::GET, sync.clone()),
        (Method::GET, format!("{sync}/status")),
        (Method::POST, format!("{sync}/keys")),
        (Method::POST, "/setup/directories".to_owned()),
    ] {
        let answer = admin.send(method, &path, &[("provider", "okta")], "same-origin").await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert!(!admin.read("/setup/start").await.contains(&format!("\"{sync}\"")));
    let mut stranger = Browser::of(&system);
    for (method, path, form) in attempts(id(0), &own.directory_id) {
        if method == Method::POST {
            let answer = admin.send(method.clone(), &path, &form, "cross-site").await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        }
        assert_eq!(
            location(&stranger.send(method, &path, &form, "same-origin").await),
            "/setup",
            "{path}"
        );
    }
    for connection in &connections {
        let now = system
            .api(
                "GET",
                &format!("/connections/{}", connection["id"].as_str().unwrap()),
                None,
            )
            .await;
        assert_eq!(&now, connection);
    }
    // Who may not manage connections makes no link that does.
    let (_, token) = crate::portal::key(&system, json!({ "name": "Sync", "scopes": ["read", "directories"] })).await;
    let form = [("for", "setup"), ("features", "directory_sync"), ("features", "sso")];
    let new = format!("/console/organizations/{}/links/new", own.organization_id);
    let mut operator = Browser::of(&system);
    operator.post("/console/login", &[("key", &token)]).await;
    assert!(!operator.read(&new).await.contains("value=\"sso\""));
    assert!(operator.refused(&new, &form).await.contains("connections"));
    let nothing = operator.refused(&new, &[("for", "setup")]).await;
    assert!(nothing.contains("field-features"));
    system.stop().await;
}
