//! Who of the identity provider is who in the directory.
//!
//! Candidates come from the one directory of the connection. From the first login on it is the object id that counts, which
//! nobody else ever has; before that the user name. E-mail addresses never count: whoever runs a tenant may write any
//! address into it. Nobody is made here.

use crate::person::{People, Person};
use crate::refusal::Refusal;
use crate::state::Inner;
use events::Timestamp;
use oidc::IdTokenClaims;
use store::{Connection, LoginChannel, StoreError};

/// The account type of a guest in the claim `acct`.
const GUEST: i64 = 1;

/// Somebody who may log in.
pub(crate) struct Matched {
    pub(crate) person: Person,
    /// Who it is at the identity provider.
    pub(crate) subject: String,
    /// Whether it is the first login.
    pub(crate) is_first: bool,
}

/// Why nobody is matched.
pub(crate) enum MatchError {
    /// For a reason that the person and the operator hear.
    Refused(Refusal),
    /// The database failed.
    Store(StoreError),
}

impl From<StoreError> for MatchError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refusal> for MatchError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// What user flows of Azure AD B2C say in `sub` that do not say who somebody is: to everybody the same.
const NO_SUBJECT: &str = "Not supported currently. Use oid claim.";

/// What a person is known by at a connection: tenant and object. Tokens of Azure AD B2C may lack one or both: then it is issuer
/// and object, or issuer and subject.
fn subject(claims: &IdTokenClaims) -> Result<String, Refusal> {
    match (claims.tid, claims.oid) {
        (Some(tid), Some(oid)) => Ok(format!("{tid}.{oid}")),
        (None, Some(oid)) => Ok(format!("{} {oid}", claims.iss)),
        _ if claims.sub == NO_SUBJECT => Err(Refusal::ClaimMissing("oid".to_owned())),
        _ => Ok(format!("{} {}", claims.iss, claims.sub)),
    }
}

/// Who it is, if they may log in. With `binds`, a first login binds the two together; without, nothing is changed.
pub(crate) async fn find(
    state: &Inner,
    connection: &Connection,
    claims: &IdTokenClaims,
    channel: LoginChannel,
    binds: bool,
    now: Timestamp,
) -> Result<Matched, MatchError> {
    let people = People::of(state, connection.directory_id).await?;
    let people = people.ok_or(Refusal::ConnectionInactive)?;
    if is_guest(connection, claims) && !connection.allows_guests {
        return Err(Refusal::Guest.into());
    }
    let subject = subject(claims)?;
    let bindings = state.store.sso_bindings(connection.id);
    let mut bound = bindings.of_subject(&subject).await?;
    let known = match &bound {
        Some(binding) => people.by_id(binding.user_id).await?,
        None => None,
    };
    if let Some(gone) = bound.take_if(|_| known.is_none())
        && binds
    {
        // Whoever it was is not in the directory any more; who comes in their place begins anew.
        let directory = connection.directory_id;
        state.store.forget_sso_bindings(directory, gone.user_id).await?;
    }
    let (person, is_first) = match known {
        Some(person) => (Some(person), false),
        None => (first(&people, connection, claims).await?, true),
    };
    let person = person.ok_or(Refusal::NotProvisioned)?;
    if !person.is_active() {
        return Err(Refusal::Inactive.into());
    }
    if is_first && bindings.of_user(person.id).await?.is_some() {
        return Err(Refusal::IdentityConflict.into());
    }
    if !person.may(channel) {
        return Err(Refusal::ChannelDenied.into());
    }
    if binds {
        match &bound {
            Some(binding) => bindings.note_login(binding, now).await?,
            None if bindings.bind(&subject, person.id, now).await? => {}
            // Somebody was bound in this moment: the same person in another tab, or another account of that name.
            None => {
                let by_now = bindings.of_subject(&subject).await?;
                if by_now.is_none_or(|binding| binding.user_id != person.id) {
                    return Err(Refusal::IdentityConflict.into());
                }
            }
        }
    }
    Ok(Matched {
        person,
        subject,
        is_first,
    })
}

/// Whether the account is at home in another tenant. The claim that says so is optional, so what tells it without is looked at
/// too: where the person proved who they are, and the form of a guest's name.
fn is_guest(connection: &Connection, claims: &IdTokenClaims) -> bool {
    let Some(tid) = claims.tid else {
        // Only Entra ID has tenants.
        return claims.acct == Some(GUEST);
    };
    let tid = tid.to_string();
    let is_from_elsewhere = claims.idp.as_ref().is_some_and(|idp| !idp.contains(&tid));
    let name = claims.raw.get(&connection.user_name_claim);
    let name = name.and_then(|name| name.as_str()).unwrap_or_default();
    claims.acct == Some(GUEST) || is_from_elsewhere || name.to_ascii_uppercase().contains("#EXT#")
}

/// Who logs in for the first time: by the user name, as the claim of the connection says it.
async fn first(
    people: &People<'_>,
    connection: &Connection,
    claims: &IdTokenClaims,
) -> Result<Option<Person>, MatchError> {
    let name = claims
        .raw
        .get(&connection.user_name_claim)
        .and_then(|value| value.as_str());
    let name = name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Refusal::ClaimMissing(connection.user_name_claim.clone()))?;
    Ok(people.by_user_name(name).await?)
}

#[cfg(test)]
mod tests {
    use super::{NO_SUBJECT, subject};
    use crate::refusal::Refusal;
    use events::Timestamp;
    use oidc::IdTokenClaims;
    use serde_json::Map;
    use uuid::Uuid;

    const B2C: &str = "https://fabrikam.b2clogin.com/t/v2.0/";

    fn claims(tid: Option<u128>, oid: Option<u128>, sub: &str) -> IdTokenClaims {
        IdTokenClaims {
            iss: B2C.to_owned(),
            sub: sub.to_owned(),
            oid: oid.map(Uuid::from_u128),
            tid: tid.map(Uuid::from_u128),
            upn: None,
            preferred_username: None,
            name: None,
            email: None,
            email_verified: false,
            roles: Vec::new(),
            groups: Vec::new(),
            groups_overage: false,
            acct: None,
            idp: None,
            sid: None,
            login_hint: None,
            auth_time: None,
            acr: None,
            acrs: Vec::new(),
            amr: Vec::new(),
            expires_at: Timestamp::from_millis(0),
            raw: Map::new(),
        }
    }

    #[test]
    fn the_object_says_who_somebody_is_wherever_there_is_one() {
        let (tenant, object) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let with_tenant = subject(&claims(Some(1), Some(2), "pairwise"));
        assert_eq!(with_tenant, Ok(format!("{tenant}.{object}")));
        for sub in ["pairwise", NO_SUBJECT] {
            let without = subject(&claims(None, Some(2), sub));
            assert_eq!(without, Ok(format!("{B2C} {object}")), "{sub}");
        }
        assert_eq!(subject(&claims(None, None, "sub")), Ok(format!("{B2C} sub")));
    }

    #[test]
    fn a_subject_that_everybody_has_is_nobodys() {
        for tid in [None, Some(1)] {
            let refused = subject(&claims(tid, None, NO_SUBJECT));
            assert_eq!(refused, Err(Refusal::ClaimMissing("oid".to_owned())));
        }
    }
}
