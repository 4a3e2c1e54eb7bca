//! The addresses of those who are written to, in a request.

use crate::body::Body;
use std::collections::HashSet;

/// Looks for addresses that are given twice; faults stay with the body. That each is an address is said by the schema.
pub(super) fn check<T: api::Body>(body: &mut Body<T>, name: &str) {
    let addresses: Vec<String> = body.sound(name).unwrap_or_default();
    let mut seen = HashSet::with_capacity(addresses.len());
    for (index, address) in addresses.iter().enumerate() {
        if !seen.insert(address.to_ascii_lowercase()) {
            body.fault(&format!("/{name}/{index}"), "Given twice.");
        }
    }
}
