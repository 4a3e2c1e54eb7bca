//! What administrators enter as the provider.

use oidc::{Authority, AuthorityError, AuthorityKind, AuthorityRules};
use proptest::prelude::*;
use url::Url;

const ID: &str = "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10";
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

fn parse(text: &str) -> Result<Authority, AuthorityError> {
    Authority::parse(text, &AuthorityRules::default())
}

fn with_extra(base: &str) -> AuthorityRules {
    AuthorityRules::new(vec![Url::parse(base).unwrap()])
}

#[test]
fn every_spelling_of_a_tenant_leads_to_one_document() {
    let expected = format!("https://login.microsoftonline.com/{ID}/v2.0{WELL_KNOWN}");
    for text in [
        ID.to_owned(),
        format!("  {} ", ID.to_uppercase()),
        format!("https://login.microsoftonline.com/{ID}"),
        format!("https://login.microsoftonline.com/{ID}/"),
        format!("https://login.microsoftonline.com/{ID}/v2.0"),
        format!("https://LOGIN.microsoftonline.com:443/{ID}/v2.0/"),
        format!("login.microsoftonline.com/{ID}"),
        expected.clone(),
        format!("https://login.microsoftonline.com/{ID}{WELL_KNOWN}"),
        format!("https://sts.windows.net/{ID}/"),
        format!("https://login.windows.net/{ID}"),
    ] {
        let authority = parse(&text).unwrap();
        assert_eq!(authority.discovery_url(), expected, "{text}");
        assert_eq!(
            authority.tenant().map(|id| id.to_string()).as_deref(),
            Some(ID),
            "{text}"
        );
        assert_eq!(authority.kind(), AuthorityKind::Entra, "{text}");
        assert!(!authority.is_b2c());
    }
}

#[test]
fn a_domain_is_a_tenant_whose_id_is_not_known_yet() {
    for text in [
        "Fabrikam.Example",
        "https://login.microsoftonline.com/fabrikam.example/v2.0/",
    ] {
        let authority = parse(text).unwrap();
        assert_eq!(
            authority.to_string(),
            "https://login.microsoftonline.com/fabrikam.example/v2.0"
        );
        assert_eq!(authority.tenant(), None);
    }
}

#[test]
fn national_clouds_keep_the_host_that_their_issuers_have() {
    for (text, url) in [
        ("https://login.microsoftonline.us/", "https://login.microsoftonline.us"),
        (
            "https://login.partner.microsoftonline.cn/",
            "https://login.partner.microsoftonline.cn",
        ),
        (
            "https://login.chinacloudapi.cn/",
            "https://login.partner.microsoftonline.cn",
        ),
    ] {
        let authority = parse(&format!("{text}{ID}")).unwrap();
        assert_eq!(authority.to_string(), format!("{url}/{ID}/v2.0"));
    }
}

#[test]
fn what_stands_for_every_tenant_is_refused_with_the_reason() {
    for text in [
        "common",
        "Organizations",
        "https://login.microsoftonline.com/common/v2.0",
        "https://login.microsoftonline.com/consumers",
        "https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration",
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.code(), "shared_authority", "{text}");
        assert!(
            error.to_string().contains("anybody of any tenant could sign in"),
            "{error}"
        );
    }
    let rules = with_extra("http://127.0.0.1:9000");
    let error = Authority::parse("http://127.0.0.1:9000/common/v2.0", &rules).unwrap_err();
    assert_eq!(error.code(), "shared_authority");
}

#[test]
fn what_is_no_provider_is_refused_with_what_to_enter_in_its_place() {
    let long = "a".repeat(AuthorityError::MAX_LENGTH + 1);
    for (text, code) in [
        (" ", "empty"),
        (long.as_str(), "too_long"),
        ("fabrikam", "not_a_tenant"),
        ("dana@fabrikam.example", "not_a_tenant"),
        ("192.0.2.1", "not_a_tenant"),
        ("https://", "url_unreadable"),
        ("https://u:p@login.microsoftonline.com/x.example", "url_unreadable"),
        ("https://login.microsoftonline.com/x.example?tenant=y", "url_unreadable"),
        ("https://login.microsoftonline.com/x.example#y", "url_unreadable"),
        ("http://login.microsoftonline.com/x.example", "not_https"),
        ("https://login.microsoftonline.com", "no_tenant"),
        ("login.microsoftonline.com", "no_tenant"),
        ("https://login.microsoftonline.com/v2.0", "no_tenant"),
        (
            "https://login.microsoftonline.com/x.example/oauth2/v2.0/token",
            "path_too_long",
        ),
        ("https://login.attacker.example/x.example", "unknown_host"),
        (
            "https://login.microsoftonline.com.attacker.example/x.example",
            "unknown_host",
        ),
        ("https://login.microsoftonline.com:8443/x.example", "unknown_host"),
        (
            "https://fabrikam.b2clogin.com/fabrikam.onmicrosoft.com/v2.0",
            "no_user_flow",
        ),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.code(), code, "{text}");
    }
    assert!(
        parse("https://a.example:8443/x.example")
            .unwrap_err()
            .to_string()
            .starts_with("a.example:8443 is no")
    );
}

#[test]
fn a_user_flow_of_b2c_is_found_in_the_path_and_in_the_query() {
    let expected = format!("https://fabrikam.b2clogin.com/fabrikam.onmicrosoft.com/B2C_1_in/v2.0{WELL_KNOWN}");
    for text in [
        "https://fabrikam.b2clogin.com/fabrikam.onmicrosoft.com/B2C_1_in/v2.0/",
        "https://fabrikam.b2clogin.com/tfp/fabrikam.onmicrosoft.com/B2C_1_in/v2.0",
        "https://fabrikam.b2clogin.com/fabrikam.onmicrosoft.com/v2.0/.well-known/openid-configuration?p=B2C_1_in",
        &expected,
    ] {
        let authority = parse(text).unwrap();
        assert_eq!(authority.discovery_url(), expected, "{text}");
        assert!(authority.is_b2c() && authority.kind() == AuthorityKind::B2c);
    }
}

#[test]
fn an_external_id_tenant_may_be_entered_by_its_host_alone() {
    for (text, url) in [
        (
            "https://fabrikam.ciamlogin.com/",
            "https://fabrikam.ciamlogin.com/fabrikam.onmicrosoft.com/v2.0",
        ),
        (
            "https://fabrikam.ciamlogin.com/fabrikam.onmicrosoft.com",
            "https://fabrikam.ciamlogin.com/fabrikam.onmicrosoft.com/v2.0",
        ),
    ] {
        let authority = parse(text).unwrap();
        assert_eq!(
            (authority.to_string().as_str(), authority.kind()),
            (url, AuthorityKind::Ciam)
        );
    }
    let authority = parse(&format!("https://{ID}.ciamlogin.com/")).unwrap();
    assert_eq!(authority.to_string(), format!("https://{ID}.ciamlogin.com/{ID}/v2.0"));
}

#[test]
fn a_provider_that_the_operator_allows_may_be_entered_and_nothing_beside_it() {
    let rules = with_extra("http://127.0.0.1:9000/idp");
    let parse = |text: &str| Authority::parse(text, &rules);
    let tenant = parse(&format!("http://127.0.0.1:9000/idp/{ID}/v2.0")).unwrap();
    assert_eq!(tenant.kind(), AuthorityKind::Entra);
    assert_eq!(
        tenant.discovery_url(),
        format!("http://127.0.0.1:9000/idp/{ID}/v2.0{WELL_KNOWN}")
    );
    let other = parse(&format!("http://127.0.0.1:9000/idp/realms/x{WELL_KNOWN}")).unwrap();
    assert_eq!((other.kind(), other.is_b2c()), (AuthorityKind::Other, true));
    assert_eq!(other.to_string(), "http://127.0.0.1:9000/idp/realms/x");
    for text in [
        "http://127.0.0.1:9001/idp/x.example",
        "http://127.0.0.1:9000/x.example",
        "http://127.0.0.1:9000/idps/x.example",
        "http://127.0.0.1:9000/idp/../x.example",
        "http://localhost:9000/idp/x.example",
    ] {
        assert_eq!(parse(text).unwrap_err().code(), "not_https", "{text}");
    }
    let mut rules = rules;
    rules.default_base = Url::parse("http://127.0.0.1:9000/idp/").unwrap();
    let alone = Authority::parse(ID, &rules).unwrap();
    assert_eq!(alone, tenant);
}

#[test]
fn an_application_with_keys_of_its_own_is_named_in_the_url_of_the_document() {
    let authority = parse(ID).unwrap().with_application("a&b");
    assert!(
        authority
            .discovery_url()
            .ends_with("/v2.0/.well-known/openid-configuration?appid=a%26b")
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic_and_what_it_takes_is_https(text in ".*", path in "[a-z./?#@%:0-9]{0,40}") {
        let url = format!("https://login.microsoftonline.com/{path}");
        for text in [text.as_str(), &url, &format!("https://x.b2clogin.com/{path}"), &path] {
            if let Ok(authority) = parse(text) {
                prop_assert!(authority.discovery_url().starts_with("https://"));
                prop_assert!(Url::parse(authority.discovery_url()).is_ok());
            }
        }
    }
}
