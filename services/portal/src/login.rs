//! Logging in to the console: by admin key, or by a link that works once. People log in by single sign-on ([`crate::sign_on`]);
//! the key is the way in when that is down.

use crate::api::Api;
use crate::cookie;
use crate::door::Door;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::{CONSOLE, html, plain, to};
use crate::guard::guarded;
use crate::session::{Operator, open, parts};
use crate::sign_on::records::{self, Happened};
use crate::sign_on::{Realm, realm};
use crate::state::{State, configured_key_hash};
use crate::texts::text;
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use events::{AdminKeyId, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use secrets::{Token, TokenKind};
use std::collections::HashMap;
use std::time::Duration;
use store::{SessionEnd, SessionKind, SessionOpener};

/// For how long a code that logs in once is good.
pub(crate) const CODE_LASTS: Duration = Duration::from_mins(10);

pub(crate) fn configure(config: &mut ServiceConfig) {
    let login = web::resource("/console/login")
        .wrap(from_fn(guarded))
        .get(show)
        .post(log_in);
    let code = web::resource("/console/login/{code}")
        .wrap(from_fn(guarded))
        .get(by_code);
    let logout = web::resource("/console/logout").wrap(from_fn(guarded)).post(log_out);
    config.service(login).service(code).service(logout);
}

/// A link that logs in once.
///
/// # Errors
/// When the database cannot be written.
pub(crate) async fn one_time(state: &State, key: AdminKeyId) -> anyhow::Result<SecretString> {
    let code = open(state, SessionKind::LoginCode, SessionOpener::AdminKey(key), None).await?;
    let url = format!("{}/console/login/{}", state.public_url(), code.expose_secret());
    Ok(url.into())
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    errors: Errors,
    next: String,
    /// What there is to say before anything was typed.
    notice: String,
    /// The connection that is known here.
    realm: Option<Realm>,
    /// Whether anybody logs in by single sign-on.
    has_people: bool,
}

/// The page again, with what was wrong.
///
/// # Errors
/// As the store.
pub(crate) async fn again(
    request: &HttpRequest,
    status: StatusCode,
    errors: Errors,
    next: &str,
) -> Result<HttpResponse, Fault> {
    page(request, status, errors, next, &HashMap::new()).await
}

async fn page(
    request: &HttpRequest,
    status: StatusCode,
    errors: Errors,
    next: &str,
    query: &HashMap<String, String>,
) -> Result<HttpResponse, Fault> {
    let (state, _) = parts(request)?;
    let asked = |name: &str| query.get(name).map(String::as_str);
    let notice = match asked("notice") {
        Some("code") => text("login-notice-code").into(),
        Some("out") => text("login-notice-out").into(),
        _ => String::new(),
    };
    let body = LoginPage {
        errors,
        next: next.to_owned(),
        notice,
        realm: realm(&state, request, asked("with"), next).await?,
        has_people: state.store().console_access().is_there_any().await?,
    };
    let title = text("login-page-title").to_string();
    Ok(html(status, plain(&title, body.render()?).render()?))
}

async fn show(request: HttpRequest, query: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let next = own_path(query.get("next").map_or("", String::as_str));
    page(&request, StatusCode::OK, Errors::default(), next, &query).await
}

/// The management API checks the key, and so limits and records who tries.
async fn log_in(request: HttpRequest, form: Form) -> Result<HttpResponse, Fault> {
    let (state, local) = parts(&request)?;
    let next = own_path(form.text("next")).to_owned();
    let refused = async |status, message: String| again(&request, status, Errors::one("key", message), &next).await;
    let key = form.text("key");
    let Some(api) = Api::with_key(local, key, runtime::http::caller(&request)).filter(|_| !key.is_empty()) else {
        return refused(StatusCode::UNPROCESSABLE_ENTITY, text("login-error-no-key").into()).await;
    };
    // Needs what the console needs at least: the scope read.
    match api.get::<serde_json::Value>("/organizations?limit=1").await {
        Ok(_) => {}
        Err(Fault::Api(problem)) if problem.status == 401 => {
            return refused(StatusCode::UNPROCESSABLE_ENTITY, text("login-error-unknown-key").into()).await;
        }
        Err(Fault::Api(problem)) if problem.status == 403 => {
            return refused(StatusCode::UNPROCESSABLE_ENTITY, text("login-error-scope").into()).await;
        }
        Err(Fault::Api(problem)) if problem.status == 429 => {
            return refused(StatusCode::TOO_MANY_REQUESTS, problem.detail).await;
        }
        Err(fault) => return Err(fault),
    }
    let opener = match Token::parse(key).filter(|token| token.kind() == TokenKind::Admin) {
        // The key of the configuration may look like a token.
        Some(token) if !state.is_configured_key(&configured_key_hash(key)) => {
            SessionOpener::AdminKey(token.id().into())
        }
        _ => SessionOpener::Configured(configured_key_hash(key)),
    };
    enter(&state, opener, &next).await
}

/// A code is good once: whoever deletes it is logged in.
async fn by_code(request: HttpRequest, code: web::Path<String>) -> Result<HttpResponse, Fault> {
    let (state, _) = parts(&request)?;
    let sessions = state.store().portal_sessions();
    let parsed = Token::parse(&code).filter(|token| token.kind() == TokenKind::LoginCode);
    let found = match &parsed {
        Some(token) => sessions
            .by_id(token.id().into())
            .await?
            .filter(|row| token.matches(&row.token_hash)),
        None => None,
    };
    let good = found.filter(|row| row.kind == SessionKind::LoginCode && Timestamp::now() < row.expires_at);
    match good {
        Some(row) if sessions.end(row.id).await? => enter(&state, row.opener, CONSOLE).await,
        _ => Ok(to("/console/login?notice=code")),
    }
}

async fn enter(state: &State, opener: SessionOpener, next: &str) -> Result<HttpResponse, Fault> {
    let token = open(state, SessionKind::Console, opener, None).await?;
    let mut answer = to(if next.is_empty() { CONSOLE } else { next });
    add_cookie(&mut answer, &cookie::opening(state, Door::Console, &token))?;
    Ok(answer)
}

/// Ends the session; that of a person at single sign-on, too.
async fn log_out(operator: Operator, request: HttpRequest) -> Result<HttpResponse, Fault> {
    if let SessionOpener::Person(id) = operator.session.opener
        && let Some(by) = operator.state.store().sso_sessions().by_id(id).await?
    {
        let happened = (operator.name.as_str(), Happened::LoggedOut, None);
        records::end(&operator.state, &by, SessionEnd::Logout).await?;
        records::note(&operator.state, &request, &by, happened).await;
    }
    operator
        .state
        .store()
        .portal_sessions()
        .end(operator.session.id)
        .await?;
    let mut answer = to("/console/login?notice=out");
    add_cookie(&mut answer, &cookie::closing(&operator.state, Door::Console))?;
    Ok(answer)
}

pub(crate) fn add_cookie(answer: &mut HttpResponse, cookie: &actix_web::cookie::Cookie<'_>) -> Result<(), Fault> {
    let added = answer.add_cookie(cookie);
    added.map_err(|error| Fault::broken("a cookie could not be written", &error))
}

/// A path of the console, or nothing: nobody is sent to another site from here.
pub(crate) fn own_path(path: &str) -> &str {
    let is_own = path == CONSOLE
        || path
            .strip_prefix(CONSOLE)
            .is_some_and(|rest| rest.starts_with(['/', '?']));
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own && is_plain { path } else { "" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for path in ["/console", "/console/directories?x=1", "/console?a"] {
            assert_eq!(own_path(path), path);
        }
        for path in [
            "",
            "/",
            "//evil.example",
            "https://evil.example",
            "/consoles",
            "/console\\evil",
            "/api/v1",
        ] {
            assert_eq!(own_path(path), "", "{path}");
        }
    }
}
