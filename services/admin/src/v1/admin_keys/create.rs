//! `POST /admin-keys`: the token is shown in the answer and kept as a hash.

use super::shown;
use crate::audit::Act;
use crate::body::Body;
use crate::bootstrap::mint_admin_key;
use crate::context::AdminContext;
use crate::idempotent::IdempotentStart;
use crate::principal::{Principal, names, stored};
use crate::problem::{Problem, ProblemKind};
use crate::v1::keys::check_expiry;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use api::{AdminKey, AdminKeyCreate, Fault, Scope};
use secrecy::ExposeSecret;
use std::collections::HashSet;

/// Creates an admin key.
///
/// Its token is shown in this answer only. Nobody gives more than they have: a key gets no scope that the key which makes
/// it lacks, and a key of one organization makes keys of that organization.
#[utoipa::path(
    post,
    path = "/admin-keys",
    operation_id = "create_admin_key",
    tag = "Admin keys",
    request_body = api::AdminKeyCreate,
    responses((status = 201, description = "The new key, with its token.", body = api::AdminKey, headers(("location" = String, description = "Where it is.")))),
)]
pub(crate) async fn handler(context: AdminContext, mut body: Body<AdminKeyCreate>) -> Result<HttpResponse, Problem> {
    check_expiry(&context, &mut body);
    let scopes: Vec<Scope> = body.sound("scopes").unwrap_or_default();
    let mut seen = HashSet::new();
    for (index, _) in scopes.iter().enumerate().filter(|(_, scope)| !seen.insert(**scope)) {
        body.fault(&format!("/scopes/{index}"), "Given twice.");
    }
    let raw = body.raw();
    let wanted = body.finish()?;
    check_scopes(&context.principal, &wanted.scopes)?;
    let organization = context.principal.narrowed(wanted.organization_id)?;

    let open = match context.begin(None, &raw).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    if let Some(id) = organization
        && open.organization(id).await?.is_none()
    {
        let detail = format!("There is no organization with the id \"{id}\".");
        return Err(Problem::invalid_at("#/organization_id", detail));
    }
    let (mut key, token) = mint_admin_key(wanted.name, context.now);
    key.scopes = wanted.scopes.into_iter().map(stored).collect();
    key.organization_id = organization;
    key.expires_at = wanted.expires_at;
    open.create_admin_key(&key).await?;
    let location = context.location(&format!("/admin-keys/{}", key.id));
    let plain = shown(key);
    let act = Act::created("admin_key", plain.id, &plain).of(plain.organization_id);
    let answer = AdminKey {
        token: Some(token.expose_secret().into()),
        ..plain
    };
    open.finish(&context, act, StatusCode::CREATED, Some(location), &answer)
        .await
}

/// 403 with a fault for each scope that the caller lacks.
fn check_scopes(principal: &Principal, scopes: &[Scope]) -> Result<(), Problem> {
    let lacking = scopes.iter().enumerate().filter(|(_, scope)| !principal.has(**scope));
    let faults: Vec<_> = lacking
        .map(|(index, scope)| {
            let detail = format!("The key that you use does not have the scope \"{scope}\" itself.");
            Fault::at(format!("#/scopes/{index}"), detail)
        })
        .collect();
    if faults.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "A key can give only the scopes that it has: {}.",
        names(&principal.scopes)
    );
    Err(Problem::new(ProblemKind::Forbidden, detail).with_faults(faults))
}
