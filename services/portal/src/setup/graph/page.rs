//! The page of a step.

use super::steps::Step;
use crate::brand::way_back;
use crate::door::Door;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame;
use crate::graph::{Found, Standing, at, entered, groups, is_scope, test_accounts};
use crate::guest::Guest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{
    Directory, GraphCertificate, GraphCloud, GraphCredential, GraphCredentialState, GraphPull, GraphState, GraphStatus,
    GraphTest, Organization,
};
use askama::Template;
use pages::Link;
use store::PortalFeature;

#[derive(Template)]
#[template(path = "setup/graph.html")]
struct GraphPage<'a> {
    organization: Organization,
    directory: Directory,
    /// `None` until the first step has set it up.
    pull: Option<(GraphPull, GraphStatus)>,
    steps: [Step; 5],
    step: Step,
    errors: &'a Errors,
    form: &'a Form,
    /// What a test found.
    test: Option<GraphTest>,
    way_back: Option<Link>,
    may_sign_on: bool,
}

/// What a form on the page led to.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) errors: Errors,
    /// What was typed, where it was not taken.
    pub(super) form: Form,
    /// What a test found.
    pub(super) test: Option<GraphTest>,
}

/// The page of a step, with what a form on it led to.
///
/// # Errors
/// As the management API.
pub(super) async fn page(
    guest: &Guest,
    directory: Directory,
    pull: Option<GraphPull>,
    step: Step,
    outcome: Outcome,
) -> Result<HttpResponse, Fault> {
    let status = match outcome.errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let organization = guest.link.organization_id;
    let pull = match pull {
        Some(pull) => Some((pull, guest.api.get(&at(directory.id, "/status")).await?)),
        None => None,
    };
    let page = GraphPage {
        organization: guest.api.get(&format!("/organizations/{organization}")).await?,
        directory,
        pull,
        steps: Step::ALL,
        step,
        errors: &outcome.errors,
        form: &outcome.form,
        test: outcome.test,
        way_back: way_back(&guest.link),
        may_sign_on: guest.may(PortalFeature::Sso),
    };
    frame::guest(Door::Setup, &guest.link, status, step.title().text(), &[], &page)
}

impl GraphPage<'_> {
    /// What stands in a field: what was typed, or else what the pull has.
    fn value<'a>(&'a self, field: &str, own: &'a str) -> &'a str {
        match self.form.has(field) {
            true => self.form.text(field),
            false => own,
        }
    }

    fn known(&self) -> Option<&GraphPull> {
        self.pull.as_ref().map(|(pull, _)| pull)
    }

    /// Where the pages of this directory are.
    fn base(&self) -> String {
        format!("/setup/directories/{}/graph", self.directory.id)
    }

    /// Where a step is; before it is set up, only the first one is anywhere.
    fn at(&self, step: &Step) -> Option<String> {
        self.pull.as_ref()?;
        Some(format!("{}?step={}", self.base(), step.number()))
    }

    fn is_scope(&self, name: &str) -> bool {
        is_scope(self.form, self.known(), name)
    }

    /// The admin center of the cloud that the tenant is in.
    fn admin_center(&self) -> &'static str {
        match self.known().map_or(GraphCloud::Global, |pull| pull.cloud) {
            GraphCloud::Global => "https://entra.microsoft.com",
            GraphCloud::UsGovernment | GraphCloud::UsDefense => "https://entra.microsoft.us",
            GraphCloud::China => "https://entra.microsoftonline.cn",
        }
    }

    /// The page of the app registration in the admin center that a step is about.
    fn registration(&self) -> String {
        let (center, blade) = (self.admin_center(), self.step.blade());
        let client_id = self.known().and_then(|pull| pull.client_id).unwrap_or_default();
        format!("{center}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/{blade}/appId/{client_id}")
    }

    /// A credential that waits for being used.
    fn pending(pull: &GraphPull) -> Option<&GraphCredential> {
        let mut all = pull.credentials.iter();
        all.find(|credential| credential.state == GraphCredentialState::Pending)
    }

    fn used(pull: &GraphPull) -> Option<&GraphCredential> {
        let mut all = pull.credentials.iter();
        all.find(|credential| credential.state == GraphCredentialState::Active)
    }

    /// Whether it is for the holder of a link to start it: what an operator paused is not.
    const fn may_start(pull: &GraphPull) -> bool {
        matches!(pull.state, GraphState::Draft)
    }

    fn standing<'a>(&'a self, status: &'a GraphStatus) -> Standing<'a> {
        Standing {
            status,
            live: format!("{}?step={}", self.base(), self.step.number()),
        }
    }

    fn found<'a>(&'a self, test: &'a GraphTest) -> Found<'a> {
        Found { test }
    }

    /// The ids that were entered before.
    fn entered(&self) -> (String, String) {
        entered(self.known())
    }

    fn test_accounts(&self) -> String {
        test_accounts(self.known())
    }

    fn groups(&self) -> String {
        groups(self.known())
    }

    /// The newest certificate: the one that is to be uploaded.
    fn certificate(pull: &GraphPull) -> Option<&GraphCertificate> {
        let mut all = pull.credentials.iter();
        all.find_map(|credential| credential.certificate.as_ref())
    }
}
