//! Who signs tokens, and where the keys are.

use uuid::Uuid;

/// One issuer of tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Issuer {
    /// What `iss` says.
    pub name: String,
    /// Where its keys are published (`jwks_uri` of OpenID Connect Discovery).
    pub keys_url: String,
    /// The Entra tenant that it is. Keys that several tenants share name their issuer with a place for it.
    pub tenant: Option<Uuid>,
}

/// A cloud of Entra ID: every tenant in it is an issuer, with its keys at a fixed place.
#[derive(Clone, Debug)]
pub struct EntraAuthority(String);

impl EntraAuthority {
    /// Its URL without a slash at the end, for example `https://login.microsoftonline.com`.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// A tenant, as the issuer of its v2.0 tokens.
    #[must_use]
    pub fn issuer(&self, tenant: Uuid) -> Issuer {
        let Self(url) = self;
        Issuer {
            name: format!("{url}/{tenant}/v2.0"),
            keys_url: format!("{url}/{tenant}/discovery/v2.0/keys"),
            tenant: Some(tenant),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EntraAuthority;
    use uuid::Uuid;

    #[test]
    fn a_tenant_has_its_issuer_and_its_keys_below_the_authority() {
        let issuer = EntraAuthority::new("https://login.example").issuer(Uuid::nil());
        assert_eq!(
            issuer.name,
            "https://login.example/00000000-0000-0000-0000-000000000000/v2.0"
        );
        assert_eq!(
            issuer.keys_url,
            "https://login.example/00000000-0000-0000-0000-000000000000/discovery/v2.0/keys"
        );
    }
}
