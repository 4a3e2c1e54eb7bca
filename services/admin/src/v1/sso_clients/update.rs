//! `PATCH /sso-clients/{id}`.

use super::check::check;
use super::{not_built_in, shown, stored_type};
use crate::audit::Act;
use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::SsoClientId;
use actix_web::web::{Json, Path};
use api::{SsoClient, SsoClientPatch};

/// Changes an app. People who are logged in stay so.
#[utoipa::path(
    patch,
    path = "/sso-clients/{id}",
    operation_id = "update_sso_client",
    tag = "SSO clients",
    request_body = api::SsoClientPatch,
    responses((status = 200, description = "The app as it is now.", body = api::SsoClient)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    mut body: Body<SsoClientPatch>,
) -> Result<Json<SsoClient>, Problem> {
    let id: SsoClientId = path_id("SSO client", &path)?;
    not_built_in(id)?;
    let found = context.store().sso_clients().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("SSO client", &path))?;
    // This never changes.
    check(&context, &mut body, Some(shown(found)?.authentication));
    let patch = body.finish()?;

    let change = context.change(None).await?;
    let client = change.sso_client(id).await?;
    let mut client = client.ok_or_else(|| Problem::not_found("SSO client", &path))?;
    let before = shown(client.clone())?;
    if let Some(name) = patch.name {
        client.name = name;
    }
    if let Some(application_type) = patch.application_type {
        client.application_type = stored_type(application_type);
    }
    if let Some(uris) = patch.redirect_uris {
        client.redirect_uris = uris;
    }
    if let Some(uris) = patch.post_logout_redirect_uris {
        client.post_logout_redirect_uris = uris;
    }
    let trimmed = |uri: Option<String>| uri.map(|uri| uri.trim().to_owned());
    if let Some(uri) = patch.backchannel_logout_uri {
        client.backchannel_logout_uri = trimmed(uri);
    }
    if let Some(uri) = patch.initiate_login_uri {
        client.initiate_login_uri = trimmed(uri);
    }
    if let Some(keys) = patch.jwks {
        client.jwks = Some(serde_json::Value::Object(keys).to_string());
    }
    client.updated_at = context.now;
    change.update_sso_client(&client).await?;
    let answer = shown(client)?;
    let act = Act::updated("sso_client", id, &before, &answer).of(answer.organization_id);
    change.commit(&context, act).await?;
    Ok(Json(answer))
}
