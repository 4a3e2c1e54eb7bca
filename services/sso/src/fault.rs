//! What a person sees where nothing can be sent to an app: a page that says what to do, and nothing about others.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use askama::Template;
use pages::Page;
use std::time::Duration;
use store::StoreError;
use uuid::Uuid;

/// Why a page is shown and not the app.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The app is not known, or is deleted.
    #[error("unknown_client")]
    UnknownClient,
    /// The app wants people sent where it is not registered for.
    #[error("wrong_redirect_uri")]
    RedirectUri,
    /// No login to the app begins here: the connection is not open, or the app has no address for it.
    #[error("no_start")]
    NoStart,
    /// The request cannot be read.
    #[error("bad_request: {0}")]
    BadRequest(String),
    /// The login is not known, was used before, is too old, or belongs to another browser or connection.
    #[error("login_lost: {0}")]
    LoginLost(&'static str),
    /// The link of a test is too old, or of another connection.
    #[error("old_test")]
    OldTest,
    /// Too many requests come from one address; the next may come after this time.
    #[error("too_many_requests")]
    TooMany(Duration),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something that should not happen.
    #[error("{0}")]
    Broken(String),
}

impl Fault {
    /// Something that should not happen, and why it did.
    pub(crate) fn broken(what: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Broken(format!("{what}: {}", telemetry::chain(error)))
    }

    const fn sentences(&self) -> (&'static str, &'static str) {
        match self {
            Self::UnknownClient => (
                "This app is not registered here",
                "Tell the team of the app: its client_id is not known.",
            ),
            Self::RedirectUri => (
                "This app may not send you here",
                "Tell the team of the app: its redirect_uri is not registered.",
            ),
            Self::NoStart => (
                "This app cannot be opened from here",
                "Open the app itself and log in there. Tell the team of the app: it has no initiate_login_uri, or the connection \
                 does not lead to it.",
            ),
            Self::BadRequest(_) => (
                "The app sent a request that cannot be read",
                "Tell the team of the app what stands below.",
            ),
            Self::LoginLost(_) => (
                "This login cannot go on",
                "It was finished before, took too long, or began in another browser. Go back to the app and log in again.",
            ),
            Self::OldTest => (
                "This link of a test is too old",
                "Open the page of the connection again, and begin the test there.",
            ),
            Self::TooMany(_) => (
                "Too many people log in from your network at once",
                "Wait a few seconds, and load this page again.",
            ),
            Self::Store(_) | Self::Broken(_) => (
                "Logging in does not work at the moment",
                "Try again in a minute. If it stays so, tell your administrator the reference below.",
            ),
        }
    }
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage<'a> {
    heading: &'a str,
    advice: &'a str,
    detail: &'a str,
    reference: Uuid,
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::UnknownClient
            | Self::RedirectUri
            | Self::NoStart
            | Self::BadRequest(_)
            | Self::LoginLost(_)
            | Self::OldTest => StatusCode::BAD_REQUEST,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Store(error) if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let reference = Uuid::now_v7();
        if self.status_code().is_server_error() {
            tracing::error!(%reference, error = %telemetry::chain(self), "a login failed");
        } else {
            tracing::info!(%reference, reason = %self, "a login was refused");
        }
        metrics::counter!("rollcall_sso_pages_total", "kind" => self.kind()).increment(1);
        let (heading, advice) = self.sentences();
        let detail = match self {
            Self::BadRequest(detail) => detail,
            _ => "",
        };
        let body = FaultPage {
            heading,
            advice,
            detail,
            reference,
        };
        let page = page(self.status_code(), heading, body);
        let mut page = page.unwrap_or_else(|_| HttpResponse::build(self.status_code()).finish());
        if let Self::TooMany(wait) = self {
            let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
            page.headers_mut().insert(RETRY_AFTER, seconds);
        }
        page
    }
}

impl Fault {
    const fn kind(&self) -> &'static str {
        match self {
            Self::UnknownClient => "unknown_client",
            Self::RedirectUri => "wrong_redirect_uri",
            Self::NoStart => "no_start",
            Self::BadRequest(_) => "bad_request",
            Self::LoginLost(reason) => reason,
            Self::OldTest => "old_test",
            Self::TooMany(_) => "too_many_requests",
            Self::Store(_) | Self::Broken(_) => "internal_error",
        }
    }
}

/// A page, with the headers that every page has.
///
/// # Errors
/// When a template cannot be written.
pub(crate) fn page<B: Template>(status: StatusCode, title: &str, body: B) -> Result<HttpResponse, askama::Error> {
    let page = Page::plain(title, body.render()?).render()?;
    let mut response = HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(page);
    pages::secure(response.headers_mut());
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
