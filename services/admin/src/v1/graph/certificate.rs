//! `GET /directories/{id}/graph/certificate`.

use super::pulled;
use super::view::{certificate_of, certificate_shown};
use crate::context::AdminContext;
use crate::entered::CERTIFICATE;
use crate::problem::{Problem, ProblemKind};
use crate::query::RequestQuery;
use actix_web::http::header::{ACCEPT, CONTENT_DISPOSITION};
use actix_web::web::Path;
use actix_web::{HttpRequest, HttpResponse};
use api::GraphCertificateParameters;

/// Shows the newest certificate of a directory for Microsoft Graph, or sends it as a `.cer` file (DER) with `format=cer`.
///
/// While one takes the place of another, it is the new one: that which is to be uploaded.
#[utoipa::path(
    get,
    path = "/directories/{id}/graph/certificate",
    operation_id = "get_graph_certificate",
    tag = "Graph",
    params(api::GraphCertificateParameters),
    responses((status = 200, description = "The certificate.", content(
        (api::GraphCertificate = "application/json"),
        (String = "application/pkix-cert"),
    ))),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut query = RequestQuery::of::<GraphCertificateParameters>(&request);
    let format = query.text("format");
    if !matches!(format.as_deref(), None | Some("json" | "cer")) {
        query.fault("format", "Must be json or cer.");
    }
    query.finish()?;
    let (directory, _) = pulled(&context, &path).await?;
    let all = context.store().graph_credentials(directory.id).all().await?;
    let newest = all.iter().find(|credential| credential.certificate.is_some());
    let none = || {
        let detail = "This directory proves itself with a secret, and so has no certificate. POST …/graph/credentials makes one.";
        Problem::new(ProblemKind::NotFound, detail)
    };
    let credential = newest.ok_or_else(none)?;
    let certificate = certificate_of(credential)?.ok_or_else(none)?;
    if !format.map_or_else(|| accepts_file(&request), |format| format == "cer") {
        return Ok(HttpResponse::Ok().json(certificate_shown(credential, &certificate)));
    }
    let file = format!("attachment; filename=\"rollcall-graph-{}.cer\"", directory.id);
    Ok(HttpResponse::Ok()
        .content_type(CERTIFICATE)
        .insert_header((CONTENT_DISPOSITION, file))
        .body(certificate.der().to_vec()))
}

fn accepts_file(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.trim() == CERTIFICATE)
}
