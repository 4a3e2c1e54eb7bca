//! How people set a directory up to be pulled from Microsoft Graph: an IT administrator by a link, and an operator in the console.

use crate::portal::{Visitor, location};
use crate::sign_on::Browser;
use entra::{AppChange, Entra, NewApp, NewCredential, NewTenant, Options};
use reqwest::{Client, StatusCode, redirect};
use serde_json::{Value, json};
use system::{ADMIN_KEY, Shape, System};
use uuid::Uuid;

crate::on_both_shapes! {
    whoever_has_a_link_sets_up_a_pull_and_begins_its_first_round,
    an_operator_sets_up_a_pull_watches_it_and_ends_it,
}

const SECRET: &str = "abc8Q~the-value-of-a-secret";
const DANA: &str = "dana@fabrikam.example";

/// A tenant at the edge with one person in one group, and an application of it.
struct World {
    entra: Entra,
    tenant: Uuid,
    app: Uuid,
}

impl World {
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let entra = Entra::start(Options::default()).unwrap();
        let new = NewTenant {
            id: None,
            domain: "fabrikam.example".to_owned(),
        };
        let tenant = entra.create_tenant(&new).unwrap();
        let mut app =
            NewApp::new("Pull", &["User.Read.All", "GroupMember.Read.All"]).with(NewCredential::secret(SECRET));
        app.consented = Some(Vec::new());
        let app = tenant.app(app).unwrap();
        let dana = json!({"userPrincipalName": DANA, "displayName": "Dana K", "accountEnabled": true});
        let dana = tenant.user(dana).unwrap();
        let crew = tenant.group(json!({"displayName": "Depot crew"})).unwrap();
        tenant.add_members(crew, &[dana]).unwrap();
        Self {
            tenant: tenant.id(),
            app,
            entra,
        }
    }

    async fn system(&self, shape: Shape) -> System {
        let url = self.entra.url();
        let environment = [("ROLLCALL_ENTRA_AUTHORITY", url), ("ROLLCALL_GRAPH_URL", url)];
        System::start_with(shape, &environment).await
    }

    /// Where Microsoft sends an administrator back to who follows the link for consent on a page.
    async fn consented(&self, page: &str, more: &str) -> String {
        let link = page
            .split("href=\"")
            .find(|part| part.contains("/adminconsent?"))
            .unwrap();
        let link = link
            .split('"')
            .next()
            .unwrap()
            .replace("&amp;", "&")
            .replace("&#38;", "&");
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        let answer = client.get(format!("{link}{more}")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::FOUND, "{link}");
        answer.headers()["location"].to_str().unwrap().to_owned()
    }
}

/// A directory that is to be pulled.
async fn directory(system: &System) -> Value {
    let body = json!({"organization": "fabrikam.example", "provider": "entra_graph"});
    system.api("POST", "/directories", Some(body)).await
}

async fn whoever_has_a_link_sets_up_a_pull_and_begins_its_first_round(shape: Shape) {
    let world = World::start();
    let system = world.system(shape).await;
    let directory = directory(&system).await;
    let id = directory["id"].as_str().unwrap();
    let body = json!({"organization_id": directory["organization_id"], "directory_id": id});
    let link = system.api("POST", "/portal-links", Some(body)).await;
    let mut admin = Browser::of(&system);
    assert_eq!(
        location(&admin.get(link["url"].as_str().unwrap()).await),
        "/setup/start"
    );
    let guide = format!("/setup/directories/{id}/graph");
    assert_eq!(location(&admin.get(&format!("/setup/directories/{id}")).await), guide);
    let first = admin.read(&guide).await;
    assert!(first.contains("New registration") && first.contains("Application (client) ID"));

    // The ids the wrong way round are recognized, and nothing is made.
    let (tenant, app) = (world.tenant.to_string(), world.app.to_string());
    let form = |client_id: &'static str, tenant_id: &'static str| {
        let named = |name: &str| if name == "tenant" { tenant.clone() } else { app.clone() };
        (named(client_id), named(tenant_id))
    };
    let (client_id, tenant_id) = form("tenant", "app");
    let swapped = [
        ("client_id", client_id.as_str()),
        ("tenant_id", &tenant_id),
        ("test_accounts", DANA),
        ("scope", "all"),
    ];
    let refused = admin.refused(&guide, &swapped).await;
    for field in ["client_id", "tenant_id"] {
        assert!(refused.contains(&format!("id=\"error-{field}\"")), "{field}: {refused}");
    }
    assert!(refused.contains("wrong way round") && refused.contains(DANA));
    let (client_id, tenant_id) = form("app", "tenant");
    let right = [
        ("client_id", client_id.as_str()),
        ("tenant_id", &tenant_id),
        ("test_accounts", DANA),
        ("scope", "all"),
    ];
    assert_eq!(location(&admin.post(&guide, &right).await), format!("{guide}?step=2"));
    let api = format!("/directories/{id}/graph");
    let made = system.api("GET", &api, None).await;
    assert_eq!((&made["state"], &made["scope"]), (&json!("draft"), &json!("all")));

    credential(&system, &world, &mut admin, &guide).await;
    consent(&world, &mut admin, &guide).await;

    let page = admin.post(&format!("{guide}/test"), &[]).await;
    assert_eq!(page.status(), StatusCode::OK);
    let page = page.text().await.unwrap();
    assert!(
        page.contains("nothing is missing") && page.contains("Would be made"),
        "{page}"
    );
    assert!(page.contains("Dana K") && page.contains("userName"));
    assert!(
        admin
            .refused(&format!("{guide}/accounts"), &[("test_accounts", " ")])
            .await
            .contains("id=\"error-test_accounts\"")
    );
    assert!(
        admin
            .read(&format!("{guide}?step=5"))
            .await
            .contains("Nothing is pulled yet")
    );
    let started = admin.post(&format!("{guide}/start"), &[]).await;
    assert_eq!(location(&started), format!("{guide}?step=5"));
    let page = admin.read(&guide).await;
    assert!(
        page.contains("is pulled from Microsoft Graph") && page.contains("Next round"),
        "{page}"
    );

    // What an operator paused is not for the holder of the link to start.
    system.api("POST", &format!("{api}/pause"), Some(json!({}))).await;
    assert!(
        admin
            .refused(&format!("{guide}/start"), &[])
            .await
            .contains("id=\"error-state\"")
    );
    let audit = system.api("GET", "/audit-log?action=graph_pull.resumed", None).await;
    assert_eq!(audit["data"][0]["actor"]["type"], "portal_link");
    system.stop().await;
}

/// The certificate is a file, and a secret takes its place only if Entra takes it.
async fn credential(system: &System, world: &World, admin: &mut Browser, guide: &str) {
    let page = admin.read(&format!("{guide}?step=2")).await;
    let api = guide.replace("/setup", "");
    let made = system.api("GET", &api, None).await;
    assert!(
        page.contains(
            made["credentials"][0]["certificate"]["thumbprint_sha1"]
                .as_str()
                .unwrap()
        )
    );
    let file = admin.get(&format!("{guide}/certificate")).await;
    assert!(
        file.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .ends_with(".cer\"")
    );
    let secret = format!("{guide}/secret");
    let undated = admin.refused(&secret, &[("secret", SECRET)]).await;
    assert!(undated.contains("id=\"error-expires_at\"") && !undated.contains(SECRET));
    let wrong = [("secret", "another"), ("expires_at", "2999-01-31")];
    assert!(admin.refused(&secret, &wrong).await.contains("AADSTS7000215"));
    let id = world.app.to_string();
    let refused = admin
        .refused(&secret, &[("secret", id.as_str()), ("expires_at", "2999-01-31")])
        .await;
    assert!(refused.contains("id=\"error-secret\"") && refused.contains("Secret ID"));
    let good = [("secret", SECRET), ("expires_at", "2999-01-31")];
    assert_eq!(location(&admin.post(&secret, &good).await), format!("{guide}?step=2"));
    let made = system.api("GET", &api, None).await;
    let states: Vec<_> = made["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["state"])
        .collect();
    assert_eq!(states, ["active", "retiring"], "what was refused is not kept");
}

/// To admin consent and back, by somebody who refuses first.
async fn consent(world: &World, admin: &mut Browser, guide: &str) {
    let page = admin.read(&format!("{guide}?step=3")).await;
    assert!(page.contains("GroupMember.Read.All") && page.contains("/graph/consent"));
    let missing = admin.post(&format!("{guide}/test"), &[]).await.text().await.unwrap();
    assert!(
        missing.contains("Permission missing") && missing.contains("/adminconsent?"),
        "{missing}"
    );
    let back = world.consented(&page, "&sim_deny=true").await;
    let denied = admin.page(&back, StatusCode::BAD_REQUEST).await;
    assert!(
        denied.contains("Consent was not given") && denied.contains("AADSTS65004"),
        "{denied}"
    );
    let back = world.consented(&page, "").await;
    let done = admin.read(&back).await;
    assert!(
        done.contains("Consent was given") && done.contains(&format!("{guide}?step=4")),
        "{done}"
    );
    let elsewhere = back.replace(&world.tenant.to_string(), &Uuid::new_v4().to_string());
    assert!(
        admin
            .page(&elsewhere, StatusCode::BAD_REQUEST)
            .await
            .contains("another tenant")
    );
    let forged = admin
        .page("/graph/consent?admin_consent=True&state=x", StatusCode::BAD_REQUEST)
        .await;
    assert!(forged.contains("not one of this installation") && !forged.contains("step=4"));
}

async fn an_operator_sets_up_a_pull_watches_it_and_ends_it(shape: Shape) {
    let world = World::start();
    let roles = ["User.Read.All", "GroupMember.Read.All"].map(str::to_owned).to_vec();
    let consented = AppChange {
        consented: Some(roles),
        ..AppChange::default()
    };
    world
        .entra
        .tenant(world.tenant)
        .change_app(world.app, consented)
        .unwrap();
    let system = world.system(shape).await;
    let mut dana = Visitor::log_in(&system, ADMIN_KEY).await;
    let form = [("organization", "fabrikam.example"), ("provider", "entra_graph")];
    let tab = location(&dana.post("/console/directories", &form).await);
    let api = tab.replace("/console", "");
    let page = dana.read(&tab).await;
    assert!(
        page.contains("Pull from Microsoft Graph") && page.contains("id=\"field-tenant_id\""),
        "{page}"
    );
    let (tenant, app) = (world.tenant.to_string(), world.app.to_string());
    let mut form = vec![
        ("client_id", app.as_str()),
        ("tenant_id", &tenant),
        ("cloud", "global"),
        ("test_accounts", DANA),
        ("scope", "groups"),
        ("credential_secret", SECRET),
        ("credential_expires_at", "2999-01-31"),
    ];
    let refused = dana.post(&tab, &form).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let refused = refused.text().await.unwrap();
    assert!(
        refused.contains("id=\"error-groups\"") && refused.contains(&tenant) && !refused.contains(SECRET),
        "{refused}"
    );
    form[4].1 = "all";
    assert_eq!(location(&dana.post(&tab, &form).await), tab);
    let tested = dana.post(&format!("{tab}/test"), &[]).await;
    assert!(tested.text().await.unwrap().contains("nothing is missing"));
    let act = format!("{tab}/act");
    assert_eq!(location(&dana.post(&act, &[("act", "resume")]).await), tab);
    let page = dana.read(&tab).await;
    assert!(page.contains("This directory is pulled from Microsoft Graph") && page.contains("Begin a full round now"));
    dana.post(&act, &[("act", "sync-full")]).await;

    // Another certificate waits beside the secret until Entra knows it.
    let credentials = format!("{tab}/credentials");
    assert_eq!(location(&dana.post(&credentials, &[]).await), tab);
    let pull = system.api("GET", &api, None).await;
    let new = format!("{credentials}/{}", pull["credentials"][0]["id"].as_str().unwrap());
    let refused = dana.post(&new, &[("act", "activate")]).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().await.unwrap().contains("AADSTS700027"));
    assert_eq!(location(&dana.post(&new, &[("act", "remove")]).await), tab);

    dana.post(&act, &[("act", "pause")]).await;
    assert!(dana.read(&tab).await.contains("The pull is paused"));
    let refused = dana.post(&format!("{tab}/delete"), &[("confirm", "no")]).await;
    assert!(refused.text().await.unwrap().contains("id=\"error-confirm\""));
    assert_eq!(
        location(
            &dana
                .post(&format!("{tab}/delete"), &[("confirm", "Microsoft Graph")])
                .await
        ),
        tab
    );
    assert_eq!(system.try_api("GET", &api, None).await.0, 404);
    system.stop().await;
}
