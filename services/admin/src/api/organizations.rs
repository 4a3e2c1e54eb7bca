//! `/organizations`: the customer companies.

use super::ListAnswer;
use crate::body::Body;
use crate::context::{Context, path_id};
use crate::fields::{Wrong, list as list_of, text};
use crate::idempotent::Begun;
use crate::problem::{Fault, Kind, Problem};
use crate::query::Query;
use ::events::{OrganizationId, Timestamp};
use actix_web::http::StatusCode;
use actix_web::web::{Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::Value;
use store::{Domain, NewOrganization, Organization, TakenDomain};

/// More domains than any company has.
const MOST_DOMAINS: usize = 100;

/// An organization as the API shows it.
#[derive(Serialize)]
pub(super) struct View {
    id: OrganizationId,
    name: String,
    domains: Vec<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Organization> for View {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.id,
            name: organization.name,
            domains: organization.domains,
            created_at: organization.created_at,
            updated_at: organization.updated_at,
        }
    }
}

pub(super) async fn create(context: Context, body: Body) -> Result<HttpResponse, Problem> {
    let new = read(&context, &body)?;
    let open = match context.begin(None, body.raw()).await? {
        Begun::Open(open) => open,
        Begun::Answered(answer) => return Ok(answer),
    };
    if let Some(TakenDomain(index)) = open.create_organization(&new).await? {
        return Err(taken(&new, index));
    }
    let view = View {
        id: new.id,
        name: new.name,
        domains: new.domains.iter().map(ToString::to_string).collect(),
        created_at: new.at,
        updated_at: new.at,
    };
    let location = context.location(&format!("/organizations/{}", new.id));
    open.finish(&context, StatusCode::CREATED, Some(location), &view).await
}

pub(super) async fn list(context: Context, request: HttpRequest) -> Result<Json<ListAnswer<View>>, Problem> {
    let mut query = Query::new(&request, &["limit", "cursor"]);
    let page = query.page();
    query.finish()?;
    let organizations = context.store().organizations().list(&page).await?;
    Ok(Json(ListAnswer::new(organizations, View::from)))
}

pub(super) async fn get(context: Context, path: Path<String>) -> Result<Json<View>, Problem> {
    let id: OrganizationId = path_id("organization", &path)?;
    let found = context.store().organizations().by_id(id).await?;
    found
        .map(|found| Json(found.into()))
        .ok_or_else(|| Problem::not_found("organization", &path))
}

/// Reads a domain name of a body.
pub(super) fn domain(value: &Value) -> Result<Domain, Wrong> {
    let Value::String(text) = value else {
        return Err("Must be a string.".into());
    };
    text.parse()
        .map_err(|error: store::InvalidDomain| error.to_string().into())
}

fn read(context: &Context, body: &Body) -> Result<NewOrganization, Problem> {
    let mut fields = body.fields(&["name", "domains"]);
    let name = fields.optional("name", text(1..=200));
    let domains = fields
        .required("domains", list_of(1..=MOST_DOMAINS, domain))
        .unwrap_or_default();
    for (index, domain) in domains.iter().enumerate() {
        if domains.iter().take(index).any(|earlier| earlier == domain) {
            fields.fault_below("domains", index, "Given twice.");
        }
    }
    fields.finish()?;
    let name = name
        .or_else(|| domains.first().map(ToString::to_string))
        .unwrap_or_default();
    Ok(NewOrganization {
        id: OrganizationId::new(),
        name,
        domains,
        at: context.now,
    })
}

fn taken(new: &NewOrganization, index: usize) -> Problem {
    let domain = new.domains.get(index).map_or("", Domain::as_str);
    Problem::new(
        Kind::Conflict,
        format!("The domain {domain} belongs to another organization."),
    )
    .with_faults(vec![Fault::at(
        format!("#/domains/{index}"),
        "Belongs to another organization.",
    )])
}
