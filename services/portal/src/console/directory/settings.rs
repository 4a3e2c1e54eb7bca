//! The tab Settings: what the directory takes, pausing it, letting held changes through, and deleting it.

use super::{Tab, directory, tab};
use crate::console::{directories::HERE, id};
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::to;
use crate::session::Operator;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, ServiceConfig};
use api::{Directory, DirectoryState, PeopleOf, Scope};
use askama::Template;
use events::DirectoryId;
use serde_json::{Map, Value, json};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/directories/{id}/settings").get(show).post(save))
        .service(web::resource("/directories/{id}/state").post(switch))
        .service(web::resource("/directories/{id}/release").post(release))
        .service(web::resource("/directories/{id}/delete").post(delete));
}

#[derive(Template)]
#[template(path = "console/directory/settings.html")]
struct SettingsPage<'a> {
    directory: &'a Directory,
    errors: Errors,
    may_change: bool,
    typed: Typed,
}

/// What the form has in it.
struct Typed {
    name: String,
    groups_enabled: bool,
    unique_emails: bool,
    verified_only: bool,
    required_attributes: String,
    rate_limit: String,
    roles: String,
    group_roles: String,
    attribute_map: String,
}

impl Typed {
    fn of(directory: &Directory) -> Self {
        let settings = directory.settings.as_ref();
        let text = |value: Option<String>| value.unwrap_or_default();
        Self {
            name: directory.name.clone(),
            groups_enabled: settings.is_none_or(|settings| settings.groups_enabled),
            unique_emails: settings.is_some_and(|settings| settings.unique_emails),
            verified_only: settings.is_some_and(|settings| settings.people_of != PeopleOf::Any),
            required_attributes: text(settings.map(|settings| settings.required_attributes.join(", "))),
            rate_limit: text(
                settings
                    .and_then(|settings| settings.rate_limit)
                    .map(|limit| limit.to_string()),
            ),
            roles: text(settings.map(|settings| {
                lines(settings.roles.iter().map(|role| {
                    let grants: Vec<_> = role
                        .grants
                        .iter()
                        .filter_map(|grant| serde_json::to_value(grant).ok())
                        .collect();
                    let grants: Vec<_> = grants.iter().filter_map(Value::as_str).collect();
                    format!("{} = {}", role.value, grants.join(", "))
                }))
            })),
            group_roles: text(settings.map(|settings| {
                lines(
                    settings
                        .group_roles
                        .iter()
                        .map(|role| format!("{} = {}", role.group_id, role.role)),
                )
            })),
            attribute_map: text(settings.map(|settings| {
                lines(
                    settings
                        .attribute_map
                        .iter()
                        .map(|(name, path)| format!("{name} = {path}")),
                )
            })),
        }
    }

    fn from(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            name: text("name"),
            groups_enabled: form.has("groups_enabled"),
            unique_emails: form.has("unique_emails"),
            verified_only: form.has("people_of"),
            required_attributes: text("required_attributes"),
            rate_limit: text("rate_limit"),
            roles: text("roles"),
            group_roles: text("group_roles"),
            attribute_map: text("attribute_map"),
        }
    }
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

/// Lines of the form `name = value`.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    // A line without a sign has no value; the management API says that it needs one.
    lines.map(|line| {
        line.split_once('=')
            .map_or((line, ""), |(name, value)| (name.trim(), value.trim()))
    })
}

async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    let typed = Typed::of(&directory);
    page(&operator, &directory, typed, Errors::default())
}

fn page(operator: &Operator, directory: &Directory, typed: Typed, errors: Errors) -> Result<HttpResponse, Fault> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = SettingsPage {
        directory,
        errors,
        may_change: operator.may(Scope::Directories),
        typed,
    };
    tab(status, operator, directory, Tab::Settings, &page)
}

async fn save(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let body = patch(&form);
    match operator
        .api
        .patch::<Directory>(&format!("/directories/{id}"), &body)
        .await
    {
        Ok(_) => Ok(to(&format!("{HERE}/{id}/settings"))),
        Err(fault) => {
            let errors = Errors::of(fault.of_form()?);
            let directory = directory(&operator, id).await?;
            page(&operator, &directory, Typed::from(&form), errors)
        }
    }
}

/// What the form says, as the management API takes it. What is no number or no grant goes as it was typed, so that the API says
/// what is wrong with it.
fn patch(form: &Form) -> Value {
    let roles: Vec<Value> = pairs(form.text("roles"))
        .map(|(value, grants)| {
            let grants: Vec<&str> = grants
                .split(',')
                .map(str::trim)
                .filter(|grant| !grant.is_empty())
                .collect();
            json!({ "value": value, "grants": grants })
        })
        .collect();
    let group_roles: Vec<Value> = pairs(form.text("group_roles"))
        .map(|(group, role)| json!({ "group_id": group, "role": role }))
        .collect();
    let map: Map<String, Value> = pairs(form.text("attribute_map"))
        .map(|(name, path)| (name.to_owned(), path.into()))
        .collect();
    let rate = match form.text("rate_limit") {
        "" => Value::Null,
        text => text.parse::<u64>().map_or_else(|_| text.into(), Value::from),
    };
    json!({
        "name": form.text("name"),
        "groups_enabled": form.has("groups_enabled"),
        "unique_emails": form.has("unique_emails"),
        "people_of": if form.has("people_of") { "verified_domains" } else { "any" },
        "required_attributes": form.words("required_attributes"),
        "rate_limit": rate,
        "roles": roles,
        "group_roles": group_roles,
        "attribute_map": map,
    })
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
        Ok(()) => Ok(to(&format!("{HERE}/{id}/settings"))),
        Err(fault) => {
            let errors = Errors::of(fault.of_form()?);
            let directory = directory(operator, id).await?;
            let typed = Typed::of(&directory);
            page(operator, &directory, typed, errors)
        }
    }
}

/// Deletes the directory after its name was typed.
async fn delete(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: DirectoryId = id(&path)?;
    let found = directory(&operator, id).await?;
    if form.text("confirm") != found.name {
        let errors = Errors::one("confirm", "Type the name of the directory as it is written here.");
        let typed = Typed::of(&found);
        return page(&operator, &found, typed, errors);
    }
    match operator.api.delete(&format!("/directories/{id}")).await {
        Ok(()) => Ok(to(HERE)),
        Err(fault) => {
            let errors = Errors::of(fault.of_form()?);
            let typed = Typed::of(&found);
            page(&operator, &found, typed, errors)
        }
    }
}
