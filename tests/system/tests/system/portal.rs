//! The portal over HTTP: who gets in, what each may see, and that no form of another site changes anything.

use reqwest::{Client, Method, Response, StatusCode, redirect};
use serde_json::{Value, json};
use system::{Shape, System};

crate::on_both_shapes! {
    an_operator_logs_in_with_a_key_and_is_out_when_the_key_is_gone,
    pages_need_a_session_and_say_where_to_log_in,
    a_form_of_another_site_changes_nothing,
    an_operator_of_one_organization_sees_nothing_of_another,
    a_link_opens_its_organization_only_until_it_is_revoked,
    what_a_key_may_not_do_the_console_does_not_do,
    whoever_has_a_link_connects_the_identity_provider_without_an_operator,
}

/// Somebody with a browser that keeps cookies, follows no redirects by itself, and sends forms as browsers do.
pub(crate) struct Visitor {
    client: Client,
    base: String,
    cookie: Option<String>,
}

impl Visitor {
    pub(crate) fn of(system: &System) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self {
            client,
            base: system.admin_url(),
            cookie: None,
        }
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
        site: Option<&str>,
    ) -> Response {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(site) = site {
            request = request.header("sec-fetch-site", site);
        }
        if method == Method::POST {
            let form: String = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish();
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            assert!(
                cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
                "{cookie}"
            );
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        response
    }

    pub(crate) async fn get(&mut self, path: &str) -> Response {
        self.send(Method::GET, path, &[], Some("none")).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Response {
        self.send(Method::POST, path, form, Some("same-origin")).await
    }

    pub(crate) async fn log_in(system: &System, key: &str) -> Self {
        let mut visitor = Self::of(system);
        let answer = visitor.post("/console/login", &[("key", key)]).await;
        assert_eq!(location(&answer), "/console");
        visitor
    }

    /// A page that there is.
    pub(crate) async fn read(&mut self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        response.text().await.unwrap()
    }
}

pub(crate) fn location(response: &Response) -> String {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    response.headers()["location"].to_str().unwrap().to_owned()
}

pub(crate) async fn key(system: &System, body: Value) -> (String, String) {
    let made = system.api("POST", "/admin-keys", Some(body)).await;
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

async fn an_operator_logs_in_with_a_key_and_is_out_when_the_key_is_gone(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let (id, token) = key(&system, json!({ "name": "Dana", "scopes": ["read"] })).await;
    let mut wrong = Visitor::of(&system);
    for bad in ["", "rca_no", &token[..token.len() - 1]] {
        let answer = wrong.post("/console/login", &[("key", bad)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
        assert!(answer.headers().get("set-cookie").is_none());
    }
    let mut dana = Visitor::log_in(&system, &token).await;
    let page = dana.read("/console/directories").await;
    assert!(page.contains(&tenant.directory_id) && page.contains("Dana"));
    assert!(!page.contains(&token), "the key is on no page");
    system.api("DELETE", &format!("/admin-keys/{id}"), None).await;
    assert_eq!(
        location(&dana.get("/console/directories").await),
        "/console/login?next=%2Fconsole%2Fdirectories"
    );
    let audit = system.api("GET", "/audit-log?action=access.refused", None).await;
    assert!(
        !audit["data"].as_array().unwrap().is_empty(),
        "wrong keys are in the audit log: {audit}"
    );
    system.stop().await;
}

async fn pages_need_a_session_and_say_where_to_log_in(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let mut stranger = Visitor::of(&system);
    let directory = format!("/console/directories/{}", tenant.directory_id);
    let organization = format!("/console/organizations/{}", tenant.organization_id);
    for path in [
        "/console",
        "/console/organizations",
        "/console/directories",
        &directory,
        &organization,
    ] {
        let to = location(&stranger.get(path).await);
        assert!(to.starts_with("/console/login"), "{path} led to {to}");
    }
    for path in [
        "/console/organizations",
        &organization,
        &format!("{organization}/delete"),
    ] {
        let to = location(&stranger.post(path, &[("name", "x"), ("domains", "x.example")]).await);
        assert!(to.starts_with("/console/login"), "{path} led to {to}");
    }
    assert_eq!(location(&stranger.get("/setup/start").await), "/setup");
    assert_eq!(location(&stranger.get("/setup/rcl_no").await), "/setup");
    let (_, token) = key(&system, json!({ "name": "Dana", "scopes": ["read"] })).await;
    let mut dana = Visitor::log_in(&system, &token).await;
    assert_eq!(dana.get("/console/nowhere").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        dana.get("/console/directories/nobody").await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        location(&dana.get("/setup/start").await),
        "/setup",
        "one door does not open another"
    );
    dana.post("/console/logout", &[]).await;
    assert!(location(&dana.get("/console").await).starts_with("/console/login"));
    system.stop().await;
}

async fn a_form_of_another_site_changes_nothing(shape: Shape) {
    let system = System::start(shape).await;
    let (_, token) = key(&system, json!({ "name": "Dana", "scopes": ["read", "directories"] })).await;
    let mut dana = Visitor::log_in(&system, &token).await;
    let form = [("domains", "fabrikam.example")];
    for site in [Some("cross-site"), Some("same-site"), None] {
        let answer = dana.send(Method::POST, "/console/organizations", &form, site).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{site:?}");
    }
    let organizations = system.api("GET", "/organizations", None).await;
    assert!(!organizations.to_string().contains("fabrikam.example"));
    let made = location(&dana.post("/console/organizations", &form).await);
    assert!(dana.read(&made).await.contains("fabrikam.example"));
    system.stop().await;
}

async fn an_operator_of_one_organization_sees_nothing_of_another(shape: Shape) {
    let system = System::start(shape).await;
    let (own, other) = (
        system.tenant("contoso.example").await,
        system.tenant("fabrikam.example").await,
    );
    let body = json!({ "name": "Dana", "scopes": ["read", "directories", "endpoints"], "organization_id": own.organization_id });
    let (_, token) = key(&system, body).await;
    let mut dana = Visitor::log_in(&system, &token).await;
    for path in ["/console", "/console/organizations", "/console/directories"] {
        let page = dana.read(path).await;
        assert!(
            !page.contains("fabrikam") && !page.contains(&other.directory_id),
            "{path}"
        );
    }
    dana.read(&format!("/console/directories/{}", own.directory_id)).await;
    for path in [
        format!("/console/directories/{}", other.directory_id),
        format!("/console/organizations/{}", other.organization_id),
    ] {
        assert_eq!(dana.get(&path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let deletion = format!("/console/organizations/{}/delete", other.organization_id);
    let answer = dana.post(&deletion, &[("confirm", "fabrikam.example")]).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);

    let path = format!("/console/organizations/{}", own.organization_id);
    assert!(
        !dana.read(&path).await.contains("name=\"domains\""),
        "nobody says which domains are their own"
    );
    let saved = dana.post(&path, &[("name", "Contoso Ltd"), ("contacts", "")]).await;
    assert_eq!(location(&saved), path);
    assert!(dana.read(&path).await.contains("Contoso Ltd"));
    system.stop().await;
}

async fn a_link_opens_its_organization_only_until_it_is_revoked(shape: Shape) {
    let system = System::start(shape).await;
    let (own, other) = (
        system.tenant("contoso.example").await,
        system.tenant("fabrikam.example").await,
    );
    let link = system
        .api(
            "POST",
            "/portal-links",
            Some(json!({ "organization_id": own.organization_id })),
        )
        .await;
    let url = link["url"].as_str().unwrap();
    let path = url.find("/setup/").map(|at| &url[at..]).unwrap();
    let mut admin = Visitor::of(&system);
    assert_eq!(
        location(&admin.get(path).await),
        "/setup/start",
        "the token leaves the address at once"
    );
    let page = admin.read("/setup/start").await;
    assert!(page.contains("contoso.example") && !page.contains("fabrikam") && !page.contains(&other.directory_id));
    assert!(
        location(&admin.get("/console").await).starts_with("/console/login"),
        "one door does not open another"
    );
    let other_door = json!({ "organization_id": own.organization_id, "features": ["webhooks"] });
    let other_door = system.api("POST", "/portal-links", Some(other_door)).await;
    let token = other_door["url"].as_str().unwrap().rsplit('/').next().unwrap();
    let to = location(&Visitor::of(&system).get(&format!("/setup/{token}")).await);
    assert_eq!(to, "/setup", "a link for something else does not open directories");
    let id = link["id"].as_str().unwrap();
    system.api("DELETE", &format!("/portal-links/{id}"), None).await;
    assert_eq!(location(&admin.get("/setup/start").await), "/setup");
    assert_eq!(location(&admin.get(path).await), "/setup");
    system.stop().await;
}

async fn what_a_key_may_not_do_the_console_does_not_do(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let (_, token) = key(&system, json!({ "name": "Dana", "scopes": ["read"] })).await;
    let mut dana = Visitor::log_in(&system, &token).await;
    let organization = format!("/console/organizations/{}", tenant.organization_id);
    let page = dana.read(&organization).await;
    assert!(!page.contains("Delete this organization"), "it is not offered");
    let answer = dana
        .post(&organization, &[("name", "Renamed"), ("domains", "contoso.example")])
        .await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.text().await.unwrap().contains("directories"),
        "the missing scope is named"
    );
    let organization = system
        .api("GET", &format!("/organizations/{}", tenant.organization_id), None)
        .await;
    assert_ne!(organization["name"], "Renamed");
    system.stop().await;
}

async fn whoever_has_a_link_connects_the_identity_provider_without_an_operator(shape: Shape) {
    let system = System::start(shape).await;
    let organization = system
        .api(
            "POST",
            "/organizations",
            Some(json!({ "domains": ["contoso.example"] })),
        )
        .await;
    let link = system
        .api(
            "POST",
            "/portal-links",
            Some(json!({ "organization_id": organization["id"] })),
        )
        .await;
    let url = link["url"].as_str().unwrap();
    let mut admin = Visitor::of(&system);
    admin.get(url.find("/setup/").map(|at| &url[at..]).unwrap()).await;
    let guide = location(&admin.post("/setup/directories", &[("provider", "entra_id")]).await);
    assert!(admin.read(&guide).await.contains("Create the enterprise application"));
    let page = admin
        .post(&format!("{guide}/keys"), &[("step", "2")])
        .await
        .text()
        .await
        .unwrap();
    let value = |id: &str| {
        let field = page.split(&format!("id=\"{id}\"")).nth(1).unwrap();
        field
            .split("value=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    };
    let id = guide.rsplit('/').next().unwrap();
    // The token beside a URL that was cut short: the guide says which URL it is.
    let url = value("tenant-url");
    let short = url.strip_suffix("/scim/v2").unwrap();
    let scim = system::scim::Scim::new(short, &value("token"));
    scim.get("/Users").await.expect(404);
    let wrong = format!("the tenant URL to enter in the identity provider is {url}");
    until_read(&mut admin, &guide, &wrong).await;
    let scim = system::scim::Scim::new(&url, &value("token"));
    scim.create_user("ada@contoso.example").await.expect(201);
    let keys = system.api("GET", &format!("/directories/{id}/keys"), None).await;
    assert_eq!(
        keys["data"].as_array().unwrap().len(),
        1,
        "the key that nobody saw is gone"
    );
    let made = system.api("GET", "/audit-log?action=directory.created", None).await;
    assert_eq!(made["data"][0]["actor"]["type"], "portal_link", "{made}");
    assert_eq!(made["data"][0]["actor"]["id"], link["id"]);
    // What is logged is written within seconds.
    until_read(&mut admin, &format!("{guide}/status"), "POST /Users").await;
    // What was wrong is forgotten with the note of the next use of the key.
    until(&mut admin, &guide, |page| !page.contains(&wrong)).await;
    system.stop().await;
}

/// Waits until a page holds a text.
async fn until_read(visitor: &mut Visitor, page: &str, text: &str) {
    until(visitor, page, |shown| shown.contains(text)).await;
}

/// Waits until a page is as it should be.
async fn until(visitor: &mut Visitor, page: &str, is_right: impl Fn(&str) -> bool) {
    let started = std::time::Instant::now();
    loop {
        let shown = visitor.read(page).await;
        if is_right(&shown) {
            return;
        }
        assert!(started.elapsed() < system::process::PATIENCE, "{shown}");
        system::process::pause().await;
    }
}
