//! Logout tokens: the end of a session as the app is told it (OpenID Connect Back-Channel Logout 1.0 §2.4).
//!
//! A token is made anew for each attempt, because it is good for two minutes; `jti` is the event's id all the time, so an app
//! knows a repetition.

use events::{EventId, ResourceId, SsoClientId, SsoSessionId, Timestamp};
use keyring::{KeyRing, KeyRingError};
use oidc::{KeyError, LogoutToken};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// How long a token is good.
const LASTS: Duration = Duration::from_mins(2);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoLogoutToken {
    /// What is stored is not the event of a session that ended.
    #[error("the stored event is not about a session that ended")]
    Unreadable(#[from] serde_json::Error),
    /// There is no key at the moment.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// The key does not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Makes logout tokens.
#[derive(Debug)]
pub(crate) struct LogoutTokens {
    keys: Arc<KeyRing>,
    issuer: String,
}

/// What of the body of `session.ended` is in the token.
#[derive(Deserialize)]
struct Body {
    id: EventId,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    session: Session,
}

#[derive(Deserialize)]
struct Session {
    id: SsoSessionId,
    user_id: ResourceId,
}

impl LogoutTokens {
    /// `public_url` is where the installation is, without a slash at the end.
    pub(crate) fn new(keys: Arc<KeyRing>, public_url: &str) -> Self {
        Self {
            keys,
            issuer: format!("{public_url}/sso"),
        }
    }

    /// The form that tells an app of the end that is told in `body`, the stored event.
    pub(crate) async fn form(&self, body: &str, app: SsoClientId, now: Timestamp) -> Result<String, NoLogoutToken> {
        let ended: Body = serde_json::from_str(body)?;
        let keys = self.keys.get(now).await?;
        let seconds = |at: Timestamp| at.millis().div_euclid(1_000);
        let Session { id, user_id } = ended.data.session;
        let token = LogoutToken {
            iss: &self.issuer,
            aud: &app.to_string(),
            sub: Some(&user_id.to_string()),
            sid: Some(&id.to_string()),
            jti: &ended.id.to_string(),
            iat: seconds(now),
            exp: seconds(now.plus(LASTS)),
        };
        // Nothing in it must be escaped: base64url and dots.
        Ok(format!("logout_token={}", token.sign(&keys.signing)?))
    }
}
