//! `/console/organizations`: the customer companies.

use super::{PAGE, id, next, nothing};
use crate::api::query;
use crate::fault::Fault;
use crate::filters;
use crate::form::{Errors, Form};
use crate::frame::{Section, console, console_with, to};
use crate::session::Operator;
use crate::texts::{Text, text};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, Query, ServiceConfig};
use api::{
    Connection, Directory, DomainCheck, Endpoint, List, Organization, PortalFeature, PortalLink, Scope, VerifiedDomain,
};
use askama::Template;
use events::{OrganizationId, PortalLinkId};
use pages::Link;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

const HERE: &str = "/console/organizations";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/organizations").get(list).post(create))
        .service(web::resource("/organizations/new").get(new))
        .service(web::resource("/organizations/{id}").get(show).post(update))
        .service(web::resource("/organizations/{id}/delete").post(delete))
        .service(web::resource("/organizations/{id}/domains/{domain}/verify").post(verify))
        .service(web::resource("/organizations/{id}/links").post(create_link))
        .service(web::resource("/organizations/{id}/links/{link}/revoke").post(revoke_link));
}

#[derive(Template)]
#[template(path = "console/organizations.html")]
struct OrganizationsPage {
    organizations: List<Organization>,
    next: Option<String>,
    may_create: bool,
}

async fn list(operator: Operator, wanted: Query<HashMap<String, String>>) -> Result<HttpResponse, Fault> {
    let cursor = wanted.get("cursor").map(String::as_str);
    let path = query("/organizations", [("limit", Some(PAGE)), ("cursor", cursor)]);
    let organizations: List<Organization> = operator.api.get(&path).await?;
    let page = OrganizationsPage {
        next: next(HERE, &organizations, []),
        organizations,
        may_create: operator.may(Scope::Directories),
    };
    console(
        &operator,
        Section::Organizations,
        text("organizations-title"),
        &[],
        &page,
    )
}

#[derive(Template)]
#[template(path = "console/organization_new.html")]
struct NewPage {
    errors: Errors,
    name: String,
    domains: String,
}

async fn new(operator: Operator) -> Result<HttpResponse, Fault> {
    let page = NewPage {
        errors: Errors::default(),
        name: String::new(),
        domains: String::new(),
    };
    console(
        &operator,
        Section::Organizations,
        text("organization-new-title"),
        &[crumb()],
        &page,
    )
}

async fn create(operator: Operator, form: Form) -> Result<HttpResponse, Fault> {
    let mut body = Map::new();
    body.insert("domains".to_owned(), json!(form.words("domains")));
    if let Some(name) = form.some("name") {
        body.insert("name".to_owned(), json!(name));
    }
    match operator.api.post::<Organization>("/organizations", &body).await {
        Ok(made) => Ok(to(&format!("{HERE}/{}", made.id))),
        Err(fault) => {
            let page = NewPage {
                errors: Errors::of(fault.of_form()?),
                name: form.text("name").to_owned(),
                domains: form.text("domains").to_owned(),
            };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            console_with(
                status,
                &operator,
                Section::Organizations,
                text("organization-new-title"),
                &[crumb()],
                &page,
            )
        }
    }
}

#[derive(Template)]
#[template(path = "console/organization.html")]
struct OrganizationPage {
    organization: Organization,
    directories: List<Directory>,
    endpoints: Vec<Endpoint>,
    links: List<PortalLink>,
    connections: List<Connection>,
    /// What the last form was refused for.
    errors: Errors,
    /// A link that was just made, shown this once.
    made: Option<PortalLink>,
    /// How the verification of a domain stands.
    check: Option<DomainCheck>,
    may_change: bool,
    may_change_domains: bool,
    may_connect: bool,
}

/// For whom a link is.
fn is_for_apps(link: &PortalLink) -> bool {
    link.features.contains(&PortalFeature::Webhooks)
}

/// What is set up by a link.
fn set_up_by(link: &PortalLink) -> Text {
    let has = |feature| link.features.contains(&feature);
    match (has(PortalFeature::DirectorySync), has(PortalFeature::Sso)) {
        (true, true) => text("organization-link-both"),
        (false, true) => text("organization-link-sign-on"),
        _ => text("organization-link-sync"),
    }
}

impl OrganizationPage {
    /// Since when a domain is verified, if it is.
    fn verified(&self, domain: &str) -> Option<&VerifiedDomain> {
        let verified = &self.organization.verified_domains;
        verified.iter().find(|verified| verified.domain == domain)
    }
}

/// What a form on the page led to.
#[derive(Default)]
struct Outcome {
    errors: Errors,
    made: Option<PortalLink>,
    check: Option<DomainCheck>,
}

async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    page(&operator, id(&path)?, Outcome::default()).await
}

async fn page(operator: &Operator, id: OrganizationId, outcome: Outcome) -> Result<HttpResponse, Fault> {
    let organization: Organization = operator.api.get(&format!("/organizations/{id}")).await?;
    let of = id.to_string();
    let only = |path: &str| query(path, [("organization_id", Some(of.as_str())), ("limit", Some(PAGE))]);
    let endpoints: List<Endpoint> = operator.api.get("/endpoints?limit=100").await?;
    let is_its = |endpoint: &Endpoint| endpoint.organization_ids.as_ref().is_none_or(|ids| ids.contains(&id));
    let status = match outcome.errors.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let title = organization.name.clone();
    let page = OrganizationPage {
        organization,
        directories: operator.api.get(&only("/directories")).await?,
        endpoints: endpoints.data.into_iter().filter(is_its).collect(),
        links: operator.api.find(&only("/portal-links")).await?.unwrap_or(nothing()),
        connections: operator.api.get(&only("/connections")).await?,
        errors: outcome.errors,
        made: outcome.made,
        check: outcome.check,
        may_change: operator.may(Scope::Directories),
        may_change_domains: operator.covers_all,
        may_connect: operator.may(Scope::Connections),
    };
    console_with(status, operator, Section::Organizations, &title, &[crumb()], &page)
}

/// The page with a link that was just made, shown this once.
///
/// # Errors
/// As any page.
pub(super) async fn with_link(
    operator: &Operator,
    id: OrganizationId,
    made: PortalLink,
) -> Result<HttpResponse, Fault> {
    let outcome = Outcome {
        made: Some(made),
        ..Outcome::default()
    };
    page(operator, id, outcome).await
}

async fn refused(operator: &Operator, id: OrganizationId, fault: Fault) -> Result<HttpResponse, Fault> {
    let outcome = Outcome {
        errors: Errors::of(fault.of_form()?),
        ..Outcome::default()
    };
    page(operator, id, outcome).await
}

async fn update(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: OrganizationId = id(&path)?;
    let mut body = json!({
        "name": form.text("name"),
        "contacts": form.words("contacts"),
        "digest_contacts": form.words("digest_contacts"),
    });
    // Nobody says of their own organization which domains are its.
    if operator.covers_all {
        body["domains"] = json!(form.words("domains"));
    }
    match operator
        .api
        .patch::<Value>(&format!("/organizations/{id}"), &body)
        .await
    {
        Ok(_) => Ok(to(&format!("{HERE}/{id}"))),
        Err(fault) => refused(&operator, id, fault).await,
    }
}

/// Deletes the organization after its name was typed.
async fn delete(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: OrganizationId = id(&path)?;
    let organization: Organization = operator.api.get(&format!("/organizations/{id}")).await?;
    if form.text("confirm") != organization.name {
        let outcome = Outcome {
            errors: Errors::one("confirm", text("organization-confirm-error")),
            ..Outcome::default()
        };
        return page(&operator, id, outcome).await;
    }
    match operator.api.delete(&format!("/organizations/{id}")).await {
        Ok(()) => Ok(to(HERE)),
        Err(fault) => refused(&operator, id, fault).await,
    }
}

async fn verify(operator: Operator, path: Path<(String, String)>) -> Result<HttpResponse, Fault> {
    let (organization, domain) = path.into_inner();
    let id: OrganizationId = id(&organization)?;
    let domain: String = url::form_urlencoded::byte_serialize(domain.as_bytes()).collect();
    let path = format!("/organizations/{id}/domains/{domain}/verify");
    match operator.api.post::<DomainCheck>(&path, &json!({})).await {
        Ok(check) => {
            let outcome = Outcome {
                check: Some(check),
                ..Outcome::default()
            };
            page(&operator, id, outcome).await
        }
        Err(fault) => refused(&operator, id, fault).await,
    }
}

/// Makes a link; it is shown in this answer only.
async fn create_link(operator: Operator, path: Path<String>, form: Form) -> Result<HttpResponse, Fault> {
    let id: OrganizationId = id(&path)?;
    let mut body = json!({ "organization_id": id });
    if let Some(directory) = form.some("directory_id") {
        body["directory_id"] = json!(directory);
    }
    if let Some(days) = form.some("days").and_then(|days| days.parse::<u32>().ok()) {
        body["expires_in"] = json!(days.saturating_mul(24 * 60 * 60));
    }
    match operator.api.post::<PortalLink>("/portal-links", &body).await {
        Ok(made) => with_link(&operator, id, made).await,
        Err(fault) => refused(&operator, id, fault).await,
    }
}

async fn revoke_link(operator: Operator, path: Path<(String, String)>) -> Result<HttpResponse, Fault> {
    let (organization, link) = path.into_inner();
    let (organization, link): (OrganizationId, PortalLinkId) = (id(&organization)?, id(&link)?);
    operator.api.delete(&format!("/portal-links/{link}")).await?;
    Ok(to(&format!("{HERE}/{organization}")))
}

fn crumb() -> Link {
    Link::new(HERE, text("organizations-title"))
}
