//! The document of the API against its routes and its types.

use crate::harness::{Api, BOTH};
use actix_web::http::Method;
use api::{Body, Reading};
use serde::de::DeserializeOwned;
use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(admin::openapi()).unwrap()
}

#[actix_web::test]
async fn every_route_is_in_the_document_which_needs_no_key() {
    let api = Api::on(BOTH[1]).await;
    let answer = api.anonymous(Method::GET, "/api/v1/openapi.json").send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let served: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(served, document());
    assert_eq!(served["openapi"], "3.1.0");
    let mut count = 0;
    for (method, path) in admin::routes() {
        let operation = &served["paths"][&path][method.as_str().to_lowercase()];
        assert!(operation["operationId"].is_string(), "{method} {path}");
        for id in path.split('/').filter_map(|part| part.strip_prefix('{')) {
            let parameters = operation["parameters"].as_array().unwrap();
            let name = id.trim_end_matches('}');
            assert!(
                parameters.iter().any(|parameter| parameter["name"] == name),
                "{method} {path}"
            );
        }
        count += 1;
    }
    let documented = served["paths"].as_object().unwrap().values();
    let documented: usize = documented.map(|path| path.as_object().unwrap().len()).sum();
    assert_eq!(documented, count, "what is in the document is served");
    let other = api.anonymous(Method::POST, "/api/v1/openapi.json").send().await;
    other.problem(405);
    api.close().await;
}

#[test]
fn operation_ids_are_unique_and_references_lead_somewhere() {
    let document = document();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let mut ids: Vec<_> = operations
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect_references<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| collect_references(value, references));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_references(value, references)),
        _ => {}
    }
}

/// The examples of a type, and that each is of that type.
struct Examples(Value, Vec<String>);

impl Examples {
    fn of(&mut self, name: &str) -> Vec<Value> {
        let schema = &self.0["components"]["schemas"][name];
        let examples = schema["examples"].as_array();
        self.1.push(name.to_owned());
        examples.unwrap_or_else(|| panic!("{name} has no examples")).clone()
    }

    fn request<T: Body + std::fmt::Debug>(&mut self, name: &str) {
        for example in self.of(name) {
            let members = example.as_object().unwrap().clone();
            Reading::<T>::new(members).finish().unwrap();
        }
    }

    fn answer<T: DeserializeOwned + serde::Serialize>(&mut self, name: &str) {
        for example in self.of(name) {
            let read: T = serde_json::from_value(example.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(serde_json::to_value(read).unwrap(), example, "{name}");
        }
    }
}

macro_rules! check {
    ($examples:ident.$how:ident: $($name:ident),+ $(,)?) => {
        $($examples.$how::<api::$name>(stringify!($name));)+
    };
}

#[test]
fn every_example_is_of_its_type() {
    let mut examples = Examples(document(), Vec::new());
    check!(examples.request: OrganizationCreate, DirectoryCreate, DirectoryPatch, DirectoryRelease, KeyCreate, KeyPatch,
           OauthClientCreate, FederationSet, EndpointCreate, EndpointPatch, EndpointEnable, EndpointReplay, EndpointTest);
    check!(examples.answer: Problem, Fault, Organization, Directory, DirectoryCounts, LastRefusal, FirstKey, RoleRule,
           GroupRole, MassChangeBrake, SchemaDeclaration, AttributeDeclaration, Key, KeyToken, OauthClient, Federation,
           Endpoint, ClientCertificate, ClientCertificateShown, EndpointSecret, SecretRotated, ReplayQueued, TestQueued,
           EndpointStats, Percentiles, Oldest, Delivery, Attempt, DeliveryQueued, DeliveryCancelled, Event,
           EventTypeEntry, ErasureStarted, User, GroupName, Group, Member);
    let schemas = examples.0["components"]["schemas"].as_object().unwrap();
    let with_examples = schemas.iter().filter(|(_, schema)| schema["examples"].is_array());
    let unchecked: Vec<_> = with_examples
        .filter(|(name, _)| !examples.1.contains(name))
        .map(|(name, _)| name)
        .collect();
    assert!(unchecked.is_empty(), "{unchecked:?}");
}
