//! Every attribute that Entra ID maps, and every type of value.

use super::*;

crate::on_both_shapes! {
    every_mapped_attribute_is_discovered_and_cleared_by_empty_text_and_by_null,
    a_user_of_every_type_of_value_round_trips,
}

/// The target names that Microsoft's test derives from `/Schemas`.
fn targets(schemas: &Value) -> Vec<String> {
    let mut targets = Vec::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for schema in list(&schemas["Resources"]) {
        let id = schema["id"].as_str().unwrap();
        let prefix = if id.contains(":core:2.0:") {
            String::new()
        } else {
            format!("{id}:")
        };
        for attribute in list(&schema["attributes"]) {
            let name = format!("{prefix}{}", attribute["name"].as_str().unwrap());
            let subs = list(&attribute["subAttributes"]);
            let sub_names = || subs.iter().map(|sub| sub["name"].as_str().unwrap());
            if ["manager", "members"].iter().any(|bare| name.ends_with(bare)) {
                targets.push(name);
            } else if attribute["type"] == "reference" {
            } else if attribute["type"] != "complex" {
                targets.push(name);
            } else if attribute["multiValued"] != true {
                targets.extend(sub_names().map(|sub| format!("{name}.{sub}")));
            } else {
                let kinds = subs
                    .iter()
                    .find(|sub| sub["name"] == "type")
                    .map(|sub| list(&sub["canonicalValues"]));
                match kinds.filter(|kinds| !kinds.is_empty()) {
                    None => targets.extend(sub_names().map(|sub| format!("{name}[primary eq \"True\"].{sub}"))),
                    Some(kinds) => targets.extend(kinds.iter().flat_map(|kind| {
                        let subs = sub_names().filter(|sub| !["type", "primary"].contains(sub));
                        subs.map(|sub| format!("{name}[type eq \"{}\"].{sub}", kind.as_str().unwrap()))
                            .collect::<Vec<_>>()
                    })),
                }
            }
        }
    }
    targets
}

/// Entra's default mapping, without what identifies and switches users, and the value that a test sends.
fn mapped() -> Vec<(String, Value)> {
    let address = |part: &str| format!("addresses[type eq \"work\"].{part}");
    let phone = |kind: &str| format!("phoneNumbers[type eq \"{kind}\"].value");
    let mut targets: Vec<String> = [
        "displayName",
        "title",
        "preferredLanguage",
        "name.givenName",
        "name.familyName",
        "name.formatted",
        "emails[type eq \"work\"].value",
        "externalId",
        "nickName",
        "userType",
    ]
    .map(str::to_owned)
    .to_vec();
    targets.extend(
        [
            "formatted",
            "streetAddress",
            "locality",
            "region",
            "postalCode",
            "country",
        ]
        .map(address),
    );
    targets.extend(["work", "mobile", "fax"].map(phone));
    targets.extend(["employeeNumber", "department", "costCenter"].map(|name| format!("{ENTERPRISE}:{name}")));
    targets.push("roles[primary eq \"True\"].value".to_owned());
    let values = (0..).map(|n| json!(format!("value {n}")));
    targets.into_iter().zip(values).collect()
}

/// The value at a target, in a resource as answered; `Null` for none.
fn at(resource: &Value, target: &str) -> Value {
    let (resource, target) = match target.strip_prefix(&format!("{ENTERPRISE}:")) {
        Some(rest) => (&resource[ENTERPRISE], rest),
        None => (resource, target),
    };
    let Some((name, rest)) = target.split_once('[') else {
        return target
            .split('.')
            .fold(resource.clone(), |value, part| value[part].clone());
    };
    let (filter, sub) = rest.split_once("].").unwrap();
    let (key, wanted) = filter.split_once(" eq ").unwrap();
    let wanted = wanted.trim_matches('"');
    let elements = resource[name].as_array().cloned().unwrap_or_default();
    let is_it = |element: &&Value| match &element[key] {
        Value::Bool(flag) => flag.to_string().eq_ignore_ascii_case(wanted),
        other => other.as_str() == Some(wanted),
    };
    elements
        .iter()
        .find(is_it)
        .map_or(Value::Null, |element| element[sub].clone())
}

// Rules: V15, V16
async fn every_mapped_attribute_is_discovered_and_cleared_by_empty_text_and_by_null(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.test").await;
    let scim = &tenant.scim;
    let schemas = scim.get("/Schemas").await;
    let discovered = targets(schemas.expect(200));
    let fixed = ["userName", "active", "members"].map(str::to_owned);
    let manager = format!("{ENTERPRISE}:manager");
    for target in mapped()
        .iter()
        .map(|(target, _)| target)
        .chain(&fixed)
        .chain([&manager])
    {
        assert!(
            discovered.iter().any(|one| one.eq_ignore_ascii_case(target)),
            "{target}: {discovered:?}"
        );
    }
    let path = format!("/Users/{}", provision(scim, "ada").await);
    let mapped = mapped();
    let values: Vec<(&str, Value)> = mapped
        .iter()
        .map(|(target, value)| (target.as_str(), value.clone()))
        .collect();
    for dialect in DIALECTS {
        for empty in [json!(""), Value::Null] {
            let filled = scim.patch(&path, dialect.replace(&values)).await;
            for (target, value) in &values {
                assert_eq!(at(filled.expect(200), target), *value, "{target}");
            }
            let clear: Vec<_> = values.iter().map(|(target, _)| (*target, empty.clone())).collect();
            let answer = scim.patch(&path, dialect.replace(&clear)).await;
            assert!([200, 204].contains(&answer.status), "{}", answer.text);
            let read = scim.get(&path).await;
            for (target, _) in &values {
                let value = at(read.expect(200), target);
                assert!(value.is_null() || value == "", "{dialect:?} {empty} {target}: {value}");
            }
        }
    }
    system.stop().await;
}

const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:AcmeHR:2.0:User";

// Rules: V17, V18
async fn a_user_of_every_type_of_value_round_trips(shape: Shape) {
    let system = System::start(shape).await;
    let tenant = system.tenant("contoso.test").await;
    let attributes = json!([
        { "name": "badge" }, { "name": "level", "type": "integer" },
        { "name": "hired", "type": "dateTime" }, { "name": "remote", "type": "boolean" },
    ]);
    let schemas = json!([{ "id": EXTENSION, "name": "AcmeHR", "attributes": attributes }]);
    let directory = format!("/directories/{}", tenant.directory_id);
    system
        .api("PATCH", &directory, Some(json!({ "schemas": schemas })))
        .await;
    let scim = &tenant.scim;
    let mut body = e20("ada");
    // The URN is not listed among the schemas, though its data is there.
    body[EXTENSION] = json!({ "badge": "B-1", "level": 3, "hired": "2020-02-29T08:00:00Z", "remote": true });
    let created = scim.send("POST", "/Users", Some(&body)).await;
    assert_eq!(created.expect(201)["userName"], body["userName"]);
    assert_eq!(created.body[EXTENSION], body[EXTENSION]);
    let path = format!("/Users/{}", created.id());
    for (n, dialect) in DIALECTS.into_iter().enumerate() {
        let own = |name: &str| format!("{EXTENSION}:{name}");
        let (badge, level, hired, remote) = (own("badge"), own("level"), own("hired"), own("remote"));
        // By default, numbers and booleans come as texts.
        let written = |value: Value| match dialect {
            Dialect::Default => json!(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
            Dialect::Flag => value,
        };
        let changes = [
            ("title", json!(format!("Title {n}"))),
            (badge.as_str(), json!(format!("B-{n}"))),
            (level.as_str(), json!(40 + n)),
            (hired.as_str(), json!("2026-01-31T08:15:00.123Z")),
            (remote.as_str(), json!(n == 1)),
            ("active", json!(n == 1)),
        ];
        let sent: Vec<_> = changes
            .iter()
            .map(|(path, value)| (*path, written(value.clone())))
            .collect();
        let answer = scim.patch(&path, dialect.replace(&sent)).await;
        assert!([200, 204].contains(&answer.status), "{}", answer.text);
        let read = scim.get(&path).await;
        for (target, expected) in changes {
            let read = read.expect(200);
            let value = match target.strip_prefix(&format!("{EXTENSION}:")) {
                Some(name) => &read[EXTENSION][name],
                None => &read[target],
            };
            assert_eq!(*value, expected, "{dialect:?} {target}");
        }
    }
    system.stop().await;
}
