//! The checks of an ID token, in the order in which they cost: the token alone, then its key.

use super::{IdTokenClaims, IdTokenError, IdTokenRules, left_half_hash};
use crate::clock::{MOST_CLOCK_SKEW, seconds};
use crate::compact::Compact;
use crate::discovery::tenant_in_path;
use crate::members::Members;
use crate::{Algorithm, VerifyingKey};
use events::Timestamp;
use std::time::Duration;
use uuid::{Uuid, uuid};

/// The tenant of all personal Microsoft accounts.
const CONSUMERS: Uuid = uuid!("9188040d-6c67-4c5b-b112-36a304b66dad");
/// A token that was issued longer ago was not issued for this sign-in.
const LONGEST_AGO: Duration = Duration::from_secs(10 * 60);

/// An ID token of which nothing is verified.
#[derive(Debug)]
pub(crate) struct IdToken<'t> {
    compact: Compact<'t>,
    key_id: String,
}

impl<'t> IdToken<'t> {
    /// Takes a token apart.
    pub(crate) fn parse(text: &'t str) -> Result<Self, IdTokenError> {
        let compact = Compact::parse(text)?;
        compact.algorithm(&[Algorithm::Rs256], &["JWT"])?;
        let key_id = compact.key_id()?.filter(|id| !id.is_empty());
        Ok(Self {
            key_id: key_id.ok_or(IdTokenError::KeyIdMissing)?.to_owned(),
            compact,
        })
    }

    /// The key that signed it, as it claims.
    pub(crate) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Whether this key signed it.
    pub(crate) fn verify(&self, key: &VerifyingKey) -> Result<(), IdTokenError> {
        if key.verifies(Algorithm::Rs256, self.compact.signed(), self.compact.signature()) {
            return Ok(());
        }
        Err(IdTokenError::WrongSignature)
    }

    /// What it says, when that is what it must say.
    pub(crate) fn check(&self, rules: &IdTokenRules<'_>, now: Timestamp) -> Result<IdTokenClaims, IdTokenError> {
        let members = &self.compact.claims;
        if members.needed_text("iss")? != rules.issuer {
            return Err(IdTokenError::WrongIssuer);
        }
        let tenant = tenant(members, rules)?;
        if !rules.is_b2c && members.needed_text("ver")? != "2.0" {
            return Err(IdTokenError::VersionNot2);
        }
        audience(members, rules.client_id)?;
        times(members, now)?;
        transaction(members, rules)?;
        if members.needed_text("sub")?.is_empty() {
            return Err(IdTokenError::SubjectMissing);
        }
        let claims = IdTokenClaims::read(members, object_id(members, rules)?, tenant)?;
        sign_in(&claims, rules, now)?;
        Ok(claims)
    }
}

fn tenant(members: &Members, rules: &IdTokenRules<'_>) -> Result<Option<Uuid>, IdTokenError> {
    let Some(text) = members.text("tid")? else {
        return if rules.is_b2c {
            Ok(None)
        } else {
            Err(IdTokenError::TenantMissing)
        };
    };
    let tenant = Uuid::try_parse(text).map_err(|_| IdTokenError::TenantNotGuid)?;
    if tenant == CONSUMERS && !rules.allow_consumer_tenant {
        return Err(IdTokenError::ConsumerTenantRefused);
    }
    // The path of B2C's issuers names the tenant of the accounts, and `tid` may be that of their homes.
    let is_in_issuer = rules.is_b2c || tenant_in_path(rules.issuer) == Some(tenant);
    if rules.tenant.is_some_and(|expected| expected != tenant) || !is_in_issuer {
        return Err(IdTokenError::TenantMismatch);
    }
    Ok(Some(tenant))
}

fn audience(members: &Members, client_id: &str) -> Result<(), IdTokenError> {
    let audiences = members.one_or_more_texts("aud")?;
    match &audiences[..] {
        [one] if one == client_id => {}
        [_, _, ..] if audiences.iter().any(|one| one == client_id) => return Err(IdTokenError::SeveralAudiences),
        _ => return Err(IdTokenError::WrongAudience),
    }
    if members.text("azp")?.is_some_and(|azp| azp != client_id) {
        return Err(IdTokenError::WrongAuthorizedParty);
    }
    Ok(())
}

fn times(members: &Members, now: Timestamp) -> Result<(), IdTokenError> {
    let (earliest, latest) = (seconds(now.minus(MOST_CLOCK_SKEW)), seconds(now.plus(MOST_CLOCK_SKEW)));
    if members.needed_seconds("exp")? <= earliest {
        return Err(IdTokenError::TokenExpired);
    }
    if members.seconds("nbf")?.is_some_and(|from| from > latest) {
        return Err(IdTokenError::TokenNotYetValid);
    }
    let issued = members.needed_seconds("iat")?;
    if issued > latest {
        return Err(IdTokenError::IssuedInTheFuture);
    }
    if issued < seconds(now.minus(LONGEST_AGO)) {
        return Err(IdTokenError::IssuedTooLongAgo);
    }
    Ok(())
}

/// What ties the token to the transaction and to what came along with it.
fn transaction(members: &Members, rules: &IdTokenRules<'_>) -> Result<(), IdTokenError> {
    let nonce = members.text("nonce")?.ok_or(IdTokenError::NonceMissing)?;
    if !secrets::constant_time_eq(nonce.as_bytes(), rules.nonce.as_bytes()) {
        return Err(IdTokenError::NonceMismatch);
    }
    let is_of = |hash: Option<&str>, value: Option<&str>| match (hash, value) {
        (Some(hash), Some(value)) => hash == left_half_hash(value),
        _ => true,
    };
    if !is_of(members.text("at_hash")?, rules.access_token) {
        return Err(IdTokenError::AtHashMismatch);
    }
    if !is_of(members.text("c_hash")?, rules.code) {
        return Err(IdTokenError::CHashMismatch);
    }
    Ok(())
}

fn object_id(members: &Members, rules: &IdTokenRules<'_>) -> Result<Option<Uuid>, IdTokenError> {
    match members.text("oid")? {
        Some(text) => {
            let id = Uuid::try_parse(text).map_err(|_| IdTokenError::ObjectIdNotGuid)?;
            Ok(Some(id))
        }
        None if rules.is_b2c => Ok(None),
        None => Err(IdTokenError::ObjectIdMissing),
    }
}

/// When and how the person signed in.
fn sign_in(claims: &IdTokenClaims, rules: &IdTokenRules<'_>, now: Timestamp) -> Result<(), IdTokenError> {
    if let Some(max_age) = rules.max_age {
        let at = claims.auth_time.ok_or(IdTokenError::AuthTimeMissing)?;
        if now.since(at) > max_age.saturating_add(MOST_CLOCK_SKEW) {
            return Err(IdTokenError::AuthenticatedTooLongAgo);
        }
    }
    let mut satisfied = claims.acr.iter().chain(&claims.acrs);
    if rules.acr_values.is_empty() || satisfied.any(|one| rules.acr_values.contains(&one.as_str())) {
        return Ok(());
    }
    Err(IdTokenError::StepUpMissing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    /// Values of every type, and those that dates and ids come near to.
    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
            prop::collection::vec(".*", 0..3).prop_map(Value::from),
            Just(json!({ "groups": "src1" })),
            Just(json!("5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10")),
        ]
    }

    proptest! {
        #[test]
        fn no_claims_make_the_checks_panic(
            changes in prop::collection::vec((0_usize..22, value()), 1..4),
            now in any::<i64>(),
            is_b2c in any::<bool>(),
        ) {
            let names = [
                "iss", "sub", "oid", "tid", "ver", "aud", "azp", "exp", "nbf", "iat", "nonce", "at_hash", "c_hash",
                "auth_time", "acr", "acrs", "roles", "groups", "_claim_names", "xms_edov", "acct", "hasgroups",
            ];
            let mut claims = json!({ "iss": "i", "sub": "s", "aud": "c", "exp": 2_000_000_000, "iat": 1, "nonce": "n" });
            for (name, value) in changes {
                claims[names[name]] = value;
            }
            let mut header = Map::new();
            header.insert("kid".into(), "k".into());
            let text = test_keys::p256().compact("JWT", Algorithm::Es256, header, &claims).unwrap();
            let compact = Compact::parse(&text).unwrap();
            let token = IdToken { compact, key_id: "k".to_owned() };
            let mut rules = IdTokenRules::new("i", "c", "n");
            (rules.is_b2c, rules.max_age) = (is_b2c, Some(Duration::from_secs(1)));
            let _ = token.check(&rules, Timestamp::from_millis(now));
        }
    }
}
