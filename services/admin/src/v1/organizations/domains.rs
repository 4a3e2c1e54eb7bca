//! The domains of an organization in a request.

use crate::body::Body;
use crate::problem::{Problem, ProblemKind};
use api::Fault;
use serde_json::Value;
use std::collections::HashSet;
use store::{Domain, InvalidDomain};

/// Reads `domains`; faults stay with the body.
pub(super) fn read<T: api::Body>(body: &mut Body<T>) -> Vec<Domain> {
    let texts = body
        .member("domains")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let mut domains: Vec<Domain> = Vec::with_capacity(texts.len());
    let mut seen = HashSet::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let Some(text) = text.as_str() else { continue };
        let fault = match text.parse::<Domain>() {
            Ok(domain) if !seen.insert(domain.clone()) => "Given twice.".to_owned(),
            Ok(domain) => {
                domains.push(domain);
                continue;
            }
            Err(InvalidDomain) => InvalidDomain.to_string(),
        };
        body.fault(&format!("/domains/{index}"), fault);
    }
    domains
}

/// 409: one of the domains belongs to another organization.
pub(super) fn taken(domains: &[Domain], index: usize) -> Problem {
    let domain = domains.get(index).map_or("", Domain::as_str);
    Problem::new(
        ProblemKind::Conflict,
        format!("The domain {domain} belongs to another organization."),
    )
    .with_faults(vec![Fault::at(
        format!("#/domains/{index}"),
        "Belongs to another organization.",
    )])
}
