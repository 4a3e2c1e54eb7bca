//! What an app proves itself with by a certificate: a JWT that it signed (RFC 7523 §3).

use super::refusal::Refusal;
use crate::clock::Moment;
use crate::tenant::installed::{App, Certificate};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, UnparsedPublicKey};
use serde::Deserialize;
use std::time::Duration;

/// Clocks may be apart by this much.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// Whom the assertion must be of, and for.
pub(super) struct Whom<'a> {
    pub(super) client_id: &'a str,
    /// The token endpoint, with the tenant as it was asked and by its id.
    pub(super) endpoints: [String; 2],
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    x5t_s256: Option<String>,
}

/// Times may be fractions: some clients write them so.
#[derive(Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    sub: String,
    jti: Option<String>,
    nbf: Option<f64>,
    exp: f64,
}

fn part<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?).ok()
}

/// Checks an assertion. Whether its `jti` was there before.
pub(super) fn check(app: &mut App, text: &str, whom: &Whom<'_>, now: Moment) -> Result<bool, Refusal> {
    let malformed = || Refusal::Assertion("it is no compact JWT");
    let (signed, signature) = text.rsplit_once('.').ok_or_else(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or_else(malformed)?;
    let header: Header = part(header).ok_or_else(malformed)?;
    let claims: Claims = part(claims).ok_or_else(malformed)?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature.trim_end_matches('='))
        .map_err(|_| malformed())?;
    let algorithm: &'static RsaParameters = match header.alg.as_str() {
        "PS256" => &RSA_PSS_2048_8192_SHA256,
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        _ => return Err(Refusal::Assertion("its algorithm is neither PS256 nor RS256")),
    };
    let certificate = find(app, &header)?;
    UnparsedPublicKey::new(algorithm, &certificate.key)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| Refusal::Key("The key was found, but the signature is not valid."))?;
    if certificate.not_after <= now || certificate.not_before > now.plus(SKEW) {
        return Err(Refusal::CertificateExpired);
    }
    if !whom.endpoints.contains(&claims.aud) {
        return Err(Refusal::Audience);
    }
    if claims.iss != whom.client_id || claims.sub != whom.client_id {
        return Err(Refusal::Issuer);
    }
    if moment(claims.exp).plus(SKEW) <= now || claims.nbf.is_some_and(|nbf| moment(nbf) > now.plus(SKEW)) {
        return Err(Refusal::Time);
    }
    let jti = claims.jti.ok_or(Refusal::Assertion("it has no jti"))?;
    Ok(!app.seen.insert(jti))
}

/// The certificate by its SHA-256, or else by its SHA-1; neither stands for the other.
fn find<'a>(app: &'a App, header: &Header) -> Result<&'a Certificate, Refusal> {
    let (print, which) = match (&header.x5t_s256, &header.x5t) {
        (Some(print), _) => (print, 1),
        (None, Some(print)) => (print, 0),
        (None, None) => return Err(Refusal::Key("The key was not named.")),
    };
    let print = print.trim_end_matches('=');
    let mut certificates = app.certificates.iter();
    certificates
        .find(|certificate| certificate.thumbprints[which] == print)
        .ok_or(Refusal::Key("The key was not found."))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "out of range becomes the nearest there is"
)]
fn moment(seconds: f64) -> Moment {
    Moment((seconds * 1_000.0) as u64)
}
