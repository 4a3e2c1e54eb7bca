//! Connections of tests.

use crate::edge::Edge;
use events::{ConnectionId, Timestamp};
use graph::testing::ManualClock;
use graph::{Credential, Endpoints, Graph, Identity, Session, TenantSize};
use oidc::{AssertionForm, CERTIFICATE_LIFETIME, Certificate, SigningKey};
use secrecy::SecretString;
use serde_json::{Map, Value};
use std::sync::Arc;
use uuid::Uuid;
use webhooks::{Guard, Rules};

pub(crate) const TENANT: Uuid = Uuid::from_u128(0x5f2c_9a0e_7d41_4c1b_9a55_0b6d_3f7e_2c10);
pub(crate) const CLIENT: Uuid = Uuid::from_u128(0xc1b7_e6f4_2f0a_4e7b_8d33_9a1e_5c7d_0b42);

pub(crate) fn now() -> Timestamp {
    "2026-11-30T12:00:00Z".parse().unwrap()
}

pub(crate) fn guard() -> Guard {
    Guard::new(Rules::private())
}

pub(crate) fn identity(edge: &Edge, credential: Credential) -> Identity {
    Identity {
        connection: ConnectionId::new(),
        tenant: TENANT,
        client_id: CLIENT,
        endpoints: Endpoints::new(&edge.url, &edge.url).unwrap(),
        credential,
        size: TenantSize::default(),
    }
}

pub(crate) fn secret(text: &str) -> Credential {
    Credential::Secret(SecretString::from(text))
}

pub(crate) fn certificate(form: AssertionForm) -> (Credential, Certificate) {
    let key = SigningKey::from_pkcs8(include_bytes!("../keys/one.pk8")).unwrap();
    let certificate = Certificate::self_signed(&key, "graph", now(), CERTIFICATE_LIFETIME).unwrap();
    let credential = Credential::Certificate {
        key,
        certificate: Box::new(certificate.clone()),
        form,
    };
    (credential, certificate)
}

/// A clock that jumps to the end of each wait.
pub(crate) fn jumping() -> Arc<ManualClock> {
    Arc::new(ManualClock::jumping(now()))
}

/// A connection with a secret, and its clock.
pub(crate) fn session(edge: &Edge) -> (Session, Arc<ManualClock>) {
    let clock = jumping();
    let graph = Graph::with_clock(guard(), clock.clone()).unwrap();
    (graph.session(identity(edge, secret("s"))), clock)
}

/// The members of an object.
pub(crate) fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}
