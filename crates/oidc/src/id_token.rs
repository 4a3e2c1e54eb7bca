//! ID tokens of Entra ID (OpenID Connect Core 1.0 §3.1.3.7 and what Microsoft adds): every check has a reason of its own.
//!
//! What an application must check besides is the transaction: that `state` and the nonce are of this browser, used once
//! and fresh, and that the callback came for the connection that the transaction began with.

mod check;
mod claims;
mod error;
mod rules;

pub use claims::IdTokenClaims;
pub use error::IdTokenError;
pub use rules::IdTokenRules;

pub(crate) use check::IdToken;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

/// The left half of a SHA-256 hash, as `at_hash` of an access token and `c_hash` of a code have it (OpenID Connect Core 1.0
/// §3.1.3.6 and §3.3.2.11) in tokens signed with an algorithm with SHA-256.
#[must_use]
pub fn left_half_hash(value: &str) -> String {
    let hash = digest(&SHA256, value.as_bytes());
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}

#[cfg(test)]
mod tests {
    /// The values of OpenID Connect Core 1.0, appendix A.3, A.4 and A.6.
    #[test]
    fn the_hashes_of_the_specification_are_reproduced() {
        let hash = super::left_half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
        assert_eq!(hash, "77QmUPtjPfzWtF2AnpK9RQ");
        let hash = super::left_half_hash("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk");
        assert_eq!(hash, "LDktKdoQak3Pk0cnXxCltA");
    }
}
