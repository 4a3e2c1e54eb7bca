//! `POST /portal-links`: the link is shown in the answer, and the hash of its token is kept.

use super::{shown, stored};
use crate::access::missing_scope;
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::idempotent::{IdempotentStart, OpenChange};
use crate::problem::Problem;
use ::events::PortalLinkId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{PortalFeature, PortalLink, PortalLinkCreate, Scope};
use secrecy::ExposeSecret;
use secrets::{Token, TokenKind};
use std::collections::HashSet;
use std::time::Duration;

/// How long a link is good that says nothing else, in seconds.
const LASTS: u32 = 7 * 24 * 60 * 60;

/// Creates a link to the portal.
///
/// Whoever has the link may do what it opens, without an account; it is shown in this answer only.
#[utoipa::path(
    post,
    path = "/portal-links",
    operation_id = "create_portal_link",
    tag = "Portal links",
    request_body = api::PortalLinkCreate,
    responses((status = 201, description = "The new link, with its URL.", body = api::PortalLink)),
)]
pub(crate) async fn handler(context: AdminContext, mut body: Body<PortalLinkCreate>) -> Result<HttpResponse, Problem> {
    let features: Vec<PortalFeature> = body.sound("features").unwrap_or_default();
    let mut seen = HashSet::new();
    for (index, _) in features
        .iter()
        .enumerate()
        .filter(|(_, feature)| !seen.insert(**feature))
    {
        body.fault(&format!("/features/{index}"), "Given twice.");
    }
    let raw = body.raw();
    let wanted = body.finish()?;
    if features.contains(&PortalFeature::Webhooks) && !context.principal.has(Scope::Endpoints) {
        // Nobody gives more than they have.
        return Err(missing_scope(&context.principal, Scope::Endpoints));
    }
    if !context.principal.sees(Some(wanted.organization_id)) {
        return Err(Problem::hidden("organization", &wanted.organization_id.to_string()));
    }
    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    check(&open, &wanted).await?;
    let id = PortalLinkId::new();
    let (token, hash) = Token::mint(TokenKind::PortalLink, id.uuid());
    let lasts = Duration::from_secs(wanted.expires_in.unwrap_or(LASTS).into());
    let features = wanted.features.unwrap_or_else(|| vec![PortalFeature::DirectorySync]);
    let link = store::PortalLink {
        id,
        organization_id: wanted.organization_id,
        directory_id: wanted.directory_id,
        features: features.into_iter().map(stored).collect(),
        token_hash: *hash.as_bytes(),
        expires_at: context.now.plus(lasts),
        created_at: context.now,
    };
    open.create_portal_link(&link).await?;
    let plain = shown(link);
    let act = Act::created("portal_link", id, &plain).of(Some(plain.organization_id));
    let answer = PortalLink {
        url: Some(context.setup_url(token.expose_secret()).into()),
        ..plain
    };
    open.finish(&context, act, StatusCode::CREATED, None, &answer).await
}

/// 422 for an organization that is not there, and for a directory that is not in it.
async fn check(open: &OpenChange, wanted: &PortalLinkCreate) -> Result<(), Problem> {
    let organization = wanted.organization_id;
    if open.organization(organization).await?.is_none() {
        let detail = format!("There is no organization with the id \"{organization}\".");
        return Err(Problem::invalid_at("#/organization_id", detail));
    }
    let Some(id) = wanted.directory_id else {
        return Ok(());
    };
    let directory = open.directory(id).await?;
    if directory.is_some_and(|directory| directory.organization_id == organization) {
        return Ok(());
    }
    Err(Problem::invalid_at(
        "#/directory_id",
        format!("There is no directory with the id \"{id}\" in this organization."),
    ))
}
