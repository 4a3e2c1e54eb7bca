//! Token requests: a form, with the client's credentials in it, in HTTP Basic, or in both (E3; RFC 6749 §2.3.1).

use super::answer::OauthError;
use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How a client proves who it is.
#[derive(Debug)]
pub(super) enum ClientCredentials {
    /// With its secret.
    Secret { client_id: String, secret: SecretString },
    /// With a signed assertion; it names the client itself.
    Assertion(SecretString),
}

/// A request for an access token. `scope` means nothing here, so that any is taken.
#[derive(Debug)]
pub(super) struct TokenRequest {
    pub(super) credentials: ClientCredentials,
}

#[derive(Default)]
struct Form {
    grant_type: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    client_assertion_type: Option<String>,
    client_assertion: Option<String>,
}

/// A body of another type is no token request.
pub(super) fn check_type(request: &HttpRequest) -> Result<(), OauthError> {
    let text = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = text.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok(());
    }
    Err(OauthError::invalid_request(
        "the Content-Type must be application/x-www-form-urlencoded",
    ))
}

impl TokenRequest {
    pub(super) fn read(body: &[u8], authorization: Option<&[u8]>) -> Result<Self, OauthError> {
        let form = Form::read(body)?;
        match form.grant_type.as_deref() {
            Some("client_credentials") => {}
            Some(_) => return Err(OauthError::UnsupportedGrantType),
            None => return Err(OauthError::invalid_request("grant_type is missing")),
        }
        let credentials = if form.client_assertion.is_some() || form.client_assertion_type.is_some() {
            form.assertion(authorization.is_some())?
        } else {
            form.secret(authorization)?
        };
        Ok(Self { credentials })
    }
}

impl Form {
    fn read(body: &[u8]) -> Result<Self, OauthError> {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let field = match name.as_ref() {
                "grant_type" => &mut form.grant_type,
                "client_id" => &mut form.client_id,
                "client_secret" => &mut form.client_secret,
                "client_assertion_type" => &mut form.client_assertion_type,
                "client_assertion" => &mut form.client_assertion,
                _ => continue,
            };
            // RFC 6749 §3.2: without a value is as if it was not there, and nothing may come twice.
            if value.is_empty() {
                continue;
            }
            if field.replace(value.into_owned()).is_some() {
                return Err(OauthError::invalid_request(format!("{name} is given twice")));
            }
        }
        Ok(form)
    }

    fn assertion(self, has_header: bool) -> Result<ClientCredentials, OauthError> {
        if self.client_assertion_type.as_deref() != Some(JWT_BEARER) {
            return Err(OauthError::invalid_request(format!(
                "the client_assertion_type must be {JWT_BEARER}"
            )));
        }
        if has_header || self.client_secret.is_some() {
            return Err(OauthError::invalid_request("send an assertion or a secret, not both"));
        }
        let assertion = self.client_assertion;
        let assertion = assertion.ok_or_else(|| OauthError::invalid_request("client_assertion is missing"))?;
        Ok(ClientCredentials::Assertion(assertion.into()))
    }

    fn secret(self, authorization: Option<&[u8]>) -> Result<ClientCredentials, OauthError> {
        let missing =
            || OauthError::InvalidClient("send client_id and client_secret in HTTP Basic, in the body, or in both");
        let in_body = self.client_secret.map(SecretString::from);
        let (client_id, secret) = match authorization {
            Some(header) => {
                let (client_id, secret) = basic(header).ok_or_else(missing)?;
                let other_id = self.client_id.is_some_and(|other| other != client_id);
                let other_secret = in_body.is_some_and(|other| {
                    !secrets::constant_time_eq(other.expose_secret().as_bytes(), secret.expose_secret().as_bytes())
                });
                if other_id || other_secret {
                    return Err(OauthError::invalid_request(
                        "the credentials in the header and in the body differ",
                    ));
                }
                (client_id, secret)
            }
            None => (self.client_id.ok_or_else(missing)?, in_body.ok_or_else(missing)?),
        };
        Ok(ClientCredentials::Secret { client_id, secret })
    }
}

/// Id and secret of an `Authorization: Basic` header; each is form-encoded before they are put together.
fn basic(header: &[u8]) -> Option<(String, SecretString)> {
    let (scheme, encoded) = std::str::from_utf8(header).ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let plain = |text: &str| {
        let spaced = text.replace('+', " ");
        let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8().ok()?;
        Some(decoded.into_owned())
    };
    Some((plain(id)?, plain(secret)?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = b"grant_type=client_credentials&client_id=a%2Db&client_secret=s&scope=any";
    const HEADER: &[u8] = b"Basic YSUyRGI6cw=="; // a%2Db:s

    fn secret_of(body: &[u8], header: Option<&[u8]>) -> (String, String) {
        match TokenRequest::read(body, header).unwrap().credentials {
            ClientCredentials::Secret { client_id, secret } => (client_id, secret.expose_secret().to_owned()),
            ClientCredentials::Assertion(_) => panic!("an assertion"),
        }
    }

    fn error_of(body: &[u8], header: Option<&[u8]>) -> OauthError {
        TokenRequest::read(body, header).unwrap_err()
    }

    // Rules: E3
    #[test]
    fn credentials_come_in_the_body_in_the_header_or_in_both() {
        let expected = ("a-b".to_owned(), "s".to_owned());
        assert_eq!(secret_of(BODY, None), expected);
        assert_eq!(secret_of(b"grant_type=client_credentials", Some(HEADER)), expected);
        assert_eq!(secret_of(BODY, Some(HEADER)), expected);
    }

    // Rules: E3
    #[test]
    fn credentials_that_contradict_each_other_are_refused() {
        let other = b"grant_type=client_credentials&client_secret=t";
        assert!(matches!(error_of(other, Some(HEADER)), OauthError::InvalidRequest(_)));
    }

    #[test]
    fn a_bad_token_request_is_refused_with_the_reason() {
        assert_eq!(error_of(b"grant_type=password", None), OauthError::UnsupportedGrantType);
        assert!(matches!(error_of(b"", None), OauthError::InvalidRequest(_)));
        let twice = b"grant_type=client_credentials&client_id=a&client_id=a&client_secret=s";
        assert!(matches!(error_of(twice, None), OauthError::InvalidRequest(_)));
        let no_secret = b"grant_type=client_credentials&client_id=a&client_secret=";
        assert!(matches!(error_of(no_secret, None), OauthError::InvalidClient(_)));
        for header in [&b"Bearer x"[..], b"Basic ???", b"Basic YWJj"] {
            assert!(matches!(error_of(BODY, Some(header)), OauthError::InvalidClient(_)));
        }
        let untyped = b"grant_type=client_credentials&client_assertion=a.b.c";
        assert!(matches!(error_of(untyped, None), OauthError::InvalidRequest(_)));
    }
}
