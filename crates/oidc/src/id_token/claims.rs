//! What an ID token says of a person.

use crate::clock::time;
use crate::members::{MemberError, Members};
use events::Timestamp;
use serde_json::{Map, Value};
use std::fmt;
use uuid::Uuid;

/// What a verified ID token says. The person is `oid` in `tid` (with B2C `sub` at `iss`); everything else may change, or
/// is chosen by somebody else.
#[derive(Clone, PartialEq)]
pub struct IdTokenClaims {
    /// Who says it.
    pub iss: String,
    /// The person as this application alone knows them.
    pub sub: String,
    /// The person in their tenant: the same for all applications, and never given to another.
    pub oid: Option<Uuid>,
    /// The tenant.
    pub tid: Option<Uuid>,
    /// The user principal name.
    pub upn: Option<String>,
    /// What to show, and nothing to decide by.
    pub preferred_username: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// The e-mail address, which proves nothing: any administrator of any tenant may write any address.
    pub email: Option<String>,
    /// Whether the owner of its domain was verified (`xms_edov`).
    pub email_verified: bool,
    /// Values of the app roles that the person has.
    pub roles: Vec<String>,
    /// Object ids of the person's groups.
    pub groups: Vec<String>,
    /// Whether the person has more groups than fit, so that `groups` is not all there is.
    pub groups_overage: bool,
    /// 0 for a member of the tenant, 1 for a guest.
    pub acct: Option<i64>,
    /// Where the account is at home, when that is elsewhere.
    pub idp: Option<String>,
    /// The session at the provider.
    pub sid: Option<String>,
    /// What to send as `login_hint` and `logout_hint`.
    pub login_hint: Option<String>,
    /// When the person signed in.
    pub auth_time: Option<Timestamp>,
    /// How the person signed in; in B2C, the user flow.
    pub acr: Option<String>,
    /// Which authentication contexts the sign-in satisfied.
    pub acrs: Vec<String>,
    /// How the person signed in, in tokens of v1.0.
    pub amr: Vec<String>,
    /// When the token ends.
    pub expires_at: Timestamp,
    /// Everything, as it came.
    pub raw: Map<String, Value>,
}

/// Without anything about the person: claims must not reach a log.
impl fmt::Debug for IdTokenClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdTokenClaims")
            .field("iss", &self.iss)
            .field("tid", &self.tid)
            .finish_non_exhaustive()
    }
}

impl IdTokenClaims {
    /// Reads members of a token; the ids were checked before.
    pub(super) fn read(members: &Members, oid: Option<Uuid>, tid: Option<Uuid>) -> Result<Self, MemberError> {
        let text = |name| -> Result<Option<String>, MemberError> { Ok(members.text(name)?.map(str::to_owned)) };
        Ok(Self {
            iss: members.needed_text("iss")?.to_owned(),
            sub: members.needed_text("sub")?.to_owned(),
            oid,
            tid,
            upn: text("upn")?,
            preferred_username: text("preferred_username")?,
            name: text("name")?,
            email: text("email")?,
            email_verified: members.0.get("xms_edov").is_some_and(is_true),
            roles: members.one_or_more_texts("roles")?,
            groups: members.one_or_more_texts("groups")?,
            groups_overage: has_more_groups(members),
            acct: members.0.get("acct").and_then(whole_number),
            idp: text("idp")?,
            sid: text("sid")?,
            login_hint: text("login_hint")?,
            auth_time: members.seconds("auth_time")?.map(time),
            acr: text("acr")?,
            acrs: members.one_or_more_texts("acrs")?,
            amr: members.one_or_more_texts("amr")?,
            expires_at: time(members.needed_seconds("exp")?),
            raw: members.0.clone(),
        })
    }
}

/// `xms_edov` comes as a boolean, a number and a text; whatever else it is proves nothing.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(it) => *it,
        Value::Number(number) => number.as_i64() == Some(1),
        Value::String(text) => text == "1" || text.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// A number, or a text of one.
fn whole_number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// Entra ID leaves `groups` out above 200 and says so in one of two ways. The URL that it names is never asked.
fn has_more_groups(members: &Members) -> bool {
    let elsewhere = members.0.get("_claim_names").and_then(|names| names.get("groups"));
    elsewhere.is_some() || members.0.get("hasgroups").is_some_and(is_true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(more: &Value) -> Result<IdTokenClaims, MemberError> {
        let mut members = json!({ "iss": "i", "sub": "s", "exp": 1_800_000_000 });
        members
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let members = Members::read(members.to_string().as_bytes()).unwrap();
        IdTokenClaims::read(&members, None, None)
    }

    #[test]
    fn an_address_is_verified_only_by_the_ways_in_which_entra_id_says_so() {
        for yes in [json!(true), json!(1), json!("1"), json!("true"), json!("True")] {
            assert!(read(&json!({ "xms_edov": yes })).unwrap().email_verified, "{yes}");
        }
        for no in [
            json!(false),
            json!(0),
            json!("0"),
            json!("false"),
            json!("yes"),
            json!(null),
            json!([true]),
            json!(1.5),
        ] {
            assert!(!read(&json!({ "xms_edov": no })).unwrap().email_verified, "{no}");
        }
        assert!(
            !read(&json!({ "email_verified": true })).unwrap().email_verified,
            "Entra ID does not send this one"
        );
    }

    #[test]
    fn groups_that_do_not_fit_are_no_missing_groups() {
        let claims = read(&json!({ "groups": ["a", "b"], "roles": ["Admin"] })).unwrap();
        assert_eq!((claims.groups.len(), claims.groups_overage), (2, false));
        assert_eq!(claims.roles, ["Admin"]);
        let overage = json!({
            "_claim_names": { "groups": "src1" },
            "_claim_sources": { "src1": { "endpoint": "https://attacker.example" } },
        });
        assert!(read(&overage).unwrap().groups_overage);
        assert!(read(&json!({ "hasgroups": true })).unwrap().groups_overage);
        assert!(
            !read(&json!({ "_claim_names": { "other": "src1" } }))
                .unwrap()
                .groups_overage
        );
    }

    #[test]
    fn claims_of_another_type_are_refused_and_debug_shows_no_person() {
        for name in [
            "upn",
            "name",
            "email",
            "sid",
            "login_hint",
            "roles",
            "groups",
            "auth_time",
            "acr",
        ] {
            assert_eq!(read(&json!({ name: { "x": 1 } })).unwrap_err(), MemberError::Type(name));
        }
        let claims = read(&json!({ "upn": "dana@fabrikam.example", "acct": "1", "amr": ["pwd"] })).unwrap();
        assert_eq!(claims.acct, Some(1));
        assert!(!format!("{claims:?}").contains("dana"));
        assert_eq!(claims.raw["upn"], "dana@fabrikam.example");
    }
}
