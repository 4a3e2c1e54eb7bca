//! How a connection is made.

use super::{HERE, crumb};
use crate::api::query;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::{Section, console_with, to};
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Query;
use api::{Connection, Directory, List, Scope};
use askama::Template;
use events::DirectoryId;
use serde_json::{Value, json};
use std::collections::HashMap;

#[derive(Template)]
#[template(path = "console/connection_new.html")]
struct NewPage {
    errors: Errors,
    form: Form,
    /// The directory that is chosen.
    directory_id: String,
    /// Those to choose from.
    directories: Vec<Directory>,
}

pub(super) async fn new(operator: Operator, wanted: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    if !operator.may(Scope::Connections) {
        return Err(Fault::NotAllowed);
    }
    let wanted = |name: &str| wanted.get(name).cloned().unwrap_or_default();
    let (directory, organization) = (wanted("directory"), wanted("organization"));
    page(&operator, Errors::default(), Form::default(), directory, &organization).await
}

async fn page(
    operator: &Operator,
    errors: Errors,
    form: Form,
    mut directory_id: String,
    organization: &str,
) -> Result<HttpResponse, Fault> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let parameters = [("organization_id", Some(organization)), ("limit", Some("100"))];
    let list: List<Directory> = operator.api.get(&query("/directories", parameters)).await?;
    let mut directories = list.data;
    // One that the list does not come to.
    if let Ok(id) = directory_id.parse::<DirectoryId>()
        && !directories.iter().any(|directory| directory.id == id)
    {
        directories.extend(operator.api.find::<Directory>(&format!("/directories/{id}")).await?);
    }
    if let [only] = directories.as_slice()
        && directory_id.is_empty()
    {
        directory_id = only.id.to_string();
    }
    let page = NewPage {
        errors,
        form,
        directory_id,
        directories,
    };
    let title = text("connection-new-title");
    console_with(status, operator, Section::SingleSignOn, title, &[crumb()], &page)
}

/// Makes a connection, which is a draft. Its organization is the one of the directory.
pub(super) async fn create(operator: Operator, form: Form) -> Result<HttpResponse, Fault> {
    if !operator.may(Scope::Connections) {
        return Err(Fault::NotAllowed);
    }
    let directory_id = form.text("directory_id").to_owned();
    let directory: Option<Directory> = match directory_id.parse::<DirectoryId>() {
        Ok(id) => operator.api.find(&format!("/directories/{id}")).await?,
        Err(_) => None,
    };
    let Some(directory) = directory else {
        let errors = Errors::one("directory_id", text("connection-new-directory-error"));
        return page(&operator, errors, form, directory_id, "").await;
    };
    match operator
        .api
        .post::<Connection>("/connections", &body(&directory, &form))
        .await
    {
        Ok(made) => Ok(to(&format!("{HERE}/{}", made.id))),
        Err(fault) => {
            let errors = Errors::of(fault.of_form()?);
            page(&operator, errors, form, directory_id, "").await
        }
    }
}

fn body(directory: &Directory, form: &Form) -> Value {
    let mut body = json!({
        "organization_id": directory.organization_id,
        "directory_id": directory.id,
        "authority": form.text("authority"),
        "client_id": form.text("client_id"),
        "test_accounts": form.lines("test_accounts"),
    });
    for name in ["name", "client_secret"] {
        if let Some(text) = form.some(name) {
            body[name] = json!(text);
        }
    }
    if let Some(end) = form.some("secret_expires_at") {
        body["secret_expires_at"] = json!(end_of_secret(end));
    }
    body
}

/// When a secret ends, as it is sent. Who enters a day means its beginning: the secret is no good on it for sure.
pub(crate) fn end_of_secret(entered: &str) -> String {
    let is_day = entered.len() == "2030-01-31".len() && !entered.contains(['T', 't', ' ']);
    match is_day {
        true => format!("{entered}T00:00:00Z"),
        false => entered.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::end_of_secret;

    #[test]
    fn a_secret_ends_at_the_beginning_of_a_day_or_at_the_time_that_is_entered() {
        assert_eq!(end_of_secret("2030-01-31"), "2030-01-31T00:00:00Z");
        assert_eq!(end_of_secret("2030-01-31T12:00:00Z"), "2030-01-31T12:00:00Z");
        assert_eq!(end_of_secret("soon"), "soon");
    }
}
