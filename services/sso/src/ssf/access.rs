//! Tokens by which an app manages its streams (RFC 6749 §4.4): no person is behind them, and they open nothing else.

use super::SCOPES;
use super::fault::SsfFault;
use super::limits::TOKEN_LASTS;
use crate::parameters::Parameters;
use crate::state::{ClientUse, Inner};
use crate::token::TokenError;
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use events::{SsoClientId, Timestamp};
use secrecy::ExposeSecret as _;
use secrets::{SessionClaims, SessionTokenUse};
use serde_json::{Value, json};
use store::{ClientAuthentication, SsoClient};

/// What a request needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Right {
    /// To see: either scope does.
    Read,
    /// To change.
    Manage,
}

const READ: u32 = 1;
const MANAGE: u32 = 2;

/// What an app is given by `client_credentials`; without a `scope` it gets both.
pub(crate) fn grant(
    state: &Inner,
    client: &SsoClient,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<Value, TokenError> {
    if client.authentication == ClientAuthentication::None {
        let sentence = "an app without a secret or a key has no tokens of its own";
        return Err(TokenError::OAuth("unauthorized_client", sentence));
    }
    let asked = parameters.get("scope").unwrap_or("ssf.read ssf.manage");
    let bits = bits(asked).ok_or(TokenError::OAuth(
        "invalid_scope",
        "the scopes of an app's own tokens are ssf.read and ssf.manage",
    ))?;
    let claims = SessionClaims {
        session: client.id.uuid(),
        generation: bits,
        expires_at_ms: now.plus(TOKEN_LASTS).millis(),
    };
    let token = state.tokens.sign(SessionTokenUse::Signals, &claims);
    Ok(json!({
        "access_token": token.expose_secret(),
        "token_type": "Bearer",
        "expires_in": TOKEN_LASTS.as_secs(),
        "scope": asked,
    }))
}

/// The scopes of a text; `None` where one of them is none of ours, or there is none.
fn bits(scope: &str) -> Option<u32> {
    let mut bits = 0;
    for one in scope.split(' ').filter(|one| !one.is_empty()) {
        let place = SCOPES.iter().position(|known| *known == one)?;
        bits |= [READ, MANAGE].get(place)?;
    }
    (bits != 0).then_some(bits)
}

/// The app that a request comes from. The token comes in the header only (RFC 6750 §2.1), and the app is looked up each time:
/// whose app was deleted is out.
pub(super) async fn receiver(state: &Inner, request: &HttpRequest, right: Right) -> Result<SsoClient, SsfFault> {
    let header = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let (scheme, token) = header.and_then(|text| text.split_once(' ')).ok_or(SsfFault::Missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(SsfFault::Missing);
    }
    let now = state.now().millis();
    let claims = state.tokens.verify(SessionTokenUse::Signals, token.trim(), now);
    let claims = claims.ok_or(SsfFault::Token)?;
    let id = SsoClientId::from(claims.session);
    state.pass(ClientUse::Signals, id).map_err(SsfFault::TooMany)?;
    let (enough, named) = match right {
        Right::Read => (READ | MANAGE, "ssf.read"),
        Right::Manage => (MANAGE, "ssf.manage"),
    };
    if claims.generation & enough == 0 {
        return Err(SsfFault::Scope(named));
    }
    let client = state.store.sso_clients().by_id(id).await?;
    client.ok_or(SsfFault::Token)
}

#[cfg(test)]
mod tests {
    use super::{MANAGE, READ, bits};

    #[test]
    fn only_scopes_of_shared_signals_are_given() {
        assert_eq!(bits("ssf.read"), Some(READ));
        assert_eq!(bits("ssf.manage ssf.read"), Some(READ | MANAGE));
        assert_eq!(bits("openid"), None);
        assert_eq!(bits("ssf.read openid"), None);
        assert_eq!(bits(" "), None);
    }
}
