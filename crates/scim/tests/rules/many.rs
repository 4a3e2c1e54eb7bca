//! Many elements are found by what they hold; what that does must be what going through all of them does.

use proptest::prelude::*;
use scim::patch::{Change, MOST_COMPARISONS, changes};
use scim::{Error, ScimType};
use serde_json::{Map, Value, json};

use crate::{ENT, try_patch, user};

/// As many more elements than are gone through one by one.
const CROWD: usize = 40;

fn text() -> impl Strategy<Value = Value> {
    proptest::sample::select(vec!["a", "A", "b", "c"]).prop_map(Value::from)
}

fn element() -> impl Strategy<Value = Value> {
    let kind = proptest::sample::select(vec![json!("work"), json!("Work"), json!("home"), Value::Null]);
    let flag = proptest::sample::select(vec![json!(true), json!(false), Value::Null]);
    (prop::option::of(text()), kind, flag, prop::option::of(text())).prop_map(|(value, kind, primary, display)| {
        json!({ "value": value, "type": kind, "primary": primary, "display": display })
    })
}

fn elements() -> impl Strategy<Value = Value> {
    proptest::collection::vec(element(), 0..6).prop_map(Value::from)
}

/// Filters that select nobody of the crowd.
fn filter() -> impl Strategy<Value = String> {
    let term = prop_oneof![
        (proptest::sample::select(vec!["value", "type", "display"]), text())
            .prop_map(|(name, text)| format!("{name} eq {text}")),
        Just("type eq \"work\"".to_owned()),
        Just("primary eq true".to_owned()),
        Just("primary eq \"False\"".to_owned()),
        Just("value sw \"a\"".to_owned()),
        Just("display pr".to_owned()),
    ];
    term.prop_recursive(2, 6, 2, |inner| {
        (inner.clone(), inner, any::<bool>()).prop_map(|(left, right, both)| match both {
            true => format!("({left} and {right})"),
            false => format!("({left} or {right})"),
        })
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let part = proptest::sample::select(vec!["value", "type", "display", "primary"]);
    let verb = || proptest::sample::select(vec!["add", "replace"]);
    prop_oneof![
        3 => elements().prop_map(|value| json!({ "op": "add", "path": "emails", "value": value })),
        2 => elements()
            .prop_filter("something is listed", |value| value.as_array().is_some_and(|all| !all.is_empty()))
            .prop_map(|value| json!({ "op": "remove", "path": "emails", "value": value })),
        2 => filter().prop_map(|filter| json!({ "op": "remove", "path": format!("emails[{filter}]") })),
        2 => (filter(), part).prop_map(|(filter, part)| {
            json!({ "op": "remove", "path": format!("emails[{filter}].{part}") })
        }),
        4 => (verb(), filter(), proptest::sample::select(vec!["value", "type", "display"]), text())
            .prop_map(|(op, filter, part, text)| {
                json!({ "op": op, "path": format!("emails[{filter}].{part}"), "value": text })
            }),
        2 => (verb(), filter(), any::<bool>()).prop_map(|(op, filter, flag)| {
            json!({ "op": op, "path": format!("emails[{filter}].primary"), "value": flag })
        }),
        2 => (verb(), filter(), element())
            .prop_map(|(op, filter, value)| json!({ "op": op, "path": format!("emails[{filter}]"), "value": value })),
        1 => (verb(), text(), text()).prop_map(|(op, given, family)| {
            json!({ "op": op, "path": "name", "value": { "givenName": given, "FAMILYNAME": family } })
        }),
    ]
}

/// People that no operation is about.
fn crowd() -> Vec<Value> {
    (0..CROWD)
        .map(|i| json!({ "type": format!("crowd{i}"), "value": format!("someone {i}") }))
        .collect()
}

fn without_crowd(mut after: Map<String, Value>) -> Value {
    if let Some(Value::Array(emails)) = after.get_mut("emails") {
        emails.retain(|email| !email["type"].as_str().is_some_and(|kind| kind.starts_with("crowd")));
        if emails.is_empty() {
            after.shift_remove("emails");
        }
    }
    Value::Object(after)
}

proptest! {
    // Rules: P9, P11, P14, P16, P17, P18
    #[test]
    fn elements_among_many_are_treated_as_those_among_few(
        stored in elements(),
        operations in proptest::collection::vec(operation(), 1..6),
    ) {
        let operations = Value::from(operations);
        // As stored: typed, each once, one of them primary.
        let Ok(few) = try_patch(&user(json!({})), &json!([{ "op": "replace", "path": "emails", "value": stored }])) else {
            return Ok(());
        };
        let mut many = few.clone();
        let mut emails = few.get("emails").and_then(Value::as_array).cloned().unwrap_or_default();
        emails.extend(crowd());
        many.insert("emails".into(), emails.into());
        let (few, many) = (try_patch(&few, &operations), try_patch(&many, &operations));
        prop_assert_eq!(few.map(Value::Object), many.map(without_crowd));
    }
}

// Rules: P11
#[test]
fn what_no_index_answers_is_bounded_and_says_so() {
    let emails: Vec<Value> = (0..1_000)
        .map(|i| json!({ "value": format!("{i}@example.test") }))
        .collect();
    let before = user(json!({ "emails": emails }));
    let patch = |count: usize, filter: &str| -> Result<Map<String, Value>, Error> {
        let path = format!("emails[{filter}].display");
        let operation = json!({ "op": "replace", "path": path, "value": "x" });
        try_patch(&before, &Value::from(vec![operation; count]))
    };
    patch(100, "value co \"@\"").unwrap();
    patch(2_000, "value eq \"7@EXAMPLE.test\"").unwrap();
    patch(2_000, "value eq \"7@example.test\" or value eq \"8@example.test\"").unwrap();
    patch(2_000, "value sw \"7@\" and value eq \"7@example.test\"").unwrap();
    let refused = patch(2_000, "value co \"@\"").unwrap_err();
    assert_eq!(refused.scim_type, Some(ScimType::TooMany));
    assert!(refused.detail.contains(&MOST_COMPARISONS.to_string()) && refused.detail.contains("eq"));
    // The same where it is one long text that is gone through again and again.
    let before = user(json!({ "emails": [{ "value": "a", "display": "d".repeat(200_000) }] }));
    let operation = json!({ "op": "replace", "path": "emails[display co \"e\" or value eq \"a\"].type", "value": "x" });
    let refused = try_patch(&before, &Value::from(vec![operation; 2_000])).unwrap_err();
    assert_eq!(refused.scim_type, Some(ScimType::TooMany));
}

// Rules: P13
#[test]
fn one_value_cannot_be_multiplied_by_the_elements_it_is_written_to() {
    let emails: Vec<Value> = (0..1_000)
        .map(|i| json!({ "value": format!("{i}@example.test") }))
        .collect();
    let operation = json!([{ "op": "replace", "path": "emails.display", "value": "x".repeat(100_000) }]);
    let refused = try_patch(&user(json!({ "emails": emails })), &operation).unwrap_err();
    assert_eq!(refused.scim_type, Some(ScimType::TooMany));
}

// Rules: R14
#[test]
fn the_urn_of_an_undeclared_extension_is_no_longer_than_that_of_a_declared_one() {
    let urn = |length: usize| format!("urn:example:{}:2.0:User", "x".repeat(length - 21));
    let (fits, too_long) = (urn(200), urn(201));
    let added = |urn: &str| {
        try_patch(
            &user(json!({})),
            &json!([{ "op": "add", "path": format!("{urn}:a"), "value": 1 }]),
        )
    };
    assert_eq!(added(&fits).unwrap()[&fits], json!({ "a": 1 }));
    assert_eq!(added(&too_long).unwrap_err().scim_type, Some(ScimType::InvalidPath));
    let body = json!({ "userName": "ada", fits.as_str(): { "a": 1 }, too_long.as_str(): { "a": 1 } });
    let created = crate::created(&body);
    assert!(created.contains_key(&fits) && !created.contains_key(&too_long));
}

#[test]
fn changes_with_paths_far_longer_than_the_values_are_sent_as_a_whole() {
    const URN: &str = "urn:example:2.0:User";
    let resource = |value: u8| {
        let mut element: Map<String, Value> = (0..500).map(|i| (format!("k{i}"), value.into())).collect();
        element.insert("value".into(), "v".repeat(20_000).into());
        user(json!({ URN: { "list": [element] }, ENT: { "department": value.to_string() } }))
    };
    let told = changes(&resource(1), &resource(2));
    let paths: Vec<&str> = told.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, [format!("{URN}:list"), format!("{ENT}:department")]);
    let Some(Change { before, after, .. }) = told.first() else {
        panic!("nothing is told")
    };
    assert_eq!((&before[0]["k7"], &after[0]["k7"]), (&json!(1), &json!(2)));
}
