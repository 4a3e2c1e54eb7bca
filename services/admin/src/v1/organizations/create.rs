//! `POST /organizations`.

use super::domains;
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::mail::next_digest_at;
use crate::problem::Problem;
use crate::v1::contacts;
use ::events::OrganizationId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{Organization, OrganizationCreate};
use store::{NewOrganization, TakenDomain};

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
    let (new, contacts, digest_contacts) = read(&context, body)?;
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    if let Some(TakenDomain(index)) = open.create_organization(&new).await? {
        return Err(domains::taken(&new.domains, index));
    }
    let first_digest = next_digest_at(context.now);
    open.set_contacts(new.id, &contacts, &digest_contacts, first_digest)
        .await?;
    let answer = Organization {
        id: new.id,
        name: new.name,
        domains: new.domains.iter().map(ToString::to_string).collect(),
        verified_domains: Vec::new(),
        contacts,
        digest_contacts,
        created_at: new.at,
        updated_at: new.at,
    };
    let location = context.location(&format!("/organizations/{}", new.id));
    let act = Act::created("organization", new.id, &answer).of(Some(new.id));
    open.finish(&context, act, StatusCode::CREATED, Some(location), &answer)
        .await
}

/// The organization, its contacts, and those who want its digest.
fn read(
    context: &AdminContext,
    mut body: Body<OrganizationCreate>,
) -> Result<(NewOrganization, Vec<String>, Vec<String>), Problem> {
    let domains = domains::read(&mut body);
    for name in ["contacts", "digest_contacts"] {
        contacts::check(&mut body, name);
    }
    let wanted = body.finish()?;
    let name = wanted.name;
    let name = name
        .or_else(|| domains.first().map(ToString::to_string))
        .unwrap_or_default();
    let new = NewOrganization {
        id: OrganizationId::new(),
        name,
        domains,
        at: context.now,
    };
    let [contacts, digest_contacts] = [wanted.contacts, wanted.digest_contacts].map(Option::unwrap_or_default);
    Ok((new, contacts, digest_contacts))
}
