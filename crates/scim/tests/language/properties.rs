//! Laws over generated filters and texts.

use proptest::prelude::*;
use scim::filter::{Comparison, Filter, Literal, Operator};
use scim::patch::PatchPath;
use scim::path::AttributePath;
use scim::query::ListQuery;
use scim::schema::ResourceType;
use serde_json::{Map, Number, Value, json};

fn name() -> impl Strategy<Value = String> {
    "[$A-Za-z][A-Za-z0-9_-]{0,8}".prop_filter("urn: starts a URN, and keywords have their own test", |name| {
        !["urn", "not", "and", "or"].contains(&name.to_ascii_lowercase().as_str())
    })
}

fn urn() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        4 => Just(None),
        1 => Just(Some(scim::urn::CORE_USER.to_owned())),
        1 => Just(Some(scim::urn::ENTERPRISE_USER.to_owned())),
        1 => "urn:[a-z]{1,6}:hr:2\\.0:User".prop_map(Some),
    ]
}

fn path() -> impl Strategy<Value = AttributePath> {
    (urn(), name(), prop::option::of(name())).prop_map(|(urn, attribute, sub)| AttributePath { urn, attribute, sub })
}

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", Number::from_f64),
    ]
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<String>().prop_map(|text| Literal::String(text.replace('\0', ""))),
        number().prop_map(Literal::Number),
        any::<bool>().prop_map(Literal::Boolean),
        Just(Literal::Null),
    ]
}

fn operator() -> impl Strategy<Value = Operator> {
    prop::sample::select(vec![
        Operator::Eq,
        Operator::Ne,
        Operator::Co,
        Operator::Sw,
        Operator::Ew,
        Operator::Gt,
        Operator::Ge,
        Operator::Lt,
        Operator::Le,
    ])
}

fn tree(leaf: impl Strategy<Value = Filter> + 'static) -> impl Strategy<Value = Filter> {
    leaf.prop_recursive(5, 40, 2, |inner| {
        let pair = (inner.clone(), inner.clone()).prop_map(|(left, right)| (Box::new(left), Box::new(right)));
        prop_oneof![
            pair.clone().prop_map(|(left, right)| Filter::And(left, right)),
            pair.prop_map(|(left, right)| Filter::Or(left, right)),
            inner.prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    })
}

fn term(path: impl Strategy<Value = AttributePath> + Clone + 'static) -> impl Strategy<Value = Filter> {
    prop_oneof![
        path.clone().prop_map(Filter::Present),
        (path, operator(), literal()).prop_map(|(path, op, value)| Filter::Compare(Comparison { path, op, value })),
    ]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let element = tree(term(name().prop_map(AttributePath::name).boxed()));
    let brackets = (urn(), name(), element).prop_map(|(urn, attribute, filter)| Filter::ValuePath {
        path: AttributePath {
            urn,
            attribute,
            sub: None,
        },
        filter: Box::new(filter),
    });
    tree(prop_oneof![3 => term(path().boxed()), 1 => brackets])
}

/// Terms that are legal on users, as text.
fn legal_term() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![
        "userName",
        "title",
        "externalId",
        "id",
        "emails",
        "emails.type",
        "department",
        "manager",
    ]);
    let value = prop::sample::select(vec!["a", "B", "work", "9b1c", ""]);
    prop_oneof![
        (text.clone(), operator(), value.clone()).prop_map(|(name, op, value)| format!("{name} {op} \"{value}\"")),
        text.prop_map(|name| format!("{name} pr")),
        prop::sample::select(vec![
            "active eq true",
            "active ne \"False\"",
            "meta.created gt \"2026-01-31T08:15:00Z\""
        ])
        .prop_map(str::to_owned),
        value.prop_map(|value| format!("emails[type eq \"{value}\" and not (primary eq \"True\")].value pr")),
    ]
}

fn legal_filter() -> impl Strategy<Value = String> {
    legal_term().prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} and {right}")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left}) or {right}")),
            inner.prop_map(|inner| format!("not({inner})")),
        ]
    })
}

fn some_user() -> impl Strategy<Value = Map<String, Value>> {
    let text = || prop::option::of(prop::sample::select(vec!["a", "B", "b", "work", "9b1c", ""]));
    let email = (text(), text(), prop::option::of(any::<bool>()))
        .prop_map(|(kind, value, primary)| json!({"type": kind, "value": value, "primary": primary}));
    (
        text(),
        text(),
        text(),
        prop::option::of(any::<bool>()),
        prop::collection::vec(email, 0..3),
    )
        .prop_map(|(user_name, title, department, active, emails)| {
            let mut user = Map::new();
            user.insert("id".to_owned(), json!("9b1c"));
            user.insert("userName".to_owned(), json!(user_name));
            user.insert("title".to_owned(), json!(title));
            user.insert("active".to_owned(), json!(active));
            user.insert("emails".to_owned(), json!(emails));
            user.insert("meta".to_owned(), json!({"created": "2026-02-01T00:00:00Z"}));
            user.insert(scim::urn::ENTERPRISE_USER.to_owned(), json!({"department": department}));
            user
        })
}

proptest! {
    #[test]
    fn the_text_of_a_filter_parses_back_to_the_same_tree(filter in any_filter()) {
        prop_assert_eq!(Filter::parse_unresolved(&filter.to_string()), Ok(filter));
    }

    #[test]
    fn resolving_a_resolved_filter_changes_nothing(text in legal_filter()) {
        let once = Filter::parse(&text, ResourceType::user());
        let once = match once {
            Ok(filter) => filter,
            Err(error) => return Err(TestCaseError::fail(format!("{text}: {error}"))),
        };
        prop_assert_eq!(Filter::parse(&once.to_string(), ResourceType::user()), Ok(once));
    }

    #[test]
    fn logic_obeys_its_laws(left in legal_filter(), right in legal_filter(), user in some_user()) {
        let kind = ResourceType::user();
        let holds = |text: &str| Filter::parse(text, kind).expect("the filter is legal").matches(&user, kind);
        prop_assert_eq!(holds(&format!("not ({left})")), !holds(&left));
        prop_assert_eq!(holds(&format!("({left}) and ({right})")), holds(&left) && holds(&right));
        prop_assert_eq!(holds(&format!("not (({left}) or ({right}))")), holds(&format!("not ({left}) and not ({right})")));
    }

    // Rules: R29
    #[test]
    fn on_single_values_ne_is_not_eq(
        name in prop::sample::select(vec!["userName", "title", "id", "department", "name.givenName"]),
        value in prop::sample::select(vec!["a", "B", "9b1c", "9B1C", ""]),
        user in some_user(),
    ) {
        let kind = ResourceType::user();
        let holds = |op: &str| Filter::parse(&format!("{name} {op} \"{value}\""), kind).expect("legal").matches(&user, kind);
        prop_assert_eq!(holds("ne"), !holds("eq"));
        prop_assert_eq!(holds("ge"), holds("gt") || holds("eq"));
        prop_assert_eq!(holds("le"), holds("lt") || holds("eq"));
        prop_assert!(!(holds("gt") && holds("le")));
        prop_assert!(!holds("eq") || holds("co") && holds("sw") && holds("ew"));
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in any::<String>()) {
        let _ = Filter::parse_unresolved(&text);
        let _ = Filter::parse(&text, ResourceType::user());
        let _ = Filter::parse_across_types(&text, ResourceType::group());
        let _ = PatchPath::parse(&text, ResourceType::group());
        let _ = AttributePath::parse(&text, ResourceType::user());
        let _ = ListQuery::from_query(&text);
    }

    #[test]
    fn no_text_made_of_tokens_makes_the_parsers_panic(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "(", ")", "[", "]", "\"", "\\", ".", ":", " ", "'", "not", "and", "or", "eq", "pr", "gt", "emails", "type", "name",
            "active", "true", "null", "1", "\"x\"", "urn:", "2.0", "User", "urn:a:2.0:User", "é", "\u{0}", "%", "+", "=", "&",
            "filter", "count", "ietf:params:scim:schemas:core:2.0:User",
        ]), 0..24),
        glue in prop::sample::select(vec!["", " "]),
    ) {
        let text = tokens.join(glue);
        if let Ok(filter) = Filter::parse(&text, ResourceType::user()) {
            prop_assert_eq!(Filter::parse(&filter.to_string(), ResourceType::user()), Ok(filter));
        }
        if let Ok(path) = PatchPath::parse(&text, ResourceType::user()) {
            prop_assert_eq!(PatchPath::parse(&path.to_string(), ResourceType::user()), Ok(path));
        }
        let _ = ListQuery::from_query(&text);
    }

    #[test]
    fn no_search_body_makes_the_reader_panic(name in "[a-zA-Z]{0,10}", number in number(), text in any::<String>()) {
        for value in [json!(number), json!(text), json!([text, number]), json!({}), Value::Null] {
            for key in [name.as_str(), "filter", "startIndex", "count", "attributes", "cursor", "schemas"] {
                let _ = ListQuery::from_search_request(&json!({"schemas": [scim::urn::SEARCH_REQUEST], key: value}));
            }
        }
    }
}
