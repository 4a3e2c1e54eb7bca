//! `DELETE /connections/{id}/bindings/{user_id}`.

use super::{ids, shown, unbound};
use crate::audit::Act;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::v1::connections::console_access::check_identity;
use actix_web::HttpResponse;
use actix_web::web::Path;

/// Forgets who a user of the directory is at the identity provider.
///
/// The next login of somebody with the user's name binds anew. Needed where a user name has passed to another person.
#[utoipa::path(
    delete,
    path = "/connections/{id}/bindings/{user_id}",
    operation_id = "delete_connection_binding",
    tag = "Connections",
    responses((status = 204, description = "It is forgotten.")),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<(String, String)>) -> Result<HttpResponse, Problem> {
    let (id, user) = ids(&path)?;
    let found = context.store().sso_bindings(id).of_user(user).await?;
    let found = found.ok_or_else(|| unbound(&path.1))?;
    let change = context.change(None).await?;
    let connection = change.connection(id).await?;
    let connection = connection.ok_or_else(|| Problem::not_found("connection", &path.0))?;
    check_identity(&change, &context.principal, id).await?;
    if !change.unbind_sso(id, user).await? {
        return Err(unbound(&path.1));
    }
    let act = Act::deleted("connection_binding", user, &shown(found))
        .about(Some(connection.organization_id), Some(connection.directory_id))
        .saying(format!("Of the connection {id}."));
    change.commit(&context, act).await?;
    Ok(HttpResponse::NoContent().finish())
}
