//! A new endpoint.

use super::crumb;
use crate::api::query;
use crate::console::PAGE;
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::texts::text;
use crate::viewer::Viewer;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{Endpoint, List, Organization, Scope};
use askama::Template;
use serde_json::{Map, Value, json};

#[derive(Template)]
#[template(path = "endpoints/new.html")]
struct NewPage {
    base: &'static str,
    errors: Errors,
    typed: Typed,
    /// Those that can be chosen from; nobody chooses who has only one.
    organizations: Option<Vec<Organization>>,
}

/// What the form has in it.
#[derive(Default)]
struct Typed {
    url: String,
    description: String,
    event_types: String,
    filter: String,
    organization_id: String,
    ordered: bool,
    from: String,
}

impl Typed {
    fn from(form: &Form) -> Self {
        let value = |name: &str| form.text(name).to_owned();
        Self {
            url: value("url"),
            description: value("description"),
            event_types: value("event_types"),
            filter: value("filter"),
            organization_id: value("organization_ids"),
            ordered: form.has("ordered"),
            from: value("from"),
        }
    }
}

pub(super) async fn new<V: Viewer>(viewer: V) -> Result<HttpResponse, Fault> {
    if !viewer.may(Scope::ManageEndpoints) {
        return Err(Fault::NotAllowed);
    }
    page(&viewer, Errors::default(), Typed::default()).await
}

async fn page<V: Viewer>(viewer: &V, errors: Errors, typed: Typed) -> Result<HttpResponse, Fault> {
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let page = NewPage {
        base: V::DOOR.path(),
        errors,
        typed,
        organizations: organizations(viewer).await?,
    };
    viewer.page(status, text("endpoint-new-title"), &[crumb::<V>()], &page)
}

async fn organizations<V: Viewer>(viewer: &V) -> Result<Option<Vec<Organization>>, Fault> {
    if !viewer.may(Scope::Read) {
        return Ok(None);
    }
    let path = query("/organizations", [("limit", Some(PAGE))]);
    let list: List<Organization> = viewer.api().get(&path).await?;
    Ok(Some(list.data))
}

#[derive(Template)]
#[template(path = "endpoints/made.html")]
struct MadePage {
    base: &'static str,
    endpoint: Endpoint,
}

/// Makes an endpoint. Its secret is in the answer, once, for those who may see it.
pub(super) async fn create<V: Viewer>(viewer: V, form: Form) -> Result<HttpResponse, Fault> {
    let mut body = Map::new();
    body.insert("url".to_owned(), json!(form.text("url")));
    body.insert("ordered".to_owned(), json!(form.has("ordered")));
    for name in ["description", "filter", "from"] {
        if let Some(text) = form.some(name) {
            body.insert(name.to_owned(), json!(text));
        }
    }
    let types = form.words("event_types");
    if !types.is_empty() {
        body.insert("event_types".to_owned(), json!(types));
    }
    if let Some(organization) = form.some("organization_ids") {
        body.insert("organization_ids".to_owned(), json!([organization]));
    }
    match viewer.api().post("/endpoints", &Value::Object(body)).await {
        Ok(endpoint) => {
            let base = V::DOOR.path();
            let page = MadePage { base, endpoint };
            viewer.page(StatusCode::OK, text("endpoint-made-title"), &[crumb::<V>()], &page)
        }
        // Nobody is shown a form that is not theirs.
        Err(fault) if !viewer.may(Scope::ManageEndpoints) => Err(fault),
        Err(fault) => page(&viewer, Errors::of(fault.of_form()?), Typed::from(&form)).await,
    }
}
