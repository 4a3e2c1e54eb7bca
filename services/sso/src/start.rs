//! A login that begins at the identity provider, as by a tile of My Apps: the person is sent to the app, which begins the login
//! itself (OpenID Connect Core §4). So nothing that comes unasked is ever believed.
//!
//! The app need not know by which connection: a cookie keeps that for the moment until it asks.

use crate::authorize::known_client;
use crate::fault::Fault;
use crate::outcome::redirect;
use crate::parameters::Parameters;
use crate::selector::{is_for, is_open};
use crate::state::{Inner, State};
use actix_web::cookie::{Cookie, CookieBuilder, SameSite, time};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use events::{ConnectionId, SsoClientId};
use url::Url;

/// How long it is remembered by which connection somebody comes.
const LASTS: time::Duration = time::Duration::minutes(2);
/// The longest name that is handed on.
const LONGEST_HINT: usize = 300;

/// `/sso/{slug}/start?client_id=…`, perhaps with `login_hint`.
pub(crate) async fn begin(state: Data<State>, request: HttpRequest, slug: Path<String>) -> Result<HttpResponse, Fault> {
    state.pass_address(&request).map_err(Fault::TooMany)?;
    let parameters = Parameters::read(request.query_string().as_bytes());
    let parameters = parameters.map_err(|error| Fault::BadRequest(error.to_string()))?;
    let connection = state.store.connections().by_slug(&slug).await?;
    let connection = connection.filter(is_open).ok_or(Fault::NoStart)?;
    let client = known_client(&state, parameters.get("client_id")).await?;
    let uri = client.initiate_login_uri.as_deref();
    // Whether the app is another organization's is not told.
    let uri = uri.filter(|_| is_for(&client, connection.organization_id));
    let mut url = Url::parse(uri.ok_or(Fault::NoStart)?)
        .map_err(|error| Fault::broken("the address where an app begins logins", &error))?;
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("iss", &state.issuer);
        let hint = parameters.get("login_hint");
        if let Some(hint) = hint.filter(|hint| hint.len() <= LONGEST_HINT) {
            query.append_pair("login_hint", hint);
        }
    }
    let mut response = redirect(url.as_str());
    let cookie = base(&state, client.id, connection.id.to_string())
        .max_age(LASTS)
        .finish();
    let added = response.add_cookie(&cookie);
    added.map_err(|error| Fault::broken("the cookie of a start", &error))?;
    Ok(response)
}

/// By which connection somebody comes to an app, who was sent there a moment ago.
pub(crate) fn started(state: &Inner, request: &HttpRequest, client: SsoClientId) -> Option<ConnectionId> {
    request.cookie(&name(state, client))?.value().parse().ok()
}

/// The cookie that takes the other one away.
pub(crate) fn closing(state: &Inner, client: SsoClientId) -> Cookie<'static> {
    let mut cookie = base(state, client, String::new()).finish();
    cookie.make_removal();
    cookie
}

fn name(state: &Inner, client: SsoClientId) -> String {
    let prefix = if state.is_secure() { "__Host-" } else { "" };
    format!("{prefix}rollcall-start-{client}")
}

/// The app sends the browser on by a link, which brings cookies that are `Lax`.
fn base(state: &Inner, client: SsoClientId, value: String) -> CookieBuilder<'static> {
    Cookie::build(name(state, client), value)
        .path("/")
        .http_only(true)
        .secure(state.is_secure())
        .same_site(SameSite::Lax)
}
