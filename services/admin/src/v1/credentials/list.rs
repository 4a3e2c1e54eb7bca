//! `GET /credentials`.

use super::{shown, stored};
use crate::access::missing_scope;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use ::events::{DirectoryId, OrganizationId, Timestamp};
use actix_web::HttpRequest;
use actix_web::web::Json;
use api::{Credential, CredentialKind, CredentialsParameters, List, Scope};
use store::CredentialFilter;

/// Lists the credentials that end, the next end first.
///
/// What has ended is among them until it is revoked or deleted. Admin keys are shown only to keys with the scope `admin`. The log
/// of a directory tells of its keys and OAuth clients 60, 30, 14, 7 days and one day before they end, as
/// `directory.credential_expiring`.
#[utoipa::path(
    get,
    path = "/credentials",
    operation_id = "list_credentials",
    tag = "Credentials",
    params(api::CredentialsParameters),
    responses((status = 200, description = "A page of credentials.", body = api::List<api::Credential>)),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<Json<List<Credential>>, Problem> {
    let mut query = RequestQuery::of::<CredentialsParameters>(&request);
    let organization: Option<OrganizationId> = query.parsed("organization_id", "the id of an organization");
    let directory_id: Option<DirectoryId> = query.parsed("directory_id", "the id of a directory");
    let ends_before: Option<Timestamp> = query.parsed("ends_before", "a time such as 2030-01-31T12:00:00Z");
    let name = query.text("kind");
    let all = CredentialKind::ALL;
    let kind = all.into_iter().find(|kind| Some(kind.as_str()) == name.as_deref());
    if name.is_some() && kind.is_none() {
        let known = all.map(CredentialKind::as_str).join(", ");
        query.fault("kind", format!("Must be one of: {known}."));
    }
    let wanted = query.page();
    query.finish()?;
    let may_see = |kind: &CredentialKind| *kind != CredentialKind::AdminKey || context.principal.has(Scope::Admin);
    if kind.is_some_and(|kind| !may_see(&kind)) {
        return Err(missing_scope(&context.principal, Scope::Admin));
    }
    let filter = CredentialFilter {
        organization_id: context.principal.narrowed(organization)?,
        directory_id,
        kinds: match kind {
            Some(kind) => vec![stored(kind)],
            None => all.into_iter().filter(may_see).map(stored).collect(),
        },
        ends_before,
    };
    let list = context.store().credential_ends().list(&filter, &wanted).await?;
    Ok(Json(page(list, |end| Credential {
        kind: shown(end.kind),
        id: end.id,
        name: end.name,
        organization_id: end.organization_id,
        directory_id: end.directory_id,
        ends_at: end.ends_at,
        has_ended: end.ends_at <= context.now,
        last_used_at: end.last_used_at,
    })))
}
