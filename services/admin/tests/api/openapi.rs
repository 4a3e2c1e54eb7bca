//! The document of the API against its routes and its types.

use crate::harness::{Api, BOTH};
use actix_web::http::Method;
use api::{Body, Reading};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;

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
        let scope = operation["security"][0]["admin_key"][0].as_str().unwrap();
        let plain = ["read", "directories", "connections", "admin"].contains(&scope);
        let of_endpoints = ["view", "reveal", "manage", "resend"].map(|part| format!("endpoints:{part}"));
        assert!(plain || of_endpoints.iter().any(|one| one == scope), "{method} {path}");
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

/// The names of the schemas that these places refer to, and those that they refer to in turn.
fn schemas_of<'a>(document: &'a Value, places: impl Iterator<Item = &'a Value>) -> BTreeSet<&'a str> {
    let mut waiting = Vec::new();
    places.for_each(|place| collect_references(place, &mut waiting));
    let mut names = BTreeSet::new();
    while let Some(reference) = waiting.pop() {
        let Some(name) = reference.strip_prefix("#/components/schemas/") else {
            continue;
        };
        if names.insert(name) {
            collect_references(&document["components"]["schemas"][name], &mut waiting);
        }
    }
    names
}

fn may_be_null(schema: &Value) -> bool {
    let types = schema["type"].as_array().into_iter().flatten();
    let others = schema["oneOf"].as_array().into_iter().flatten();
    types.into_iter().any(|one| one == "null") || others.into_iter().any(|one| one["type"] == "null")
}

#[test]
fn what_may_be_null_in_an_answer_is_always_there() {
    let document = document();
    let operations = || {
        let paths = document["paths"].as_object().unwrap().values();
        paths.flat_map(|path| path.as_object().unwrap().values())
    };
    let of_requests = schemas_of(&document, operations().map(|operation| &operation["requestBody"]));
    let of_answers = schemas_of(&document, operations().map(|operation| &operation["responses"]));
    let mut looked_at = 0;
    for name in of_answers.difference(&of_requests) {
        // The settings of a directory are missing, all of them, where they cannot be read.
        if *name == "DirectorySettings" {
            continue;
        }
        let schema = &document["components"]["schemas"][name];
        let parts = schema["allOf"].as_array().into_iter().flatten().chain([schema]);
        for part in parts {
            for (member, facts) in part["properties"].as_object().into_iter().flatten() {
                let is_required = part["required"]
                    .as_array()
                    .is_some_and(|all| all.iter().any(|one| one == member));
                assert!(is_required || !may_be_null(facts), "{name}.{member}");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 100, "{looked_at} members");
}

#[test]
fn neither_bodies_nor_parameters_may_be_null_and_a_post_shows_whether_it_needs_a_body() {
    let document = document();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(
                    !may_be_null(&parameter["schema"]),
                    "{method} {path}: {}",
                    parameter["name"]
                );
            }
            let body = &operation["requestBody"];
            let schema = &body["content"]["application/json"]["schema"];
            assert!(!may_be_null(schema), "{method} {path}");
            assert!(method != "post" || schema["$ref"].is_string(), "{method} {path}");
        }
    }
    let is_required = |path: &str| document["paths"][path]["post"]["requestBody"]["required"].clone();
    assert_eq!(is_required("/api/v1/directories"), true);
    assert_eq!(is_required("/api/v1/directories/{id}/release"), false);
    assert_eq!(is_required("/api/v1/deliveries/{id}/retry"), false);
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
    check!(examples.request: OrganizationCreate, DirectoryCreate, DirectoryPatch, DirectoryRelease, KeyCreate, KeyPatch, KeyRotate,
           OauthClientCreate, FederationSet, EndpointCreate, EndpointPatch, EndpointEnable, EndpointReplay, EndpointTest,
           UserCreate, UserPatch, GroupCreate, GroupPatch, PreviewRequest, GroupRolesPreviewRequest, SamplePeopleSend, EndpointFilterPreviewRequest, TestReceiverCreate, AdminKeyCreate, OrganizationPatch, PortalLinkCreate,
           ConnectionCreate, ConnectionPatch, ConnectionSecretSet, ConsoleAccessSet, SsoClientCreate, SsoClientPatch,
           GraphCreate, GraphPatch, GraphCredentialCreate, GraphActivate, GraphResume, GraphRelease, GraphSync);
    check!(examples.answer: Problem, Fault, Organization, Directory, DirectoryCounts, LastRefusal, FirstKey, RoleRule,
           GroupRole, MassChangeBrake, SchemaDeclaration, AttributeDeclaration, Key, KeyToken, OauthClient, Federation,
           Endpoint, ClientCertificate, ClientCertificateShown, EndpointSecret, SecretRotated, ReplayQueued, TestQueued,
           EndpointDay, EndpointHour, Activity, ActivityMinute, Lane, WaitingDeliveries,
           EndpointStats, Percentiles, Oldest, Delivery, Attempt, DeliveryQueued, DeliveryCancelled, Event,
    EventDetail, TestReceiver, TestReceipt, TestReceiverDetail, EndpointFilterPreview, FilteredEvent, SamplePeopleSent, SamplePeopleRemoved, GroupRoleEffect, GroupRolesPreview, AttributePaths, AttributePathSeen, Cycle, CycleCounts, DirectoryHealth, DirectorySync, EmailAddress, ErasureStarted, EventTypeEntry, Group, GroupName, GroupPreview, HistoryChange, HistoryDelivery, HistoryEntry, Leniency, LoggedBody, Member, Preview, QuarantineForecast, Request, User, UserPreview, AdminKey, AuditEntry, AuditActor, AuditObject, PortalLink, PortalBrand, PortalBrandCreate,
           DeadLetter, DeadLetterRedriven, Credential, VerifiedDomain, DomainCheck, DomainRecord,
           Connection, ConnectionBinding, ConnectionCertificate, ConnectionTest, ConnectionTestDecision, ConsoleAccess, RedirectUri, SsoClient, SsoSession, SsoStream,
           GraphPull, GraphAttributeMap, GraphMapRow, GraphCertificate, GraphCredential, GraphStatus, GraphCounts, GraphCurrentRound,
           GraphProgress, GraphRound, GraphFault, GraphSyncAsked, GraphDrift, GraphTest, GraphTestAccount, GraphTestStep);
    let schemas = examples.0["components"]["schemas"].as_object().unwrap();
    let with_examples = schemas.iter().filter(|(_, schema)| schema["examples"].is_array());
    let unchecked: Vec<_> = with_examples
        .filter(|(name, _)| !examples.1.contains(name))
        .map(|(name, _)| name)
        .collect();
    assert!(unchecked.is_empty(), "{unchecked:?}");
}
