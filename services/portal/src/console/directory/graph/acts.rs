//! What the forms of the tab do.

use super::{Outcome, page};
use crate::console::directory::{directory, here};
use crate::console::id;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::to;
use crate::graph::{at, certificate_file, credential_of, pull, scope_of};
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::web::Path;
use events::{DirectoryId, GraphCredentialId};
use serde_json::{Value, json};

/// Sets the pull up, or changes it.
pub(super) async fn save(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let mut body = scope_of(&form);
    body["tenant_id"] = json!(form.text("tenant_id"));
    body["client_id"] = json!(form.text("client_id"));
    body["cloud"] = json!(form.text("cloud"));
    body["test_accounts"] = json!(form.lines("test_accounts"));
    body["guests"] = json!(if form.has("skip_guests") { "skip" } else { "take" });
    body["nested"] = json!(form.has("nested"));
    body["mode"] = json!(if form.has("compare") { "compare" } else { "pull" });
    if let Some(seconds) = form.some("interval_seconds") {
        body["interval_seconds"] = seconds.parse::<u32>().map_or_else(|_| json!(seconds), Value::from);
    }
    let done = if pull(&operator.api, id).await?.is_some() {
        operator.api.patch::<Value>(&at(id, ""), &body).await
    } else {
        body["credential"] = credential_of(&form, "credential_secret", "credential_expires_at");
        operator.api.post::<Value>(&at(id, ""), &body).await
    };
    after(&operator, id, done, form).await
}

/// Starts, pauses or releases the pull, or has a round begin.
pub(super) async fn act(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let (below, body) = match form.text("act") {
        "resume" if form.has("force") => ("/resume", json!({ "force": true })),
        "resume" => ("/resume", json!({})),
        "pause" => ("/pause", json!({})),
        "release" => match form.text("would_go").parse::<u64>() {
            Ok(count) => ("/release", json!({ "would_go": count })),
            Err(_) => ("/release", json!({})),
        },
        "sync" => ("/sync", json!({})),
        "sync-full" => ("/sync", json!({ "full": true })),
        _ => return Err(Fault::Missing),
    };
    let done = operator.api.post::<Value>(&at(id, below), &body).await;
    after(&operator, id, done, form).await
}

/// Looks what may be read and how the test accounts would come; the result stands on the page.
pub(super) async fn test(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let outcome = match operator.api.post(&at(id, "/test"), &json!({})).await {
        Ok(test) => Outcome {
            test: Some(test),
            ..Outcome::default()
        },
        Err(fault) => Outcome {
            errors: Errors::of(fault.of_form()?),
            ..Outcome::default()
        },
    };
    page(&operator, id, outcome).await
}

pub(super) async fn certificate(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    certificate_file(&operator.api, id(&path)?).await
}

/// Adds a secret, or a certificate that is made.
pub(super) async fn add(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    if form.has("secret") && form.some("secret").is_none() {
        let errors = Errors::one("secret", text("graph-secret-error"));
        return page(
            &operator,
            id,
            Outcome {
                errors,
                ..Outcome::default()
            },
        )
        .await;
    }
    let body = credential_of(&form, "secret", "expires_at");
    let done = operator.api.post::<Value>(&at(id, "/credentials"), &body).await;
    after(&operator, id, done, form).await
}

/// Has a credential used, or removes it.
pub(super) async fn credential(
    operator: Operator,
    path: Path<(String, String)>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    let (directory, credential) = path.into_inner();
    let (id, credential): (DirectoryId, GraphCredentialId) = (id(&directory)?, id(&credential)?);
    let own = at(id, &format!("/credentials/{credential}"));
    let done = match form.text("act") {
        "activate" => {
            let body = json!({ "force": form.has("force") });
            operator.api.post::<Value>(&format!("{own}/activate"), &body).await
        }
        "remove" => operator.api.delete(&own).await.map(|()| Value::Null),
        _ => return Err(Fault::Missing),
    };
    after(&operator, id, done, form).await
}

/// Ends the pull after the name of the directory was typed.
pub(super) async fn delete(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let found = directory(&operator, id).await?;
    if form.text("confirm") != found.name {
        let errors = Errors::one("confirm", text("danger-confirm-error"));
        return page(
            &operator,
            id,
            Outcome {
                errors,
                ..Outcome::default()
            },
        )
        .await;
    }
    let done = operator.api.delete(&at(id, "")).await.map(|()| Value::Null);
    after(&operator, id, done, form).await
}

async fn after(
    operator: &Operator,
    id: DirectoryId,
    done: Result<Value, Fault>,
    form: Form,
) -> Result<HttpResponse, Fault> {
    match done {
        Ok(_) => Ok(to(&format!("{}/graph", here(id)))),
        Err(fault) => {
            let errors = Errors::of_members(fault.of_form()?, "credential");
            let outcome = Outcome {
                errors,
                form,
                test: None,
            };
            page(operator, id, outcome).await
        }
    }
}
