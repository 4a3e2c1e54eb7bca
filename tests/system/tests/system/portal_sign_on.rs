//! Single sign-on in the portal: connections and apps are made, changed and deleted by forms, and by nobody else.

use crate::portal::{Visitor, key, location};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use system::{Shape, System, Tenant, nobody};

crate::on_both_shapes! {
    a_connection_is_made_tried_switched_and_deleted_by_forms,
    an_app_is_made_changed_and_deleted_by_forms,
    who_may_not_manage_connections_only_looks_at_them,
    an_operator_of_one_organization_sees_no_connection_and_app_of_another,
}

const APPLICATION: &str = "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42";
const LIST: &str = "/console/connections";

/// Somebody with these scopes, of one organization or of all.
async fn operator(system: &System, scopes: &[&str], organization: Option<&str>) -> Visitor {
    let mut body = json!({ "name": "Dana", "scopes": scopes });
    if let Some(organization) = organization {
        body["organization_id"] = json!(organization);
    }
    let (_, token) = key(system, body).await;
    Visitor::log_in(system, &token).await
}

/// The text of an answer with this status.
async fn page(answer: Response, status: StatusCode) -> String {
    assert_eq!(answer.status(), status);
    answer.text().await.unwrap()
}

/// What a field of a page holds.
fn value<'a>(page: &'a str, id: &str) -> &'a str {
    let field = page.split(&format!("id=\"{id}\"")).nth(1).unwrap();
    field.split("value=\"").nth(1).unwrap().split('"').next().unwrap()
}

/// A connection to an identity provider that does not answer.
async fn connection(system: &System, tenant: &Tenant) -> Value {
    let body = json!({
        "organization_id": tenant.organization_id,
        "directory_id": tenant.directory_id,
        "authority": format!("{}/tenant", nobody()),
        "client_id": APPLICATION,
    });
    system.api("POST", "/connections", Some(body)).await
}

fn id(made: &Value) -> &str {
    made["id"].as_str().unwrap()
}

async fn a_connection_is_made_tried_switched_and_deleted_by_forms(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let mut dana = operator(&system, &["read", "connections"], None).await;
    let empty = dana.read(LIST).await;
    assert!(empty.contains("Connect the first tenant") && empty.contains("/console/connections/new"));
    let organization = format!("/console/organizations/{}", tenant.organization_id);
    let new = format!("/console/connections/new?organization={}", tenant.organization_id);
    assert!(dana.read(&organization).await.contains(&new));
    let form = dana.read(&new).await;
    assert!(form.contains(&format!("value=\"{}\" selected", tenant.directory_id)));

    // What is wrong is said beside its field, and no secret comes back.
    let authority = format!("{}/tenant", nobody());
    let secret = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let mut typed = [
        ("directory_id", tenant.directory_id.as_str()),
        ("client_id", APPLICATION),
        ("authority", "common"),
        ("client_secret", secret),
        ("secret_expires_at", "2001-01-31"),
        ("test_accounts", "ada@contoso.example\nbo@contoso.example"),
        ("name", ""),
    ];
    let refused = page(dana.post(LIST, &typed).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    for field in ["authority", "client_secret", "secret_expires_at"] {
        assert!(refused.contains(&format!("id=\"error-{field}\"")), "{field}: {refused}");
    }
    assert!(
        refused.contains(APPLICATION) && refused.contains("bo@contoso.example"),
        "what was typed stays"
    );
    assert!(!refused.contains(secret));
    typed[0].1 = "";
    let refused = page(dana.post(LIST, &typed).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(refused.contains("id=\"error-directory_id\""));

    typed[0].1 = &tenant.directory_id;
    typed[2].1 = &authority;
    typed[3].1 = "a~value~of~a~secret";
    typed[4].1 = "2999-01-31";
    let here = location(&dana.post(LIST, &typed).await);
    let made = system.api("GET", &here.replace("/console", ""), None).await;
    assert_eq!(made["credential_expires_at"], "2999-01-31T00:00:00.000Z");
    assert_eq!(
        made["test_accounts"],
        json!(["ada@contoso.example", "bo@contoso.example"])
    );
    let error = made["last_error"].as_str().unwrap();
    let shown = dana.read(&here).await;
    assert!(
        shown.contains("never tested") && shown.contains(error.split('"').next().unwrap()),
        "{error}: {shown}"
    );
    assert!(shown.contains("Mobile and desktop applications"));
    for (index, uri) in made["redirect_uris"].as_array().unwrap().iter().enumerate() {
        assert_eq!(value(&shown, &format!("redirect-uri-{}", index + 1)), uri["uri"]);
    }
    for list in [LIST, &organization] {
        assert!(dana.read(list).await.contains(&here), "{list}");
    }

    let (state, check) = (format!("{here}/state"), format!("{here}/check"));
    assert_eq!(location(&dana.post(&check, &[]).await), here);
    let refused = page(
        dana.post(&state, &[("state", "active")]).await,
        StatusCode::UNPROCESSABLE_ENTITY,
    )
    .await;
    assert!(refused.contains("id=\"error-state\""), "nobody has tested it");
    dana.post(&state, &[("state", "active"), ("force", "true")]).await;
    assert!(dana.read(&here).await.contains("People log in by this connection"));
    dana.post(&state, &[("state", "paused")]).await;
    assert!(dana.read(&here).await.contains("Nobody logs in"));

    credential_and_settings(&system, &mut dana, &here).await;

    let delete = format!("{here}/delete");
    page(
        dana.post(&delete, &[("confirm", "Other")]).await,
        StatusCode::UNPROCESSABLE_ENTITY,
    )
    .await;
    assert_eq!(location(&dana.post(&delete, &[("confirm", "Work")]).await), LIST);
    assert_eq!(dana.get(&here).await.status(), StatusCode::NOT_FOUND);
    system.stop().await;
}

/// The credential is replaced in each way, and what can be changed is changed.
async fn credential_and_settings(system: &System, dana: &mut Visitor, here: &str) {
    let certificate = format!("{here}/certificate");
    assert_eq!(dana.get(&certificate).await.status(), StatusCode::NOT_FOUND);
    dana.post(&format!("{here}/key"), &[]).await;
    let shown = dana.read(here).await;
    let api = here.replace("/console", "");
    let made = system.api("GET", &api, None).await;
    assert_eq!(value(&shown, "thumbprint-sha1"), made["certificate"]["thumbprint_sha1"]);
    let file = dana.get(&certificate).await;
    assert_eq!(file.headers()["content-type"], "application/pkix-cert");
    let disposition = file.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(
        disposition.starts_with("attachment") && disposition.ends_with(".cer\""),
        "{disposition}"
    );
    let file = file.bytes().await.unwrap();
    assert_eq!(file.first(), Some(&0x30), "DER begins with a sequence");

    let wrong = [("client_secret", ""), ("expires_at", "2999-01-31")];
    let refused = dana.post(&format!("{here}/secret"), &wrong).await;
    let refused = page(refused, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(refused.contains("id=\"error-client_secret\"") && refused.contains("2999-01-31"));
    dana.post(&format!("{here}/secret"), &[("client_secret", "another~value")])
        .await;
    let shown = dana.read(here).await;
    assert!(shown.contains("proves itself by a client secret") && !shown.contains("another~value"));

    let unsafe_claim = [("name", "Work"), ("user_name_claim", "email"), ("test_accounts", "")];
    let refused = page(dana.post(here, &unsafe_claim).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(refused.contains("id=\"error-user_name_claim\"") && value(&refused, "field-name") == "Work");
    let settings = [
        ("name", "Work"),
        ("user_name_claim", "signInName"),
        ("test_accounts", "cy@contoso.example"),
        ("allows_guests", "on"),
    ];
    assert_eq!(location(&dana.post(here, &settings).await), here);
    let authority = format!("{}/other", nobody());
    let provider = [
        ("authority", authority.as_str()),
        ("client_id", "other"),
        ("expected_issuer", ""),
    ];
    assert_eq!(location(&dana.post(&format!("{here}/provider"), &provider).await), here);
    let changed = system.api("GET", &api, None).await;
    assert_eq!(
        [
            &changed["name"],
            &changed["user_name_claim"],
            &changed["state"],
            &changed["client_id"]
        ],
        ["Work", "signInName", "draft", "other"]
    );
    assert_eq!(
        (&changed["allows_guests"], &changed["expected_issuer"]),
        (&json!(true), &Value::Null)
    );
}

async fn an_app_is_made_changed_and_deleted_by_forms(shape: Shape) {
    let system = System::start(shape).await;
    let mut dana = operator(&system, &["read", "connections"], None).await;
    let apps = "/console/sso-apps";
    assert!(dana.read("/console/sso-apps/new").await.contains("Redirect URIs"));
    let mut typed = [
        ("name", "Time sheets"),
        ("authentication", "client_secret"),
        ("redirect_uris", "https://app.example/callback\r\nhttps://app.example/*"),
        ("jwks", ""),
    ];
    let refused = page(dana.post(apps, &typed).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(refused.contains("id=\"error-redirect_uris\"") && refused.contains("https://app.example/*"));
    typed[2].1 = "https://app.example/callback\r\nhttps://app.example/a,b";
    let made = page(dana.post(apps, &typed).await, StatusCode::OK).await;
    let (secret, id) = (value(&made, "client-secret"), value(&made, "client-id"));
    assert!(!secret.is_empty());
    assert!(value(&made, "discovery-url").ends_with("/sso/.well-known/openid-configuration"));
    assert!(value(&made, "issuer").ends_with("/sso"));
    let here = format!("{apps}/{id}");
    let shown = dana.read(&here).await;
    assert!(
        !shown.contains(secret) && !shown.contains("id=\"client-secret\""),
        "it is shown once"
    );
    assert!(dana.read(LIST).await.contains(&here));
    let rotated = page(dana.post(&format!("{here}/rotate-secret"), &[]).await, StatusCode::OK).await;
    assert_ne!(value(&rotated, "client-secret"), secret);

    let settings = [
        ("name", "Hours"),
        ("redirect_uris", "https://hours.example/callback"),
        ("post_logout_redirect_uris", "https://hours.example/bye"),
        ("backchannel_logout_uri", "https://hours.example/logout"),
        ("initiate_login_uri", ""),
    ];
    assert_eq!(location(&dana.post(&here, &settings).await), here);
    let changed = system.api("GET", &format!("/sso-clients/{id}"), None).await;
    assert_eq!(changed["redirect_uris"], json!(["https://hours.example/callback"]));
    assert_eq!(changed["backchannel_logout_uri"], "https://hours.example/logout");

    // Keys that are no JSON are refused beside their field.
    typed[1].1 = "private_key_jwt";
    typed[3].1 = "no keys";
    let refused = page(dana.post(apps, &typed).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(
        refused.contains("id=\"error-jwks\"") && refused.contains("no keys"),
        "{refused}"
    );

    let delete = format!("{here}/delete");
    page(
        dana.post(&delete, &[("confirm", "Time sheets")]).await,
        StatusCode::UNPROCESSABLE_ENTITY,
    )
    .await;
    assert_eq!(location(&dana.post(&delete, &[("confirm", "Hours")]).await), LIST);
    assert_eq!(dana.get(&here).await.status(), StatusCode::NOT_FOUND);
    system.stop().await;
}

/// Every form of a connection and of an app, with what would be taken from somebody who may send it.
fn forms(connection: &str, app: &str, session: &str) -> Vec<(String, Vec<(&'static str, &'static str)>)> {
    let (connection, app) = (format!("{LIST}/{connection}"), format!("/console/sso-apps/{app}"));
    vec![
        (connection.clone(), vec![("name", "Taken"), ("user_name_claim", "upn")]),
        (
            format!("{connection}/provider"),
            vec![("authority", "https://id.example/x"), ("client_id", "x")],
        ),
        (
            format!("{connection}/state"),
            vec![("state", "active"), ("force", "true")],
        ),
        (format!("{connection}/check"), vec![]),
        (format!("{connection}/secret"), vec![("client_secret", "taken")]),
        (format!("{connection}/key"), vec![]),
        (format!("{connection}/sessions/{session}/end"), vec![]),
        (format!("{connection}/delete"), vec![("confirm", "Contoso")]),
        (
            app.clone(),
            vec![("name", "Taken"), ("redirect_uris", "https://taken.example/")],
        ),
        (format!("{app}/rotate-secret"), vec![]),
        (format!("{app}/delete"), vec![("confirm", "Time sheets")]),
    ]
}

/// A connection and an app of an organization.
async fn both(system: &System, tenant: &Tenant) -> (Value, Value) {
    let made = connection(system, tenant).await;
    let path = format!("/connections/{}", id(&made));
    system.api("PATCH", &path, Some(json!({ "name": "Contoso" }))).await;
    // The address of a test is shown to whoever reads it, and is not in the answer to a change.
    let connection = system.api("GET", &path, None).await;
    let body = json!({
        "name": "Time sheets",
        "organization_id": tenant.organization_id,
        "authentication": "client_secret",
        "redirect_uris": ["https://app.example/callback"],
    });
    let app = system.api("POST", "/sso-clients", Some(body)).await;
    (connection, app)
}

/// Checks that nothing became of the forms.
async fn is_unchanged(system: &System, connection: &Value, app: &Value) {
    let now = system
        .api("GET", &format!("/connections/{}", id(connection)), None)
        .await;
    assert_eq!(&now, connection);
    let now = system.api("GET", &format!("/sso-clients/{}", id(app)), None).await;
    assert_eq!(now["updated_at"], app["updated_at"]);
}

async fn who_may_not_manage_connections_only_looks_at_them(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.example").await;
    let (connection, app) = both(&system, &tenant).await;
    let mut dana = operator(&system, &["read", "directories"], None).await;
    let (connection_page, app_page) = (
        format!("{LIST}/{}", id(&connection)),
        format!("/console/sso-apps/{}", id(&app)),
    );
    let organization = format!("/console/organizations/{}", tenant.organization_id);
    for path in [LIST, &organization] {
        let page = dana.read(path).await;
        assert!(page.contains(&connection_page), "{path}");
        assert!(
            !page.contains("/console/connections/new") && !page.contains("/console/sso-apps/new"),
            "{path}"
        );
    }
    for path in [&connection_page, &app_page] {
        let page = dana.read(path).await;
        assert!(
            !page.contains(&format!("action=\"{path}")),
            "no form is offered: {page}"
        );
    }
    for path in ["/console/connections/new", "/console/sso-apps/new"] {
        assert_eq!(dana.get(path).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    for path in [LIST, "/console/sso-apps"] {
        let form = [("directory_id", tenant.directory_id.as_str()), ("name", "x")];
        assert_eq!(dana.post(path, &form).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    for (path, form) in forms(id(&connection), id(&app), id(&app)) {
        let refused = page(dana.post(&path, &form).await, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert!(
            refused.contains("scope") && refused.contains("connections"),
            "{path}: the missing scope is named"
        );
    }
    is_unchanged(&system, &connection, &app).await;
    let mut stranger = Visitor::of(&system);
    for path in [
        LIST,
        &connection_page,
        &format!("{connection_page}/certificate"),
        &app_page,
    ] {
        assert!(
            location(&stranger.get(path).await).starts_with("/console/login"),
            "{path}"
        );
    }
    system.stop().await;
}

async fn an_operator_of_one_organization_sees_no_connection_and_app_of_another(shape: Shape) {
    let system = System::start(shape).await;
    let (own, other) = (
        system.tenant("fabrikam.example").await,
        system.tenant("tailspin.example").await,
    );
    let (connection, app) = both(&system, &other).await;
    let mut dana = operator(&system, &["read", "connections"], Some(&own.organization_id)).await;
    for path in [LIST, "/console/connections/new", "/console/sso-apps/new"] {
        let page = dana.read(path).await;
        for foreign in [id(&connection), id(&app), &other.directory_id, "tailspin"] {
            assert!(!page.contains(foreign), "{path} has {foreign}");
        }
    }
    let (connection_page, app_page) = (
        format!("{LIST}/{}", id(&connection)),
        format!("/console/sso-apps/{}", id(&app)),
    );
    for path in [&connection_page, &format!("{connection_page}/certificate"), &app_page] {
        assert_eq!(dana.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    for (path, form) in forms(id(&connection), id(&app), id(&app)) {
        assert_eq!(dana.post(&path, &form).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let foreign = [
        ("directory_id", other.directory_id.as_str()),
        ("client_id", "x"),
        ("authority", "https://id.example/x"),
    ];
    let refused = page(dana.post(LIST, &foreign).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert!(
        refused.contains("id=\"error-directory_id\""),
        "it is no directory of theirs"
    );
    is_unchanged(&system, &connection, &app).await;
    let connections = system.api("GET", "/connections", None).await;
    assert_eq!(connections["data"].as_array().unwrap().len(), 1);
    system.stop().await;
}
