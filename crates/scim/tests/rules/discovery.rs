use scim::discovery::{
    BulkLimits, Features, Pagination, resource_type, resource_types, schema, schemas, service_provider_config,
};
use scim::schema::{Attribute, ResourceType, Schema};
use serde_json::{Value, json};

use crate::ENT;

const BASE: &str = "https://h/directories/1/scim/v2";

fn types() -> [&'static ResourceType; 2] {
    [ResourceType::user(), ResourceType::group()]
}

fn is_free_of_null(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter().all(is_free_of_null),
        Value::Object(members) => members.values().all(is_free_of_null),
        _ => true,
    }
}

// Rules: R55
#[test]
fn the_configuration_says_what_is_switched_on() {
    let plain = service_provider_config(BASE, &Features::default());
    assert_eq!(plain["patch"], json!({ "supported": true }));
    assert_eq!(plain["etag"], json!({ "supported": true }));
    assert_eq!(plain["filter"], json!({ "supported": true, "maxResults": 200 }));
    for name in ["bulk", "sort", "changePassword"] {
        assert_eq!(plain[name]["supported"], false, "{name}");
    }
    let kinds: Vec<_> = plain["authenticationSchemes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scheme| &scheme["type"])
        .collect();
    assert_eq!(kinds, ["oauthbearertoken", "httpbasic", "oauth2"]);
    assert_eq!(plain["meta"]["location"], format!("{BASE}/ServiceProviderConfig"));
    assert!(plain.get("pagination").is_none() && is_free_of_null(&plain));
    let features = Features {
        bulk: Some(BulkLimits {
            max_operations: 1000,
            max_payload_size: 1_048_576,
        }),
        sort: true,
        ..Features::default()
    };
    let full = service_provider_config(BASE, &features);
    assert_eq!(
        full["bulk"],
        json!({ "supported": true, "maxOperations": 1000, "maxPayloadSize": 1_048_576 })
    );
    assert_eq!(full["sort"]["supported"], true);
}

// Rules: R42
#[test]
fn pagination_is_described() {
    let pagination = Pagination {
        cursor: true,
        default_page_size: 100,
        max_page_size: 200,
        cursor_timeout: Some(3600),
    };
    let config = service_provider_config(
        BASE,
        &Features {
            pagination: Some(pagination),
            ..Features::default()
        },
    );
    let expected = json!({ "cursor": true, "index": true, "defaultPaginationMethod": "index", "defaultPageSize": 100,
        "maxPageSize": 200, "cursorTimeout": 3600 });
    assert_eq!(config["pagination"], expected);
}

// Rules: R56, R57
#[test]
fn resource_types_as_list_and_alone() {
    let list = resource_types(BASE, &types());
    assert_eq!(
        (&list["totalResults"], &list["itemsPerPage"], &list["startIndex"]),
        (&json!(2), &json!(2), &json!(1))
    );
    let user = resource_type(BASE, &types(), "user").unwrap();
    assert_eq!(list["Resources"][0], user);
    assert_eq!(user["schemaExtensions"], json!([{ "schema": ENT, "required": false }]));
    assert_eq!(user["endpoint"], "/Users");
    assert_eq!(
        resource_type(BASE, &types(), "Group").unwrap()["schemaExtensions"],
        json!([])
    );
    assert_eq!(
        resource_type(BASE, &types(), "Robot")
            .expect_err("there is none")
            .status,
        404
    );
}

// Rules: R56
#[test]
fn schemas_as_list_and_alone() {
    let list = schemas(BASE, &types());
    let ids: Vec<_> = list["Resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|schema| &schema["id"])
        .collect();
    assert_eq!(ids, [scim::urn::CORE_USER, ENT, scim::urn::CORE_GROUP]);
    assert_eq!(
        schema(BASE, &types(), &ENT.to_uppercase()).unwrap(),
        list["Resources"][1]
    );
    assert_eq!(schema(BASE, &types(), "urn:x").expect_err("there is none").status, 404);
}

// Rules: R58
#[test]
fn every_attribute_has_every_characteristic_and_nothing_is_null() {
    fn check(attribute: &Value) {
        for name in [
            "name",
            "type",
            "multiValued",
            "description",
            "required",
            "caseExact",
            "mutability",
            "returned",
            "uniqueness",
        ] {
            assert!(attribute.get(name).is_some(), "{attribute}");
        }
        assert_eq!(attribute["type"] == "complex", attribute.get("subAttributes").is_some());
        assert_eq!(
            attribute["type"] == "reference",
            attribute.get("referenceTypes").is_some()
        );
        attribute["subAttributes"]
            .as_array()
            .into_iter()
            .flatten()
            .for_each(check);
    }
    let list = schemas(BASE, &types());
    assert!(is_free_of_null(&list));
    for schema in list["Resources"].as_array().unwrap() {
        schema["attributes"].as_array().unwrap().iter().for_each(check);
    }
}

// Rules: B28
#[test]
fn active_is_declared_a_boolean() {
    let core = schema(BASE, &types(), scim::urn::CORE_USER).unwrap();
    let active = core["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|attribute| attribute["name"] == "active")
        .unwrap();
    assert_eq!(active["type"], "boolean");
}

// Rules: V15
#[test]
fn every_default_mapping_of_entra_is_found_in_the_schemas() {
    let list = schemas(BASE, &types());
    let mut targets = Vec::new();
    for schema in list["Resources"].as_array().unwrap() {
        for attribute in schema["attributes"].as_array().unwrap() {
            flatten(attribute, &mut targets);
        }
    }
    for target in [
        "userName",
        "active",
        "displayName",
        "title",
        "emails[type eq \"work\"].value",
        "preferredLanguage",
        "name.givenName",
        "name.familyName",
        "name.formatted",
        "addresses[type eq \"work\"].formatted",
        "addresses[type eq \"work\"].streetAddress",
        "addresses[type eq \"work\"].locality",
        "addresses[type eq \"work\"].region",
        "addresses[type eq \"work\"].postalCode",
        "addresses[type eq \"work\"].country",
        "phoneNumbers[type eq \"work\"].value",
        "phoneNumbers[type eq \"mobile\"].value",
        "phoneNumbers[type eq \"fax\"].value",
        "externalId",
        "employeeNumber",
        "department",
        "manager",
        "members",
        "roles[primary eq \"True\"].value",
    ] {
        assert!(
            targets.iter().any(|known| known.eq_ignore_ascii_case(target)),
            "{target}"
        );
    }
}

/// The mapping targets of an attribute, as Microsoft's test expands them.
fn flatten(attribute: &Value, targets: &mut Vec<String>) {
    let name = attribute["name"].as_str().expect("attributes have names");
    let subs: Vec<&Value> = attribute["subAttributes"].as_array().into_iter().flatten().collect();
    if subs.is_empty() || ["manager", "members"].contains(&name) {
        return targets.push(name.to_owned());
    }
    let types = subs
        .iter()
        .find(|sub| sub["name"] == "type")
        .and_then(|sub| sub["canonicalValues"].as_array());
    for sub in subs.iter().map(|sub| sub["name"].as_str().expect("parts have names")) {
        match (attribute["multiValued"] == true, types) {
            (false, _) => targets.push(format!("{name}.{sub}")),
            (true, None) => targets.push(format!("{name}[primary eq \"True\"].{sub}")),
            (true, Some(types)) => targets.extend(types.iter().map(|kind| format!("{name}[type eq {kind}].{sub}"))),
        }
    }
}

// Rules: R57
#[test]
fn extensions_of_a_directory_are_declared() {
    let own = Schema {
        id: "urn:acme:hr".into(),
        name: "Acme".into(),
        description: "Acme".into(),
        attributes: vec![Attribute::string("badge", "Badge.")],
    };
    let rt = ResourceType::user_with(vec![own]);
    assert_eq!(
        schema(BASE, &[&rt], "urn:acme:hr").unwrap()["attributes"][0]["name"],
        "badge"
    );
    assert_eq!(
        resource_type(BASE, &[&rt], "User").unwrap()["schemaExtensions"][1]["schema"],
        "urn:acme:hr"
    );
}
