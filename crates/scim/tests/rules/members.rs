use scim::filter::Filter;
use scim::patch::{MemberOp, Patch};
use scim::schema::ResourceType;
use scim::{Error, ScimType};
use serde_json::{Value, json};

use crate::patch_body;

fn read(operations: &Value) -> Result<Vec<MemberOp>, Error> {
    Ok(Patch::parse(ResourceType::group(), &patch_body(operations))?
        .member_ops()
        .to_vec())
}

fn ops(operations: &Value) -> Vec<MemberOp> {
    read(operations).expect("the request is acceptable")
}

fn refusal(operation: &Value) -> ScimType {
    let error = read(&json!([operation])).expect_err("the request is refused");
    error.scim_type.expect("a refusal of the protocol has a type")
}

fn ids<const N: usize>(ids: [&str; N]) -> Vec<String> {
    ids.map(str::to_owned).to_vec()
}

// Rules: E29
#[test]
fn members_are_added_with_or_without_reference() {
    let value = json!([{ "$ref": null, "value": "9b1c" }, { "value": "77aa" }]);
    assert_eq!(
        ops(&json!([{ "op": "Add", "path": "members", "value": value }])),
        [MemberOp::Add(ids(["9b1c", "77aa"]))]
    );
    for value in [
        json!({ "value": "9b1c" }),
        json!("9b1c"),
        json!(["9b1c"]),
        json!([{ "Value": "9b1c", "type": "User", "display": "x" }]),
    ] {
        for operation in [
            json!({ "op": "add", "path": "members", "value": value }),
            json!({ "op": "add", "value": { "members": value } }),
        ] {
            assert_eq!(ops(&json!([operation])), [MemberOp::Add(ids(["9b1c"]))]);
        }
    }
}

// Rules: E30, B1, P17
#[test]
fn remove_with_a_value_array_removes_only_those() {
    let operation = json!({ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": "9b1c" }] });
    assert_eq!(ops(&json!([operation])), [MemberOp::Remove(ids(["9b1c"]))]);
    for value in [
        json!([]),
        json!(null),
        json!(""),
        json!([{}]),
        json!([{ "value": "" }]),
        json!([null]),
        json!(7),
    ] {
        assert_eq!(
            refusal(&json!({ "op": "Remove", "path": "members", "value": value })),
            ScimType::InvalidValue,
            "{value}"
        );
    }
}

// Rules: E31, B2
#[test]
fn remove_by_filter_names_the_ids() {
    let operation = json!({ "op": "remove", "path": "members[value eq \"9b1c\"]" });
    assert_eq!(ops(&json!([operation])), [MemberOp::Remove(ids(["9b1c"]))]);
    let operation = json!({ "op": "remove", "path": "members[value eq \"a\" or value eq \"b\" or value eq \"a\"]" });
    assert_eq!(ops(&json!([operation])), [MemberOp::Remove(ids(["a", "b"]))]);
}

// Rules: P16
#[test]
fn remove_by_another_filter_is_left_to_the_store() {
    let operations = ops(&json!([{ "op": "remove", "path": "members[type eq \"Group\"]" }]));
    let [MemberOp::RemoveWhere(Filter::Compare(comparison))] = operations.as_slice() else {
        panic!("{operations:?}")
    };
    assert_eq!(comparison.path.attribute, "type");
}

// Rules: B33, P10
#[test]
fn replace_by_nobody_clears() {
    for value in [json!([]), json!(null)] {
        assert_eq!(
            ops(&json!([{ "op": "replace", "path": "members", "value": value }])),
            [MemberOp::Clear]
        );
        assert_eq!(
            ops(&json!([{ "op": "replace", "value": { "members": value } }])),
            [MemberOp::Clear]
        );
    }
    assert_eq!(ops(&json!([{ "op": "remove", "path": "members" }])), [MemberOp::Clear]);
    let replaced = ops(&json!([{ "op": "replace", "path": "members", "value": [{ "value": "a" }, { "value": "a" }] }]));
    assert_eq!(replaced, [MemberOp::Replace(ids(["a"]))]);
}

// Rules: B5
#[test]
fn a_replacement_that_names_nobody_is_no_replacement() {
    for value in [
        json!([{ "display": "Ada" }]),
        json!([{ "value": "a" }, {}]),
        json!(""),
        json!([1]),
    ] {
        assert_eq!(
            refusal(&json!({ "op": "replace", "path": "members", "value": value })),
            ScimType::InvalidValue,
            "{value}"
        );
    }
}

// Rules: P9
#[test]
fn adding_nobody_does_nothing() {
    assert!(ops(&json!([{ "op": "add", "path": "members", "value": [] }])).is_empty());
}

// Rules: B4
#[test]
fn several_removals_keep_their_order_and_their_ids() {
    let operations = json!([
        { "op": "remove", "path": "members[value eq \"a\"]" }, { "op": "add", "path": "members", "value": ["b"] },
        { "op": "replace", "path": "displayName", "value": "X" }, { "op": "remove", "path": "members[value eq \"c\"]" },
    ]);
    let expected = [
        MemberOp::Remove(ids(["a"])),
        MemberOp::Add(ids(["b"])),
        MemberOp::Remove(ids(["c"])),
    ];
    assert_eq!(ops(&operations), expected);
}

#[test]
fn members_are_not_edited() {
    for path in [
        "members[value eq \"a\"].value",
        "members[value eq \"a\"].display",
        "members[value eq \"a\"].type",
        "members.type",
    ] {
        assert_eq!(
            refusal(&json!({ "op": "replace", "path": path, "value": "x" })),
            ScimType::Mutability,
            "{path}"
        );
    }
    assert_eq!(
        refusal(&json!({ "op": "replace", "path": "members[value eq \"a\"]", "value": { "value": "b" } })),
        ScimType::Mutability
    );
    assert_eq!(
        ops(&json!([{ "op": "add", "path": "members[value eq \"a\"]", "value": { "value": "a" } }])),
        [MemberOp::Add(ids(["a"]))]
    );
}

// Rules: P21
#[test]
fn members_never_enter_the_map() {
    let patch = Patch::parse(
        ResourceType::group(),
        &patch_body(&json!([{ "op": "add", "path": "members", "value": ["a"] }])),
    )
    .unwrap();
    let mut group = serde_json::Map::from_iter([("displayName".to_owned(), json!("S"))]);
    patch.apply(ResourceType::group(), &mut group).unwrap();
    assert_eq!(Value::Object(group), json!({ "displayName": "S" }));
}
