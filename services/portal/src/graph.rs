//! What the console and the pages of a link have in common of directories that are pulled from Microsoft Graph: how a pull
//! stands, what a test found, and the page that an administrator comes back to from admin consent.

mod consent;

pub(crate) use consent::configure;

use crate::api::Api;
use crate::console::end_of_secret;
use crate::fault::Fault;
use crate::filters;
use crate::form::Form;
use crate::texts::{Text, text};
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use api::{
    GraphPull, GraphRound, GraphScope, GraphStatus, GraphTest, GraphTestOutcome, GraphTestStepName, PreviewEffect,
};
use askama::Template;
use events::DirectoryId;
use serde_json::{Value, json};
use uuid::Uuid;

/// The media type of a certificate (RFC 2585 §4.1).
const CERTIFICATE: &str = "application/pkix-cert";

/// How a pull stands: its state in a sentence, the round that is under way, the next one and the last ones.
#[derive(Template)]
#[template(path = "graph/standing.html")]
pub(crate) struct Standing<'a> {
    pub(crate) status: &'a GraphStatus,
    /// This page, as it may be asked for again.
    pub(crate) live: String,
}

impl Standing<'_> {
    /// Whether the sentence is good news, or something to look after.
    const fn kind(&self) -> &'static str {
        match self.status.state {
            api::GraphState::Active => "",
            api::GraphState::Draft | api::GraphState::Paused => "warn",
            api::GraphState::Failing | api::GraphState::Held => "bad",
        }
    }

    /// What a round brought, without what it brought none of.
    fn counts(round: &GraphRound) -> impl Iterator<Item = (&String, u64)> {
        let counts = round.counts.iter();
        let counts = counts.filter_map(|(name, value)| Some((name, value.as_u64()?)));
        counts.filter(|(_, count)| *count > 0)
    }
}

/// What a test found: each step, and each test account as it would come.
#[derive(Template)]
#[template(path = "graph/found.html")]
pub(crate) struct Found<'a> {
    pub(crate) test: &'a GraphTest,
}

impl Found<'_> {
    fn step(step: &GraphTestStepName) -> Text {
        match step {
            GraphTestStepName::Token => text("graph-step-token"),
            GraphTestStepName::Users => text("graph-step-users"),
            GraphTestStepName::GroupMembers => text("graph-step-group-members"),
            GraphTestStepName::Assignments => text("graph-step-assignments"),
        }
    }

    const fn is_good(outcome: &GraphTestOutcome) -> bool {
        matches!(outcome, GraphTestOutcome::Good | GraphTestOutcome::NothingThere)
    }

    fn outcome(outcome: &GraphTestOutcome) -> Text {
        match outcome {
            GraphTestOutcome::Good => text("graph-outcome-good"),
            GraphTestOutcome::NothingThere => text("graph-outcome-nothing-there"),
            GraphTestOutcome::PermissionMissing => text("graph-outcome-permission-missing"),
            GraphTestOutcome::NoApplication => text("graph-outcome-no-application"),
            GraphTestOutcome::Failed => text("graph-outcome-failed"),
            GraphTestOutcome::NotTried => text("graph-outcome-not-tried"),
        }
    }

    fn effect(effect: &PreviewEffect) -> Text {
        match effect {
            PreviewEffect::Created => text("graph-effect-created"),
            PreviewEffect::Changed => text("graph-effect-changed"),
            PreviewEffect::Unchanged => text("graph-effect-unchanged"),
            PreviewEffect::Deactivated => text("graph-effect-deactivated"),
            PreviewEffect::Reactivated => text("graph-effect-reactivated"),
            PreviewEffect::Refused => text("graph-effect-refused"),
        }
    }
}

/// A code of Microsoft Entra ID, as people search for it.
fn aadsts(code: &u32) -> String {
    format!("AADSTS{code}")
}

/// Where the management API has the pull of a directory.
pub(crate) fn at(id: DirectoryId, below: &str) -> String {
    format!("/directories/{id}/graph{below}")
}

/// How a directory is pulled; `None` where it is not.
///
/// # Errors
/// As the management API.
pub(crate) async fn pull(api: &Api, id: DirectoryId) -> Result<Option<GraphPull>, Fault> {
    api.find(&at(id, "")).await
}

/// The newest certificate of a directory as a file.
///
/// # Errors
/// As the management API: where there is none, too.
pub(crate) async fn certificate_file(api: &Api, id: DirectoryId) -> Result<HttpResponse, Fault> {
    let file = api.file(&at(id, "/certificate?format=cer")).await?;
    let name = format!("attachment; filename=\"rollcall-graph-{id}.cer\"");
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, CERTIFICATE))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(file))
}

/// Who is pulled, as a form says it.
pub(crate) fn scope_of(form: &Form) -> Value {
    let mut scope = json!({ "scope": form.text("scope") });
    if form.text("scope") == "groups" {
        scope["groups"] = json!(form.words("groups"));
    }
    scope
}

/// A credential, as a form says it: a secret where one is entered, else a certificate that is made.
pub(crate) fn credential_of(form: &Form, secret: &str, end: &str) -> Value {
    let Some(value) = form.some(secret) else {
        return json!({ "certificate": {} });
    };
    match form.some(end) {
        Some(end) => json!({ "secret": value, "expires_at": end_of_secret(end) }),
        None => json!({ "secret": value }),
    }
}

/// Whether this is the scope that is chosen, in a form or of a pull.
pub(crate) fn is_scope(form: &Form, pull: Option<&GraphPull>, name: &str) -> bool {
    if form.has("scope") {
        return form.text("scope") == name;
    }
    let known = match pull.map_or(GraphScope::Assigned, |pull| pull.scope) {
        GraphScope::All => "all",
        GraphScope::Assigned => "assigned",
        GraphScope::Groups => "groups",
    };
    known == name
}

/// The application and the tenant of a pull, as texts.
pub(crate) fn entered(pull: Option<&GraphPull>) -> (String, String) {
    let text = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    pull.map_or_else(Default::default, |pull| (text(pull.client_id), text(pull.tenant_id)))
}

/// The test accounts of a pull, one a line.
pub(crate) fn test_accounts(pull: Option<&GraphPull>) -> String {
    pull.map(|pull| pull.test_accounts.join("\n")).unwrap_or_default()
}

/// The groups that are chosen, one a line.
pub(crate) fn groups(pull: Option<&GraphPull>) -> String {
    let groups = pull.map(|pull| pull.groups.as_slice()).unwrap_or_default();
    groups.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
