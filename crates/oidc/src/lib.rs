//! What an OpenID provider signs, checked by the keys that it publishes; and what this service signs itself.
//!
//! All of it is pure, values and a time in, values out, except [`Verifier`], which fetches keys over HTTP; `fetch` is the
//! one place that sends a request. Every token that comes in goes through one parser, `compact`.
//!
//! - [`Jwt`] and [`ExpectedClaims`]: an assertion that an issuer makes about itself (RFC 7519), with [`TokenError`].
//! - [`KeySet`] and [`Issuer`]: the published keys of an issuer (RFC 7517) and where they are.
//! - [`Authority`] and [`ProviderMetadata`]: what an administrator enters as a provider, and what that publishes.
//! - [`IdTokenRules`] and [`IdTokenClaims`]: ID tokens of Entra ID, with [`IdTokenError`]; [`EntraError`]: its refusals.
//! - [`SigningKey`] and [`Certificate`]: keys of ours; [`PublicKeys`]: keys of clients of ours.
//! - [`sign_client_assertion`] and [`ClientAssertion`]: who a client is (RFC 7523), for Entra ID and for us.
//! - [`IssuedIdToken`], [`LogoutToken`], [`SecurityEventToken`], [`CodeChallenge`]: being a provider ourselves.

mod algorithm;
mod assertion;
mod certificate;
mod clock;
mod compact;
mod discovery;
mod entra_error;
mod error;
mod fetch;
mod id_token;
mod issuer;
mod jwk;
mod jwt;
mod key_set;
mod known_keys;
mod members;
mod provider;
mod public_keys;
mod signing;
#[cfg(test)]
mod test_keys;
mod verifier;

pub use algorithm::Algorithm;
pub use assertion::{
    AssertionError, AssertionForm, CLIENT_ASSERTION_TYPE, ClientAssertion, VerifiedAssertion, sign_client_assertion,
};
pub use certificate::{CERTIFICATE_LIFETIME, Certificate, CertificateError};
pub use discovery::{
    Authority, AuthorityError, AuthorityKind, AuthorityRules, DiscoveryError, MetadataError, ProviderMetadata,
};
pub use entra_error::{EntraError, EntraErrorKind, SetupStep};
pub use error::TokenError;
pub use fetch::FetchError;
pub use id_token::{IdTokenClaims, IdTokenError, IdTokenRules, left_half_hash};
pub use issuer::{EntraAuthority, Issuer};
pub use jwk::VerifyingKey;
pub use jwt::{ExpectedClaims, Jwt};
pub use key_set::KeySet;
pub use provider::{
    CodeChallenge, CodeVerifier, HintError, IdTokenHint, IssuedIdToken, LogoutToken, PkceError, SecurityEventToken,
    read_id_token_hint, redirect_uri_matches,
};
pub use public_keys::{PublicKeys, PublicKeysError};
pub use signing::{KeyError, KeyKind, SigningKey, generate_key, jwk_set};
pub use verifier::Verifier;
