//! `POST /organizations`.

use crate::body::Body;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::{Problem, ProblemKind};
use ::events::OrganizationId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{Fault, Organization, OrganizationCreate};
use serde_json::Value;
use std::collections::HashSet;
use store::{Domain, InvalidDomain, NewOrganization, TakenDomain};

/// Creates an organization.
#[utoipa::path(
    post,
    path = "/organizations",
    operation_id = "create_organization",
    tag = "Organizations",
    request_body = api::OrganizationCreate,
    responses((status = 201, description = "The new organization.", body = api::Organization, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(context: AdminContext, body: Body<OrganizationCreate>) -> Result<HttpResponse, Problem> {
    let raw = body.raw();
    let new = read(&context, body)?;
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    if let Some(TakenDomain(index)) = open.create_organization(&new).await? {
        return Err(taken(&new, index));
    }
    let answer = Organization {
        id: new.id,
        name: new.name,
        domains: new.domains.iter().map(ToString::to_string).collect(),
        created_at: new.at,
        updated_at: new.at,
    };
    let location = context.location(&format!("/organizations/{}", new.id));
    open.finish(&context, StatusCode::CREATED, Some(location), &answer)
        .await
}

fn read(context: &AdminContext, mut body: Body<OrganizationCreate>) -> Result<NewOrganization, Problem> {
    let texts = body
        .member("domains")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut domains: Vec<Domain> = Vec::with_capacity(texts.len());
    let mut seen = HashSet::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let Some(text) = text.as_str() else { continue };
        let fault = match text.parse::<Domain>() {
            Ok(domain) if !seen.insert(domain.clone()) => "Given twice.".to_owned(),
            Ok(domain) => {
                domains.push(domain);
                continue;
            }
            Err(InvalidDomain) => InvalidDomain.to_string(),
        };
        body.fault(&format!("/domains/{index}"), fault);
    }
    let OrganizationCreate { name, .. } = body.finish()?;
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
        ProblemKind::Conflict,
        format!("The domain {domain} belongs to another organization."),
    )
    .with_faults(vec![Fault::at(
        format!("#/domains/{index}"),
        "Belongs to another organization.",
    )])
}
