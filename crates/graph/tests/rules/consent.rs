//! An administrator's consent.

use crate::support::{CLIENT, TENANT};
use graph::consent::{ConsentAnswer, ConsentError, consent_link};
use graph::{Cloud, Endpoints};
use oidc::EntraErrorKind;
use proptest::prelude::*;
use url::Url;

#[test]
fn the_link_asks_in_the_tenant_of_the_connection() {
    let back = Url::parse("https://rollcall.example/consent?x=1").unwrap();
    let link = consent_link(&Endpoints::from(Cloud::China), TENANT, CLIENT, &back, "a b&c");
    let link = Url::parse(&link).unwrap();
    assert_eq!(link.host_str(), Some("login.partner.microsoftonline.cn"));
    assert_eq!(link.path(), format!("/{TENANT}/adminconsent"));
    let query: Vec<_> = link.query_pairs().into_owned().collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = [
        pair("client_id", &CLIENT.to_string()),
        pair("state", "a b&c"),
        pair("redirect_uri", back.as_str()),
    ];
    assert_eq!(query, expected);
}

#[test]
fn consent_counts_only_for_the_tenant_of_the_connection() {
    let parse = |query: &str| ConsentAnswer::parse(query).unwrap();
    let good = parse(&format!("tenant={TENANT}&state=s%20t&admin_consent=True"));
    assert_eq!(good.state(), Some("s t"));
    assert_eq!(good.granted(TENANT), Ok(()));
    assert_eq!(good.granted(CLIENT), Err(ConsentError::OtherTenant));
    for query in [
        "",
        "admin_consent=True",
        &format!("tenant={TENANT}"),
        &format!("tenant={TENANT}&admin_consent=False"),
    ] {
        assert_eq!(parse(query).granted(TENANT), Err(ConsentError::Nothing), "{query}");
    }
}

#[test]
fn a_refusal_counts_even_beside_a_consent_and_keeps_nothing_but_names_and_codes() {
    let refused = |error: &str| {
        let query = format!(
            "tenant={TENANT}&admin_consent=True&state=s&error={error}&error_description=AADSTS65004%3A+User+%3Cb%3Edeclined."
        );
        match ConsentAnswer::parse(&query).unwrap().granted(TENANT) {
            Err(ConsentError::Refused { error, entra }) => (error, entra.unwrap().kind),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        refused("permission_denied"),
        ("permission_denied".to_owned(), EntraErrorKind::Declined)
    );
    assert_eq!(refused("%3Cscript%3E").0, "unknown");
}

#[test]
fn a_parameter_that_comes_twice_makes_the_answer_none() {
    for name in ["state", "tenant", "admin_consent", "error", "error_description"] {
        let parsed = ConsentAnswer::parse(&format!("{name}=a&{name}=b"));
        assert_eq!(parsed.unwrap_err(), ConsentError::Twice(name));
    }
    assert_eq!(
        ConsentAnswer::parse(&"a".repeat(20_000)).unwrap_err(),
        ConsentError::TooLong
    );
    let shown = format!("{:?}", ConsentAnswer::parse("state=secret-state").unwrap());
    assert!(!shown.contains("secret-state"));
}

proptest! {
    #[test]
    fn no_query_consents_but_one_that_says_so(query in ".{0,200}") {
        if let Ok(answer) = ConsentAnswer::parse(&query) {
            prop_assert!(answer.granted(TENANT).is_err());
        }
    }
}
