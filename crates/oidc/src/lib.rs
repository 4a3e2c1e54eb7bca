//! What an OpenID provider signs, checked by the keys that it publishes.
//!
//! [`Jwt`] takes a token apart (RFC 7519) and compares it with the [`ExpectedClaims`]; [`KeySet`] reads the published keys
//! (RFC 7517); [`Issuer`] says where they are. All of that is pure: it takes values and a time. [`Verifier`] puts it
//! together over HTTP, and `fetch` is the one place that sends a request. There is one signature algorithm, RS256, and
//! one enum of reasons, [`TokenError`].

mod error;
mod fetch;
mod issuer;
mod jwk;
mod jwt;
mod known_keys;
mod verifier;

pub use error::TokenError;
pub use issuer::{EntraAuthority, Issuer};
pub use jwk::{KeySet, VerifyingKey};
pub use jwt::{ExpectedClaims, Jwt};
pub use verifier::Verifier;
