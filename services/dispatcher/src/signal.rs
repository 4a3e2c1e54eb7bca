//! Signals as they are sent: Security Event Tokens of the Shared Signals Framework, signed by the keys for apps.
//!
//! A token is made anew for each attempt, of what is stored: `jti` is the delivery's id and `iat` the time of the event, so it
//! says the same each time.

use directory::{NoSignal, SignalClaims};
use events::{DeliveryId, SsoClientId, Timestamp};
use keyring::{KeyRing, KeyRingError};
use oidc::{KeyError, SecurityEventToken};
use std::sync::Arc;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoToken {
    /// What is stored cannot be told, or not any more.
    #[error(transparent)]
    Untold(#[from] NoSignal),
    /// There is no key at the moment.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The key does not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Makes the tokens of signals.
#[derive(Debug)]
pub(crate) struct SignalTokens {
    keys: Arc<KeyRing>,
    issuer: String,
}

impl SignalTokens {
    /// `public_url` is where the installation is, without a slash at the end.
    pub(crate) fn new(keys: Arc<KeyRing>, public_url: &str) -> Self {
        Self {
            keys,
            issuer: format!("{public_url}/sso"),
        }
    }

    /// The token of a stored signal for an app.
    pub(crate) async fn token(&self, body: &str, id: DeliveryId, app: SsoClientId) -> Result<String, NoToken> {
        let claims = SignalClaims::of(body, &self.issuer)?;
        let keys = self.keys.get(Timestamp::now()).await?;
        let token = SecurityEventToken {
            iss: &self.issuer,
            aud: &[app.to_string()],
            jti: &id.to_string(),
            iat: claims.iat,
            txn: claims.txn.as_deref(),
            sub_id: claims.sub_id,
            events: claims.events,
        };
        Ok(token.sign(&keys.signing)?)
    }
}
