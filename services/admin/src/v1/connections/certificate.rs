//! `GET /connections/{id}/certificate`.

use super::view::certificate_of;
use crate::context::{AdminContext, path_id};
use crate::entered::CERTIFICATE;
use crate::problem::{Problem, ProblemKind};
use ::events::ConnectionId;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Path;

/// Sends the certificate of a connection's key as a `.cer` file (DER), for the identity provider.
#[utoipa::path(
    get,
    path = "/connections/{id}/certificate",
    operation_id = "get_connection_certificate",
    tag = "Connections",
    responses((status = 200, description = "The certificate.", body = String, content_type = "application/pkix-cert", headers(("content-disposition" = String, description = "The name of the file.")))),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>) -> Result<HttpResponse, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    let found = context.store().connections().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("connection", &path))?;
    let certificate = certificate_of(&found)?.ok_or_else(|| {
        let detail = "This connection has no key, and so no certificate. POST …/key makes one.";
        Problem::new(ProblemKind::NotFound, detail)
    })?;
    let file = format!("attachment; filename=\"rollcall-{}.cer\"", found.slug);
    Ok(HttpResponse::Ok()
        .content_type(CERTIFICATE)
        .insert_header((CONTENT_DISPOSITION, file))
        .body(certificate.der().to_vec()))
}
