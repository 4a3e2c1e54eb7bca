//! `GET /connections/{id}/bindings/{user_id}`.

use super::{ids, shown, unbound};
use crate::context::AdminContext;
use crate::problem::Problem;
use actix_web::web::{Json, Path};
use api::ConnectionBinding;

/// Shows who a user of the directory is at the identity provider.
#[utoipa::path(
    get,
    path = "/connections/{id}/bindings/{user_id}",
    operation_id = "get_connection_binding",
    tag = "Connections",
    responses((status = 200, description = "Who it is.", body = api::ConnectionBinding)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<(String, String)>,
) -> Result<Json<ConnectionBinding>, Problem> {
    let (connection, user) = ids(&path)?;
    let found = context.store().sso_bindings(connection).of_user(user).await?;
    let found = found.ok_or_else(|| unbound(&path.1))?;
    Ok(Json(shown(found)))
}
