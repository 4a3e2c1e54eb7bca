//! Request bodies: bounded in size and time, JSON only.

use crate::Config;
use crate::answer::Failure;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use futures_util::StreamExt as _;
use serde_json::Value;

/// Reads a body as JSON (R2): `application/scim+json` or `application/json` with any parameters; a body without a type is
/// taken for JSON, because that is all there can be here.
pub(crate) async fn json(request: &HttpRequest, payload: web::Payload, config: &Config) -> Result<Value, Failure> {
    media_type(request)?;
    let bytes = tokio::time::timeout(config.body_timeout, read(request, payload, config.max_body))
        .await
        .map_err(|_| scim::Error::status(408, "the body did not arrive in time"))??;
    if bytes.is_empty() {
        return Err(scim::Error::invalid_syntax("a JSON body is required").into());
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| scim::Error::invalid_syntax(format!("the body is not valid JSON: {error}")).into())
}

fn media_type(request: &HttpRequest) -> Result<(), Failure> {
    let Some(header) = request.headers().get(CONTENT_TYPE) else {
        return Ok(());
    };
    let text = header.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    if essence.is_empty()
        || essence.eq_ignore_ascii_case("application/scim+json")
        || essence.eq_ignore_ascii_case("application/json")
    {
        return Ok(());
    }
    let detail = format!("Content-Type \"{essence}\" is not supported; send application/scim+json");
    Err(scim::Error::status(415, detail).into())
}

async fn read(request: &HttpRequest, mut payload: web::Payload, limit: usize) -> Result<web::BytesMut, Failure> {
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut bytes = web::BytesMut::with_capacity(announced.unwrap_or(1024));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| scim::Error::status(400, format!("the body could not be read: {error}")))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_large(limit: usize) -> Failure {
    scim::Error::status(
        413,
        format!("the body is larger than the {limit} bytes accepted; send it in several requests"),
    )
    .into()
}
