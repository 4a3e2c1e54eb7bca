//! Keys that are made here for identity providers, with their certificates. The private key never leaves this installation.

use crate::problem::Problem;
use ::events::Timestamp;
use actix_web::web::block;
use oidc::{CERTIFICATE_LIFETIME, Certificate, KeyKind, SigningKey, generate_key};
use secrecy::{ExposeSecret as _, SecretSlice};
use tokio::sync::Semaphore;

/// Keys that are made at a time: each takes a core for seconds.
static MAKING: Semaphore = Semaphore::const_new(2);
/// The most characters of a name in the name of a certificate, which has 64 (RFC 5280 appendix A.1).
const MOST_OF_A_NAME: usize = 50;

/// A private key, PKCS#8, and its certificate, which is good for two years.
///
/// # Errors
/// 500 when none can be made.
pub(crate) async fn make(name: &str, now: Timestamp) -> Result<(SecretSlice<u8>, Certificate), Problem> {
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
