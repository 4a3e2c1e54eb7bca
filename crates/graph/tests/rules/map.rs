//! The map: what makes a list of rows a map, and what a map makes of people and groups.

use crate::support::members;
use graph::delta::Object;
use graph::map::{
    AttributeMap, Guests, InvalidMap, InvalidRow, Kept, Mapped, Mode, Row, Skip, default_groups, default_users,
    raw_copies,
};
use graph::{ObjectId, Permission};
use proptest::prelude::*;
use scim::schema::ResourceType;
use serde_json::{Map, Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn users() -> AttributeMap {
    AttributeMap::users(&default_users(), ResourceType::user()).unwrap()
}

fn id() -> ObjectId {
    "8d0f6c11-1c1e-4b7a-9c55-5a1f0f2b9e01".parse().unwrap()
}

fn object(attributes: Value) -> Object {
    Object::new(id(), members(attributes))
}

fn full(attributes: Value) -> Mapped {
    users()
        .apply(&object(attributes), Mode::Full, &Kept::default())
        .unwrap()
}

/// The default map with these rows added, or put in place of those with the same path.
fn with(rows: Value) -> Result<AttributeMap, InvalidMap> {
    let added: Vec<Row> = serde_json::from_value(rows).unwrap();
    let mut all = default_users();
    all.retain(|row| !added.iter().any(|new| new.scim == row.scim));
    all.extend(added);
    AttributeMap::users(&all, ResourceType::user())
}

fn wrong(rows: Value) -> InvalidRow {
    match with(rows).unwrap_err() {
        InvalidMap::Row { why, .. } => why,
        other => panic!("{other}"),
    }
}

#[test]
fn a_person_becomes_what_the_mapping_tables_of_microsoft_say() {
    let mapped = full(json!({
        "userPrincipalName": "dana.k@fabrikam.example", "accountEnabled": true, "givenName": "Dana", "surname": "Kaya",
        "displayName": "Dana Kaya", "mailNickname": "dana", "mail": "dana@fabrikam.example", "jobTitle": "Nurse",
        "otherMails": ["d@home.example", "D@HOME.example"], "businessPhones": ["+1 1"], "mobilePhone": "+1 2",
        "faxNumber": "+1 3", "preferredLanguage": "nl-BE", "officeLocation": "4/12", "streetAddress": "1 Main St",
        "city": "Ghent", "state": "East", "postalCode": "9000", "country": "Belgium", "department": "Care",
        "companyName": "Fabrikam", "employeeId": "17", "employeeOrgData": { "division": "North", "costCenter": "C9" },
        "employeeType": "Contractor", "userType": "Member",
    }));
    let expected = json!({
        "externalId": id().to_string(), "userName": "dana.k@fabrikam.example", "active": true,
        "name": { "givenName": "Dana", "familyName": "Kaya", "formatted": "Dana Kaya" },
        "displayName": "Dana Kaya", "nickName": "dana", "title": "Nurse", "userType": "Contractor",
        "preferredLanguage": "nl-BE",
        "emails": [
            { "type": "work", "value": "dana@fabrikam.example", "primary": true },
            { "type": "other", "value": "d@home.example" },
        ],
        "phoneNumbers": [
            { "type": "work", "value": "+1 1" }, { "type": "mobile", "value": "+1 2" }, { "type": "fax", "value": "+1 3" },
        ],
        "addresses": [{
            "type": "work", "formatted": "4/12", "streetAddress": "1 Main St", "locality": "Ghent", "region": "East",
            "postalCode": "9000", "country": "Belgium",
        }],
        ENTERPRISE: {
            "employeeNumber": "17", "department": "Care", "organization": "Fabrikam", "division": "North", "costCenter": "C9",
        },
    });
    assert_eq!(Value::from(mapped.create()), expected);
    assert!(mapped.unfit.is_empty());
    let parsed = scim::resource::parse(ResourceType::user(), &expected, scim::resource::Mode::Create);
    assert_eq!(parsed.map(Value::from), Ok(expected), "the server takes it as it is");
}

#[test]
fn a_group_becomes_its_name_and_its_id() {
    let groups = AttributeMap::groups(&default_groups(), ResourceType::group()).unwrap();
    let apply = |attributes| groups.apply(&object(attributes), Mode::Full, &Kept::default());
    let mapped = apply(json!({ "displayName": "Depot crew", "securityEnabled": true })).unwrap();
    assert_eq!(
        Value::from(mapped.create()),
        json!({ "externalId": id().to_string(), "displayName": "Depot crew" })
    );
    assert_eq!(apply(json!({ "displayName": " " })).unwrap_err(), Skip::NoDisplayName);
    assert_eq!(
        groups.select(),
        ["displayName", "groupTypes", "members", "securityEnabled"]
    );
}

#[test]
fn the_selection_is_what_the_rows_need_and_always_whether_the_account_is_enabled() {
    let select = users().select();
    assert!(select.is_sorted());
    for name in [
        "accountEnabled",
        "userPrincipalName",
        "userType",
        "manager",
        "employeeOrgData",
        "otherMails",
    ] {
        assert!(select.iter().any(|one| one == name), "{name}");
    }
    for name in ["id", "employeeOrgData.division", "usageLocation"] {
        assert!(!select.iter().any(|one| one == name), "{name}");
    }
}

#[test]
fn in_what_changed_an_absent_attribute_is_left_alone_and_null_is_cleared() {
    let mut resource = members(json!({ "title": "Nurse", "nickName": "dana", "displayName": "Dana" }));
    let changed = object(json!({ "jobTitle": null, "displayName": "Dana K" }));
    let mapped = users().apply(&changed, Mode::Changes, &Kept::default()).unwrap();
    assert!(mapped.apply_to(&mut resource));
    assert_eq!(
        Value::from(resource.clone()),
        json!({ "externalId": id().to_string(), "nickName": "dana", "displayName": "Dana K" })
    );
    assert!(!mapped.apply_to(&mut resource), "the second time nothing changes");
}

#[test]
fn a_patch_names_what_differs_and_nothing_else() {
    let before = members(json!({
        "userName": "d@x.example", "title": "Nurse", "nickName": "dana",
        "emails": [{ "type": "home", "value": "h@x.example" }], ENTERPRISE: { "department": "Old" },
    }));
    let changed =
        object(json!({ "jobTitle": null, "mail": "w@x.example", "department": "New", "mailNickname": "dana" }));
    let mapped = users().apply(&changed, Mode::Changes, &Kept::default()).unwrap();
    let body = mapped.patch(&before).unwrap();
    let operations: Vec<_> = body["Operations"].as_array().unwrap().clone();
    let emails = json!([
        { "type": "home", "value": "h@x.example" }, { "type": "work", "value": "w@x.example", "primary": true },
    ]);
    assert_eq!(operations[0]["path"], "externalId");
    assert_eq!(operations[1], json!({ "op": "remove", "path": "title" }));
    assert_eq!(
        operations[2],
        json!({ "op": "replace", "path": "emails", "value": emails })
    );
    assert_eq!(
        operations[3],
        json!({ "op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "New" })
    );
    assert_eq!(operations.len(), 4);
    let after = patched(before, Some(body));
    assert_eq!(mapped.patch(&after), None);
}

#[test]
fn in_a_full_round_an_absent_attribute_is_cleared() {
    let mut resource = members(json!({ "title": "Nurse", "name": { "givenName": "D", "middleName": "M" } }));
    full(json!({ "userPrincipalName": "dana@x.example" })).apply_to(&mut resource);
    let expected =
        json!({ "externalId": id().to_string(), "userName": "dana@x.example", "name": { "middleName": "M" } });
    assert_eq!(Value::from(resource), expected);
}

#[test]
fn nothing_is_touched_that_no_row_names() {
    let before = json!({
        "locale": "nl", "emails": [
            { "type": "home", "value": "h@x.example", "primary": true }, { "type": "work", "value": "old@x.example", "display": "W" },
        ],
        "urn:acme:params:scim:schemas:badge:2.0:User": { "number": "7" },
        ENTERPRISE: { "department": "Old", "manager": { "value": "m" } },
    });
    let mut resource = members(before);
    full(json!({ "userPrincipalName": "d@x.example", "mail": "new@x.example" })).apply_to(&mut resource);
    let expected = json!({
        "locale": "nl", "emails": [
            { "type": "home", "value": "h@x.example" },
            { "type": "work", "value": "new@x.example", "display": "W", "primary": true },
        ],
        "urn:acme:params:scim:schemas:badge:2.0:User": { "number": "7" },
        ENTERPRISE: { "manager": { "value": "m" } },
        "externalId": id().to_string(), "userName": "d@x.example",
    });
    assert_eq!(Value::from(resource), expected);
}

#[test]
fn whether_an_account_is_enabled_is_never_guessed() {
    let apply = |attributes, mode| users().apply(&object(attributes), mode, &Kept::default()).unwrap();
    for unknown in [
        json!({}),
        json!({ "accountEnabled": null }),
        json!({ "accountEnabled": "true" }),
    ] {
        let mut attributes = members(unknown);
        attributes.insert("userPrincipalName".to_owned(), "d@x.example".into());
        for mode in [Mode::Full, Mode::Changes] {
            let mapped = apply(attributes.clone().into(), mode);
            assert_eq!(mapped.enabled, None);
            for before in [true, false] {
                let mut resource = members(json!({ "active": before }));
                mapped.apply_to(&mut resource);
                assert_eq!(resource["active"], before, "what is known stays");
            }
            assert_eq!(
                mapped.create()["active"],
                false,
                "nobody is enabled of whom it is not known"
            );
        }
    }
    let blocked = apply(json!({ "accountEnabled": false }), Mode::Changes);
    let mut resource = members(json!({ "active": true }));
    blocked.apply_to(&mut resource);
    assert_eq!((blocked.enabled, &resource["active"]), (Some(false), &json!(false)));
}

#[test]
fn a_row_of_several_attributes_is_made_of_what_was_kept_where_an_answer_leaves_one_out() {
    let map = users();
    let first = full(json!({
        "userPrincipalName": "d@x.example", "givenName": "Dana", "surname": "Kaya", "employeeType": "Contractor", "userType": "Member",
    }));
    let mut resource = first.create();
    let kept: Kept = serde_json::from_value(serde_json::to_value(&first.kept).unwrap()).unwrap();
    let next = map
        .apply(&object(json!({ "surname": "Arslan" })), Mode::Changes, &kept)
        .unwrap();
    next.apply_to(&mut resource);
    assert_eq!(resource["name"]["formatted"], "Dana Arslan");
    assert_eq!(resource["userType"], "Contractor");
    let last = map
        .apply(&object(json!({ "employeeType": null })), Mode::Changes, &next.kept)
        .unwrap();
    last.apply_to(&mut resource);
    assert_eq!(resource["userType"], "Member");
    assert_eq!(resource["name"]["formatted"], "Dana Arslan");
}

#[test]
fn guests_come_or_are_left_out_and_are_known_by_their_type_or_their_name() {
    let map = users().with_guests(Guests::Skip);
    let guest = json!({ "userPrincipalName": "d_home.example#ext#@fabrikam.example" });
    let typed = json!({ "userPrincipalName": "d@x.example", "userType": "Guest" });
    let member = json!({ "userPrincipalName": "d@x.example", "userType": "Member" });
    let apply =
        |map: &AttributeMap, attributes: &Value| map.apply(&object(attributes.clone()), Mode::Full, &Kept::default());
    assert_eq!(apply(&map, &guest).unwrap_err(), Skip::Guest);
    assert_eq!(apply(&map, &typed).unwrap_err(), Skip::Guest);
    assert!(!apply(&map, &member).unwrap().is_guest);
    let taken = apply(&users(), &typed).unwrap();
    assert!(taken.is_guest);
    let later = users().apply(&object(json!({ "jobTitle": "x" })), Mode::Changes, &taken.kept);
    assert!(later.unwrap().is_guest, "what changed does not say it again");
}

#[test]
fn the_name_of_a_guest_can_be_its_own_address() {
    let map = with(json!([{ "graph": "userPrincipalName", "scim": "userName", "transform": "strip_guest" }])).unwrap();
    for (name, expected) in [
        ("dana_k_home.example#EXT#@fabrikam.example", "dana_k@home.example"),
        ("dana#EXT#@fabrikam.example", "dana#EXT#@fabrikam.example"),
        ("dana@fabrikam.example", "dana@fabrikam.example"),
        ("üü_home.example#ext#@x", "üü@home.example"),
    ] {
        let mapped = map.apply(
            &object(json!({ "userPrincipalName": name })),
            Mode::Full,
            &Kept::default(),
        );
        assert_eq!(mapped.unwrap().create()["userName"], expected);
    }
}

#[test]
fn whoever_has_no_name_or_is_gone_is_left_out_with_the_reason() {
    let apply = |attributes, mode| users().apply(&object(attributes), mode, &Kept::default());
    assert_eq!(
        apply(json!({ "mail": "d@x.example" }), Mode::Full).unwrap_err(),
        Skip::NoUserName
    );
    assert_eq!(
        apply(json!({ "userPrincipalName": null }), Mode::Changes).unwrap_err(),
        Skip::NoUserName
    );
    assert!(apply(json!({ "mail": "d@x.example" }), Mode::Changes).is_ok());
    for unfit in [json!("x".repeat(2_000)), json!("a\u{1}b"), json!(7), json!(["a", "b"])] {
        let error = apply(json!({ "userPrincipalName": unfit }), Mode::Full).unwrap_err();
        assert_eq!(error, Skip::UnfitUserName);
    }
    let mut gone = object(json!({}));
    gone.removed = Some(graph::delta::Removal::Restorable);
    assert_eq!(
        users().apply(&gone, Mode::Full, &Kept::default()).unwrap_err(),
        Skip::Removed
    );
    for skip in Skip::ALL {
        assert_eq!(serde_json::to_value(skip).unwrap(), skip.as_str());
    }
}

#[test]
fn a_value_that_does_not_fit_is_left_out_and_told_and_what_was_there_stays() {
    let mapped = full(
        json!({ "userPrincipalName": "d@x.example", "jobTitle": ["a", "b"], "department": { "x": 1 }, "city": 7 }),
    );
    let mut paths: Vec<_> = mapped.unfit.iter().map(|unfit| unfit.path.clone()).collect();
    paths.sort();
    let expected = [
        "addresses[type eq \"work\"].locality".to_owned(),
        "title".to_owned(),
        format!("{ENTERPRISE}:department"),
    ];
    assert_eq!(paths, expected);
    let mut resource = members(json!({ "title": "Nurse" }));
    mapped.apply_to(&mut resource);
    assert_eq!(resource["title"], "Nurse");
    let row = mapped.unfit.iter().find(|unfit| unfit.path == "title").unwrap().row;
    assert_eq!(default_users()[row - 1].scim, "title");
}

#[test]
fn e_mail_addresses_come_out_of_lists_of_all_protocols_once_each() {
    let map = with(json!([
        { "graph": ["otherMails", "proxyAddresses"], "scim": "emails[type eq \"other\"].value", "transform": "addresses" },
    ]))
    .unwrap();
    let attributes = json!({
        "userPrincipalName": "d@x.example", "otherMails": ["a@x.example"],
        "proxyAddresses": ["SMTP:A@x.example", "smtp:b@x.example", "x500:/o=x", "SIP:c@x.example", "smtp:", ""],
    });
    let mapped = map.apply(&object(attributes), Mode::Full, &Kept::default()).unwrap();
    let expected = json!([{ "type": "other", "value": "a@x.example" }, { "type": "other", "value": "b@x.example" }]);
    assert_eq!(mapped.create()["emails"], expected);
}

#[test]
fn raw_copies_stand_under_an_extension_of_their_own() {
    let mut rows = default_users();
    rows.extend(raw_copies());
    let map = AttributeMap::users(&rows, ResourceType::user()).unwrap();
    let attributes = json!({
        "userPrincipalName": "d@x.example", "onPremisesSyncEnabled": true, "usageLocation": "BE",
        "onPremisesExtensionAttributes": { "extensionAttribute3": "x", "extensionAttribute4": null },
    });
    let mapped = map.apply(&object(attributes), Mode::Full, &Kept::default()).unwrap();
    let resource = mapped.create();
    let expected = json!({ "usageLocation": "BE", "onPremisesSyncEnabled": true, "extensionAttribute3": "x" });
    assert_eq!(resource[graph::map::GRAPH_EXTENSION], expected);
    let parsed = scim::resource::parse(
        ResourceType::user(),
        &resource.clone().into(),
        scim::resource::Mode::Create,
    );
    assert_eq!(parsed, Ok(resource), "the server keeps it as it is");
    assert!(map.select().iter().any(|name| name == "onPremisesExtensionAttributes"));
}

#[test]
fn what_is_wrong_with_a_map_is_told_with_the_row() {
    let error = with(json!([{ "graph": "jobTitle", "scim": "titel" }])).unwrap_err();
    let InvalidMap::Row { row, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(row, default_users().len() + 1);
    let shown = telemetry::chain(&error).to_string();
    assert!(
        shown.contains(&format!("row {row}: the path \"titel\" cannot be mapped to")),
        "{shown}"
    );
    assert!(shown.contains("no attribute \"titel\""), "{shown}");
}

#[test]
fn rows_that_cannot_work_are_refused() {
    let row = |graph: Value, scim: &str| json!([{ "graph": graph, "scim": scim }]);
    for scim in [
        "",
        "id",
        "meta.version",
        "groups",
        "password",
        "schemas",
        "emails",
        "emails.value",
        "name",
        "members",
        "emails[value eq \"x\"].value",
        "emails[type eq \"work\" and primary eq true].value",
        "emails[type eq \"work\"]",
        ENTERPRISE,
        "emails[type ne \"work\"].value",
        "title[type eq \"work\"].value",
    ] {
        assert!(
            matches!(wrong(row(json!("jobTitle"), scim)), InvalidRow::Target { .. }),
            "{scim}"
        );
    }
    for name in ["", "job title", "a.b.c", "1a", "$select", "a,b", "é", "@x"] {
        assert!(
            matches!(wrong(row(json!(name), "locale")), InvalidRow::Source(_)),
            "{name}"
        );
    }
    for name in [
        "skills",
        "photo",
        "mailboxSettings.language",
        "signInActivity",
        "members",
    ] {
        assert!(
            matches!(wrong(row(json!(name), "locale")), InvalidRow::NotTracked(_)),
            "{name}"
        );
    }
    assert_eq!(wrong(row(json!([]), "locale")), InvalidRow::SourceCount);
    assert_eq!(wrong(row(json!(["city", "state"]), "locale")), InvalidRow::Several);
    assert_eq!(wrong(row(json!("jobTitle"), "active")), InvalidRow::Active);
    assert_eq!(wrong(row(json!("mailNickname"), "externalId")), InvalidRow::ExternalId);
    assert_eq!(wrong(row(json!("manager"), "locale")), InvalidRow::Manager);
    let lower =
        json!([{ "graph": "accountEnabled", "scim": "emails[type eq \"x\"].primary", "transform": "lowercase" }]);
    assert!(matches!(wrong(lower), InvalidRow::NotText(_)));
    let primary = json!([{ "graph": "city", "scim": "emails[type eq \"home\"].value", "primary": true }]);
    assert_eq!(wrong(primary), InvalidRow::Primary);
}

#[test]
fn two_rows_never_rule_the_same() {
    for scim in [
        "TITLE",
        "emails[type eq \"WORK\"].value",
        "emails[primary eq true].value",
        "department",
        "name.formatted",
    ] {
        let mut rows = default_users();
        rows.push(Row::copy("city", scim));
        let error = AttributeMap::users(&rows, ResourceType::user()).unwrap_err();
        assert!(
            matches!(
                error,
                InvalidMap::Row {
                    why: InvalidRow::Twice { .. },
                    ..
                }
            ),
            "{scim}: {error:?}"
        );
    }
}

#[test]
fn a_map_cannot_do_without_id_name_and_whether_the_account_is_enabled() {
    for scim in ["externalId", "userName", "active"] {
        let mut rows = default_users();
        rows.retain(|row| row.scim != scim);
        let error = AttributeMap::users(&rows, ResourceType::user()).unwrap_err();
        assert!(matches!(error, InvalidMap::Missing { scim: missing, .. } if missing == scim));
    }
    let many = vec![Row::copy("city", "locale"); 201];
    assert_eq!(
        AttributeMap::users(&many, ResourceType::user()).unwrap_err(),
        InvalidMap::TooLong
    );
}

#[test]
fn a_map_is_json_and_an_unknown_word_in_it_is_refused() {
    let rows = default_users();
    let text = serde_json::to_string(&rows).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Row>>(&text).unwrap(), rows);
    for bad in [
        r#"{"graph":"a","scim":"b","transfrom":"join"}"#,
        r#"{"graph":"a","scim":"b","transform":"shout"}"#,
    ] {
        assert!(serde_json::from_str::<Row>(bad).is_err());
    }
}

#[test]
fn the_paths_of_a_map_are_told_and_so_are_further_permissions() {
    let map = with(json!([{ "graph": "employeeLeaveDateTime", "scim": "urn:acme:scim:2.0:User:until" }])).unwrap();
    assert_eq!(map.permissions(), [Permission::UserLifeCycleInfoReadAll]);
    assert!(users().permissions().is_empty());
    let ruled = users().ruled();
    assert!(ruled.contains(&"emails[type eq \"work\"].value".to_owned()));
    assert!(ruled.contains(&format!("{ENTERPRISE}:manager.value")));
    let mapped = full(json!({ "userPrincipalName": "d@x.example" }));
    assert!(mapped.set_paths().any(|path| path == "userName"));
    assert!(mapped.cleared_paths().any(|path| path == "title"));
}

/// Values that attributes of Graph can have.
fn value(name: &'static str) -> BoxedStrategy<Value> {
    let text = prop::sample::select(vec!["", " ", "a", "Dana", "b@x.example", "SMTP:c@x.example"]);
    match name {
        "accountEnabled" => any::<bool>().prop_map(Value::from).boxed(),
        "otherMails" => prop::collection::vec(text, 0..4).prop_map(Value::from).boxed(),
        "businessPhones" => prop::collection::vec(text, 0..2).prop_map(Value::from).boxed(),
        "userPrincipalName" => prop::sample::select(vec!["d@x.example", "e@x.example"])
            .prop_map(Value::from)
            .boxed(),
        "employeeOrgData" => (text.clone(), prop::option::of(text))
            .prop_map(|(division, cost)| json!({ "division": division, "costCenter": cost }))
            .boxed(),
        _ => prop_oneof![4 => text.prop_map(Value::from), 1 => Just(Value::Null)].boxed(),
    }
}

const NAMES: [&str; 14] = [
    "userPrincipalName",
    "accountEnabled",
    "givenName",
    "surname",
    "employeeType",
    "userType",
    "mail",
    "otherMails",
    "businessPhones",
    "mobilePhone",
    "city",
    "country",
    "employeeOrgData",
    "department",
];

fn answer() -> impl Strategy<Value = Map<String, Value>> {
    let each = NAMES.map(|name| prop::option::of(value(name)).prop_map(move |value| Some((name.to_owned(), value?))));
    each.to_vec()
        .prop_map(|members| members.into_iter().flatten().collect())
}

/// Elements of lists in a fixed order, which is no part of what is promised.
fn sorted(resource: Map<String, Value>) -> Value {
    let mut resource = Value::from(resource);
    for name in ["emails", "phoneNumbers", "addresses"] {
        if let Some(Value::Array(elements)) = resource.get_mut(name) {
            elements.sort_by_key(Value::to_string);
        }
    }
    resource
}

/// What a PATCH makes of a resource.
fn patched(mut resource: Map<String, Value>, patch: Option<Value>) -> Map<String, Value> {
    if let Some(body) = patch {
        let patch = scim::patch::Patch::parse(ResourceType::user(), &body).unwrap();
        patch.apply(ResourceType::user(), &mut resource).unwrap();
    }
    resource
}

proptest! {
    #[test]
    fn an_answer_and_then_what_changed_make_what_a_full_answer_makes(first in answer(), then in prop::collection::vec(answer(), 0..4)) {
        let map = users();
        let mut first = first;
        first.entry("userPrincipalName").or_insert("z@x.example".into());
        first.entry("accountEnabled").or_insert(true.into());
        let mapped = map.apply(&Object::new(id(), first.clone()), Mode::Full, &Kept::default()).unwrap();
        let (mut resource, mut kept, mut whole) = (mapped.create(), mapped.kept, first);
        for changed in then {
            let mapped = map.apply(&Object::new(id(), changed.clone()), Mode::Changes, &kept).unwrap();
            let (before, patch) = (resource.clone(), mapped.patch(&resource));
            prop_assert_eq!(mapped.apply_to(&mut resource), patch.is_some());
            prop_assert_eq!(patched(before, patch), resource.clone());
            kept = mapped.kept;
            whole.extend(changed);
        }
        let at_once = map.apply(&Object::new(id(), whole), Mode::Full, &Kept::default()).unwrap();
        prop_assert_eq!(sorted(resource.clone()), sorted(at_once.create()));
        prop_assert_eq!(&kept, &at_once.kept);
        let parsed = scim::resource::parse(ResourceType::user(), &resource.into(), scim::resource::Mode::Create);
        prop_assert!(parsed.is_ok());
    }

    #[test]
    fn no_answer_makes_the_map_panic_or_touch_what_it_does_not_rule(
        members in prop::collection::hash_map(
            prop::sample::select(NAMES.to_vec()),
            prop_oneof![any::<String>().prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(json!([[1], {}])), Just(json!({ "a": [] }))],
            0..8,
        ),
        is_full: bool,
    ) {
        let members: Map<String, Value> = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let mode = if is_full { Mode::Full } else { Mode::Changes };
        if let Ok(mapped) = users().apply(&Object::new(id(), members), mode, &Kept::default()) {
            let own = json!({ "locale": "nl", "emails": [{ "type": "home", "value": "h" }] });
            let mut resource = crate::support::members(own.clone());
            mapped.apply_to(&mut resource);
            prop_assert_eq!(&resource["locale"], "nl");
            let home = |resource: &Value| resource["emails"].as_array().unwrap().iter().any(|one| one["value"] == "h");
            prop_assert!(home(&Value::from(resource)) && home(&own));
        }
    }
}
