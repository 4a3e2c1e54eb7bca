//! Small directories: users, groups and who is in which.

use events::{DirectoryId, MemberRef, ResourceId, ResourceKind, StoredResource, Timestamp};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use scim::resource::{Meta, Mode, parse, render};
use scim::schema::{Attribute, AttributeType, ResourceType, Schema};
use serde_json::{Map, Value, json};

pub(crate) const BASE_URL: &str = "https://rollcall.test/scim/v2";
/// An extension with every data type, as a directory may declare it.
pub(crate) const DECLARED: &str = "urn:example:params:declared:1.0:User";
/// An extension that nobody declares.
pub(crate) const UNDECLARED: &str = "urn:example:params:Undeclared:1.0:User";

/// Texts that differ in case, width, accents, prefix and in what a pattern language would take for a wildcard.
pub(crate) const TEXTS: [&str; 20] = [
    "a", "A", "ab", "Ab", "b", "ba", "aba", "É", "é", "e\u{301}", "ß", "STRASSE", "ａ", "a%", "a_b", "%", "\\", "'\"",
    "😀", "true",
];
pub(crate) const NUMBERS: [&str; 6] = ["0", "1", "-1", "2.5", "10", "9007199254740993"];
/// The ends of what JSON numbers can be, as text: beyond 64 bits, the largest and the smallest double, none at all.
pub(crate) const EXTREME_NUMBERS: [&str; 10] = [
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1.7976931348623157e308",
    "-1e308",
    "5e-324",
    "1e400",
    "-0",
    "123456789012345678901234567890.5",
];
pub(crate) const TIMES: [&str; 5] = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.001Z",
    "2026-01-01T02:00:00+02:00",
    "2026-01-01T00:00:00.5-01:00",
    "1999-12-31T23:59:59.999Z",
];
/// Dates that one calendar has and another has not: years, offsets, leap seconds and fractions at their ends.
pub(crate) const EXTREME_TIMES: [&str; 16] = [
    "2026-01-01T00:00:00+23:59",
    "2026-01-01T00:00:00-23:59",
    "2026-01-01T00:00:00+15:00",
    "2026-01-01T00:00:00-00:00",
    "2026-01-01t00:00:00.123456789012z",
    "2016-12-31T23:59:60Z",
    "2016-12-31T23:59:60.5Z",
    "2017-01-01T00:59:60+01:00",
    "0000-01-01T00:00:00Z",
    "0000-01-01T00:00:00+00:01",
    "0000-02-29T12:00:00-12:00",
    "0001-01-01T00:00:00+15:59",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999999-23:59",
    "2026-13-01T00:00:00Z",
    "2026-02-29T00:00:00Z",
];
pub(crate) const BINARY: [&str; 3] = ["AQID", "aqid", "AA=="];

/// Users with the built-in extension and [`DECLARED`].
pub(crate) fn user_schema() -> ResourceType {
    let attribute = |name: &str, kind| Attribute::new(name, kind, "");
    ResourceType::user_with(vec![Schema {
        id: DECLARED.to_owned(),
        name: "Declared".to_owned(),
        description: String::new(),
        attributes: vec![
            attribute("badge", AttributeType::String).exact(),
            attribute("floor", AttributeType::Integer),
            attribute("weight", AttributeType::Decimal),
            attribute("hired", AttributeType::DateTime),
            attribute("remote", AttributeType::Boolean),
            attribute("tags", AttributeType::String).multi(),
            attribute("scores", AttributeType::Integer).multi(),
            Attribute::complex(
                "devices",
                "",
                vec![
                    attribute("value", AttributeType::String).exact(),
                    attribute("since", AttributeType::DateTime),
                    attribute("lost", AttributeType::Boolean),
                ],
            )
            .multi(),
        ],
    }])
}

/// A generated user: body as a client would send it, and when it was created and changed.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    body: Value,
    created: i64,
    updated: i64,
    version: i64,
}

/// Users, and groups with the indexes of the users and (earlier) groups in them.
pub(crate) type Drafts = (Vec<Draft>, Vec<(Draft, Vec<usize>, Vec<usize>)>);

pub(crate) fn worlds() -> impl Strategy<Value = Drafts> {
    let group = (draft(group_body()), vec(0..8_usize, 0..4), vec(0..4_usize, 0..2));
    (vec(draft(user_body()), 1..8), vec(group, 0..4))
}

fn draft(body: impl Strategy<Value = Value>) -> impl Strategy<Value = Draft> {
    let millis = || select(vec![1_767_225_600_000_i64, 1_767_225_600_001, 1_767_225_600_500]);
    (body, millis(), millis(), 1..4_i64).prop_map(|(body, created, updated, version)| Draft {
        body,
        created,
        updated,
        version,
    })
}

pub(crate) fn text() -> impl Strategy<Value = Value> {
    prop_oneof![
        9 => select(TEXTS.to_vec()).prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from).prop_filter("a text that is taken", |text| is_taken("tags", text)),
    ]
}

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        5 => select(NUMBERS.to_vec()).prop_map(|text| serde_json::from_str(text).unwrap()),
        1 => extreme_number("weight"),
    ]
}

fn whole() -> impl Strategy<Value = Value> {
    prop_oneof![
        5 => select(vec![0, 1, -1, 10, 9_007_199_254_740_993_i64]).prop_map(Value::from),
        1 => extreme_number("floor"),
    ]
}

fn extreme_number(attribute: &'static str) -> impl Strategy<Value = Value> {
    select(EXTREME_NUMBERS.to_vec()).prop_filter_map("a number that is taken", move |text| {
        let number = serde_json::from_str(text).ok()?;
        is_taken(attribute, &number).then_some(number)
    })
}

fn time() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => select(TIMES.to_vec()).prop_map(Value::from),
        1 => select(EXTREME_TIMES.to_vec()).prop_map(Value::from).prop_filter("a date that is taken", |time| is_taken("hired", time)),
    ]
}

/// Whether a value comes through the ingress, as the value of an attribute of [`DECLARED`]: what does must be found again.
fn is_taken(attribute: &str, value: &Value) -> bool {
    let body = json!({ "userName": "a", DECLARED: { attribute: value } });
    parse(&user_schema(), &body, Mode::Create).is_ok()
}

/// An object of members that are there or not.
fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, value)| weighted(0.6, value).prop_map(move |value| value.map(|value| (name.to_owned(), value))))
        .collect();
    members
        .prop_map(|members| Value::Object(members.into_iter().flatten().collect()))
        .boxed()
}

fn list(element: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    vec(element, 0..4).prop_map(Value::from).boxed()
}

fn plural(value: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    list(object(vec![
        ("value", value),
        (
            "type",
            select(vec!["work", "Work", "home"]).prop_map(Value::from).boxed(),
        ),
        ("primary", any::<bool>().prop_map(Value::from).boxed()),
        ("display", text().boxed()),
    ]))
}

fn user_body() -> BoxedStrategy<Value> {
    let name = object(vec![
        ("familyName", text().boxed()),
        ("givenName", text().boxed()),
        ("formatted", text().boxed()),
    ]);
    let manager = object(vec![("value", text().boxed()), ("$ref", text().boxed())]);
    let enterprise = object(vec![
        ("department", text().boxed()),
        ("employeeNumber", text().boxed()),
        ("manager", manager),
    ]);
    let address = object(vec![
        ("locality", text().boxed()),
        ("primary", any::<bool>().prop_map(Value::from).boxed()),
    ]);
    object(vec![
        ("userName", text().boxed()),
        ("displayName", text().boxed()),
        ("externalId", text().boxed()),
        ("title", text().boxed()),
        ("profileUrl", text().boxed()),
        ("active", any::<bool>().prop_map(Value::from).boxed()),
        ("name", name),
        ("emails", plural(text().boxed())),
        ("roles", plural(text().boxed())),
        ("addresses", list(address)),
        (
            "x509Certificates",
            plural(select(BINARY.to_vec()).prop_map(Value::from).boxed()),
        ),
        (scim::urn::ENTERPRISE_USER, enterprise),
        (DECLARED, declared()),
        (UNDECLARED, undeclared()),
    ])
}

fn declared() -> BoxedStrategy<Value> {
    let flag = || any::<bool>().prop_map(Value::from).boxed();
    object(vec![
        ("badge", text().boxed()),
        ("floor", whole().boxed()),
        ("weight", number().boxed()),
        ("hired", time().boxed()),
        ("remote", flag()),
        ("tags", list(text().boxed())),
        ("scores", list(whole().boxed())),
        (
            "devices",
            list(object(vec![
                ("value", text().boxed()),
                ("since", time().boxed()),
                ("lost", flag()),
            ])),
        ),
    ])
}

fn undeclared() -> BoxedStrategy<Value> {
    let scalar = prop_oneof![
        text(),
        number(),
        any::<bool>().prop_map(Value::from),
        select(vec![
            json!(null),
            json!(""),
            json!([]),
            json!({}),
            json!("1"),
            json!("TRUE"),
            json!([[""]])
        ]),
    ]
    .boxed();
    let inner = object(vec![
        ("value", scalar.clone()),
        ("kind", scalar.clone()),
        ("Deep", list(scalar.clone())),
    ]);
    let any = prop_oneof![scalar.clone(), list(scalar), inner.clone(), list(inner)].boxed();
    object(vec![("one", any.clone()), ("Two", any)])
}

fn group_body() -> BoxedStrategy<Value> {
    object(vec![("displayName", text().boxed()), ("externalId", text().boxed())])
}

/// A directory ready to be stored, and every resource as a client would read it.
pub(crate) struct World {
    pub(crate) directory: DirectoryId,
    pub(crate) users: Vec<StoredResource>,
    pub(crate) groups: Vec<StoredResource>,
    pub(crate) user_resources: Vec<Map<String, Value>>,
    pub(crate) group_resources: Vec<Map<String, Value>>,
}

impl World {
    pub(crate) fn new((users, groups): &Drafts, schema: &ResourceType) -> Self {
        let users: Vec<_> = users
            .iter()
            .enumerate()
            .map(|(n, draft)| stored(draft, schema, "userName", n))
            .collect();
        let mut stored_groups: Vec<StoredResource> = Vec::new();
        for (n, (draft, user_members, group_members)) in groups.iter().enumerate() {
            let mut group = stored(draft, ResourceType::group(), "displayName", n);
            let mut members: Vec<MemberRef> = Vec::new();
            let of = |id, kind, display: &Value| MemberRef {
                id,
                kind,
                display: display.as_str().map(str::to_owned),
            };
            for user in user_members.iter().filter_map(|n| users.get(*n)) {
                let display = user.attributes.get("displayName").unwrap_or(&Value::Null);
                members.push(of(user.id, ResourceKind::User, display));
            }
            for inner in group_members.iter().filter_map(|n| stored_groups.get(*n)) {
                members.push(of(inner.id, ResourceKind::Group, &inner.attributes["displayName"]));
            }
            members.sort_by_key(|member| member.id);
            members.dedup_by_key(|member| member.id);
            group.members = Some(members);
            stored_groups.push(group);
        }
        let user_resources = users
            .iter()
            .map(|user| user_resource(user, schema, &stored_groups))
            .collect();
        let group_resources = stored_groups.iter().map(group_resource).collect();
        Self {
            directory: DirectoryId::new(),
            users,
            groups: stored_groups,
            user_resources,
            group_resources,
        }
    }

    /// Puts ids in place of `{u0}` (a user) and `{g0}` (a group); those that do not exist get the id of nobody.
    pub(crate) fn fill(&self, text: &str) -> String {
        let nobody = ResourceId::new();
        let mut text = text.to_owned();
        for n in 0..8 {
            let id = |list: &[StoredResource]| list.get(n).map_or(nobody, |resource| resource.id).to_string();
            text = text
                .replace(&format!("{{u{n}}}"), &id(&self.users))
                .replace(&format!("{{g{n}}}"), &id(&self.groups));
        }
        text
    }
}

/// The number makes the name unique.
fn stored(draft: &Draft, schema: &ResourceType, name: &str, n: usize) -> StoredResource {
    let mut body = draft.body.clone();
    let start = body.get(name).and_then(Value::as_str).unwrap_or_default();
    body[name] = format!("{start}{n}").into();
    StoredResource {
        id: ResourceId::new(),
        version: draft.version,
        created_at: Timestamp::from_millis(draft.created),
        updated_at: Timestamp::from_millis(draft.updated),
        attributes: parse(schema, &body, Mode::Create).unwrap(),
        groups: Vec::new(),
        members: None,
    }
}

fn rendered(
    resource: &StoredResource,
    schema: &ResourceType,
    groups: Option<Value>,
    members: Option<Value>,
) -> Map<String, Value> {
    let id = resource.id.to_string();
    let (created, modified) = (resource.created_at.to_string(), resource.updated_at.to_string());
    let location = format!("{BASE_URL}{}/{id}", schema.endpoint);
    let meta = Meta {
        id: &id,
        version: resource.version,
        created: &created,
        last_modified: &modified,
        location: &location,
    };
    render(schema, &resource.attributes, meta, groups, members)
}

fn user_resource(user: &StoredResource, schema: &ResourceType, groups: &[StoredResource]) -> Map<String, Value> {
    let has = |group: &&StoredResource| group.members.iter().flatten().any(|member| member.id == user.id);
    let reference = |group: &StoredResource| {
        json!({
            "value": group.id,
            "$ref": format!("{BASE_URL}/Groups/{}", group.id),
            "display": group.attributes["displayName"],
            "type": "direct",
        })
    };
    let groups: Value = groups.iter().filter(has).map(reference).collect();
    rendered(user, schema, Some(groups), None)
}

fn group_resource(group: &StoredResource) -> Map<String, Value> {
    let reference = |member: &MemberRef| {
        let (kind, endpoint) = match member.kind {
            ResourceKind::User => ("User", "Users"),
            ResourceKind::Group => ("Group", "Groups"),
        };
        json!({
            "value": member.id,
            "$ref": format!("{BASE_URL}/{endpoint}/{}", member.id),
            "display": member.display,
            "type": kind,
        })
    };
    let members: Value = group.members.iter().flatten().map(reference).collect();
    rendered(group, ResourceType::group(), None, Some(members))
}
