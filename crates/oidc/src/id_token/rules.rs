//! What an ID token must say.

use std::time::Duration;
use uuid::Uuid;

/// What an ID token must say; one connection and one transaction make one of these.
#[derive(Clone, Copy, Debug)]
pub struct IdTokenRules<'r> {
    /// Its `iss`, as the provider's document names it.
    pub issuer: &'r str,
    /// Its `tid`; `None` for whichever its `iss` names.
    pub tenant: Option<Uuid>,
    /// Its only `aud`.
    pub client_id: &'r str,
    /// Its `nonce`, as the authorization request had it.
    pub nonce: &'r str,
    /// The `max_age` of the authorization request: `auth_time` must be there and no older.
    pub max_age: Option<Duration>,
    /// What step-up was asked for: `acr` or `acrs` must hold one of these; nothing means that none was asked for.
    pub acr_values: &'r [&'r str],
    /// Whether people with personal Microsoft accounts are let in.
    pub allow_consumer_tenant: bool,
    /// Whether the provider is B2C or another one whose tokens need not have `tid`, `oid` and `ver`. They are checked
    /// all the same when they are there, except `ver`, which means something else in B2C.
    pub is_b2c: bool,
    /// The access token that came along, for `at_hash`.
    pub access_token: Option<&'r str>,
    /// The code that was redeemed, for `c_hash`.
    pub code: Option<&'r str>,
}

impl<'r> IdTokenRules<'r> {
    /// The rules for a token of Entra ID that must only name its issuer, client and transaction.
    #[must_use]
    pub const fn new(issuer: &'r str, client_id: &'r str, nonce: &'r str) -> Self {
        Self {
            issuer,
            tenant: None,
            client_id,
            nonce,
            max_age: None,
            acr_values: &[],
            allow_consumer_tenant: false,
            is_b2c: false,
            access_token: None,
            code: None,
        }
    }
}
