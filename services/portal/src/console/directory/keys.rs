//! The tab Keys: the address and the tokens that the identity provider carries, and how one token takes another's place.

use super::{Tab, directory, tab};
use crate::api::query;
use crate::console::{PAGE, id};
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::frame::to;
use crate::session::Operator;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, ServiceConfig};
use api::{Directory, Key, List, RotationState, Scope};
use askama::Template;
use events::{DirectoryId, KeyId};
use serde_json::json;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/directories/{id}/keys").get(show).post(create))
        .service(web::resource("/directories/{id}/keys/{key}/rotate").post(rotate))
        .service(web::resource("/directories/{id}/keys/{key}/revoke").post(revoke));
}

#[derive(Template)]
#[template(path = "console/directory/keys.html")]
struct KeysPage<'a> {
    directory: &'a Directory,
    keys: List<Key>,
    /// A key that was just made, shown this once.
    made: Option<Key>,
    errors: Errors,
    name: String,
    may_change: bool,
}

/// What a form on the page led to.
#[derive(Default)]
struct Outcome {
    made: Option<Key>,
    errors: Errors,
    name: String,
}

async fn page(operator: &Operator, directory: &Directory, outcome: Outcome) -> Result<HttpResponse, Fault> {
    let keys = query(&format!("/directories/{}/keys", directory.id), [("limit", Some(PAGE))]);
    let status = match outcome.errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = KeysPage {
        directory,
        keys: operator.api.get(&keys).await?,
        made: outcome.made,
        errors: outcome.errors,
        name: outcome.name,
        may_change: operator.may(Scope::Directories),
    };
    tab(status, operator, directory, Tab::Keys, &page)
}

async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    page(&operator, &directory, Outcome::default()).await
}

async fn create(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    let body = json!({ "name": form.text("name") });
    let made = operator
        .api
        .post(&format!("/directories/{}/keys", directory.id), &body)
        .await;
    answer(&operator, &directory, made, form.text("name")).await
}

/// Makes a key that is to take the place of another; both are good until the older one is revoked.
async fn rotate(operator: Operator, path: Path<(String, String)>) -> Result<HttpResponse, Fault> {
    let (of, key) = ids(path)?;
    let directory = directory(&operator, of).await?;
    let made = operator
        .api
        .post(&format!("/directories/{of}/keys/{key}/rotate"), &json!({}))
        .await;
    answer(&operator, &directory, made, "").await
}

async fn answer(
    operator: &Operator,
    directory: &Directory,
    made: Result<Key, Fault>,
    name: &str,
) -> Result<HttpResponse, Fault> {
    let outcome = match made {
        Ok(key) => Outcome {
            made: Some(key),
            ..Outcome::default()
        },
        Err(fault) => Outcome {
            errors: Errors::of(fault.of_form()?),
            name: name.to_owned(),
            ..Outcome::default()
        },
    };
    page(operator, directory, outcome).await
}

/// The newer key of a rotation must have been seen, unless the operator insists.
async fn revoke(operator: Operator, path: Path<(String, String)>, form: Form) -> Result<HttpResponse, Fault> {
    let (of, key) = ids(path)?;
    let force = form.has("force").then_some("true");
    let path = query(&format!("/directories/{of}/keys/{key}"), [("force", force)]);
    match operator.api.delete(&path).await {
        Ok(()) => Ok(to(&format!("/console/directories/{of}/keys"))),
        Err(fault) => {
            let directory = directory(&operator, of).await?;
            let outcome = Outcome {
                errors: Errors::of(fault.of_form()?),
                ..Outcome::default()
            };
            page(&operator, &directory, outcome).await
        }
    }
}

fn ids(path: Path<(String, String)>) -> Result<(DirectoryId, KeyId), Fault> {
    let (directory, key) = path.into_inner();
    Ok((id(&directory)?, id(&key)?))
}
