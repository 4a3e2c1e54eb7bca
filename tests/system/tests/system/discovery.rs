//! What `/Schemas` says is what the server does: everything here is derived from what it serves (R58, B28).

use serde_json::{Map, Value, json};
use system::scim::{Answer, Scim};
use system::{Shape, System, Tenant};

/// An attribute of the served schemas, with the schema it belongs to.
struct Fact {
    /// `/Users` or `/Groups`.
    endpoint: String,
    /// The URN of an extension; `None` for the core schema.
    extension: Option<String>,
    /// As served.
    facts: Value,
}

impl Fact {
    fn name(&self) -> &str {
        self.facts["name"].as_str().expect("a name")
    }

    fn is(&self, characteristic: &str, value: impl Into<Value>) -> bool {
        self.facts[characteristic] == value.into()
    }

    fn is_writable(&self) -> bool {
        self.is("mutability", "readWrite")
    }

    /// Members are ids of others, which no value made up here is.
    fn is_free(&self) -> bool {
        self.is_writable() && self.name() != "members"
    }

    fn path(&self) -> String {
        match &self.extension {
            Some(urn) => format!("{urn}:{}", self.name()),
            None => self.name().to_owned(),
        }
    }

    fn of<'v>(&self, resource: &'v Value) -> &'v Value {
        match &self.extension {
            Some(urn) => &resource[urn][self.name()],
            None => &resource[self.name()],
        }
    }
}

/// A value of the attribute's type; `seed` makes it another one.
fn value(facts: &Value, seed: &str) -> Value {
    let one = match facts["type"].as_str().expect("a type") {
        "boolean" => json!(seed != "b"),
        "integer" => json!(seed.len()),
        "decimal" => json!(1.5),
        "dateTime" => json!("2026-01-31T08:15:00Z"),
        "binary" => json!("AAEC"),
        "reference" => json!(format!(
            "https://{seed}.example/{}",
            facts["name"].as_str().unwrap_or_default()
        )),
        "complex" => {
            let parts = facts["subAttributes"].as_array().expect("parts").iter();
            let parts = parts.filter(|part| part["mutability"] == "readWrite");
            parts
                .map(|part| (part["name"].as_str().expect("a name").to_owned(), value(part, seed)))
                .collect::<Map<_, _>>()
                .into()
        }
        _ => json!(format!("{seed}-{}", facts["name"].as_str().unwrap_or_default())),
    };
    if facts["multiValued"] == true {
        json!([one])
    } else {
        one
    }
}

/// A value of another type than the attribute's, which no leniency mends.
fn wrong(facts: &Value) -> Value {
    match facts["type"].as_str().expect("a type") {
        "complex" => json!([[7]]),
        "boolean" | "integer" | "decimal" | "dateTime" => json!("neither"),
        _ => json!(7),
    }
}

async fn facts(scim: &Scim) -> Vec<Fact> {
    let types = scim.get("/ResourceTypes").await;
    let mut facts = Vec::new();
    for kind in types.expect(200)["Resources"].as_array().expect("types") {
        let endpoint = kind["endpoint"].as_str().expect("an endpoint");
        let extensions = kind["schemaExtensions"].as_array().expect("an array");
        let urns = extensions.iter().map(|extension| (true, &extension["schema"]));
        for (is_extension, urn) in std::iter::once((false, &kind["schema"])).chain(urns) {
            let urn = urn.as_str().expect("a URN");
            let schema = scim.get(&format!("/Schemas/{urn}")).await;
            for attribute in schema.expect(200)["attributes"].as_array().expect("attributes") {
                facts.push(Fact {
                    endpoint: endpoint.to_owned(),
                    extension: is_extension.then(|| urn.to_owned()),
                    facts: attribute.clone(),
                });
            }
        }
    }
    facts
}

/// A resource with a value for every attribute that may be written.
fn whole(facts: &[Fact], endpoint: &str, seed: &str) -> Value {
    let mut resource = json!({});
    for fact in facts.iter().filter(|fact| fact.endpoint == endpoint && fact.is_free()) {
        let place = match &fact.extension {
            Some(urn) => &mut resource[urn],
            None => &mut resource,
        };
        place[fact.name()] = value(&fact.facts, seed);
    }
    resource
}

async fn started() -> (System, Tenant, Vec<Fact>) {
    let system = System::start(Shape::AllInOne).await;
    let tenant = system.tenant("contoso.example").await;
    let facts = facts(&tenant.scim).await;
    assert!(facts.iter().any(|fact| fact.endpoint == "/Users") && facts.iter().any(|fact| fact.endpoint == "/Groups"));
    (system, tenant, facts)
}

async fn create(scim: &Scim, endpoint: &str, body: &Value) -> Answer {
    let answer = scim.send("POST", endpoint, Some(body)).await;
    answer.expect(201);
    answer
}

// Rules: R58, B28
#[tokio::test(flavor = "multi_thread")]
async fn every_writable_attribute_is_kept_by_post_and_by_patch_as_it_was_sent() {
    let (system, tenant, facts) = started().await;
    let scim = &tenant.scim;
    for endpoint in ["/Users", "/Groups"] {
        let sent = whole(&facts, endpoint, "a");
        let path = format!("{endpoint}/{}", create(scim, endpoint, &sent).await.id());
        let got = scim.get(&path).await;
        for fact in facts.iter().filter(|fact| fact.endpoint == endpoint && fact.is_free()) {
            assert_eq!(fact.of(got.expect(200)), fact.of(&sent), "{}", fact.path());
            let other = value(&fact.facts, "b");
            let patch = json!([{ "op": "replace", "path": fact.path(), "value": other }]);
            let patched = scim.patch(&path, patch).await;
            assert!(
                (200..300).contains(&patched.status),
                "{}: {}",
                fact.path(),
                patched.text
            );
            assert_eq!(*fact.of(scim.get(&path).await.expect(200)), other, "{}", fact.path());
        }
    }
    system.stop().await;
}

// Rules: R58, P4
#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_only_is_refused_and_what_is_never_returned_is_not() {
    let (system, tenant, facts) = started().await;
    let scim = &tenant.scim;
    for endpoint in ["/Users", "/Groups"] {
        let path = format!(
            "{endpoint}/{}",
            create(scim, endpoint, &whole(&facts, endpoint, "a")).await.id()
        );
        for fact in facts.iter().filter(|fact| fact.endpoint == endpoint) {
            let patch = json!([{ "op": "replace", "path": fact.path(), "value": value(&fact.facts, "x") }]);
            if fact.is("mutability", "readOnly") {
                scim.patch(&path, patch).await.expect_error(400, "mutability");
            } else if fact.is("returned", "never") {
                assert!(
                    (200..300).contains(&scim.patch(&path, patch).await.status),
                    "{}",
                    fact.path()
                );
                let named = scim.get(&format!("{path}?attributes={}", fact.path())).await;
                assert!(fact.of(named.expect(200)).is_null(), "{}", named.text);
            }
        }
    }
    system.stop().await;
}

// Rules: R58
#[tokio::test(flavor = "multi_thread")]
async fn what_is_required_must_be_there_and_types_must_fit() {
    let (system, tenant, facts) = started().await;
    let scim = &tenant.scim;
    for fact in facts.iter().filter(|fact| fact.is_free()) {
        let mut body = whole(&facts, &fact.endpoint, &format!("r-{}", fact.name().to_lowercase()));
        let place = match &fact.extension {
            Some(urn) => &mut body[urn],
            None => &mut body,
        };
        place.as_object_mut().expect("an object").remove(fact.name());
        let mut mistyped = body.clone();
        let without = scim.send("POST", &fact.endpoint, Some(&body)).await;
        if fact.is("required", true) {
            assert!(
                without.expect_error(400, "invalidValue").contains(fact.name()),
                "{}",
                without.text
            );
        } else {
            without.expect(201);
        }
        let place = match &fact.extension {
            Some(urn) => &mut mistyped[urn],
            None => &mut mistyped,
        };
        place[fact.name()] = wrong(&fact.facts);
        let refused = scim.send("POST", &fact.endpoint, Some(&mistyped)).await;
        let detail = refused.expect_error(400, "invalidValue");
        assert!(detail.contains(fact.name()), "{}: {detail}", fact.path());
    }
    system.stop().await;
}

// Rules: R58, R28
#[tokio::test(flavor = "multi_thread")]
async fn texts_are_compared_as_their_case_exact_says() {
    let (system, tenant, facts) = started().await;
    let scim = &tenant.scim;
    for endpoint in ["/Users", "/Groups"] {
        create(scim, endpoint, &whole(&facts, endpoint, "a")).await;
    }
    let texts = facts.iter().filter(|fact| fact.is_free() && fact.is("type", "string"));
    for fact in texts {
        let text = value(&fact.facts, "a").as_str().expect("a text").to_owned();
        for (asked, found) in [
            (text.clone(), 1),
            (text.to_uppercase(), u64::from(fact.is("caseExact", false))),
        ] {
            let page = scim
                .find(&fact.endpoint[1..], &format!("{} eq {}", fact.path(), json!(asked)))
                .await;
            assert_eq!(page.expect(200)["totalResults"], found, "{} eq {asked}", fact.path());
        }
    }
    system.stop().await;
}
