//! `PATCH /organizations/{id}`.

use super::{domains, shown};
use crate::access::not_for_one_organization;
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::mail::next_digest_at;
use crate::problem::Problem;
use crate::v1::contacts;
use ::events::OrganizationId;
use actix_web::web::{Json, Path};
use api::{Organization, OrganizationPatch};
use store::TakenDomain;

/// Changes an organization.
///
/// `domains` replaces all of them. A key of one organization may change the name, but not the domains: nothing proves yet
/// that they are the organization's.
#[utoipa::path(
    patch,
    path = "/organizations/{id}",
    operation_id = "update_organization",
    tag = "Organizations",
    request_body = api::OrganizationPatch,
    responses((status = 200, description = "The organization as it is now.", body = api::Organization)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<OrganizationPatch>,
) -> Result<Json<Organization>, Problem> {
    let id: OrganizationId = path_id("organization", &path)?;
    let domains = domains::read(&mut body);
    for name in ["contacts", "digest_contacts"] {
        contacts::check(&mut body, name);
    }
    let patch = body.finish()?;
    if patch.domains.is_some() && context.principal.organization.is_some() {
        return Err(not_for_one_organization());
    }
    let missing = || Problem::not_found("organization", &path);
    let change = context.change(None).await?;
    let found = change.held_organization(id).await?.ok_or_else(missing)?;
    let name = patch.name.unwrap_or_else(|| found.name.clone());
    let texts: Vec<String> = domains.iter().map(ToString::to_string).collect();
    let has_other_domains = patch.domains.is_some() && texts != found.domains;
    let contacts = patch.contacts.unwrap_or_else(|| found.contacts.clone());
    let digest_contacts = patch.digest_contacts.unwrap_or_else(|| found.digest_contacts.clone());
    let has_other_contacts = contacts != found.contacts || digest_contacts != found.digest_contacts;
    if name == found.name && !has_other_domains && !has_other_contacts {
        return Ok(Json(shown(found)));
    }
    if has_other_domains && let Some(TakenDomain(index)) = change.replace_domains(id, &domains).await? {
        return Err(domains::taken(&domains, index));
    }
    change.rename_organization(id, &name, context.now).await?;
    if has_other_contacts {
        let digest_at = next_digest_at(context.now);
        change.set_contacts(id, &contacts, &digest_contacts, digest_at).await?;
    }
    let after = shown(change.organization(id).await?.ok_or_else(missing)?);
    let act = Act::updated("organization", id, &shown(found), &after).of(Some(id));
    change.commit(&context, act).await?;
    Ok(Json(after))
}
