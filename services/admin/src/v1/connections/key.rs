//! `POST /connections/{id}/key`.

use super::about;
use super::view::shown;
use crate::audit::Act;
use crate::body::NoBody;
use crate::context::{AdminContext, path_id};
use crate::idempotent::IdempotentStart;
use crate::problem::Problem;
use ::events::{ConnectionId, Timestamp};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Path, block};
use oidc::{AssertionForm, CERTIFICATE_LIFETIME, Certificate, KeyKind, SigningKey, generate_key};
use secrecy::{ExposeSecret as _, SecretSlice};
use store::{ConnectionCredential, SealedColumn, SealedCredential};
use tokio::sync::Semaphore;

/// Keys that are made at a time: each takes a core for seconds.
static MAKING: Semaphore = Semaphore::const_new(2);
/// The most characters of a connection's name in the name of its certificate, which has 64 (RFC 5280 appendix A.1).
const MOST_OF_A_NAME: usize = 50;

/// Makes a key of a connection, in the place of the secret or the key that it has.
///
/// The private key stays here, encrypted. Its certificate must be registered at the identity provider: from now on nobody logs in
/// before it is. It is good for two years.
#[utoipa::path(
    post,
    path = "/connections/{id}/key",
    operation_id = "create_connection_key",
    tag = "Connections",
    request_body(content = Option<api::Nothing>, description = "None, or an empty object."),
    responses((status = 200, description = "The connection as it is now, with its certificate.", body = api::Connection)),
)]
pub(crate) async fn handler(context: AdminContext, path: Path<String>, body: NoBody) -> Result<HttpResponse, Problem> {
    let id: ConnectionId = path_id("connection", &path)?;
    let found = context.store().connections().by_id(id).await?;
    let found = found.ok_or_else(|| Problem::not_found("connection", &path))?;
    if let Some(answer) = context.answered(body.raw()).await? {
        return Ok(answer);
    }
    let (key, certificate) = make(&found.name, context.now).await?;
    let open = match context.begin(None, body.raw()).await? {
        IdempotentStart::Open(open) => open,
        IdempotentStart::Answered(answer) => return Ok(answer),
    };
    let connection = open.connection(id).await?;
    let mut connection = connection.ok_or_else(|| Problem::not_found("connection", &path))?;
    let before = shown(&context, connection.clone())?;
    connection.credential = ConnectionCredential::PrivateKeyJwt;
    connection.credential_expires_at = Some(certificate.not_after());
    connection.certificate = Some(certificate.der().to_vec());
    AssertionForm::default()
        .as_str()
        .clone_into(&mut connection.assertion_form);
    connection.updated_at = context.now;
    let place = SealedColumn::ConnectionPrivateKey.context(&id);
    let credential = SealedCredential {
        client_secret: None,
        private_key: Some(context.master_keys().seal(key.expose_secret(), &place)),
    };
    open.update_connection(&connection, Some(credential)).await?;
    let answer = shown(&context, connection)?;
    let act = Act::updated("connection", id, &before, &answer).named("key_created");
    open.finish(&context, about(act, &answer), StatusCode::OK, None, &answer)
        .await
}

/// A private key, PKCS#8, and its certificate.
async fn make(name: &str, now: Timestamp) -> Result<(SecretSlice<u8>, Certificate), Problem> {
    let name: String = name
        .chars()
        .filter(|letter| !letter.is_control())
        .take(MOST_OF_A_NAME)
        .collect();
    let _place = MAKING.acquire().await.map_err(|error| Problem::internal(&error))?;
    let made = block(move || {
        let key = generate_key(KeyKind::Rsa3072)?;
        let signing = SigningKey::from_pkcs8(key.expose_secret())?;
        Ok((
            key,
            Certificate::self_signed(&signing, &format!("Rollcall {name}"), now, CERTIFICATE_LIFETIME),
        ))
    });
    let made: Result<_, oidc::KeyError> = made.await.map_err(|error| Problem::internal(&error))?;
    let (key, certificate) = made.map_err(|error| Problem::internal(&error))?;
    Ok((key, certificate.map_err(|error| Problem::internal(&error))?))
}
