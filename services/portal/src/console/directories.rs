//! `/console/directories`: the list, and how one is made.

use super::{PAGE, next};
use crate::api::query;
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::frame::{Section, console, console_with, to};
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Query, ServiceConfig};
use api::{Directory, List, Organization, Provider, Scope};
use askama::Template;
use pages::Link;
use serde_json::json;
use std::collections::HashMap;

pub(super) const HERE: &str = "/console/directories";

/// What may stand behind a directory, in the order in which it is offered.
pub(crate) const PROVIDERS: [Provider; 8] = [
    Provider::EntraId,
    Provider::Okta,
    Provider::Onelogin,
    Provider::Jumpcloud,
    Provider::Ping,
    Provider::Google,
    Provider::CustomScim,
    Provider::EntraGraph,
];

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/directories").get(list).post(create))
        .service(web::resource("/directories/new").get(new));
}

#[derive(Template)]
#[template(path = "console/directories.html")]
struct DirectoriesPage {
    directories: List<Directory>,
    next: Option<String>,
    may_create: bool,
}

async fn list(operator: Operator, wanted: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let wanted = |name: &str| wanted.get(name).map(String::as_str);
    let parameters = [
        ("organization_id", wanted("organization")),
        ("cursor", wanted("cursor")),
        ("limit", Some(PAGE)),
    ];
    let directories: List<Directory> = operator.api.get(&query("/directories", parameters)).await?;
    let page = DirectoriesPage {
        next: next(HERE, &directories, [("organization", wanted("organization"))]),
        directories,
        may_create: operator.may(Scope::Directories),
    };
    console(&operator, Section::Directories, text("directories-title"), &[], &page)
}

#[derive(Template)]
#[template(path = "console/directory_new.html")]
struct NewPage {
    errors: Errors,
    organization: String,
    name: String,
    provider: String,
    providers: [Provider; 8],
    /// Organizations to choose from; others are named by a domain.
    known: Vec<Organization>,
}

async fn new(operator: Operator, wanted: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let mut form = NewPage {
        errors: Errors::default(),
        organization: wanted.get("organization").cloned().unwrap_or_default(),
        name: String::new(),
        provider: Provider::EntraId.as_str().to_owned(),
        providers: PROVIDERS,
        known: Vec::new(),
    };
    form.known = known(&operator).await?;
    console(
        &operator,
        Section::Directories,
        text("directory-new-title"),
        &[crumb()],
        &form,
    )
}

async fn known(operator: &Operator) -> Result<Vec<Organization>, Fault> {
    let list: List<Organization> = operator.api.get("/organizations?limit=100").await?;
    Ok(list.data)
}

/// Makes a directory. Its first token is in the answer, once.
async fn create(operator: Operator, form: Form) -> Result<HttpResponse, Fault> {
    let mut body = json!({ "organization": form.text("organization"), "provider": form.text("provider") });
    if let Some(name) = form.some("name") {
        body["name"] = json!(name);
    }
    match operator.api.post::<Directory>("/directories", &body).await {
        // There is nothing to paste into Entra.
        Ok(directory) if directory.provider == Provider::EntraGraph.as_str() => {
            Ok(to(&format!("{HERE}/{}/graph", directory.id)))
        }
        Ok(directory) => {
            let title = directory.name.clone();
            let page = MadePage { directory };
            console(&operator, Section::Directories, &title, &[crumb()], &page)
        }
        Err(fault) => {
            let page = NewPage {
                errors: Errors::of(fault.of_form()?),
                organization: form.text("organization").to_owned(),
                name: form.text("name").to_owned(),
                provider: form.text("provider").to_owned(),
                providers: PROVIDERS,
                known: known(&operator).await?,
            };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            console_with(
                status,
                &operator,
                Section::Directories,
                text("directory-new-title"),
                &[crumb()],
                &page,
            )
        }
    }
}

#[derive(Template)]
#[template(path = "console/directory_made.html")]
struct MadePage {
    directory: Directory,
}

pub(super) fn crumb() -> Link {
    Link::new(HERE, text("directories-title"))
}
