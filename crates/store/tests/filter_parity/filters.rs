//! Filters as text, all of them valid for the attributes they name.

use crate::world::{
    BASE_URL, BINARY, DECLARED, EXTREME_NUMBERS, EXTREME_TIMES, NUMBERS, TEXTS, TIMES, UNDECLARED, user_schema,
};
use proptest::prelude::*;
use proptest::sample::select;
use scim::filter::Filter;
use scim::urn::{CORE_USER, ENTERPRISE_USER};

/// What a term may say about an attribute.
#[derive(Clone, Copy, Debug)]
enum Type {
    Text,
    Flag,
    Number,
    Time,
    Binary,
    Id,
    /// Whatever a client could write.
    Any,
}

const ORDER: [&str; 6] = ["eq", "ne", "gt", "ge", "lt", "le"];
const ALL: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

pub(crate) fn of_users() -> impl Strategy<Value = String> {
    let own = |schema: &str, name: &str| format!("{schema}:{name}");
    let terms = vec![
        term("userName", Type::Text),
        term("USERNAME", Type::Text),
        term(&own(CORE_USER, "displayName"), Type::Text),
        term("externalId", Type::Text),
        term("title", Type::Text),
        term("profileUrl", Type::Text),
        term("name.familyName", Type::Text),
        term("emails", Type::Text),
        term("emails.value", Type::Text),
        term("emails.type", Type::Text),
        term("emails.primary", Type::Flag),
        term("roles.display", Type::Text),
        term("addresses.locality", Type::Text),
        term("x509Certificates", Type::Binary),
        term("active", Type::Flag),
        term("department", Type::Text),
        term(&own(ENTERPRISE_USER, "manager"), Type::Text),
        term(&own(ENTERPRISE_USER, "manager.$ref"), Type::Text),
        term("groups", Type::Id),
        term("groups.value", Type::Id),
        term("groups.display", Type::Text),
        term("groups.type", Type::Text),
        term("groups.$ref", Type::Text),
        term(&own(DECLARED, "badge"), Type::Text),
        term(&own(DECLARED, "floor"), Type::Number),
        term(&own(DECLARED, "weight"), Type::Number),
        term(&own(DECLARED, "hired"), Type::Time),
        term(&own(DECLARED, "remote"), Type::Flag),
        term(&own(DECLARED, "tags"), Type::Text),
        term(&own(DECLARED, "scores"), Type::Number),
        term(&own(DECLARED, "devices.since"), Type::Time),
        term(&own(UNDECLARED, "one"), Type::Any),
        term(&own(UNDECLARED, "two"), Type::Any),
        term(&own(UNDECLARED, "One.kind"), Type::Any),
        term(&own(UNDECLARED, "two.deep"), Type::Any),
        any_present(&[
            "name",
            "emails",
            "groups",
            "meta",
            "schemas",
            "manager",
            "roles.value",
            "groups.display",
        ]),
        brackets(
            "emails",
            &[("value", Type::Text), ("type", Type::Text), ("primary", Type::Flag)],
        ),
        brackets("roles", &[("value", Type::Text), ("display", Type::Text)]),
        brackets("addresses", &[("locality", Type::Text), ("primary", Type::Flag)]),
        brackets("name", &[("familyName", Type::Text), ("givenName", Type::Text)]),
        brackets("manager", &[("value", Type::Text), ("$ref", Type::Text)]),
        brackets(
            "groups",
            &[("value", Type::Id), ("display", Type::Text), ("type", Type::Text)],
        ),
        brackets("meta", &[("resourceType", Type::Text), ("created", Type::Time)]),
        brackets(
            &own(DECLARED, "devices"),
            &[("value", Type::Text), ("since", Type::Time), ("lost", Type::Flag)],
        ),
        brackets(
            &own(UNDECLARED, "two"),
            &[("value", Type::Any), ("Kind", Type::Any), ("deep", Type::Any)],
        ),
        brackets(&own(UNDECLARED, "one"), &[("value", Type::Any), ("kind", Type::Any)]),
    ];
    combined(prop_oneof![2 => proptest::strategy::Union::new(terms), 1 => common("Users")].boxed())
}

pub(crate) fn of_groups() -> impl Strategy<Value = String> {
    let terms = vec![
        term("displayName", Type::Text),
        term("externalId", Type::Text),
        term("members", Type::Id),
        term("members.value", Type::Id),
        term("members.display", Type::Text),
        term("members.type", Type::Text),
        term("members.$ref", Type::Text),
        any_present(&["members", "members.display", "externalId", "schemas"]),
        brackets(
            "members",
            &[("value", Type::Id), ("type", Type::Text), ("display", Type::Text)],
        ),
    ];
    combined(prop_oneof![3 => proptest::strategy::Union::new(terms), 1 => common("Groups")].boxed())
}

/// `id`, `meta` and `schemas`, for resources of that endpoint.
fn common(endpoint: &'static str) -> BoxedStrategy<String> {
    let locations = prop_oneof![
        select(vec!["{u0}", "{u1}", "{g0}"]).prop_map(move |id| format!("{BASE_URL}/{endpoint}/{id}")),
        Just(BASE_URL.to_owned()),
    ];
    let versions = select(vec!["W/\"1\"", "W/\"2\"", "w/\"1\"", "W/", "1\""]).prop_map(str::to_owned);
    let schemas = select(vec![
        CORE_USER,
        ENTERPRISE_USER,
        DECLARED,
        UNDECLARED,
        "urn:",
        "enterprise",
        "User",
        "Z",
    ]);
    prop_oneof![
        term("id", Type::Id),
        term("meta.created", Type::Time),
        term("meta.lastModified", Type::Time),
        compared("meta.location", &ALL, locations.boxed()),
        compared("meta.version", &ALL, versions.boxed()),
        compared(
            "meta.resourceType",
            &ALL,
            select(vec!["User", "user", "Group", "s"])
                .prop_map(str::to_owned)
                .boxed()
        ),
        compared("schemas", &ALL, schemas.prop_map(str::to_owned).boxed()),
    ]
    .boxed()
}

fn combined(leaf: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) or ({b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

/// `path[…]` over one or two of the sub-attributes.
fn brackets(path: &str, parts: &[(&str, Type)]) -> BoxedStrategy<String> {
    let path = path.to_owned();
    let terms: Vec<_> = parts.iter().map(|(name, kind)| term(name, *kind)).collect();
    let one = proptest::strategy::Union::new(terms);
    let inner = prop_oneof![
        one.clone(),
        one.clone().prop_map(|a| format!("not ({a})")),
        (one.clone(), one.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
        (one.clone(), one).prop_map(|(a, b)| format!("{a} or {b}")),
    ];
    inner.prop_map(move |inner| format!("{path}[{inner}]")).boxed()
}

fn any_present(paths: &'static [&'static str]) -> BoxedStrategy<String> {
    let form = select(vec!["pr", "eq null", "ne null"]);
    (select(paths), form)
        .prop_map(|(path, form)| format!("{path} {form}"))
        .boxed()
}

fn term(path: &str, kind: Type) -> BoxedStrategy<String> {
    let (operators, values): (&[&str], BoxedStrategy<String>) = match kind {
        Type::Text => (&ALL, texts()),
        Type::Flag => return flag(path),
        Type::Number => return number(path),
        Type::Time => (&ORDER, select(times()).prop_map(str::to_owned).boxed()),
        Type::Binary => (&["eq", "ne"], select(BINARY.to_vec()).prop_map(str::to_owned).boxed()),
        Type::Id => (&ALL, ids()),
        Type::Any => return prop_oneof![compared(path, &ALL, texts()), number(path), flag(path)].boxed(),
    };
    let present = select(vec!["pr", "eq null", "ne null"]);
    let path = path.to_owned();
    let present_path = path.clone();
    prop_oneof![
        6 => compared(&path, operators, values),
        1 => present.prop_map(move |form| format!("{present_path} {form}")),
    ]
    .boxed()
}

fn compared(path: &str, operators: &[&'static str], values: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let path = path.to_owned();
    (select(operators.to_vec()), values)
        .prop_map(move |(op, value)| format!("{path} {op} {}", serde_json::to_string(&value).unwrap()))
        .boxed()
}

/// The same texts as in the resources, also with the number that makes names unique, and some that nobody can have.
fn texts() -> BoxedStrategy<String> {
    let known = select(TEXTS.to_vec());
    prop_oneof![
        4 => known.clone().prop_map(str::to_owned),
        2 => (known, 0..3).prop_map(|(text, n)| format!("{text}{n}")),
        1 => select(vec!["", "0", "1", "work", "HOME", "direct", "user", "GROUP", "zz"]).prop_map(str::to_owned),
        1 => any::<String>().prop_filter("a text that is understood", |text| {
            is_understood("userName", &serde_json::to_string(text).unwrap())
        }),
    ]
    .boxed()
}

/// Whether a filter with such a literal is taken.
fn is_understood(path: &str, literal: &str) -> bool {
    Filter::parse(&format!("{path} eq {literal}"), &user_schema()).is_ok()
}

fn own_of(attribute: &str) -> String {
    format!("{DECLARED}:{attribute}")
}

/// Also finer than the milliseconds that are stored, and without an equal.
fn times() -> Vec<&'static str> {
    let mut times = TIMES.to_vec();
    times.extend([
        "2026-01-01T00:00:00.0005Z",
        "2026-01-01T00:00:00.0015Z",
        "0001-01-01T00:00:00Z",
    ]);
    let extreme = EXTREME_TIMES.iter().copied();
    times.extend(extreme.filter(|time| is_understood(&own_of("hired"), &format!("\"{time}\""))));
    times
}

fn ids() -> BoxedStrategy<String> {
    select(vec![
        "{u0}", "{u1}", "{u2}", "{g0}", "{g1}", "{g2}", "", "0", "7", "-7", "zz", "01",
    ])
    .prop_map(str::to_owned)
    .boxed()
}

fn flag(path: &str) -> BoxedStrategy<String> {
    let path = path.to_owned();
    let values = select(vec!["true", "false", "\"True\"", "\"FALSE\""]);
    let present = path.clone();
    prop_oneof![
        4 => (select(vec!["eq", "ne"]), values).prop_map(move |(op, value)| format!("{path} {op} {value}")),
        1 => Just(format!("{present} pr")),
    ]
    .boxed()
}

fn number(path: &str) -> BoxedStrategy<String> {
    let path = path.to_owned();
    let extreme = EXTREME_NUMBERS.iter().copied();
    let numbers = extreme.filter(|number| is_understood(&own_of("weight"), number));
    let values = select(numbers.chain(NUMBERS).collect::<Vec<_>>()).prop_map(str::to_owned);
    (select(ORDER.to_vec()), values)
        .prop_map(move |(op, value)| format!("{path} {op} {value}"))
        .boxed()
}
