//! The assertions that we make for Entra ID.

use crate::clock::seconds;
use crate::{Algorithm, Certificate, KeyError, SigningKey};
use events::Timestamp;
use serde::Serialize;
use serde_json::Map;
use std::time::Duration;
use uuid::Uuid;

/// It is good this long before it was made: clocks may be apart.
const BEFORE: Duration = Duration::from_secs(30);
/// It is good this long; Microsoft advises five to ten minutes.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// How an assertion is signed and names its certificate, of which the JOSE `kid` tells Entra ID nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AssertionForm {
    /// PS256, and the SHA-256 thumbprint in `x5t#S256`: what Microsoft documents today.
    #[default]
    Ps256,
    /// RS256, and the SHA-1 thumbprint in `x5t`: the form before, for tenants that answer AADSTS700027 to the other.
    Rs256,
}

impl AssertionForm {
    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ps256 => "ps256",
            Self::Rs256 => "rs256",
        }
    }

    /// The form of this stored name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ps256, Self::Rs256]
            .into_iter()
            .find(|form| form.as_str() == text)
    }
}

#[derive(Serialize)]
struct Claims<'c> {
    aud: &'c str,
    iss: &'c str,
    sub: &'c str,
    jti: Uuid,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// An assertion for one request: Entra ID remembers its `jti`.
///
/// `token_endpoint` is that of the tenant, and becomes the audience.
///
/// # Errors
/// [`KeyError::Signing`] when the key is no RSA key.
pub fn sign_client_assertion(
    key: &SigningKey,
    certificate: &Certificate,
    form: AssertionForm,
    client_id: &str,
    token_endpoint: &str,
    now: Timestamp,
) -> Result<String, KeyError> {
    let (algorithm, name, thumbprint) = match form {
        AssertionForm::Ps256 => (Algorithm::Ps256, "x5t#S256", certificate.x5t_s256()),
        AssertionForm::Rs256 => (Algorithm::Rs256, "x5t", certificate.x5t()),
    };
    let mut header = Map::new();
    header.insert(name.to_owned(), thumbprint.into());
    let claims = Claims {
        aud: token_endpoint,
        iss: client_id,
        sub: client_id,
        jti: Uuid::new_v4(),
        nbf: seconds(now.minus(BEFORE)),
        iat: seconds(now),
        exp: seconds(now.plus(LIFETIME)),
    };
    key.compact("JWT", algorithm, header, &claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compact::Compact;
    use crate::{CERTIFICATE_LIFETIME, test_keys};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;

    fn sign(form: AssertionForm) -> (String, Certificate) {
        let (key, now) = (test_keys::one(), Timestamp::from_millis(NOW * 1000));
        let certificate = Certificate::self_signed(&key, "x", now, CERTIFICATE_LIFETIME).unwrap();
        let endpoint = "https://login.example/t/oauth2/v2.0/token";
        let token = sign_client_assertion(&key, &certificate, form, "client", endpoint, now).unwrap();
        (token, certificate)
    }

    #[test]
    fn either_form_names_the_certificate_and_is_signed_by_its_key() {
        for (form, algorithm) in [
            (AssertionForm::Ps256, Algorithm::Ps256),
            (AssertionForm::Rs256, Algorithm::Rs256),
        ] {
            let (token, certificate) = sign(form);
            let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
            let header: Value = serde_json::from_slice(&header).unwrap();
            let expected = match form {
                AssertionForm::Ps256 => json!({ "typ": "JWT", "alg": "PS256", "x5t#S256": certificate.x5t_s256() }),
                AssertionForm::Rs256 => json!({ "typ": "JWT", "alg": "RS256", "x5t": certificate.x5t() }),
            };
            assert_eq!(header, expected);
            let parsed = Compact::parse(&token).unwrap();
            let key = test_keys::one();
            assert!(
                key.verifying_key()
                    .verifies(algorithm, parsed.signed(), parsed.signature())
            );
            assert_eq!(AssertionForm::parse(form.as_str()), Some(form));
        }
    }

    #[test]
    fn the_claims_are_those_of_one_short_request() {
        let (token, _) = sign(AssertionForm::default());
        let claims = Compact::parse(&token).unwrap().claims;
        assert_eq!(
            claims.text("aud"),
            Ok(Some("https://login.example/t/oauth2/v2.0/token"))
        );
        assert_eq!(
            (claims.text("iss"), claims.text("sub")),
            (Ok(Some("client")), Ok(Some("client")))
        );
        let times = ["nbf", "iat", "exp"].map(|name| claims.needed_seconds(name).unwrap() - NOW);
        assert_eq!(times, [-30, 0, 300]);
        let (other, _) = sign(AssertionForm::default());
        let other = Compact::parse(&other).unwrap().claims;
        assert_ne!(claims.needed_text("jti"), other.needed_text("jti"));
    }
}
