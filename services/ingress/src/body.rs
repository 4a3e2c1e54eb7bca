//! Request bodies: bounded in size and time, JSON only.

use crate::config::Config;
use crate::failure::Failure;
use crate::request_log::SentBody;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpMessage as _, HttpRequest, web};
use runtime::http::{BodyError, read_body};
use serde_json::Value;

/// Reads a body as JSON (R2): `application/scim+json` or `application/json` with any parameters; a body without a type is
/// taken for JSON, because that is all there can be here. It may come packed as gzip, and begin with a byte order mark.
pub(crate) async fn json(request: &HttpRequest, payload: web::Payload, config: &Config) -> Result<Value, Failure> {
    media_type(request)?;
    let bytes = read(request, payload, config.max_body).await?;
    request.extensions_mut().insert(SentBody(bytes.clone()));
    if bytes.is_empty() {
        return Err(scim::Error::invalid_syntax("a JSON body is required").into());
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| scim::Error::invalid_syntax(format!("the body is not valid JSON: {error}")).into())
}

/// The part before the parameters, read by hand: `mime` parses those too, and refuses a type for a slip in one.
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

/// Reads a body of at most `limit` bytes, packed and unpacked.
pub(crate) async fn read(request: &HttpRequest, payload: web::Payload, limit: usize) -> Result<web::Bytes, BodyError> {
    read_body(request.headers(), payload, limit).await
}

impl From<BodyError> for Failure {
    fn from(error: BodyError) -> Self {
        match &error {
            BodyError::TooLarge(limit) => scim::Error::status(
                413,
                format!(
                    "the body is larger than the {limit} bytes accepted, which the operator of this server sets as \
                     ROLLCALL_MAX_BODY; members of a group can also be added by several PATCH requests"
                ),
            )
            .into(),
            BodyError::Encoding(_) => Self::Encoding(scim::Error::status(415, error.to_string())),
            BodyError::TooSlow => scim::Error::status(408, error.to_string()).into(),
            BodyError::Damaged | BodyError::Broken(_) => scim::Error::invalid_syntax(error.to_string()).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::json;
    use crate::config::Config;
    use crate::failure::Failure;
    use actix_web::error::PayloadError;
    use actix_web::test::TestRequest;
    use actix_web::{FromRequest as _, dev, web};
    use futures_util::stream::{self, Stream, StreamExt as _};
    use serde_json::{Value, json};
    use std::pin::Pin;

    /// Pieces of a body as actix hands them over.
    type BoxedPayload = Pin<Box<dyn Stream<Item = Result<web::Bytes, PayloadError>>>>;

    fn config() -> Config {
        Config {
            max_body: 20,
            ..Config::default()
        }
    }

    /// Reads a body that arrives in these pieces and announces its length or not.
    async fn read(
        pieces: impl Stream<Item = &'static str> + 'static,
        announced: Option<usize>,
    ) -> Result<Value, Failure> {
        let mut request = TestRequest::post();
        if let Some(length) = announced {
            request = request.insert_header(("content-length", length.to_string()));
        }
        let request = request.to_http_request();
        let bytes = pieces.map(|piece| Ok::<_, PayloadError>(web::Bytes::from_static(piece.as_bytes())));
        let mut stream = dev::Payload::from(Box::pin(bytes) as BoxedPayload);
        let payload = web::Payload::from_request(&request, &mut stream).await;
        json(&request, payload.expect("there is a body"), &config()).await
    }

    fn status(read: &Result<Value, Failure>) -> u16 {
        match read {
            Err(Failure::Refused(error)) => error.status,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[actix_web::test]
    async fn a_body_that_comes_in_pieces_is_read_whole() {
        let read = read(stream::iter(["{\"a\":", " 1", "}"]), None).await;
        assert_eq!(read.expect("JSON"), json!({ "a": 1 }));
    }

    #[actix_web::test]
    async fn a_body_above_the_limit_of_the_configuration_is_refused_as_soon_as_that_is_known() {
        assert_eq!(status(&read(stream::pending(), Some(21)).await), 413);
        let endless = stream::repeat("[[[[[[[").chain(stream::pending());
        assert_eq!(status(&read(endless, None).await), 413);
        let most = read(stream::iter(["\"123456789", "012345678\""]), Some(20)).await;
        assert_eq!(most.expect("JSON"), "123456789012345678");
    }
}
