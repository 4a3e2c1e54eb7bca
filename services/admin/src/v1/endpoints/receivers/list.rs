//! `GET /test-receivers`.

use super::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use actix_web::web::Json;
use api::{List, TestReceiver};

/// Lists the test receivers, the oldest first. There are 20 at most.
#[utoipa::path(
    get,
    path = "/test-receivers",
    operation_id = "list_test_receivers",
    tag = "Endpoints",
    responses((status = 200, description = "All of them.", body = api::List<api::TestReceiver>)),
)]
pub(crate) async fn handler(context: AdminContext) -> Result<Json<List<TestReceiver>>, Problem> {
    let mut data = Vec::new();
    // No more than may be made.
    for receiver in context.store().test_receivers().all().await? {
        let endpoint = context.store().endpoints().by_id(receiver.endpoint_id).await?;
        let own = context.principal.organization;
        let seen = endpoint.filter(|endpoint| own.is_none_or(|own| endpoint.belongs_to(own)));
        data.extend(seen.map(|endpoint| shown(&receiver, &endpoint)));
    }
    Ok(Json(List {
        data,
        next_cursor: None,
    }))
}
