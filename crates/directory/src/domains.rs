//! Whose people a directory takes: where it is so set, only those of domains that its organization has proved to be its own.
//!
//! Otherwise whoever may write to a directory can make a person with somebody else's address, and an app that knows people by
//! their address lets them in as that person.

use crate::refusal::Refusal;
use crate::{Policy, User};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use url::Host;

/// Whose people a directory takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeopleOf {
    /// Everybody.
    #[default]
    Any,
    /// Those whose addresses are of verified domains of the organization, or of domains below these.
    VerifiedDomains,
}

/// An address of a user, and where it stands.
struct Address<'a> {
    attribute: &'static str,
    text: &'a str,
    domain: &'a str,
}

/// Every address that is new with a change must be of a verified domain, and a user must have one. What a user had before
/// stays until it is changed: so nobody who must be deactivated cannot be.
pub(crate) fn check(policy: &Policy, after: &User, before: Option<&User>) -> Result<(), Refusal> {
    if policy.people_of == PeopleOf::Any {
        return Ok(());
    }
    let known: HashSet<String> = before
        .into_iter()
        .flat_map(addresses)
        .map(|address| scim::fold(address.text))
        .collect();
    let mut has_any = before.is_some();
    for address in addresses(after) {
        has_any = true;
        if known.contains(&scim::fold(address.text)) || is_verified(policy, address.domain) {
            continue;
        }
        let Address {
            attribute,
            text,
            domain,
        } = address;
        return Err(Refusal::invalid_value(format!(
            "{attribute} \"{text}\" is of the domain \"{domain}\", which is no verified domain of this organization, and this \
             directory takes only people of those; correct the address, or have the domain verified in Rollcall \
             (POST /api/v1/organizations/{{id}}/domains/{{domain}}/verify)"
        )));
    }
    if has_any {
        return Ok(());
    }
    Err(Refusal::invalid_value(
        "neither userName nor emails has an address, and this directory takes only people of verified domains; send the \
         user's address as userName or in emails",
    ))
}

/// The user name, where it is an address, and the e-mail addresses.
fn addresses(user: &User) -> impl Iterator<Item = Address<'_>> {
    let name = std::iter::once(("userName", user.user_name()));
    let emails = user.emails().map(|email| ("emails", email));
    name.chain(emails).filter_map(|(attribute, text)| {
        let (_, domain) = text.rsplit_once('@')?;
        Some(Address {
            attribute,
            text,
            domain: domain.trim(),
        })
    })
}

/// Whether a domain, in whatever form, is one of the verified ones or below one.
fn is_verified(policy: &Policy, domain: &str) -> bool {
    let Ok(Host::Domain(domain)) = Host::parse(domain) else {
        return false;
    };
    policy.verified_domains.iter().any(|verified| {
        let above = domain.strip_suffix(verified.as_str());
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_verified_by_itself_or_by_one_above_it_in_any_form() {
        let settings = r#"{"verified_domains": ["contoso.com", "xn--bcher-kva.example"]}"#;
        let policy = Policy::from_settings(settings).unwrap();
        for good in ["contoso.com", "CONTOSO.com", "eu.contoso.com", "bücher.example"] {
            assert!(is_verified(&policy, good), "{good}");
        }
        for bad in [
            "evilcontoso.com",
            "contoso.com.evil.example",
            "com",
            "",
            "192.0.2.7",
            "a b",
        ] {
            assert!(!is_verified(&policy, bad), "{bad}");
        }
    }
}
