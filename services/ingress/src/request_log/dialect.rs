//! Whose dialect a request is in, by what the client calls itself and by the shape of what it sends.

use super::record::Record;
use serde_json::Value;

/// What clients call themselves, by a part of it in lower case.
const AGENTS: [(&str, &str); 9] = [
    ("okta", "okta"),
    ("onelogin", "onelogin"),
    ("jumpcloud", "jumpcloud"),
    ("pingone", "ping"),
    ("google", "google"),
    ("azuread", "entra"),
    ("microsoft", "entra"),
    ("scim2-", "scim2"),
    ("python-scim2", "scim2"),
];
/// A URN that Entra ID puts on groups (E27).
const ENTRA_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
/// The beginning of the URNs of a draft, which OneLogin still uses.
const ONELOGIN: &str = "urn:scim:schemas:";

/// The dialect, where it can be told. Entra ID and OneLogin do not say who they are.
pub(super) fn of(record: &Record, body: Option<&Value>) -> Option<&'static str> {
    let agent = record.agent.as_deref().unwrap_or_default();
    let lower = agent.to_ascii_lowercase();
    if let Some((_, dialect)) = AGENTS.iter().find(|(part, _)| lower.contains(part)) {
        return Some(*dialect);
    }
    if record.is_entra || record.query.to_ascii_lowercase().contains("aadoptscim") {
        return Some("entra");
    }
    body.and_then(by_shape)
}

fn by_shape(body: &Value) -> Option<&'static str> {
    let texts = |name: &str| body.get(name).and_then(Value::as_array).into_iter().flatten();
    for urn in texts("schemas").filter_map(Value::as_str) {
        if urn == ENTRA_GROUP {
            return Some("entra");
        }
        if urn.starts_with(ONELOGIN) {
            return Some("onelogin");
        }
    }
    let op = |operation: &Value| operation.get("op").and_then(Value::as_str).map(str::to_owned);
    texts("Operations")
        .filter_map(op)
        .any(|op| matches!(op.as_str(), "Add" | "Replace" | "Remove"))
        .then_some("entra")
}
