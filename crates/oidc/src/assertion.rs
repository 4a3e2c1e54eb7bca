//! Clients that prove who they are with a signed token (`private_key_jwt`, RFC 7523 §2.2): we to Entra ID, and clients of
//! ours to us.

mod check;
mod make;

pub use check::{AssertionError, ClientAssertion, VerifiedAssertion};
pub use make::{AssertionForm, sign_client_assertion};

/// `client_assertion_type` of such a request (RFC 7523 §2.2).
pub const CLIENT_ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
