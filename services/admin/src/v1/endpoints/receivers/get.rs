//! `GET /test-receivers/{id}`.

use super::shown;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use crate::receive::KEPT;
use ::events::EndpointId;
use actix_web::web::{Json, Path};
use api::{TestReceipt, TestReceiverDetail};

/// Shows a test receiver with what it was sent.
#[utoipa::path(
    get,
    path = "/test-receivers/{id}",
    operation_id = "get_test_receiver",
    tag = "Endpoints",
    responses((status = 200, description = "The receiver.", body = api::TestReceiverDetail)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<Json<TestReceiverDetail>, Problem> {
    let id: EndpointId = path_id("test receiver", &path)?;
    let missing = || Problem::not_found("test receiver", &path);
    let receivers = context.store().test_receivers();
    let receiver = receivers.by_id(id).await?.ok_or_else(missing)?;
    let endpoint = context.store().endpoints().by_id(id).await?.ok_or_else(missing)?;
    let receipts = receivers.receipts(id, context.now.minus(KEPT)).await?;
    let receipt = |receipt: store::TestReceipt| TestReceipt {
        id: receipt.id,
        at: receipt.at,
        headers: serde_json::from_str(&receipt.headers).unwrap_or_default(),
        body: receipt.body,
        size: receipt.size,
    };
    Ok(Json(TestReceiverDetail {
        receiver: shown(&receiver, &endpoint),
        receipts: receipts.into_iter().map(receipt).collect(),
    }))
}
