//! The grammar (R24–R26, R31, R34), through the canonical text of the parsed tree.

use scim::filter::{Comparison, Filter, Literal, MAX_DEPTH, MAX_TERMS, Operator};
use scim::path::{AttributePath, MAX_LENGTH};
use scim::{Error, ScimType};

fn canonical(text: &str) -> String {
    Filter::parse_unresolved(text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .to_string()
}

fn refusal(text: &str) -> Error {
    let error = Filter::parse_unresolved(text).expect_err(text);
    assert_eq!(
        (error.status, error.scim_type),
        (400, Some(ScimType::InvalidFilter)),
        "{text}"
    );
    error
}

fn literal(text: &str) -> Literal {
    match Filter::parse_unresolved(&format!("a eq {text}")).expect(text) {
        Filter::Compare(Comparison { value, .. }) => value,
        other => panic!("{text} became {other}"),
    }
}

// Rules: R24
#[test]
fn every_operator_parses_in_any_case() {
    for op in ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] {
        assert_eq!(
            canonical(&format!("title {} \"x\"", op.to_uppercase())),
            format!("title {op} \"x\"")
        );
    }
    assert_eq!(canonical("title PR"), "title pr");
}

// Rules: R25
#[test]
fn and_binds_tighter_than_or() {
    let term = |name: &str| Box::new(Filter::Present(AttributePath::name(name)));
    let tree = Filter::parse_unresolved("a pr or b pr and c pr").unwrap();
    assert_eq!(tree, Filter::Or(term("a"), Box::new(Filter::And(term("b"), term("c")))));
}

// Rules: R25
#[test]
fn precedence_and_grouping_keep_the_tree() {
    for (text, expected) in [
        ("a pr or b pr or c pr", "a pr or b pr or c pr"),
        ("a pr or (b pr or c pr)", "a pr or (b pr or c pr)"),
        ("(a pr or b pr) or c pr", "a pr or b pr or c pr"),
        ("(a pr or b pr) and c pr", "(a pr or b pr) and c pr"),
        ("a pr and (b pr and c pr)", "a pr and (b pr and c pr)"),
        ("((a pr))", "a pr"),
        ("not (a pr) and b pr", "not (a pr) and b pr"),
        ("NOT(a pr OR b pr) AND c pr", "not (a pr or b pr) and c pr"),
        ("not(not (a pr))", "not (not (a pr))"),
    ] {
        assert_eq!(canonical(text), expected, "{text}");
    }
}

// Rules: R25
#[test]
fn not_needs_parentheses_but_may_be_a_name() {
    assert!(refusal("not a pr").detail.contains("expected \"(\" after \"not\""));
    assert_eq!(canonical("not eq \"x\""), "not eq \"x\"");
}

// Rules: R26
#[test]
fn brackets_take_the_whole_logic() {
    assert_eq!(
        canonical("emails[type eq \"work\" and (value co \"@x\" or not(primary eq true))] and active eq true"),
        "emails[type eq \"work\" and (value co \"@x\" or not (primary eq true))] and active eq true",
    );
}

// Rules: E12
#[test]
fn work_email_filter_parses() {
    assert_eq!(
        canonical("emails[type eq \"work\"].value eq \"m.lopez@contoso.test\""),
        "emails[type eq \"work\" and value eq \"m.lopez@contoso.test\"]",
    );
    assert_eq!(
        canonical("emails[type eq \"work\" or primary eq true].value pr"),
        "emails[(type eq \"work\" or primary eq true) and value pr]",
    );
}

// Rules: R17
#[test]
fn urns_are_split_at_the_end_of_the_known_schema() {
    let parse = |text: &str| match Filter::parse_unresolved(text).unwrap() {
        Filter::Present(path) => (
            path.urn.unwrap_or_default(),
            path.attribute,
            path.sub.unwrap_or_default(),
        ),
        other => panic!("{other}"),
    };
    for (text, urn, attribute, sub) in [
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:name.givenName pr",
            scim::urn::CORE_USER,
            "name",
            "givenName",
        ),
        (
            "URN:IETF:params:scim:schemas:core:2.0:user:NAME.givenname pr",
            scim::urn::CORE_USER,
            "NAME",
            "givenname",
        ),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value pr",
            scim::urn::ENTERPRISE_USER,
            "manager",
            "value",
        ),
        // R19: a dot instead of the colon.
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.department pr",
            scim::urn::ENTERPRISE_USER,
            "department",
            "",
        ),
        ("urn:acme:hr:2.0:User:badge pr", "urn:acme:hr:2.0:User", "badge", ""),
        ("urn:acme:hr:2.0:User.badge pr", "urn:acme:hr:2.0:User", "badge", ""),
        (
            "urn:acme:hr:2.0:User:badge.color pr",
            "urn:acme:hr:2.0:User",
            "badge",
            "color",
        ),
        (
            "urn:okta:app:1.0:user:custom:badge pr",
            "urn:okta:app:1.0:user:custom",
            "badge",
            "",
        ),
        ("urn:acme:badge pr", "urn:acme", "badge", ""),
    ] {
        assert_eq!(
            parse(text),
            (urn.to_owned(), attribute.to_owned(), sub.to_owned()),
            "{text}"
        );
    }
}

// Rules: R31
#[test]
fn literals_follow_json_and_bare_words_are_strings() {
    for (text, expected) in [
        (r#""a \"b\" \\ \u00e9""#, Literal::String("a \"b\" \\ é".to_owned())),
        (
            r#""(not] a [bracket)""#,
            Literal::String("(not] a [bracket)".to_owned()),
        ),
        ("true", Literal::Boolean(true)),
        ("false", Literal::Boolean(false)),
        ("null", Literal::Null),
        ("42", Literal::Number(42.into())),
        ("-7", Literal::Number((-7).into())),
        ("User", Literal::String("User".to_owned())),
        ("True", Literal::String("True".to_owned())),
        (
            "m.lopez+tag@contoso.test",
            Literal::String("m.lopez+tag@contoso.test".to_owned()),
        ),
        ("007", Literal::String("007".to_owned())),
        (
            "123456789012345678901234",
            Literal::String("123456789012345678901234".to_owned()),
        ),
    ] {
        assert_eq!(literal(text), expected, "{text}");
    }
    assert_eq!(
        literal("1.5"),
        Literal::Number(serde_json::Number::from_f64(1.5).unwrap())
    );
}

#[test]
fn what_does_not_parse_is_refused_with_position_and_expectation() {
    for (text, detail) in [
        ("", "the filter is empty"),
        ("   ", "the filter is empty"),
        (
            "userName",
            "filter, position 9: expected an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr), found the end",
        ),
        ("userName eq", "filter, position 12: expected a value, found the end"),
        ("userName eq )", "filter, position 13: expected a value, found \")\""),
        ("userName is \"x\"", "position 10: expected an operator"),
        ("eq \"x\"", "position 4: expected an operator"),
        ("userName eq \"x", "position 13: the string has no closing quote"),
        (
            "userName eq 'x'",
            "position 13: a string stands in double quotes, not in single quotes",
        ),
        ("userName eq \"\\x\"", "position 13: the string has"),
        ("userName eq \"\\ud800\"", "position 13: the string has"),
        ("userName eq \"\\u0000\"", "position 13: the character U+0000"),
        (
            "displayName eq Sales EMEA",
            "position 22: expected \"and\" or \"or\" (a value with spaces",
        ),
        ("displayName eq \"é\" x", "position 20: expected \"and\""),
        ("(a pr", "position 6: expected \")\", \"and\" or \"or\", found the end"),
        ("a pr)", "position 5: expected \"and\" or \"or\""),
        (
            "emails[type eq \"work\"",
            "expected \"]\", \"and\" or \"or\", found the end",
        ),
        (
            "emails[type eq \"work\")",
            "expected \"]\", \"and\" or \"or\", found \")\"",
        ),
        ("emails[]", "position 8: expected an attribute name, found \"]\""),
        ("emails[type eq \"work\"]value eq \"x\"", "expected \"and\" or \"or\""),
        ("emails[type eq \"work\"].value", "expected an operator"),
        (
            "emails[type eq \"work\"].a.b eq \"x\"",
            "expected the name of a sub-attribute",
        ),
        ("emails.value[type eq \"work\"]", "brackets follow an attribute"),
        ("emails[value[type eq \"x\"]]", "brackets do not nest"),
        (
            "emails[name.givenName eq \"x\"]",
            "expected the name of a sub-attribute",
        ),
        ("a and b pr", "expected an operator"),
        ("a pr and", "expected an attribute name, found the end"),
        ("a.b.c pr", "is not an attribute name"),
        ("a. pr", "an attribute name is missing"),
        ("1a pr", "is not an attribute name"),
        ("urn:x pr", "is not a URN with an attribute"),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User pr",
            "names a schema, not an attribute",
        ),
    ] {
        let error = refusal(text);
        assert!(error.detail.contains(detail), "{text}: {} lacks {detail}", error.detail);
    }
}

#[test]
fn values_of_a_filter_do_not_get_into_the_error() {
    assert!(!refusal("userName \"secret@contoso.test\"").detail.contains("secret"));
}

// Rules: R34
#[test]
fn depth_terms_and_length_are_limited() {
    let nested = |depth: usize| format!("{}a pr{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse_unresolved(&nested(MAX_DEPTH)).is_ok());
    assert!(refusal(&nested(MAX_DEPTH + 1)).detail.contains("at most 32 deep"));
    assert!(refusal(&"not(".repeat(1000)).detail.contains("at most 32 deep"));

    let many = |terms: usize| vec!["a pr"; terms].join(" or ");
    assert!(Filter::parse_unresolved(&many(MAX_TERMS)).is_ok());
    assert!(refusal(&many(MAX_TERMS + 1)).detail.contains("at most 100 comparisons"));

    assert!(
        refusal(&format!("a eq \"{}\"", "x".repeat(MAX_LENGTH)))
            .detail
            .contains("longer than 8192 bytes")
    );
}

#[test]
fn operators_know_their_keywords() {
    assert_eq!(Operator::from_keyword("GE"), Some(Operator::Ge));
    assert_eq!(Operator::from_keyword("pr"), None);
}
