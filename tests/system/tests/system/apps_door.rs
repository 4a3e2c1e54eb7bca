//! The door for teams of apps, and keys with the same limits: each capability is its own part of the endpoints of one
//! organization, and nothing else.

use crate::portal::{Visitor, key, location};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use system::{Shape, System, Tenant, nobody};

crate::on_both_shapes! {
    each_capability_of_a_link_shows_and_does_exactly_its_part,
    each_scope_of_a_key_opens_exactly_its_part_of_the_api,
    endpoints_that_are_not_of_the_organization_alone_do_not_exist,
    a_link_gives_no_more_than_its_maker_has,
    every_page_needs_a_link_that_is_good_and_for_this_door,
    pages_are_in_the_name_of_the_link_and_lead_back,
}

/// Where a form goes, what is in it, and the capability that it takes.
type FilledForm<'a> = (String, &'a [(&'a str, &'a str)], &'a str);

const CAPABILITIES: [&str; 4] = ["view", "reveal", "manage", "resend"];

/// An endpoint of an organization, whose path is secret, and a delivery of it that was tried in vain.
struct Hook {
    endpoint: String,
    delivery: String,
}

async fn hook(system: &System, organizations: Value) -> Hook {
    let url = format!("{}/hooks/very-secret", nobody());
    let body = json!({ "url": url, "organization_ids": organizations, "description": "Billing" });
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let endpoint = text(&system.api("POST", "/endpoints", Some(body)).await["id"]);
    let test = system
        .api("POST", &format!("/endpoints/{endpoint}/test"), Some(json!({})))
        .await;
    let delivery = text(&test["delivery_id"]);
    let started = std::time::Instant::now();
    loop {
        let found = system.api("GET", &format!("/deliveries/{delivery}"), None).await;
        if found["attempt_count"].as_u64() > Some(0) {
            break;
        }
        assert!(started.elapsed() < system::process::PATIENCE, "{found}");
        system::process::pause().await;
    }
    Hook { endpoint, delivery }
}

async fn link(system: &System, tenant: &Tenant, more: Value) -> Value {
    let mut body = json!({ "organization_id": tenant.organization_id, "features": ["webhooks"] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    system.api("POST", "/portal-links", Some(body)).await
}

/// The path of a link's URL.
fn path(link: &Value) -> &str {
    let url = link["url"].as_str().unwrap();
    let doors = ["/apps/", "/setup/"];
    doors
        .iter()
        .find_map(|door| url.find(door))
        .map(|at| &url[at..])
        .unwrap()
}

/// The team of an app that opened a link.
async fn team(system: &System, tenant: &Tenant, capabilities: &[&str]) -> Visitor {
    let link = link(system, tenant, json!({ "capabilities": capabilities })).await;
    let mut team = Visitor::of(system);
    assert_eq!(
        location(&team.get(path(&link)).await),
        "/apps/endpoints",
        "the token leaves the address at once"
    );
    team
}

async fn each_capability_of_a_link_shows_and_does_exactly_its_part(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let Hook { endpoint, delivery } = hook(&system, json!([tenant.organization_id])).await;
    let here = format!("/apps/endpoints/{endpoint}");
    for capability in CAPABILITIES {
        let mut team = team(&system, &tenant, &[capability]).await;
        let list = team.read("/apps/endpoints").await;
        assert!(list.contains(&endpoint) && !list.contains("very-secret"));
        assert!(!list.contains("/console"), "no page leads to the console");
        let page = team.read(&here).await;
        assert!(page.contains(&delivery) && !page.contains("very-secret") && !page.contains("/console"));
        let one = team.read(&format!("/apps/deliveries/{delivery}")).await;
        assert!(one.contains("Attempt 1") && !one.contains("/console"));
        team.read(&format!("/apps/deliveries/{delivery}/attempts/1")).await;
        for (offer, needed) in [
            ("Show the secret", "reveal"),
            ("Make a new one", "manage"),
            ("Send a test event", "manage"),
            ("Delete this endpoint", "manage"),
            ("Count first", "resend"),
        ] {
            assert_eq!(page.contains(offer), capability == needed, "{capability}: {offer}");
        }
        assert_eq!(one.contains("Send again"), capability == "resend");
        assert_eq!(list.contains("New endpoint"), capability == "manage");
        let status = team.get("/apps/endpoints/new").await.status();
        let expected = match capability {
            "manage" => StatusCode::OK,
            _ => StatusCode::FORBIDDEN,
        };
        assert_eq!(status, expected, "{capability}");
        does_its_part(&mut team, capability, &here, &delivery).await;
    }
    let audit = system.api("GET", "/audit-log?action=endpoint.secret_read", None).await;
    assert_eq!(audit["data"].as_array().unwrap().len(), 1, "{audit}");
    assert_eq!(audit["data"][0]["actor"]["type"], "portal_link");
    system.stop().await;
}

/// Sends every form; those that are not of the capability are refused by the API, also when nobody offered them.
async fn does_its_part(team: &mut Visitor, capability: &str, here: &str, delivery: &str) {
    let origin_less: &[(&str, &str)] = &[("confirm", "not the address")];
    let retry = format!("/apps/deliveries/{delivery}/retry");
    let forms: [FilledForm<'_>; 7] = [
        (format!("{here}/secret"), &[], "reveal"),
        (here.to_owned(), &[("description", "Renamed")], "manage"),
        (format!("{here}/test"), &[], "manage"),
        (format!("{here}/rotate-secret"), &[], "manage"),
        (format!("{here}/enable"), &[], "manage"),
        (format!("{here}/replay"), &[("only_failed", "on")], "resend"),
        (retry, &[], "resend"),
    ];
    for (path, form, needed) in forms {
        let answer = team.post(&path, form).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        if capability == needed {
            let is_done = status == StatusCode::OK || status == StatusCode::SEE_OTHER;
            assert!(is_done, "{capability}: {path}: {status} {text}");
        } else {
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{capability}: {path}");
            assert!(
                text.contains(&format!("endpoints:{needed}")),
                "the missing scope is named"
            );
        }
        let shows_secret = text.contains("whsec_");
        assert_eq!(
            shows_secret,
            capability == "reveal" && path.ends_with("/secret"),
            "{path}"
        );
    }
    let answer = team.post(&format!("{here}/delete"), origin_less).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let form = [("url", "https://app.example/hooks")];
    let answer = team.post("/apps/endpoints", &form).await;
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(
        !text.contains("whsec_"),
        "making an endpoint does not show its secret by itself"
    );
    let expected = match capability {
        "manage" => StatusCode::OK,
        _ => StatusCode::FORBIDDEN,
    };
    assert_eq!(status, expected, "{capability}");
}

/// What a key may ask, and the scope that it needs.
fn operations(hook: &Hook, tenant: &Tenant) -> Vec<(Method, String, Value, &'static str)> {
    let (get, post) = (Method::GET, Method::POST);
    let endpoint = format!("/endpoints/{}", hook.endpoint);
    let delivery = format!("/deliveries/{}", hook.delivery);
    let directory = format!("/directories/{}", tenant.directory_id);
    let organization = &tenant.organization_id;
    let link = json!({ "organization_id": organization, "features": ["webhooks"] });
    let none = Value::Null;
    let of_endpoints = [
        (get.clone(), "/endpoints".to_owned(), none.clone(), "view"),
        (get.clone(), endpoint.clone(), none.clone(), "view"),
        (get.clone(), format!("{endpoint}/stats"), none.clone(), "view"),
        (
            get.clone(),
            format!("/deliveries?endpoint_id={}", hook.endpoint),
            none.clone(),
            "view",
        ),
        (get.clone(), delivery.clone(), none.clone(), "view"),
        (get.clone(), "/event-types".to_owned(), none.clone(), "view"),
        (get.clone(), format!("{endpoint}/secret"), none.clone(), "reveal"),
        (
            Method::PATCH,
            endpoint.clone(),
            json!({ "description": "Renamed" }),
            "manage",
        ),
        (post.clone(), format!("{endpoint}/test"), json!({}), "manage"),
        (post.clone(), format!("{endpoint}/enable"), json!({}), "manage"),
        (post.clone(), format!("{endpoint}/rotate-secret"), json!({}), "manage"),
        (
            post.clone(),
            "/endpoints".to_owned(),
            json!({ "url": "https://app.example/hooks" }),
            "manage",
        ),
        (
            post.clone(),
            format!("{endpoint}/replay"),
            json!({ "dry_run": true }),
            "resend",
        ),
        (post.clone(), format!("{delivery}/retry"), json!({}), "resend"),
    ];
    let others = [
        "/organizations".to_owned(),
        format!("/organizations/{organization}"),
        "/directories".to_owned(),
        directory.clone(),
        format!("{directory}/users"),
        format!("{directory}/groups"),
        format!("{directory}/keys"),
        format!("{directory}/requests"),
        "/events".to_owned(),
        "/credentials".to_owned(),
        "/portal-links".to_owned(),
        "/admin-keys".to_owned(),
        "/audit-log".to_owned(),
    ];
    let mut all: Vec<_> = of_endpoints.into();
    all.extend(others.map(|path| (get.clone(), path, none.clone(), "nothing")));
    all.push((post, "/portal-links".to_owned(), link, "nothing"));
    all
}

async fn ask(system: &System, key: &str, method: &Method, path: &str, body: &Value) -> (StatusCode, Value) {
    let url = format!("{}/api/v1{path}", system.admin_url());
    let mut request = system::client().request(method.clone(), url).bearer_auth(key);
    if !body.is_null() {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    (status, answer.json().await.unwrap_or_default())
}

async fn each_scope_of_a_key_opens_exactly_its_part_of_the_api(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let hook = hook(&system, json!([tenant.organization_id])).await;
    let made = async |scopes: Value| {
        let body = json!({ "name": "app", "scopes": scopes, "organization_id": tenant.organization_id });
        key(&system, body).await.1
    };
    for capability in CAPABILITIES {
        let token = made(json!([format!("endpoints:{capability}")])).await;
        for (method, path, body, needed) in operations(&hook, &tenant) {
            let (status, answer) = ask(&system, &token, &method, &path, &body).await;
            let what = format!("endpoints:{capability}: {method} {path}: {status} {answer}");
            if needed == capability {
                // A retry while an attempt is being made is refused for that.
                assert!(status.is_success() || status == StatusCode::CONFLICT, "{what}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{what}");
            }
            let answer = answer.to_string();
            assert!(!answer.contains("very-secret"), "{what}");
            assert_eq!(
                answer.contains("whsec_"),
                path.ends_with("/secret") && status.is_success(),
                "{what}"
            );
        }
    }
    // The wide scopes include the narrow ones, as they always did.
    let (read, endpoints) = (made(json!(["read"])).await, made(json!(["endpoints"])).await);
    for (method, path, body, needed) in operations(&hook, &tenant) {
        let (status, _) = ask(&system, &endpoints, &method, &path, &body).await;
        assert_eq!(
            status == StatusCode::FORBIDDEN,
            needed == "nothing",
            "endpoints: {method} {path}"
        );
        if CAPABILITIES.contains(&needed) {
            let (status, _) = ask(&system, &read, &method, &path, &body).await;
            assert_eq!(
                status == StatusCode::FORBIDDEN,
                needed != "view",
                "read: {method} {path}"
            );
        }
    }
    let both = made(json!(["endpoints:view", "endpoints:reveal"])).await;
    let endpoint = format!("/endpoints/{}", hook.endpoint);
    let (_, shown) = ask(&system, &both, &Method::GET, &endpoint, &Value::Null).await;
    assert!(shown["url"].as_str().unwrap().ends_with("very-secret"));
    // None of them opens the console, which shows people.
    let mut visitor = Visitor::of(&system);
    let answer = visitor.post("/console/login", &[("key", &both)]).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    system.stop().await;
}

async fn endpoints_that_are_not_of_the_organization_alone_do_not_exist(shape: Shape) {
    let system = System::start(shape).await;
    let (own, other) = (
        system.tenant("contoso.example").await,
        system.tenant("fabrikam.example").await,
    );
    let (of_own, of_other) = (&own.organization_id, &other.organization_id);
    let mine = hook(&system, json!([of_own])).await;
    let foreign = [
        hook(&system, json!([of_other])).await,
        hook(&system, json!([of_own, of_other])).await,
        hook(&system, Value::Null).await,
    ];
    let mut team = team(&system, &own, &CAPABILITIES).await;
    let scopes = CAPABILITIES.map(|capability| format!("endpoints:{capability}"));
    let body = json!({ "name": "app", "scopes": scopes, "organization_id": of_own });
    let (_, token) = key(&system, body).await;
    let list = team.read("/apps/endpoints").await;
    let (_, listed) = ask(&system, &token, &Method::GET, "/endpoints", &Value::Null).await;
    assert!(list.contains(&mine.endpoint) && listed.to_string().contains(&mine.endpoint));
    for foreign in &foreign {
        assert!(!list.contains(&foreign.endpoint) && !listed.to_string().contains(&foreign.endpoint));
        let before = system
            .api("GET", &format!("/endpoints/{}", foreign.endpoint), None)
            .await;
        let (endpoint, delivery) = (
            format!("/apps/endpoints/{}", foreign.endpoint),
            format!("/apps/deliveries/{}", foreign.delivery),
        );
        for path in [&endpoint, &delivery, &format!("{delivery}/attempts/1")] {
            let answer = team.get(path).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert!(!answer.text().await.unwrap().contains("/console"));
        }
        let origin = before["url_origin"].as_str().unwrap();
        for act in [
            "",
            "/secret",
            "/rotate-secret",
            "/test",
            "/replay",
            "/enable",
            "/delete",
        ] {
            let form = [("confirm", origin), ("description", "Mine"), ("sure", "true")];
            let answer = team.post(&format!("{endpoint}{act}"), &form).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{endpoint}{act}");
        }
        for act in ["retry", "cancel"] {
            let answer = team.post(&format!("{delivery}/{act}"), &[]).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{delivery}/{act}");
        }
        for (method, path, body, needed) in operations(foreign, &own) {
            if path.contains(&foreign.endpoint) || path.contains(&foreign.delivery) {
                assert!(CAPABILITIES.contains(&needed));
                let (status, _) = ask(&system, &token, &method, &path, &body).await;
                assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
            }
        }
        let after = system
            .api("GET", &format!("/endpoints/{}", foreign.endpoint), None)
            .await;
        for member in [
            "url",
            "description",
            "state",
            "previous_secret_until",
            "organization_ids",
        ] {
            assert_eq!(after[member], before[member], "nothing was changed");
        }
    }
    // What the team makes is of its organization, and of no other.
    let form = [
        ("url", "https://app.example/hooks"),
        ("organization_ids", of_other.as_str()),
    ];
    let answer = team.post("/apps/endpoints", &form).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let answer = team.post("/apps/endpoints", &form[..1]).await;
    assert!(
        answer.text().await.unwrap().contains("whsec_"),
        "those who may see secrets see it at once"
    );
    let newest = system.api("GET", "/endpoints?limit=1", None).await;
    assert_eq!(newest["data"][0]["organization_ids"], json!([of_own]));
    system.stop().await;
}

async fn a_link_gives_no_more_than_its_maker_has(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    for (scopes, given) in [
        (json!(["directories"]), vec![]),
        (json!(["directories", "read"]), vec!["view"]),
        (
            json!(["directories", "endpoints:view", "endpoints:resend"]),
            vec!["view", "resend"],
        ),
        (json!(["directories", "endpoints"]), CAPABILITIES.to_vec()),
    ] {
        let (_, token) = key(&system, json!({ "name": "maker", "scopes": scopes })).await;
        for capability in CAPABILITIES {
            let body = json!({
                "organization_id": tenant.organization_id, "features": ["webhooks"], "capabilities": [capability],
            });
            let (status, answer) = ask(&system, &token, &Method::POST, "/portal-links", &body).await;
            let expected = match given.contains(&capability) {
                true => StatusCode::CREATED,
                false => StatusCode::FORBIDDEN,
            };
            assert_eq!(status, expected, "{scopes}: {capability}: {answer}");
        }
    }
    // The console offers no more than that either.
    let (_, token) = key(&system, json!({ "name": "maker", "scopes": ["directories", "read"] })).await;
    let mut maker = Visitor::log_in(&system, &token).await;
    let form = format!("/console/organizations/{}/links/new", tenant.organization_id);
    let page = maker.read(&form).await;
    assert!(page.contains("value=\"view\"") && !page.contains("value=\"manage\""));
    let answer = maker.post(&form, &[("for", "apps"), ("capabilities", "manage")]).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let answer = maker.post(&form, &[("for", "apps"), ("capabilities", "view")]).await;
    assert!(
        answer.text().await.unwrap().contains("/apps/rcl_"),
        "the link is shown once"
    );
    system.stop().await;
}

async fn every_page_needs_a_link_that_is_good_and_for_this_door(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let hook = hook(&system, json!([tenant.organization_id])).await;
    let endpoint = format!("/apps/endpoints/{}", hook.endpoint);
    let delivery = format!("/apps/deliveries/{}", hook.delivery);
    let made = link(&system, &tenant, json!({ "capabilities": CAPABILITIES })).await;
    let mut team = Visitor::of(&system);
    team.get(path(&made)).await;
    let of_setup = json!({ "organization_id": tenant.organization_id });
    let of_setup = system.api("POST", "/portal-links", Some(of_setup)).await;
    let mut administrator = Visitor::of(&system);
    assert_eq!(location(&administrator.get(path(&of_setup)).await), "/setup/start");
    let token = path(&of_setup).rsplit('/').next().unwrap();
    let to = location(&Visitor::of(&system).get(&format!("/apps/{token}")).await);
    assert_eq!(to, "/apps", "a link for directories does not open endpoints");
    let (_, key) = key(&system, json!({ "name": "Dana", "scopes": ["read", "endpoints"] })).await;
    let mut operator = Visitor::log_in(&system, &key).await;
    let mut stranger = Visitor::of(&system);
    let pages = [
        "/apps/endpoints".to_owned(),
        "/apps/endpoints/new".to_owned(),
        endpoint.clone(),
        delivery.clone(),
        format!("{delivery}/attempts/1"),
    ];
    let acts = ["secret", "rotate-secret", "test", "replay", "enable", "delete"].map(|act| format!("{endpoint}/{act}"));
    let forms = ["retry", "cancel"].map(|act| format!("{delivery}/{act}"));
    let forms: Vec<_> = acts
        .into_iter()
        .chain(forms)
        .chain([endpoint, "/apps/endpoints".to_owned()])
        .collect();
    for page in &pages {
        team.read(page).await;
    }
    for (who, visitor) in [
        ("a stranger", &mut stranger),
        ("an administrator", &mut administrator),
        ("an operator", &mut operator),
    ] {
        for page in &pages {
            assert_eq!(location(&visitor.get(page).await), "/apps", "{who}: {page}");
        }
        for form in &forms {
            assert_eq!(location(&visitor.post(form, &[]).await), "/apps", "{who}: {form}");
        }
    }
    for other in ["/console", "/setup/start"] {
        assert!(
            location(&team.get(other).await).starts_with(&other[..6]),
            "one door does not open another"
        );
    }
    for form in &forms {
        let answer = team.send(Method::POST, form, &[], Some("cross-site")).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{form}");
    }
    assert_eq!(location(&team.get("/apps/rcl_no").await), "/apps");
    for nothing in ["/apps/directories/x", "/apps/organizations/x", "/apps/endpoints/nobody"] {
        assert_eq!(team.get(nothing).await.status(), StatusCode::NOT_FOUND, "{nothing}");
    }
    let id = made["id"].as_str().unwrap();
    system.api("DELETE", &format!("/portal-links/{id}"), None).await;
    for page in &pages {
        assert_eq!(
            location(&team.get(page).await),
            "/apps",
            "the session ends with its link"
        );
    }
    assert_eq!(location(&team.get(path(&made)).await), "/apps");
    system.stop().await;
}

async fn pages_are_in_the_name_of_the_link_and_lead_back(shape: Shape) {
    const LOGO: &str = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=";
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let looks = json!({
        "return_url": "https://app.example/settings",
        "brand": { "name": "Hero SaaS", "colour": "#123456", "logo_url": format!("data:image/svg+xml;base64,{LOGO}") },
    });
    let mut of_setup = looks.clone();
    of_setup["features"] = json!(["directory_sync"]);
    of_setup["directory_id"] = json!(tenant.directory_id);
    for (door, more) in [("apps", looks), ("setup", of_setup)] {
        let link = link(&system, &tenant, more).await;
        let mut guest = Visitor::of(&system);
        let first = location(&guest.get(path(&link)).await);
        let first = match door {
            "apps" => first,
            _ => location(&guest.get(&first).await),
        };
        let page = guest.read(&format!("{first}?step=99")).await;
        assert!(page.contains("Hero SaaS") && !page.contains("Rollcall"), "{page}");
        let back = "href=\"https://app.example/settings\">Back to Hero SaaS</a>";
        assert!(page.contains(back), "{page}");
        let is_last_step = page.contains("href=\"https://app.example/settings\">Done: Back to Hero SaaS</a>");
        assert_eq!(is_last_step, door == "setup");
        assert!(
            page.contains(&format!("href=\"/{door}/brand.css\"")) && page.contains(&format!("src=\"/{door}/logo\""))
        );
        let missing = guest.get(&format!("/{door}/endpoints/none")).await;
        assert_eq!(missing.status(), StatusCode::NOT_FOUND);
        let missing = missing.text().await.unwrap();
        assert!(
            missing.contains("Hero SaaS") && !missing.contains("Rollcall"),
            "{missing}"
        );
        let style = guest.get(&format!("/{door}/brand.css")).await;
        assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");
        let style = style.text().await.unwrap();
        assert!(style.contains("background: #123456; color: #ffffff"), "{style}");
        let logo = guest.get(&format!("/{door}/logo")).await;
        assert_eq!(logo.headers()["content-type"], "image/svg+xml");
        assert_eq!(logo.headers()["x-content-type-options"], "nosniff");
        let policy = logo.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("sandbox") && policy.starts_with("default-src 'none'"));
        for part in ["brand.css", "logo"] {
            let answer = Visitor::of(&system).get(&format!("/{door}/{part}")).await;
            assert_eq!(
                location(&answer),
                format!("/{door}"),
                "it is for those who have the link"
            );
        }
    }
    let mut plain = team(&system, &tenant, &["view"]).await;
    assert!(plain.read("/apps/endpoints").await.contains("Rollcall"));
    for part in ["brand.css", "logo"] {
        assert_eq!(
            plain.get(&format!("/apps/{part}")).await.status(),
            StatusCode::NOT_FOUND
        );
    }
    let listed = system.api("GET", "/portal-links", None).await.to_string();
    assert!(listed.contains("Hero SaaS") && !listed.contains(LOGO));
    system.stop().await;
}
