//! How apps prove themselves at the token endpoint (RFC 6749 §2.3, OpenID Connect Core §9).

use crate::parameters::Parameters;
use crate::state::Inner;
use crate::token::TokenError;
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use events::{SsoClientId, Timestamp};
use oidc::{CLIENT_ASSERTION_TYPE, ClientAssertion, PublicKeys};
use secrets::{Token, TokenKind};
use store::{ClientAuthentication, SsoClient};
use url::form_urlencoded;

/// What a request proves itself by.
enum Proof<'r> {
    Secret { id: String, secret: String, is_basic: bool },
    Assertion(&'r str),
    Nothing(&'r str),
}

/// The app that a request comes from.
///
/// # Errors
/// One answer for every kind of "no".
pub(crate) async fn authenticated(
    state: &Inner,
    request: &HttpRequest,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<SsoClient, TokenError> {
    let proof = proof(request, parameters)?;
    let is_basic = matches!(proof, Proof::Secret { is_basic: true, .. });
    let refused = || TokenError::client(is_basic);
    let id = match &proof {
        Proof::Secret { id, .. } => id.clone(),
        Proof::Assertion(text) => {
            let assertion = ClientAssertion::parse(text).map_err(|_| refused())?;
            assertion.client_id().to_owned()
        }
        Proof::Nothing(id) => (*id).to_owned(),
    };
    if parameters.get("client_id").is_some_and(|named| named != id) {
        return Err(refused());
    }
    let id: SsoClientId = id.parse().map_err(|_| refused())?;
    let client = state.store.sso_clients().by_id(id).await?.ok_or_else(refused)?;
    let is_good = match (&proof, client.authentication) {
        (Proof::Secret { secret, .. }, ClientAuthentication::ClientSecret) => is_secret_of(&client, secret, now),
        (Proof::Assertion(text), ClientAuthentication::PrivateKeyJwt) => is_assertion_of(state, &client, text, now),
        (Proof::Nothing(_), ClientAuthentication::None) => true,
        _ => false,
    };
    if is_good { Ok(client) } else { Err(refused()) }
}

/// An app uses one way in a request, and no more (RFC 6749 §2.3).
fn proof<'r>(request: &HttpRequest, parameters: &'r Parameters) -> Result<Proof<'r>, TokenError> {
    let basic = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
    let secret = parameters.get("client_secret");
    let assertion = parameters.get("client_assertion");
    match (basic, secret, assertion) {
        (Some(header), None, None) => {
            let (id, secret) = of_basic(header).ok_or_else(|| TokenError::client(true))?;
            Ok(Proof::Secret {
                id,
                secret,
                is_basic: true,
            })
        }
        (None, Some(secret), None) => {
            let id = parameters.get("client_id").ok_or_else(|| TokenError::client(false))?;
            Ok(Proof::Secret {
                id: id.to_owned(),
                secret: secret.to_owned(),
                is_basic: false,
            })
        }
        (None, None, Some(assertion)) => {
            if parameters.get("client_assertion_type") != Some(CLIENT_ASSERTION_TYPE) {
                return Err(TokenError::request(
                    "client_assertion_type must be the one of JWT assertions",
                ));
            }
            Ok(Proof::Assertion(assertion))
        }
        (None, None, None) => {
            let id = parameters.get("client_id").ok_or_else(|| TokenError::client(false))?;
            Ok(Proof::Nothing(id))
        }
        _ => Err(TokenError::request("an app proves itself in one way only")),
    }
}

/// Both parts are form-encoded before they are put together (RFC 6749 §2.3.1).
fn of_basic(header: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(header).ok()?;
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((form_decoded(id)?, form_decoded(secret)?))
}

fn form_decoded(text: &str) -> Option<String> {
    let pair = format!("v={text}");
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    let (name, value) = pairs.next()?;
    (name == "v" && pairs.next().is_none()).then(|| value.into_owned())
}

fn is_secret_of(client: &SsoClient, secret: &str, now: Timestamp) -> bool {
    let token = Token::parse(secret).filter(|token| token.kind() == TokenKind::SsoClient);
    let is_same = |hash: [u8; 32]| token.as_ref().is_some_and(|token| token.matches(&hash));
    client.secret_hash.is_some_and(is_same) && client.secret_expires_at.is_none_or(|at| at > now)
}

/// An assertion is good once.
fn is_assertion_of(state: &Inner, client: &SsoClient, text: &str, now: Timestamp) -> bool {
    let keys = client
        .jwks
        .as_deref()
        .and_then(|jwks| PublicKeys::read(jwks.as_bytes()).ok());
    let (Some(keys), Ok(assertion)) = (keys, ClientAssertion::parse(text)) else {
        return false;
    };
    let id = client.id.to_string();
    let endpoint = format!("{}/token", state.issuer);
    match assertion.verify(&id, &[&endpoint, &state.issuer], &keys, now) {
        Ok(verified) => state.use_assertion(&id, &verified.jti),
        Err(error) => {
            tracing::info!(client = %id, reason = %error, "an assertion of an app was refused");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of_basic;

    #[test]
    fn both_parts_of_basic_are_decoded_as_a_form() {
        let pair = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(of_basic(b"Basic YTpi"), pair("a", "b"));
        // a%3Ab:c+d
        assert_eq!(of_basic(b"basic YSUzQWI6Yytk"), pair("a:b", "c d"));
        // a&b:c
        assert_eq!(of_basic(b"Basic YSZiOmM="), None);
        assert_eq!(of_basic(b"Bearer YTpi"), None);
        assert_eq!(of_basic(b"Basic !"), None);
    }
}
