//! What the forms of the steps do. Every one of them goes through the management API with the rights of the link, which reach
//! the connections of its own directory or organization and no others.

use super::page::page;
use super::steps::Step;
use crate::console::{certificate_file, end_of_secret, id};
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::to;
use crate::guest::Guest;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::web::{Path, Query};
use api::{Connection, ConnectionState, Directory, List};
use events::{ConnectionId, DirectoryId};
use serde_json::json;
use std::collections::HashMap;
use store::PortalFeature;

/// The first step, or on to the connection that there is.
pub(super) async fn begin(guest: Guest, path: Path<String>) -> Result<HttpResponse, Fault> {
    let directory = directory(&guest, id(&path)?).await?;
    if let Some(known) = oldest(&guest, &directory).await? {
        return Ok(to(&here(known.id)));
    }
    let fresh = (&Errors::default(), &Form::default());
    page(&guest, directory, None, Step::Register, fresh).await
}

/// Makes the connection, as a draft. Where there is one, as after a form that was sent twice, that one goes on.
pub(super) async fn create(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let directory = directory(&guest, id(&path)?).await?;
    if let Some(known) = oldest(&guest, &directory).await? {
        return Ok(to(&here(known.id)));
    }
    let body = json!({
        "organization_id": directory.organization_id,
        "directory_id": directory.id,
        "authority": form.text("authority"),
        "client_id": form.text("client_id"),
    });
    match guest.api.post::<Connection>("/connections", &body).await {
        Ok(made) if made.last_error.is_none() => Ok(at(made.id, Step::RedirectUris)),
        // What is wrong with the tenant stands on the step where it is entered.
        Ok(made) => Ok(at(made.id, Step::Register)),
        Err(fault) => {
            let errors = Errors::of(fault.of_form()?);
            page(&guest, directory, None, Step::Register, (&errors, &form)).await
        }
    }
}

pub(super) async fn show(
    guest: Guest,
    path: Path<String>,
    wanted: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    let connection = connection(&guest, id(&path)?).await?;
    let number = wanted.get("step").and_then(|number| number.parse().ok());
    let step = number.map_or_else(|| Step::next(&connection), Step::numbered);
    let fresh = (&Errors::default(), &Form::default());
    let directory = directory(&guest, connection.directory_id).await?;
    page(&guest, directory, Some(connection), step, fresh).await
}

/// Other ids than were entered before.
pub(super) async fn provider(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id = connection(&guest, id(&path)?).await?.id;
    let body = json!({ "authority": form.text("authority"), "client_id": form.text("client_id") });
    let changed: Result<Connection, Fault> = guest.api.patch(&format!("/connections/{id}"), &body).await;
    let next = match &changed {
        Ok(connection) if connection.last_error.is_some() && connection.issuer.is_none() => Step::Register,
        _ => Step::RedirectUris,
    };
    then(&guest, id, changed, (Step::Register, next), &form).await
}

/// Sets the client secret, in the place of what there was.
pub(super) async fn set_secret(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let known = connection(&guest, id(&path)?).await?;
    let id = known.id;
    // Who enters a secret knows from the same page when it ends, and nobody could be told in time without.
    let Some(end) = form.some("expires_at") else {
        let errors = Errors::one("expires_at", text("sign-on-secret-end-error"));
        return refused(&guest, known, Step::Credential, &errors, &form).await;
    };
    let body = json!({ "client_secret": form.text("client_secret"), "expires_at": end_of_secret(end) });
    let changed = guest.api.put(&format!("/connections/{id}/client-secret"), &body).await;
    then(&guest, id, changed, (Step::Credential, Step::Credential), &form).await
}

/// Makes a key, in the place of what there was.
pub(super) async fn make_key(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id = connection(&guest, id(&path)?).await?.id;
    let changed = guest.api.post(&format!("/connections/{id}/key"), &json!({})).await;
    then(&guest, id, changed, (Step::Credential, Step::Credential), &form).await
}

/// The certificate as a file.
pub(super) async fn certificate(guest: Guest, path: Path<String>) -> Result<HttpResponse, Fault> {
    guest.needs(PortalFeature::Sso)?;
    certificate_file(&guest.api, id(&path)?).await
}

/// Who may test.
pub(super) async fn accounts(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let known = connection(&guest, id(&path)?).await?;
    let (id, accounts) = (known.id, form.lines("test_accounts"));
    if accounts.is_empty() {
        let errors = Errors::one("test_accounts", text("sign-on-test-accounts-error"));
        return refused(&guest, known, Step::Test, &errors, &form).await;
    }
    let body = json!({ "test_accounts": accounts });
    let changed = guest.api.patch(&format!("/connections/{id}"), &body).await;
    then(&guest, id, changed, (Step::Test, Step::Test), &form).await
}

/// Lets everybody of the directory log in, after a test. What an operator paused is not for the holder of a link to open.
pub(super) async fn go_live(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let known = connection(&guest, id(&path)?).await?;
    let id = known.id;
    if known.state == ConnectionState::Paused {
        let errors = Errors::one("state", text("sign-on-live-paused-error"));
        return refused(&guest, known, Step::Live, &errors, &form).await;
    }
    let body = json!({ "state": "active" });
    let changed = guest.api.patch(&format!("/connections/{id}"), &body).await;
    then(&guest, id, changed, (Step::Live, Step::Live), &form).await
}

async fn directory(guest: &Guest, id: DirectoryId) -> Result<Directory, Fault> {
    guest.needs(PortalFeature::Sso)?;
    guest.api.get(&format!("/directories/{id}")).await
}

async fn connection(guest: &Guest, id: ConnectionId) -> Result<Connection, Fault> {
    guest.needs(PortalFeature::Sso)?;
    guest.api.get(&format!("/connections/{id}")).await
}

/// The connection of a directory that was made first, if there is any.
async fn oldest(guest: &Guest, directory: &Directory) -> Result<Option<Connection>, Fault> {
    let path = format!("/connections?directory_id={}&limit=100", directory.id);
    let known: List<Connection> = guest.api.get(&path).await?;
    Ok(known.data.into_iter().last())
}

fn here(id: ConnectionId) -> String {
    format!("/setup/connections/{id}")
}

fn at(id: ConnectionId, step: Step) -> HttpResponse {
    to(&format!("{}?step={}", here(id), step.number()))
}

/// On to a step, or the same again with what was refused.
async fn then(
    guest: &Guest,
    id: ConnectionId,
    changed: Result<Connection, Fault>,
    (step, next): (Step, Step),
    form: &Form,
) -> Result<HttpResponse, Fault> {
    match changed {
        Ok(_) => Ok(at(id, next)),
        Err(fault) => {
            let errors = Errors::of(fault.of_form()?);
            let known = connection(guest, id).await?;
            refused(guest, known, step, &errors, form).await
        }
    }
}

async fn refused(
    guest: &Guest,
    known: Connection,
    step: Step,
    errors: &Errors,
    form: &Form,
) -> Result<HttpResponse, Fault> {
    let directory = directory(guest, known.directory_id).await?;
    page(guest, directory, Some(known), step, (errors, form)).await
}
