//! What the forms of the steps do. Every one of them goes through the management API with the rights of the link, which reach its
//! own directory or organization and no others.

use super::page::{Outcome, page};
use super::steps::Step;
use crate::console::id;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::to;
use crate::graph::{at, certificate_file, credential_of, pull, scope_of};
use crate::guest::Guest;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::web::{Path, Query};
use api::{Directory, GraphCredential, GraphCredentialState, GraphPull, GraphState};
use events::DirectoryId;
use serde_json::{Value, json};
use std::collections::HashMap;
use store::PortalFeature;

pub(super) async fn show(
    guest: Guest,
    path: Path<String>,
    wanted: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    let directory = directory(&guest, id(&path)?).await?;
    let known = pull(&guest.api, directory.id).await?;
    let number = wanted.get("step").and_then(|number| number.parse().ok());
    let step = match &known {
        None => Step::Register,
        Some(pull) => number.map_or_else(|| Step::next(pull), Step::numbered),
    };
    page(&guest, directory, known, step, Outcome::default()).await
}

/// Sets it up with a certificate that is made here, or changes what was entered.
pub(super) async fn register(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let directory = directory(&guest, id(&path)?).await?;
    let known = pull(&guest.api, directory.id).await?;
    let mut body = scope_of(&form);
    body["tenant_id"] = json!(form.text("tenant_id"));
    body["client_id"] = json!(form.text("client_id"));
    body["test_accounts"] = json!(form.lines("test_accounts"));
    let done = if known.is_some() {
        guest.api.patch::<Value>(&at(directory.id, ""), &body).await
    } else {
        body["credential"] = json!({ "certificate": {} });
        guest.api.post::<Value>(&at(directory.id, ""), &body).await
    };
    then(&guest, directory.id, done, (Step::Register, Step::Credential), form).await
}

/// Takes a secret, which is used as soon as Entra takes it.
pub(super) async fn secret(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let directory = directory(&guest, id(&path)?).await?;
    // Who enters a secret knows from the same page when it ends, and nobody could be told in time without.
    let missing = match (form.some("secret"), form.some("expires_at")) {
        (None, _) => Some(Errors::one("secret", text("graph-secret-error"))),
        (_, None) => Some(Errors::one("expires_at", text("sign-on-secret-end-error"))),
        _ => None,
    };
    if let Some(errors) = missing {
        return refused(&guest, directory.id, Step::Credential, errors, form).await;
    }
    let body = credential_of(&form, "secret", "expires_at");
    let made: Result<GraphCredential, Fault> = guest.api.post(&at(directory.id, "/credentials"), &body).await;
    let done = match made {
        Ok(made) => {
            let own = at(directory.id, &format!("/credentials/{}", made.id));
            let used = guest.api.post::<Value>(&format!("{own}/activate"), &json!({})).await;
            if used.is_err() {
                // One that is not taken is entered again, and not kept.
                guest.api.delete(&own).await?;
            }
            used
        }
        Err(fault) => Err(fault),
    };
    then(&guest, directory.id, done, (Step::Credential, Step::Credential), form).await
}

/// Makes another certificate, which waits until it is uploaded and used.
pub(super) async fn renew(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let directory = directory(&guest, id(&path)?).await?;
    let body = json!({ "certificate": {} });
    let done = guest.api.post::<Value>(&at(directory.id, "/credentials"), &body).await;
    then(&guest, directory.id, done, (Step::Credential, Step::Credential), form).await
}

/// Has the newest credential that waits used, after a look whether Entra takes it.
pub(super) async fn activate(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let directory = directory(&guest, id(&path)?).await?;
    let known = pull(&guest.api, directory.id).await?.ok_or(Fault::Missing)?;
    let mut waiting = known.credentials.iter();
    let waiting = waiting.find(|credential| credential.state == GraphCredentialState::Pending);
    let waiting = waiting.ok_or(Fault::Missing)?.id;
    let own = at(directory.id, &format!("/credentials/{waiting}/activate"));
    let done = guest.api.post::<Value>(&own, &json!({})).await;
    then(&guest, directory.id, done, (Step::Credential, Step::Credential), form).await
}

/// The certificate as a file.
pub(super) async fn certificate(guest: Guest, path: Path<String>) -> Result<HttpResponse, Fault> {
    guest.needs(PortalFeature::DirectorySync)?;
    certificate_file(&guest.api, id(&path)?).await
}

/// Whom it is tested with.
pub(super) async fn accounts(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let directory = directory(&guest, id(&path)?).await?;
    let body = json!({ "test_accounts": form.lines("test_accounts") });
    let done = guest.api.patch::<Value>(&at(directory.id, ""), &body).await;
    then(&guest, directory.id, done, (Step::Test, Step::Test), form).await
}

/// Looks what may be read and how the test accounts would come; the result stands on the page.
pub(super) async fn test(guest: Guest, path: Path<String>) -> Result<HttpResponse, Fault> {
    let directory = directory(&guest, id(&path)?).await?;
    match guest.api.post(&at(directory.id, "/test"), &json!({})).await {
        Ok(test) => {
            let known = pull(&guest.api, directory.id).await?;
            let outcome = Outcome {
                test: Some(test),
                ..Outcome::default()
            };
            page(&guest, directory, known, Step::Test, outcome).await
        }
        Err(fault) => {
            let errors = Errors::of(fault.of_form()?);
            refused(&guest, directory.id, Step::Test, errors, Form::default()).await
        }
    }
}

/// Begins the first round. What an operator paused is not for the holder of a link to start.
pub(super) async fn start(guest: Guest, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let directory = directory(&guest, id(&path)?).await?;
    let known: GraphPull = guest.api.get(&at(directory.id, "")).await?;
    if known.state == GraphState::Paused {
        let errors = Errors::one("state", text("sign-on-live-paused-error"));
        return refused(&guest, directory.id, Step::Round, errors, form).await;
    }
    let done = guest.api.post::<Value>(&at(directory.id, "/resume"), &json!({})).await;
    then(&guest, directory.id, done, (Step::Round, Step::Round), form).await
}

async fn directory(guest: &Guest, id: DirectoryId) -> Result<Directory, Fault> {
    guest.needs(PortalFeature::DirectorySync)?;
    guest.api.get(&format!("/directories/{id}")).await
}

/// On to a step, or the same again with what was refused.
async fn then(
    guest: &Guest,
    id: DirectoryId,
    done: Result<Value, Fault>,
    (step, next): (Step, Step),
    form: Form,
) -> Result<HttpResponse, Fault> {
    match done {
        Ok(_) => Ok(to(&format!("/setup/directories/{id}/graph?step={}", next.number()))),
        Err(fault) => {
            let errors = Errors::of(fault.of_form()?);
            refused(guest, id, step, errors, form).await
        }
    }
}

async fn refused(
    guest: &Guest,
    id: DirectoryId,
    step: Step,
    errors: Errors,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let directory = directory(guest, id).await?;
    let known = pull(&guest.api, id).await?;
    let outcome = Outcome {
        errors,
        form,
        test: None,
    };
    page(guest, directory, known, step, outcome).await
}
