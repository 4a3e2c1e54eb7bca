//! `POST /sso-clients`.

use super::check::check;
use super::{shown, stored, stored_type};
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use ::events::{OrganizationId, SsoClientId};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{ClientAuthentication, SsoClient, SsoClientCreate};
use secrecy::ExposeSecret as _;
use secrets::{Token, TokenKind};
use store::ApplicationType;

/// Registers an app that people log in to.
///
/// Its secret, where it has one, is shown in this answer only. A key of one organization registers apps for that organization.
#[utoipa::path(
    post,
    path = "/sso-clients",
    operation_id = "create_sso_client",
    tag = "SSO clients",
    request_body = api::SsoClientCreate,
    responses((status = 201, description = "The new app, with its secret.", body = api::SsoClient, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(context: AdminContext, mut body: Body<SsoClientCreate>) -> Result<HttpResponse, Problem> {
    let authentication: Option<ClientAuthentication> = body.sound("authentication");
    check(&context, &mut body, authentication);
    if authentication == Some(ClientAuthentication::PrivateKeyJwt) && body.member("jwks").is_none() {
        let detail = "Is required with \"authentication\": \"private_key_jwt\": the public keys that the app signs with, as a JWK set.";
        body.fault("/jwks", detail);
    }
    check_organization(&context, &mut body).await?;
    let raw = body.raw();
    let wanted = body.finish()?;
    let id = SsoClientId::new();
    let minted = (wanted.authentication == ClientAuthentication::ClientSecret)
        .then(|| Token::mint(TokenKind::SsoClient, id.uuid()));
    let (secret, hash) = minted.unzip();
    let client = store::SsoClient {
        id,
        organization_id: context.principal.organization.or(wanted.organization_id),
        name: wanted.name,
        authentication: stored(wanted.authentication),
        application_type: wanted
            .application_type
            .map_or_else(|| by_uris(&wanted.redirect_uris), stored_type),
        secret_hash: hash.map(|hash| *hash.as_bytes()),
        secret_expires_at: None,
        jwks: wanted.jwks.map(|keys| serde_json::Value::Object(keys).to_string()),
        redirect_uris: wanted.redirect_uris,
        post_logout_redirect_uris: wanted.post_logout_redirect_uris.unwrap_or_default(),
        backchannel_logout_uri: wanted.backchannel_logout_uri.map(|uri| uri.trim().to_owned()),
        initiate_login_uri: wanted.initiate_login_uri.map(|uri| uri.trim().to_owned()),
        created_at: context.now,
        updated_at: context.now,
    };
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    open.create_sso_client(&client).await?;
    let plain = shown(client)?;
    let act = Act::created("sso_client", id, &plain).of(plain.organization_id);
    let answer = SsoClient {
        client_secret: secret.map(|secret| secret.expose_secret().into()),
        ..plain
    };
    let location = context.location(&format!("/sso-clients/{id}"));
    open.finish(&context, act, StatusCode::CREATED, Some(location), &answer)
        .await
}

/// Where an app runs by its redirect URIs: https ones are of the web, loopback addresses and private-use schemes of devices.
fn by_uris(redirect_uris: &[String]) -> ApplicationType {
    match redirect_uris.iter().all(|uri| uri.starts_with("https://")) {
        true => ApplicationType::Web,
        false => ApplicationType::Native,
    }
}

/// Makes it a fault of `organization_id` to name none.
async fn check_organization(context: &AdminContext, body: &mut Body<SsoClientCreate>) -> Result<(), Problem> {
    let Some(id) = body.sound::<OrganizationId>("organization_id") else {
        return Ok(());
    };
    if !context.principal.sees(Some(id)) {
        return Err(Problem::hidden("organization", &id.to_string()));
    }
    if context.store().organizations().by_id(id).await?.is_none() {
        let detail = format!("There is no organization with the id \"{id}\".");
        body.fault("/organization_id", detail);
    }
    Ok(())
}
