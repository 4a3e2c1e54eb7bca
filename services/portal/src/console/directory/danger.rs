//! The tab Danger: letting held changes through, pausing the directory, and deleting it.

use super::{Tab, directory, here, status, tab};
use crate::console::directories::HERE;
use crate::console::id;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::to;
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use api::{Directory, DirectoryState, Scope};
use askama::Template;
use events::DirectoryId;
use serde_json::{Value, json};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/directories/{id}/danger").get(show))
        .service(web::resource("/directories/{id}/state").post(switch))
        .service(web::resource("/directories/{id}/release").post(release))
        .service(web::resource("/directories/{id}/delete").post(delete));
}

#[derive(Template)]
#[template(path = "console/directory/danger.html")]
struct DangerPage<'a> {
    directory: &'a Directory,
    errors: Errors,
    may_change: bool,
}

async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    page(&operator, &directory, Errors::default())
}

fn page(operator: &Operator, directory: &Directory, errors: Errors) -> Result<HttpResponse, Fault> {
    let status = status(&errors);
    let page = DangerPage {
        directory,
        errors,
        may_change: operator.may(Scope::Directories),
    };
    tab(status, operator, directory, Tab::Danger, &page)
}

async fn switch(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let body = json!({ "state": form.text("state") });
    let done = operator
        .api
        .patch::<Directory>(&format!("/directories/{id}"), &body)
        .await;
    after(&operator, id, done.map(|_| ())).await
}

/// Lets held deactivations and deletions through for an hour.
async fn release(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let done = operator
        .api
        .post::<Value>(&format!("/directories/{id}/release"), &json!({}))
        .await;
    after(&operator, id, done.map(|_| ())).await
}

async fn after(operator: &Operator, id: DirectoryId, done: Result<(), Fault>) -> Result<HttpResponse, Fault> {
    match done {
        Ok(()) => Ok(to(&format!("{}/danger", here(id)))),
        Err(fault) => {
            let errors = Errors::of(fault.of_form()?);
            let directory = directory(operator, id).await?;
            page(operator, &directory, errors)
        }
    }
}

/// Deletes the directory after its name was typed.
async fn delete(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let found = directory(&operator, id).await?;
    if form.text("confirm") != found.name {
        let errors = Errors::one("confirm", text("danger-confirm-error"));
        return page(&operator, &found, errors);
    }
    match operator.api.delete(&format!("/directories/{id}")).await {
        Ok(()) => Ok(to(HERE)),
        Err(fault) => page(&operator, &found, Errors::of(fault.of_form()?)),
    }
}
