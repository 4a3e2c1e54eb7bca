//! `POST /directories`: one call sets up everything that an identity provider needs.

use super::view::shown;
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::idempotent::{IdempotentStart, OpenChange};
use crate::problem::Problem;
use crate::setup::{SetUp, set_up};
use ::events::{DirectoryId, OrganizationId, Source};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{Directory, DirectoryCreate, FirstKey};
use secrecy::ExposeSecret;
use serde_json::json;
use store::{Domain, NewDirectory, NewOrganization};

/// The organization as the caller names it.
#[derive(Clone, Debug)]
enum OrganizationChoice {
    Id(OrganizationId),
    Domain(Domain),
}

/// Creates a directory with its first key.
///
/// This one call is all that an identity provider needs: the answer has the tenant URL and the secret token, which is shown
/// here only.
#[utoipa::path(
    post,
    path = "/directories",
    operation_id = "create_directory",
    tag = "Directories",
    request_body = api::DirectoryCreate,
    responses((status = 201, description = "The new directory, with its key.", body = api::Directory, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(context: AdminContext, mut body: Body<DirectoryCreate>) -> Result<HttpResponse, Problem> {
    let owner = read_owner(&mut body);
    let raw = body.raw();
    let wanted = body.finish()?;
    // Without faults there is one.
    let owner = owner.ok_or_else(|| Problem::invalid_at("#/organization", "Is required."))?;
    let provider = wanted.provider.unwrap_or_default();
    let id = DirectoryId::new();
    let lane = context.lane(id);
    let open = match context.begin(Some(lane), &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let organization_id = organization_of(&open, &owner, &context).await?;
    let new = NewDirectory {
        id,
        organization_id,
        name: wanted.name.unwrap_or_else(|| provider.title().to_owned()),
        provider: provider.as_str().to_owned(),
        at: context.now,
    };
    let SetUp { directory, key, token } = set_up(&open, new, lane, Source::Api).await?;
    let act = Act::created("directory", id, &shown(&context, directory.clone(), None, context.now)).within(&directory);
    let answer = Directory {
        key: Some(FirstKey {
            id: key.id,
            name: key.name,
            token: token.expose_secret().into(),
        }),
        ..shown(&context, directory, None, context.now)
    };
    let location = context.location(&format!("/directories/{id}"));
    open.finish(&context, act, StatusCode::CREATED, Some(location), &answer)
        .await
}

fn read_owner(body: &mut Body<DirectoryCreate>) -> Option<OrganizationChoice> {
    let text: String = body.sound("organization")?;
    if let Ok(id) = text.trim().parse() {
        return Some(OrganizationChoice::Id(id));
    }
    let domain = text.parse().ok().map(OrganizationChoice::Domain);
    if domain.is_none() {
        let detail = "Must be the id of an organization, or a domain name such as \"example.com\".";
        body.fault("/organization", detail);
    }
    domain
}

/// The organization of the new directory; a domain that nobody has yet makes one, but not for a key of one organization.
async fn organization_of(
    change: &OpenChange,
    owner: &OrganizationChoice,
    context: &AdminContext,
) -> Result<OrganizationId, Problem> {
    let missing =
        |what: String| Problem::invalid_at("#/organization", format!("There is no organization with {what}."));
    match (owner, context.principal.organization) {
        (OrganizationChoice::Id(id), _) => {
            let found = change
                .organization(*id)
                .await?
                .filter(|found| context.principal.sees(Some(found.id)));
            found
                .map(|found| found.id)
                .ok_or_else(|| missing(format!("the id \"{id}\"")))
        }
        (OrganizationChoice::Domain(domain), Some(own)) => {
            let found = change.organization(own).await?;
            let found = found.filter(|found| found.domains.iter().any(|own| own == domain.as_str()));
            found
                .map(|found| found.id)
                .ok_or_else(|| missing(format!("the domain {domain}")))
        }
        (OrganizationChoice::Domain(domain), None) => {
            let new = NewOrganization {
                id: OrganizationId::new(),
                name: domain.to_string(),
                domains: vec![domain.clone()],
                at: context.now,
            };
            let id = change.organization_of_domain(&new, domain).await?;
            if id == new.id {
                let about =
                    json!({ "name": new.name, "domains": new.domains.iter().map(Domain::as_str).collect::<Vec<_>>() });
                let made = Act::created("organization", id, &about).of(Some(id));
                change.audit(context.entry(made)).await?;
            }
            Ok(id)
        }
    }
}
