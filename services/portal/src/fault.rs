//! Why a page cannot be shown, as a page.

use crate::door::Door;
use crate::frame::{self, plain};
use crate::texts::text;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::{HttpResponse, ResponseError};
use api::Problem;
use askama::Template;
use pages::Page;
use std::error::Error;
use store::{PortalLink, StoreError};

/// Why a page cannot be shown, or a form was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The management API refused; it says why.
    #[error("{} {}", .0.status, .0.detail)]
    Api(Problem),
    /// There is no such page.
    #[error("there is no such page")]
    Missing,
    /// The page is not for whoever is logged in.
    #[error("the page is not for this key or link")]
    NotAllowed,
    /// Nobody is logged in.
    #[error("nobody is logged in")]
    LoggedOut(Door),
    /// A form that is not one of ours.
    #[error("the form is not one of this installation")]
    ForeignForm,
    /// A form that cannot be read.
    #[error("the form cannot be read: {0}")]
    BadForm(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A template failed.
    #[error(transparent)]
    Template(#[from] askama::Error),
    /// Something that should not happen.
    #[error("{0}")]
    Broken(String),
}

impl Fault {
    /// Something that should not happen, and why it did.
    pub(crate) fn broken(what: &str, error: &dyn std::fmt::Display) -> Self {
        Self::Broken(format!("{what}: {error}"))
    }

    /// What a form was refused for, where it was; anything else is no matter of the form.
    ///
    /// # Errors
    /// Anything else.
    pub(crate) fn of_form(self) -> Result<Problem, Self> {
        match self {
            Self::Api(problem) if matches!(problem.status, 400 | 403 | 409 | 413 | 422 | 429) => Ok(problem),
            other => Err(other),
        }
    }
}

impl Fault {
    /// The page that says so, for somebody at a door: in the name that a link says, where one opened it.
    pub(crate) fn page(&self, at: Door, link: Option<&PortalLink>) -> HttpResponse {
        if let Self::LoggedOut(door) = self {
            return HttpResponse::SeeOther()
                .insert_header((LOCATION, door.closed_at()))
                .finish();
        }
        let status = self.status_code();
        let body = FaultPage {
            status: status.as_u16(),
            detail: match self {
                Self::Api(problem) => problem.detail.clone(),
                Self::NotAllowed => text("fault-not-allowed-lead").into(),
                _ => String::new(),
            },
            home: at.first_page(),
        };
        let title = text("fault-title").to_string();
        if let Some(link) = link {
            let page = frame::guest(at, link, status, title, &[], &body);
            return page.unwrap_or_else(|_| HttpResponse::build(status).finish());
        }
        let page = Page {
            home: at.first_page(),
            ..plain(&title, body)
        };
        match page.render() {
            Ok(html) => HttpResponse::build(status)
                .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
                .body(html),
            Err(_) => HttpResponse::build(status).finish(),
        }
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Api(problem) => StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Self::Missing => StatusCode::NOT_FOUND,
            Self::LoggedOut(_) => StatusCode::SEE_OTHER,
            Self::ForeignForm | Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::BadForm(_) => StatusCode::BAD_REQUEST,
            Self::Store(error) if error.is_transient() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(_) | Self::Template(_) | Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if self.status_code().is_server_error() {
            tracing::error!(error = %telemetry::chain(self as &dyn Error), "a page could not be shown");
        }
        self.page(Door::Console, None)
    }
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage {
    status: u16,
    detail: String,
    /// Where the overview is.
    home: &'static str,
}
