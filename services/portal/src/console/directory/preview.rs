//! The tab Preview: what a list of people would do, before the identity provider sends it. Nothing is changed.

mod list;

use super::{Tab, directory, status, tab};
use crate::console::id;
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use api::{Directory, GroupPreview, HistoryChange, Preview, PreviewEffect, UserPreview};
use askama::Template;

/// Changes of one person that are shown; the others are counted.
const SHOWN: usize = 8;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("/directories/{id}/preview").get(show).post(preview));
}

#[derive(Template)]
#[template(path = "console/directory/preview.html")]
struct PreviewPage<'a> {
    directory: &'a Directory,
    list: String,
    complete: bool,
    preview: Option<Preview>,
    errors: Errors,
}

async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    page(&operator, &directory, &Form::default(), None, Errors::default())
}

fn page(
    operator: &Operator,
    directory: &Directory,
    form: &Form,
    preview: Option<Preview>,
    errors: Errors,
) -> Result<HttpResponse, Fault> {
    let status = status(&errors);
    let page = PreviewPage {
        directory,
        list: form.text("list").to_owned(),
        complete: form.has("complete"),
        preview,
        errors,
    };
    tab(status, operator, directory, Tab::Preview, &page)
}

async fn preview(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    let mut request = match list::read(form.text("list")) {
        Ok(request) => request,
        Err(message) => return page(&operator, &directory, &form, None, Errors::one("list", message)),
    };
    request.complete = form.has("complete").then_some(true);
    let path = format!("/directories/{}/preview", directory.id);
    match operator.api.post::<Preview>(&path, &request).await {
        Ok(found) => page(&operator, &directory, &form, Some(found), Errors::default()),
        Err(fault) => page(
            &operator,
            &directory,
            &form,
            None,
            of_list(Errors::of(fault.of_form()?)),
        ),
    }
}

/// What is wrong with people or groups is wrong with the one field that they are written in.
fn of_list(mut errors: Errors) -> Errors {
    for error in &mut errors.fields {
        "list".clone_into(&mut error.field);
    }
    errors
}

impl PreviewPage<'_> {
    const fn kind(effect: &PreviewEffect) -> &'static str {
        match effect {
            PreviewEffect::Created | PreviewEffect::Reactivated => "good",
            PreviewEffect::Changed => "info",
            PreviewEffect::Unchanged => "",
            PreviewEffect::Deactivated => "warn",
            PreviewEffect::Refused => "bad",
        }
    }

    const fn icon(effect: &PreviewEffect) -> &'static str {
        match effect {
            PreviewEffect::Created | PreviewEffect::Reactivated | PreviewEffect::Changed => "ok",
            PreviewEffect::Unchanged => "pause",
            PreviewEffect::Deactivated | PreviewEffect::Refused => "warn",
        }
    }

    fn first(changes: &[HistoryChange]) -> &[HistoryChange] {
        changes.get(..SHOWN).unwrap_or(changes)
    }

    fn more(changes: &[HistoryChange]) -> usize {
        changes.len().saturating_sub(SHOWN)
    }

    fn user(user: &UserPreview) -> String {
        let name = user.user_name.clone();
        name.unwrap_or_else(|| text("preview-no-user-name").into())
    }

    fn group(group: &GroupPreview) -> String {
        let name = group.display_name.clone();
        name.unwrap_or_else(|| text("preview-no-group-name").into())
    }
}
