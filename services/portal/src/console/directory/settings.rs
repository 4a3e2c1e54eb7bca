//! The tab Settings: what the directory takes.

use super::{Tab, directory, here, status, tab};
use crate::console::id;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::to;
use crate::session::Operator;
use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use api::{Directory, PeopleOf, Scope};
use askama::Template;
use events::DirectoryId;
use serde_json::{Value, json};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("/directories/{id}/settings").get(show).post(save));
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
        }
    }

    fn from(form: &Form) -> Self {
        let value = |name: &str| form.text(name).to_owned();
        Self {
            name: value("name"),
            groups_enabled: form.has("groups_enabled"),
            unique_emails: form.has("unique_emails"),
            verified_only: form.has("people_of"),
            required_attributes: value("required_attributes"),
            rate_limit: value("rate_limit"),
        }
    }
}

async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    let typed = Typed::of(&directory);
    page(&operator, &directory, typed, Errors::default())
}

fn page(operator: &Operator, directory: &Directory, typed: Typed, errors: Errors) -> Result<HttpResponse, Fault> {
    let status = status(&errors);
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
        Ok(_) => Ok(to(&format!("{}/settings", here(id)))),
        Err(fault) => {
            let errors = Errors::of(fault.of_form()?);
            let directory = directory(&operator, id).await?;
            page(&operator, &directory, Typed::from(&form), errors)
        }
    }
}

/// What the form says, as the management API takes it. What is no number goes as it was typed, so that the API says what is
/// wrong with it.
fn patch(form: &Form) -> Value {
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
    })
}
