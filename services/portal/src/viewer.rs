//! Whoever looks at endpoints: an operator, or the team of an app. The pages are the same; what is offered on them is what
//! each of them may do.

use crate::api::Api;
use crate::door::Door;
use crate::fault::Fault;
use crate::frame::{self, Section};
use crate::guest::AppTeam;
use crate::session::Operator;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpResponse};
use api::Scope;
use askama::Template;
use pages::Link;

/// Whoever looks at endpoints.
pub(crate) trait Viewer: FromRequest<Error = Fault> + 'static {
    /// The door that the viewer came in by.
    const DOOR: Door;

    /// The management API, as the viewer may use it.
    fn api(&self) -> &Api;

    /// Whether the viewer has a scope.
    fn may(&self, scope: Scope) -> bool;

    /// A page with what the door has around it.
    ///
    /// # Errors
    /// When a template cannot be written.
    fn page<B: Template>(
        &self,
        status: StatusCode,
        title: impl Into<String>,
        crumbs: &[Link],
        body: &B,
    ) -> Result<HttpResponse, Fault>;

    /// What the viewer may do with endpoints.
    fn rights(&self) -> Rights {
        Rights {
            reveal: self.may(Scope::RevealEndpoints),
            manage: self.may(Scope::ManageEndpoints),
            resend: self.may(Scope::ResendDeliveries),
            read: self.may(Scope::Read),
        }
    }
}

/// What a viewer may do; what is not here is not offered, and the management API refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    /// See URLs and secrets.
    pub(crate) reveal: bool,
    /// Make, change, test and delete endpoints.
    pub(crate) manage: bool,
    /// Send deliveries again, or give them up.
    pub(crate) resend: bool,
    /// Look at directories and organizations, too.
    pub(crate) read: bool,
}

impl Viewer for Operator {
    const DOOR: Door = Door::Console;

    fn api(&self) -> &Api {
        &self.api
    }

    fn may(&self, scope: Scope) -> bool {
        Self::may(self, scope)
    }

    fn page<B: Template>(
        &self,
        status: StatusCode,
        title: impl Into<String>,
        crumbs: &[Link],
        body: &B,
    ) -> Result<HttpResponse, Fault> {
        frame::console_with(status, self, Section::Endpoints, title, crumbs, body)
    }
}

impl Viewer for AppTeam {
    const DOOR: Door = Door::Apps;

    fn api(&self) -> &Api {
        &self.api
    }

    fn may(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|own| own.includes(scope))
    }

    fn page<B: Template>(
        &self,
        status: StatusCode,
        title: impl Into<String>,
        crumbs: &[Link],
        body: &B,
    ) -> Result<HttpResponse, Fault> {
        frame::guest(Self::DOOR, &self.link, status, title, crumbs, body)
    }
}
