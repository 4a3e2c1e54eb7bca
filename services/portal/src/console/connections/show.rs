//! One connection: how it stands, what to do next, what it proves itself with, and who came by it.

use super::people::People;
use super::{HERE, ROWS, crumb};
use crate::api::query;
use crate::console::names::names;
use crate::console::{id, next, nothing};
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::frame::{Section, console_with};
use crate::session::Operator;
use crate::texts::{Text, text};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Path, Query};
use api::{Connection, ConnectionCredential, ConnectionState, List, LoginChannel, Scope, SessionEnd, SsoSession};
use askama::Template;
use events::{ConnectionId, Timestamp};
use std::collections::HashMap;
use std::time::Duration;

/// How long before its end a credential is to be looked after.
const SOON: Duration = Duration::from_hours(30 * 24);

#[derive(Template)]
#[template(path = "console/connection.html")]
struct ConnectionPage {
    connection: Connection,
    /// What organization and directory are called.
    organization: String,
    directory: String,
    sessions: List<SsoSession>,
    people: HashMap<String, String>,
    apps: HashMap<String, String>,
    next: Option<String>,
    outcome: Outcome,
    /// Who may enter the console, for those who may say so.
    console: Option<People>,
    now: Timestamp,
    may_change: bool,
    may_audit: bool,
}

/// What a form on the page led to.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) errors: Errors,
    /// What was typed, where it was not taken.
    pub(super) form: Form,
}

impl ConnectionPage {
    /// What stands in a field: what was typed, or else what the connection has.
    fn value<'a>(&'a self, field: &str, own: &'a str) -> &'a str {
        match self.outcome.form.has(field) {
            true => self.outcome.form.text(field),
            false => own,
        }
    }

    /// Whether guests may log in, as it was ticked or as it is.
    fn allows_guests(&self) -> bool {
        match self.outcome.form.has("user_name_claim") {
            true => self.outcome.form.has("allows_guests"),
            false => self.connection.allows_guests,
        }
    }

    /// Where somebody logs in as a test account if that can lead anywhere.
    fn test_page(&self) -> Option<String> {
        let is_ready = self.connection.issuer.is_some() && self.connection.state != ConnectionState::Paused;
        is_ready.then(|| self.connection.test_url.clone())
    }

    /// Whether it may become active only without a test.
    fn is_untested(&self) -> bool {
        self.connection.tested_at.is_none()
    }

    /// The kind of the state's sentence.
    const fn kind(&self) -> &'static str {
        match self.connection.state {
            ConnectionState::Active => "",
            ConnectionState::Failing => "bad",
            ConnectionState::Draft | ConnectionState::Tested | ConnectionState::Paused => "warn",
        }
    }

    /// Whether the credential has ended, or does so soon.
    fn has_ended(&self) -> bool {
        self.connection.credential_expires_at.is_some_and(|at| at <= self.now)
    }

    fn ends_soon(&self) -> bool {
        let ends = self.connection.credential_expires_at;
        ends.is_some_and(|at| at > self.now && at <= self.now.plus(SOON))
    }

    /// What somebody or an app is called; the end of the id, where it is gone.
    fn name(names: &HashMap<String, String>, id: &impl ToString) -> String {
        super::ConnectionsPage::name(names, id)
    }

    /// How a session stands.
    fn end(session: &SsoSession) -> Text {
        match session.end_reason {
            Some(SessionEnd::Logout) => text("connection-session-logout"),
            Some(SessionEnd::Deactivated) => text("connection-session-deactivated"),
            Some(SessionEnd::Deleted) => text("connection-session-deleted"),
            Some(SessionEnd::AccessLost) => text("connection-session-access-lost"),
            Some(SessionEnd::ConnectionPaused) => text("connection-session-connection-paused"),
            Some(SessionEnd::Reuse) => text("connection-session-reuse"),
            Some(SessionEnd::Revoked) => text("connection-session-revoked"),
            None => text("connection-session-over"),
        }
    }
}

pub(super) async fn show(
    operator: Operator,
    path: Path<String>,
    wanted: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    let cursor = wanted.get("cursor").map(String::as_str);
    page(&operator, id(&path)?, cursor, Outcome::default()).await
}

/// The page again, with what a form was refused for.
///
/// # Errors
/// What was no matter of the form; otherwise as the page.
pub(super) async fn refused(
    operator: &Operator,
    id: ConnectionId,
    fault: Fault,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let errors = Errors::of(fault.of_form()?);
    page(operator, id, None, Outcome { errors, form }).await
}

pub(super) async fn page(
    operator: &Operator,
    id: ConnectionId,
    cursor: Option<&str>,
    outcome: Outcome,
) -> Result<HttpResponse, Fault> {
    let status = match outcome.errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let connection: Connection = operator.api.get(&format!("/connections/{id}")).await?;
    let path = format!("/connections/{id}/sessions");
    let path = query(&path, [("cursor", cursor), ("limit", Some(ROWS))]);
    let sessions: List<SsoSession> = operator.api.find(&path).await?.unwrap_or(nothing());
    let (organization_id, directory_id) = (connection.organization_id, connection.directory_id);
    let people = format!("/directories/{directory_id}/users");
    let people = names(operator, &people, sessions.data.iter().map(|session| session.user_id)).await?;
    let apps = sessions.data.iter().map(|session| session.client_id);
    let mut apps = names(operator, "/sso-clients", apps).await?;
    apps.insert(
        store::console_client().to_string(),
        text("connection-console-app").into(),
    );
    let organizations = names(operator, "/organizations", [organization_id]).await?;
    let directories = names(operator, "/directories", [directory_id]).await?;
    let title = connection.name.clone();
    let page = ConnectionPage {
        organization: ConnectionPage::name(&organizations, &organization_id),
        directory: ConnectionPage::name(&directories, &directory_id),
        next: next(&format!("{HERE}/{id}"), &sessions, []),
        connection,
        sessions,
        people,
        apps,
        outcome,
        console: People::of(operator, id).await?,
        now: Timestamp::now(),
        may_change: operator.may(Scope::Connections),
        may_audit: operator.may(Scope::Admin),
    };
    console_with(status, operator, Section::SingleSignOn, title, &[crumb()], &page)
}
