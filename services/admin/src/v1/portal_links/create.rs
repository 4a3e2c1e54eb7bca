//! `POST /portal-links`: the link is shown in the answer, and the hash of its token is kept.

use super::{brand, shown, stored, stored_capability};
use crate::access::missing_scope;
use crate::audit::Act;
use crate::body::Body;
use crate::context::AdminContext;
use crate::idempotent::{IdempotentStart, OpenChange};
use crate::principal::Principal;
use crate::problem::Problem;
use ::events::PortalLinkId;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{PortalCapability, PortalFeature, PortalLink, PortalLinkCreate, Scope};
use secrecy::ExposeSecret;
use secrets::{Token, TokenKind};
use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;
use store::PortalBrand;

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
    let capabilities: Vec<PortalCapability> = body.sound("capabilities").unwrap_or_default();
    fault_repeated(&mut body, "features", &features);
    fault_repeated(&mut body, "capabilities", &capabilities);
    check_together(&mut body, &features);
    let looks = brand::check(&mut body);
    let raw = body.raw();
    let wanted = body.finish()?;
    let features = wanted.features.clone().unwrap_or_else(|| usual(&context.principal));
    let capabilities = given(&features, &capabilities);
    // Nobody gives more than they have.
    let of_features = features.contains(&PortalFeature::Sso).then_some(Scope::Connections);
    let of_capabilities = capabilities.iter().map(|capability| capability.scope());
    let mut scopes = of_features.into_iter().chain(of_capabilities);
    if let Some(lacking) = scopes.find(|scope| !context.principal.has(*scope)) {
        return Err(missing_scope(&context.principal, lacking));
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
    let door = match features.contains(&PortalFeature::Webhooks) {
        true => "apps",
        false => "setup",
    };
    let link = store::PortalLink {
        id,
        organization_id: wanted.organization_id,
        directory_id: wanted.directory_id,
        features: features.into_iter().map(stored).collect(),
        capabilities: capabilities.into_iter().map(stored_capability).collect(),
        return_url: looks.return_url,
        brand: wanted.brand.map(|brand| PortalBrand {
            name: brand.name,
            colour: brand.colour.map(|colour| colour.to_ascii_lowercase()),
            logo: looks.logo.as_ref().map(|logo| logo.kind),
        }),
        token_hash: *hash.as_bytes(),
        expires_at: context.now.plus(lasts),
        created_at: context.now,
    };
    open.create_portal_link(&link, looks.logo.as_ref()).await?;
    let plain = shown(link);
    let act = Act::created("portal_link", id, &plain).of(Some(plain.organization_id));
    let answer = PortalLink {
        url: Some(context.portal_url(door, token.expose_secret()).into()),
        ..plain
    };
    open.finish(&context, act, StatusCode::CREATED, None, &answer).await
}

/// What a link opens that says nothing: what an IT administrator sets up, as far as the key may give it.
fn usual(principal: &Principal) -> Vec<PortalFeature> {
    let mut features = vec![PortalFeature::DirectorySync];
    features.extend(principal.has(Scope::Connections).then_some(PortalFeature::Sso));
    features
}

fn fault_repeated<T: Hash + Eq>(body: &mut Body<PortalLinkCreate>, name: &str, values: &[T]) {
    let mut seen = HashSet::new();
    for (index, _) in values.iter().enumerate().filter(|(_, value)| !seen.insert(*value)) {
        body.fault(&format!("/{name}/{index}"), "Given twice.");
    }
}

/// What does not go together: a link opens one door.
fn check_together(body: &mut Body<PortalLinkCreate>, features: &[PortalFeature]) {
    let opens_endpoints = features.contains(&PortalFeature::Webhooks);
    if opens_endpoints && features.len() > 1 {
        let detail = "A link opens one door, so \"webhooks\" stands alone. Make another link for the others.";
        body.fault("/features", detail);
    }
    if opens_endpoints && body.member("directory_id").is_some() {
        let detail = "A link with \"webhooks\" is for the endpoints of the whole organization. Leave this out.";
        body.fault("/directory_id", detail);
    }
    if !opens_endpoints && body.member("capabilities").is_some() && !body.is_faulty("features") {
        let detail = "Only a link with \"features\": [\"webhooks\"] has capabilities.";
        body.fault("/capabilities", detail);
    }
}

/// What a link lets its holder do with endpoints. Its pages show them, so it always lets them be seen.
fn given(features: &[PortalFeature], wanted: &[PortalCapability]) -> Vec<PortalCapability> {
    if !features.contains(&PortalFeature::Webhooks) {
        return Vec::new();
    }
    let is_given = |one: &PortalCapability| *one == PortalCapability::View || wanted.contains(one);
    PortalCapability::ALL.into_iter().filter(is_given).collect()
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
