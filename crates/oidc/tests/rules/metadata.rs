//! What providers say about themselves.

use oidc::{Authority, AuthorityRules, MetadataError, ProviderMetadata};
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

const ID: &str = "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10";
const OTHER_ID: &str = "9a55c10e-7d41-4c1b-9a55-0b6d3f7e2c10";

fn authority(text: &str) -> Authority {
    let local = Url::parse("http://127.0.0.1:9000").unwrap();
    let rules = AuthorityRules::new(vec![local, Url::parse("https://login.contoso.example").unwrap()]);
    Authority::parse(text, &rules).unwrap()
}

fn document(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": "https://login.microsoftonline.com/t/oauth2/v2.0/authorize",
        "token_endpoint": "https://login.microsoftonline.com/t/oauth2/v2.0/token",
        "jwks_uri": "https://login.microsoftonline.com/t/discovery/v2.0/keys",
        "end_session_endpoint": "https://login.microsoftonline.com/t/oauth2/v2.0/logout",
        "response_types_supported": ["code", "id_token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
    })
}

fn entra(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/v2.0")
}

fn read(authority: &Authority, document: &Value) -> Result<ProviderMetadata, MetadataError> {
    ProviderMetadata::read(document.to_string().as_bytes(), authority)
}

#[test]
fn the_document_of_a_tenant_says_where_everything_is_and_survives_storing() {
    let metadata = read(&authority(ID), &document(&entra(ID))).unwrap();
    assert_eq!(metadata.tenant.map(|id| id.to_string()).as_deref(), Some(ID));
    assert_eq!(
        metadata.jwks_uri,
        "https://login.microsoftonline.com/t/discovery/v2.0/keys"
    );
    assert_eq!(
        metadata.token_endpoint_auth_methods,
        ["client_secret_post", "private_key_jwt"]
    );
    assert!(metadata.end_session_endpoint.is_some() && metadata.userinfo_endpoint.is_none() && !metadata.iss_parameter);
    let issuer = metadata.issuer();
    assert_eq!(
        (issuer.name.as_str(), issuer.keys_url.as_str()),
        (entra(ID).as_str(), metadata.jwks_uri.as_str())
    );
    let stored = serde_json::to_string(&metadata).unwrap();
    assert_eq!(serde_json::from_str::<ProviderMetadata>(&stored).unwrap(), metadata);
}

#[test]
fn a_domain_becomes_the_tenant_that_the_issuer_names() {
    let by_domain = authority("fabrikam.example");
    let metadata = read(&by_domain, &document(&entra(ID))).unwrap();
    assert_eq!(metadata.tenant.map(|id| id.to_string()).as_deref(), Some(ID));
    for (issuer, code) in [
        (entra("{tenantid}"), "issuer_without_tenant"),
        (entra("fabrikam.example"), "issuer_without_tenant"),
        (format!("https://sts.windows.net/{ID}/"), "issuer_without_tenant"),
        (format!("https://login.microsoftonline.us/{ID}/v2.0"), "issuer_mismatch"),
        (format!("https://attacker.example/{ID}/v2.0"), "issuer_mismatch"),
    ] {
        assert_eq!(
            read(&by_domain, &document(&issuer)).unwrap_err().code(),
            code,
            "{issuer}"
        );
    }
}

#[test]
fn another_issuer_than_the_entered_one_is_named_in_the_error() {
    let error = read(&authority(ID), &document(&entra(OTHER_ID))).unwrap_err();
    assert_eq!(error.code(), "issuer_mismatch");
    let text = error.to_string();
    assert!(text.contains(&entra(OTHER_ID)) && text.contains(&entra(ID)), "{text}");
}

#[test]
fn an_external_id_tenant_has_its_id_as_the_host_of_its_issuer() {
    let by_name = authority("https://fabrikam.ciamlogin.com/");
    let issuer = format!("https://{ID}.ciamlogin.com/{ID}/v2.0");
    let metadata = read(&by_name, &document(&issuer)).unwrap();
    assert_eq!(metadata.tenant.map(|id| id.to_string()).as_deref(), Some(ID));
    let mixed = format!("https://{OTHER_ID}.ciamlogin.com/{ID}/v2.0");
    assert_eq!(read(&by_name, &document(&mixed)).unwrap_err().code(), "issuer_mismatch");
}

#[test]
fn the_issuer_of_b2c_is_not_its_url_so_it_must_be_given() {
    let flow = authority("https://fabrikam.b2clogin.com/fabrikam.onmicrosoft.com/B2C_1_in/v2.0");
    let issuer = format!("https://fabrikam.b2clogin.com/{ID}/v2.0/");
    let error = read(&flow, &document(&issuer)).unwrap_err();
    assert_eq!(error, MetadataError::IssuerNotGiven { found: issuer.clone() });
    let metadata = read(&flow.clone().with_issuer(&issuer), &document(&issuer)).unwrap();
    assert_eq!((metadata.issuer.as_str(), metadata.tenant), (issuer.as_str(), None));
    let error = read(&flow.with_issuer(issuer.trim_end_matches('/')), &document(&issuer)).unwrap_err();
    assert_eq!(error.code(), "issuer_mismatch");
}

#[test]
fn another_provider_must_name_its_own_url() {
    let realm = authority("https://login.contoso.example/realms/x");
    let metadata = read(&realm, &document("https://login.contoso.example/realms/x")).unwrap();
    assert_eq!(metadata.tenant, None);
    let error = read(&realm, &document("https://login.contoso.example/realms/y")).unwrap_err();
    assert_eq!(error.code(), "issuer_mismatch");
}

#[test]
fn a_document_that_lacks_or_bends_something_says_which_member() {
    for (name, value, error) in [
        ("issuer", None, MetadataError::Missing("issuer")),
        (
            "authorization_endpoint",
            None,
            MetadataError::Missing("authorization_endpoint"),
        ),
        ("token_endpoint", None, MetadataError::Missing("token_endpoint")),
        ("jwks_uri", None, MetadataError::Missing("jwks_uri")),
        ("jwks_uri", Some(json!(7)), MetadataError::Type("jwks_uri")),
        (
            "token_endpoint",
            Some(json!("/token")),
            MetadataError::Type("token_endpoint"),
        ),
        (
            "token_endpoint",
            Some(json!("https://u@h/")),
            MetadataError::Type("token_endpoint"),
        ),
        (
            "jwks_uri",
            Some(json!("http://h/keys")),
            MetadataError::NotHttps("jwks_uri"),
        ),
        (
            "jwks_uri",
            Some(json!("http://127.0.0.1/keys")),
            MetadataError::NotHttps("jwks_uri"),
        ),
        (
            "end_session_endpoint",
            Some(json!("ftp://h/")),
            MetadataError::NotHttps("end_session_endpoint"),
        ),
        (
            "response_types_supported",
            Some(json!(["id_token"])),
            MetadataError::NoCodeFlow,
        ),
        (
            "id_token_signing_alg_values_supported",
            Some(json!(["HS256"])),
            MetadataError::NoRs256,
        ),
    ] {
        let mut document = document(&entra(ID));
        let members = document.as_object_mut().unwrap();
        members.remove(name);
        members.extend(value.map(|value| (name.to_owned(), value)));
        assert_eq!(read(&authority(ID), &document).unwrap_err(), error, "{name}");
    }
    let tenant = authority(ID);
    let refused = |bytes: &[u8]| ProviderMetadata::read(bytes, &tenant).unwrap_err();
    assert_eq!(refused(b"<html>"), MetadataError::Unreadable);
    assert_eq!(refused(br#"{"issuer":"a","issuer":"b"}"#), MetadataError::Unreadable);
    assert_eq!(refused(&vec![b' '; (1 << 20) + 1]), MetadataError::TooLarge);
}

#[test]
fn a_provider_on_this_machine_needs_no_certificate_but_must_stay_on_this_machine() {
    let local = authority(&format!("http://127.0.0.1:9000/{ID}/v2.0"));
    let mut document = document(&format!("http://127.0.0.1:9000/{ID}/v2.0"));
    document["jwks_uri"] = json!("http://127.0.0.1:9000/keys");
    assert!(read(&local, &document).is_ok());
    document["jwks_uri"] = json!("http://keys.example/");
    assert_eq!(
        read(&local, &document).unwrap_err(),
        MetadataError::NotHttps("jwks_uri")
    );
}

proptest! {
    #[test]
    fn no_document_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), issuer in ".*") {
        let tenant = authority(ID);
        prop_assert!(ProviderMetadata::read(&bytes, &tenant).is_err());
        prop_assert!(read(&tenant, &document(&issuer)).is_err());
        let _ = read(&authority("fabrikam.example"), &document(&issuer));
    }
}
