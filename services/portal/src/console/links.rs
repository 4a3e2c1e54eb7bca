//! `/console/organizations/{id}/links/new`: a link with everything that can be said of one.

use super::{id, organizations};
use crate::fault::Fault;
use crate::form::{Errors, Form};
use crate::frame::{Section, console_with};
use crate::session::Operator;
use crate::texts::{Text, text};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, ServiceConfig};
use api::{Directory, List, Organization, PortalCapability, Scope};
use askama::Template;
use events::OrganizationId;
use pages::Link;
use serde_json::{Map, Value, json};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("/organizations/{id}/links/new").get(new).post(create));
}

#[derive(Template)]
#[template(path = "console/link_new.html")]
struct NewPage {
    organization: Organization,
    directories: List<Directory>,
    capabilities: Vec<Choice>,
    /// What an IT administrator sets up by it.
    features: Vec<Choice>,
    errors: Errors,
    form: Form,
}

/// A capability that this operator may give.
struct Choice {
    name: &'static str,
    about: Text,
    is_ticked: bool,
}

async fn new(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    page(&operator, id(&path)?, Errors::default(), Form::default()).await
}

async fn page(operator: &Operator, id: OrganizationId, errors: Errors, form: Form) -> Result<HttpResponse, Fault> {
    let organization: Organization = operator.api.get(&format!("/organizations/{id}")).await?;
    let status = match errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let crumbs = [
        Link::new("/console/organizations", text("organizations-title")),
        Link::new(format!("/console/organizations/{id}"), organization.name.clone()),
    ];
    let given = PortalCapability::ALL
        .into_iter()
        .filter(|one| operator.may(one.scope()));
    let page = NewPage {
        organization,
        directories: operator
            .api
            .get(&format!("/directories?organization_id={id}&limit=100"))
            .await?,
        capabilities: given.map(|one| choice(one, &form)).collect(),
        features: features(operator, &form),
        errors,
        form,
    };
    console_with(
        status,
        operator,
        Section::Organizations,
        text("link-new-page-title"),
        &crumbs,
        &page,
    )
}

fn choice(capability: PortalCapability, form: &Form) -> Choice {
    let (name, about) = match capability {
        PortalCapability::View => ("view", text("link-new-capability-view")),
        PortalCapability::Reveal => ("reveal", text("link-new-capability-reveal")),
        PortalCapability::Manage => ("manage", text("link-new-capability-manage")),
        PortalCapability::Resend => ("resend", text("link-new-capability-resend")),
    };
    let is_ticked = name == "view" || form.all("capabilities").any(|ticked| ticked == name);
    Choice { name, about, is_ticked }
}

/// What an IT administrator may set up by a link of this operator: all of it, until something else is ticked.
fn features(operator: &Operator, form: &Form) -> Vec<Choice> {
    let all = [
        (
            "directory_sync",
            text("link-new-feature-directory-sync"),
            Scope::Directories,
        ),
        ("sso", text("link-new-feature-sso"), Scope::Connections),
    ];
    let given = all.into_iter().filter(|(.., scope)| operator.may(*scope));
    let is_fresh = !form.has("for");
    given
        .map(|(name, about, _)| Choice {
            name,
            about,
            is_ticked: is_fresh || form.all("features").any(|ticked| ticked == name),
        })
        .collect()
}

/// Makes the link; it is shown in this answer only.
async fn create(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: OrganizationId = id(&path)?;
    match operator.api.post("/portal-links", &body(id, &form)).await {
        Ok(made) => organizations::with_link(&operator, id, made).await,
        Err(fault) => {
            let errors = Errors::of_members(fault.of_form()?, "brand");
            page(&operator, id, errors, form).await
        }
    }
}

fn body(id: OrganizationId, form: &Form) -> Value {
    let mut body = json!({ "organization_id": id });
    if form.text("for") == "apps" {
        let capabilities: Vec<&str> = form.all("capabilities").collect();
        body["features"] = json!(["webhooks"]);
        if !capabilities.is_empty() {
            body["capabilities"] = json!(capabilities);
        }
    } else {
        let features: Vec<&str> = form.all("features").collect();
        body["features"] = json!(features);
        if let Some(directory) = form.some("directory_id") {
            body["directory_id"] = json!(directory);
        }
    }
    if let Some(days) = form.some("days").and_then(|days| days.parse::<u32>().ok()) {
        body["expires_in"] = json!(days.saturating_mul(24 * 60 * 60));
    }
    if let Some(url) = form.some("return_url") {
        body["return_url"] = json!(url);
    }
    let members = ["name", "colour", "logo_url"];
    let brand: Map<String, Value> = members
        .into_iter()
        .filter_map(|member| Some((member.to_owned(), json!(form.some(&format!("brand_{member}"))?))))
        .collect();
    if !brand.is_empty() {
        body["brand"] = Value::Object(brand);
    }
    body
}

impl NewPage {
    fn typed(&self, name: &str) -> &str {
        self.form.text(name)
    }

    fn is_for_apps(&self) -> bool {
        self.typed("for") == "apps"
    }

    fn is_for_days(&self, days: &u32) -> bool {
        match self.typed("days") {
            "" => *days == 7,
            typed => typed.parse() == Ok(*days),
        }
    }

    fn is_for_directory(&self, directory: &Directory) -> bool {
        self.typed("directory_id") == directory.id.to_string()
    }
}
