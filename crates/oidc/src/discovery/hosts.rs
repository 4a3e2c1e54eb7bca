//! The hosts of Microsoft's clouds.

/// Sign-in hosts: what is entered, and the host whose name stands in the issuer. The issuers of v1.0 tokens
/// (`sts.…`) have no v2.0 document of their own.
const SIGN_IN: [(&str, &str); 8] = [
    ("login.microsoftonline.com", GLOBAL),
    ("login.windows.net", GLOBAL),
    ("login.microsoft.com", GLOBAL),
    ("sts.windows.net", GLOBAL),
    ("login.microsoftonline.us", US),
    ("login.partner.microsoftonline.cn", CHINA),
    ("login.chinacloudapi.cn", CHINA),
    ("sts.chinacloudapi.cn", CHINA),
];
const GLOBAL: &str = "login.microsoftonline.com";
const US: &str = "login.microsoftonline.us";
const CHINA: &str = "login.partner.microsoftonline.cn";

/// What a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host<'h> {
    /// Entra ID; tenants are named in the path, and this host in the issuer.
    Entra(&'static str),
    /// External ID: the name in front is the tenant's.
    Ciam(&'h str),
    /// Azure AD B2C: tenant and policy are named in the path.
    B2c,
    /// None of Microsoft's.
    Unknown,
}

/// What this host, in small letters, is.
pub(super) fn host(name: &str) -> Host<'_> {
    if let Some((_, canonical)) = SIGN_IN.iter().find(|(known, _)| *known == name) {
        return Host::Entra(canonical);
    }
    let below = |domain| {
        name.strip_suffix(domain)
            .filter(|label| !label.is_empty() && !label.contains('.'))
    };
    if let Some(tenant) = below(".ciamlogin.com") {
        return Host::Ciam(tenant);
    }
    if below(".b2clogin.com").is_some() {
        return Host::B2c;
    }
    Host::Unknown
}

#[cfg(test)]
mod tests {
    use super::{GLOBAL, Host, host};

    #[test]
    fn only_hosts_of_microsoft_itself_are_known() {
        assert_eq!(host("sts.windows.net"), Host::Entra(GLOBAL));
        assert_eq!(host("fabrikam.ciamlogin.com"), Host::Ciam("fabrikam"));
        assert_eq!(host("fabrikam.b2clogin.com"), Host::B2c);
        for name in [
            "login.microsoftonline.com.attacker.example",
            "evil-login.microsoftonline.com",
            "a.b.b2clogin.com",
            ".b2clogin.com",
            "b2clogin.com",
            "xb2clogin.com",
            "ciamlogin.com",
            "",
        ] {
            assert_eq!(host(name), Host::Unknown, "{name}");
        }
    }
}
