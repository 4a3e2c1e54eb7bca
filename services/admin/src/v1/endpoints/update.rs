//! `PATCH /endpoints/{id}`.

use super::check::{self, CheckedMembers, NEEDS_ORDER, faults_of_format};
use super::create::{format_of, signing_of};
use super::seal::{rotate, seal_headers, seal_identity, seal_url};
use super::view::{for_caller, listed, owner};
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::EndpointId;
use actix_web::web::{Json, Path};
use api::{Audience, EndpointPatch, Fault};
use store::{Endpoint, EndpointFormat};

/// Changes an endpoint.
///
/// Another `signing` makes a new secret, with the overlap of a rotation.
#[utoipa::path(
    patch,
    path = "/endpoints/{id}",
    operation_id = "update_endpoint",
    tag = "Endpoints",
    request_body = api::EndpointPatch,
    responses((status = 200, description = "The endpoint as it is now.", body = api::Endpoint)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<EndpointPatch>,
) -> Result<Json<api::Endpoint>, Problem> {
    let id: EndpointId = path_id("endpoint", &path)?;
    let checked = check::check(&context, &mut body).await?;
    if body.sound("ordered") == Some(false) && body.sound("coalesce") == Some(true) {
        body.fault("/coalesce", NEEDS_ORDER);
    }
    let mut patch = body.finish()?;
    if let (Some(own), Some(_)) = (context.principal.organization, &patch.organization_ids) {
        patch.organization_ids = Some(Some(vec![own]));
    }
    let signing = patch.signing.map(signing_of);

    let change = context.change(None).await?;
    let endpoint = change.endpoint(id).await?;
    let mut endpoint = endpoint.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    check::is_no_apps(&endpoint)?;
    let before = listed(&context, endpoint.clone())?;
    apply(&context, &mut endpoint, patch, checked)?;
    change.save_endpoint(&endpoint).await?;
    if let Some(signing) = signing.filter(|signing| signing.as_str() != endpoint.signing) {
        // Both ways sign while receivers move from one to the other.
        rotate(&context, &change, id, signing).await?;
        let changed = change.endpoint(id).await?;
        endpoint = changed.ok_or_else(|| Problem::not_found("endpoint", &path))?;
    }
    let after = listed(&context, endpoint.clone())?;
    let act = Act::updated("endpoint", id, &before, &after).of(owner(&endpoint));
    change.commit(&context, act).await?;
    Ok(Json(for_caller(&context, endpoint)?))
}

/// Makes the changes.
///
/// # Errors
/// 422 when what is said now does not go together with what was said before.
fn apply(
    context: &AdminContext,
    endpoint: &mut Endpoint,
    patch: EndpointPatch,
    checked: CheckedMembers,
) -> Result<(), Problem> {
    let id = endpoint.id;
    if let Some(url) = checked.url {
        endpoint.url = seal_url(context, id, &url);
    }
    replace(&mut endpoint.description, patch.description);
    replace(&mut endpoint.event_types, patch.event_types);
    replace(&mut endpoint.directory_ids, patch.directory_ids);
    if patch.headers.is_some() {
        endpoint.sealed_headers = seal_headers(context, id, &checked.headers)?;
    }
    endpoint.ordered = patch.ordered.unwrap_or(endpoint.ordered);
    // Without order nothing waits, so there is nothing to supersede.
    endpoint.coalesce = endpoint.ordered && patch.coalesce.unwrap_or(endpoint.coalesce);
    if patch.coalesce == Some(true) && !endpoint.ordered {
        return Err(Problem::invalid_at("#/coalesce", NEEDS_ORDER));
    }
    replace(&mut endpoint.rate_limit, patch.rate_limit);
    replace(&mut endpoint.contacts, patch.contacts);
    let selection = &mut endpoint.selection;
    replace(&mut selection.organization_ids, patch.organization_ids);
    replace(&mut selection.fields, patch.fields);
    replace(&mut selection.filter, patch.filter);
    if patch.client_certificate.is_some() {
        endpoint.client_identity = checked.identity.map(|identity| seal_identity(context, id, &identity));
    }
    endpoint.format = patch.format.map_or(endpoint.format, format_of);
    match patch.audience {
        Some(audience) => endpoint.audience = audience.map(|Audience(all)| all),
        // It said who the tokens were for; there are none any more.
        None if endpoint.format == EndpointFormat::Standard => endpoint.audience = None,
        None => {}
    }
    endpoint.updated_at = context.now;
    let faults = faults_of_format(
        endpoint.format,
        endpoint.audience.as_ref(),
        endpoint.event_types.as_ref(),
        endpoint.selection.filter.as_ref(),
    );
    if faults.is_empty() {
        return Ok(());
    }
    let faults = faults.into_iter();
    Err(Problem::invalid(
        faults
            .map(|(place, detail)| Fault::at(format!("#{place}"), detail))
            .collect(),
    ))
}

fn replace<T>(value: &mut T, named: Option<T>) {
    if let Some(named) = named {
        *value = named;
    }
}
