//! How a login begins: by a link that names the connection, or by the name of the person, whose domain leads to it.
//!
//! No page tells which companies there are. A link has a part that nobody guesses, and a browser remembers the one that
//! somebody got in by.

use super::attempt::Attempt;
use super::{BEGIN, CALLBACK};
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::{html, plain, to};
use crate::login::{add_cookie, again, own_path};
use crate::session::parts;
use crate::state::State;
use crate::texts::text;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::StatusCode;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use events::Timestamp;
use pages::Leading;
use std::collections::HashMap;
use store::{Connection, ConnectionState, Domain, StoreError};
use url::Url;

/// For how long a browser remembers by which connection somebody got in.
const REMEMBERED: time::Duration = time::Duration::days(180);
/// The longest name that somebody may give.
const LONGEST_NAME: usize = 300;

/// A connection that the login page names.
pub(crate) struct Realm {
    /// What people call it.
    pub(crate) name: String,
    /// Where the login by it begins.
    pub(crate) href: String,
}

/// The connection that the login page may name: that of a link, or the one that somebody of this browser got in by.
///
/// # Errors
/// As the store.
pub(crate) async fn realm(
    state: &State,
    request: &HttpRequest,
    named: Option<&str>,
    next: &str,
) -> Result<Option<Realm>, StoreError> {
    let cookie = request.cookie(remembered(state));
    let slug = named.or(cookie.as_ref().map(Cookie::value));
    let Some(slug) = slug else { return Ok(None) };
    let found = by_slug(state, slug).await?;
    Ok(found.map(|connection| Realm {
        href: href(&connection, next, None),
        name: connection.name,
    }))
}

fn href(connection: &Connection, next: &str, person: Option<&str>) -> String {
    let parameters = [
        ("with", Some(connection.slug.as_str())),
        ("next", Some(next)),
        ("person", person),
    ];
    crate::api::query(BEGIN, parameters)
}

/// The cookie that remembers a connection.
pub(super) fn remembering(state: &State, connection: &Connection) -> Cookie<'static> {
    Cookie::build(remembered(state), connection.slug.clone())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state.is_secure())
        .max_age(REMEMBERED)
        .finish()
}

fn remembered(state: &State) -> &'static str {
    match state.is_secure() {
        true => "__Host-rollcall-console-realm",
        false => "rollcall-console-realm",
    }
}

/// Sends somebody on to single sign-on.
pub(super) async fn by_link(
    request: HttpRequest,
    wanted: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    let (state, _) = parts(&request)?;
    let wanted = |name: &str| wanted.get(name).map(String::as_str).unwrap_or_default();
    let Some(connection) = by_slug(&state, wanted("with")).await? else {
        return Ok(to("/console/login"));
    };
    let redirect_uri = redirect_uri(&state);
    let client = state
        .store()
        .sso_clients()
        .console(&redirect_uri, Timestamp::now())
        .await?;
    let attempt = Attempt::new(own_path(wanted("next")));
    let mut url = Url::parse(&format!("{}/sso/authorize", state.public_url()))
        .map_err(|error| Fault::broken("an address could not be written", &error))?;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.to_string())
        .append_pair("redirect_uri", &redirect_uri)
        .append_pair("scope", "openid")
        .append_pair("state", &attempt.state())
        .append_pair("code_challenge", &attempt.verifier().challenge())
        .append_pair("code_challenge_method", "S256")
        .append_pair("channel", "web")
        .append_pair("connection", &connection.id.to_string());
    let person = wanted("person");
    if !person.is_empty() && person.len() <= LONGEST_NAME {
        url.query_pairs_mut().append_pair("login_hint", person);
    }
    let mut answer = to(url.as_str());
    add_cookie(&mut answer, &attempt.cookie(&state))?;
    Ok(answer)
}

/// Where people come back to: the one address that the console is registered with.
pub(super) fn redirect_uri(state: &State) -> String {
    format!("{}{CALLBACK}", state.public_url())
}

/// Finds the connection of somebody by the domain of the name. The same is said whether the company is unknown or has no
/// people in the console.
pub(super) async fn by_name(request: HttpRequest, form: Form) -> Result<HttpResponse, Fault> {
    let (state, _) = parts(&request)?;
    let (person, next) = (form.text("person"), own_path(form.text("next")));
    if state.pass_name().is_err() {
        let errors = Errors::one("person", text("login-error-too-many"));
        return again(&request, StatusCode::TOO_MANY_REQUESTS, errors, next).await;
    }
    let domain = person.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
    let found = match domain.and_then(|domain| domain.parse::<Domain>().ok()) {
        Some(domain) if person.len() <= LONGEST_NAME => of_domain(&state, &domain).await?,
        _ => None,
    };
    let Some(connection) = found else {
        let errors = Errors::one("person", text("login-error-unknown-person"));
        return again(&request, StatusCode::UNPROCESSABLE_ENTITY, errors, next).await;
    };
    let href = href(&connection, next, Some(person));
    let (title, button) = (
        text("login-going-title").to_string(),
        text("login-going-button").to_string(),
    );
    // Our own address, which leads on to another site.
    let body = Leading {
        to: &href,
        heading: &title,
        advice: "",
        link: &button,
    };
    let mut answer = html(StatusCode::OK, plain(&title, body.render()?).render()?);
    let led = body.lead(answer.headers_mut());
    led.map_err(|error| Fault::broken("an address could not be written", &error))?;
    Ok(answer)
}

/// The first connection of the organization with this domain by which somebody may enter the console now.
async fn of_domain(state: &State, domain: &Domain) -> Result<Option<Connection>, StoreError> {
    let store = state.store();
    let Some(organization) = store.organizations().by_domain(domain).await? else {
        return Ok(None);
    };
    let mut open = store.connections().of_organization(organization.id).await?;
    open.retain(is_open);
    let ids: Vec<_> = open.iter().map(|connection| connection.id).collect();
    let entered = store.console_access().among(&ids).await?;
    Ok(open.into_iter().find(|connection| entered.contains(&connection.id)))
}

/// The connection of a link, if somebody may enter the console by it now.
async fn by_slug(state: &State, slug: &str) -> Result<Option<Connection>, StoreError> {
    let found = state.store().connections().by_slug(slug).await?.filter(is_open);
    let Some(connection) = found else { return Ok(None) };
    let access = state.store().console_access().of(connection.id).await?;
    Ok(access.map(|_| connection))
}

/// Whether people log in by a connection.
pub(super) fn is_open(connection: &Connection) -> bool {
    matches!(connection.state, ConnectionState::Active | ConnectionState::Failing)
}
