//! Readers of the fields of an endpoint.

use super::Headers;
use crate::context::Context;
use crate::fields::{Fields, Wrong, list, member_faults, text};
use crate::problem::Problem;
use ::events::{DirectoryId, EventPattern, EventType, OrganizationId, Timestamp};
use serde_json::Value;
use store::{CatchUpFrom, EndpointFormat};
use webhooks::{ClientIdentity, CustomHeaders, Guard, Signing};

/// Requests per second that an endpoint may ask for.
pub(super) const RATES: std::ops::RangeInclusive<i32> = 1..=10_000;
/// Directories or organizations that one endpoint can name.
pub(super) const MOST_DIRECTORIES: usize = 1_000;
/// Patterns and fields that one endpoint can name.
pub(super) const MOST_NAMES: usize = 200;

/// A URL that webhooks may go to, in its normal form.
pub(super) fn url(guard: &Guard) -> impl Fn(&Value) -> Result<String, Wrong> {
    move |value| {
        let Value::String(text) = value else {
            return Err("Must be a string.".into());
        };
        guard
            .check(text.trim())
            .map(String::from)
            .map_err(|error| format!("Not accepted: {error}.").into())
    }
}

/// The name of a type of events, or a glob over the names.
pub(super) fn event_pattern(value: &Value) -> Result<EventPattern, Wrong> {
    let Value::String(text) = value else {
        return Err("Must be a string.".into());
    };
    text.parse().map_err(|error| {
        let known: Vec<_> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("Not accepted: {error}. There are: {}.", known.join(", ")).into()
    })
}

/// A name of the allow-list of attributes.
pub(super) fn field(value: &Value) -> Result<String, Wrong> {
    let Value::String(text) = value else {
        return Err("Must be a string.".into());
    };
    match directory::Fields::parse([text.as_str()]) {
        Ok(_) => Ok(text.clone()),
        Err(error) => Err(format!("Not accepted: {error}.").into()),
    }
}

/// A SCIM filter on users.
pub(super) fn filter(value: &Value) -> Result<String, Wrong> {
    let Value::String(text) = value else {
        return Err("Must be a SCIM filter on users, for example department eq \"Sales\".".into());
    };
    match directory::Scope::parse(text) {
        Ok(_) => Ok(text.clone()),
        Err(error) => Err(format!("Not accepted: {error}.").into()),
    }
}

/// How requests are signed.
pub(super) const SIGNINGS: &[(&str, Signing)] = &[("v1", Signing::V1), ("v1a", Signing::V1a)];

/// Where the stream of a new endpoint begins; `None` is now.
pub(super) const BEGINNINGS: &[(&str, Option<CatchUpFrom>)] = &[
    ("now", None),
    ("beginning", Some(CatchUpFrom::Beginning)),
    ("snapshot", Some(CatchUpFrom::Snapshot)),
];

/// `{certificate, private_key}`, both PEM.
pub(super) fn client_certificate(now: Timestamp) -> impl Fn(&Value) -> Result<ClientIdentity, Wrong> {
    move |value| {
        let Value::Object(members) = value else {
            return Err("Must be an object with certificate and private_key, both as PEM text.".into());
        };
        let mut faults = Vec::new();
        for name in members.keys().filter(|name| !CERTIFICATE.contains(&name.as_str())) {
            faults.push((
                name.clone(),
                format!("Unknown field. Allowed here: {}.", CERTIFICATE.join(", ")),
            ));
        }
        let mut text = |name: &str| match members.get(name).and_then(Value::as_str) {
            Some(text) => text,
            None => {
                faults.push((name.to_owned(), "Must be PEM text.".to_owned()));
                ""
            }
        };
        let (certificate, private_key) = (text("certificate"), text("private_key"));
        if !faults.is_empty() {
            return Err(member_faults(faults));
        }
        ClientIdentity::parse(certificate, private_key, now.millis() / 1000).map_err(|error| {
            let name = if error.is_of_key() {
                "private_key"
            } else {
                "certificate"
            };
            member_faults([(name.to_owned(), format!("Not accepted: this {error}."))])
        })
    }
}

const CERTIFICATE: [&str; 2] = ["certificate", "private_key"];

/// An object of header names and values. Faults name the header, never its value.
pub(super) fn headers(value: &Value) -> Result<Headers, Wrong> {
    let Value::Object(members) = value else {
        return Err("Must be an object of header names and values.".into());
    };
    let (mut headers, mut faults) = (Headers::new(), Vec::new());
    for (name, value) in members {
        match value {
            Value::String(value) => drop(headers.insert(name.clone(), value.clone())),
            _ => faults.push((name.clone(), "Must be a string.".to_owned())),
        }
    }
    for (name, value) in &headers {
        if let Err(error) = CustomHeaders::new([(name.as_str(), value.as_str())]) {
            faults.push((name.clone(), format!("Not accepted: {error}.")));
        }
    }
    if !faults.is_empty() {
        return Err(member_faults(faults));
    }
    // Together they may still be too many, or one name in two spellings.
    let all = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    CustomHeaders::new(all).map_err(|error| Wrong::from(format!("Not accepted: {error}.")))?;
    Ok(headers)
}

/// Makes ids that name no directory a fault each: such an endpoint would silently get nothing.
///
/// # Errors
/// As the store.
pub(super) async fn check_directories(
    context: &Context,
    fields: &mut Fields,
    ids: Option<&Vec<DirectoryId>>,
) -> Result<(), Problem> {
    let Some(ids) = ids else { return Ok(()) };
    for missing in context.store().directories().missing(ids).await? {
        let index = ids.iter().position(|id| *id == missing).unwrap_or_default();
        fields.fault_below("directory_ids", index, "There is no directory with this id.");
    }
    Ok(())
}

/// Receivers that a Security Event Token can name.
const MOST_AUDIENCES: usize = 10;

/// What the endpoint is sent.
pub(super) fn format(value: &Value) -> Result<EndpointFormat, Wrong> {
    match value.as_str() {
        Some("standard") => Ok(EndpointFormat::Standard),
        Some("set") => Ok(EndpointFormat::Set),
        _ => Err("Must be \"standard\" (Standard Webhooks) or \"set\" (Security Event Tokens, RFC 9967).".into()),
    }
}

/// Who Security Event Tokens are for: one text or a list of them.
pub(super) fn audience(value: &Value) -> Result<Vec<String>, Wrong> {
    match value {
        Value::Array(_) => list(1..=MOST_AUDIENCES, text(1..=500))(value),
        one => text(1..=500)(one).map(|one| vec![one]),
    }
}

/// Who enters a scope or leaves it cannot be told in a Security Event Token, so there a filter would leave receivers with
/// people who are none of theirs any more.
pub(super) fn check_filter(fields: &mut Fields, format: EndpointFormat, filter: Option<&String>) {
    if format == EndpointFormat::Set && filter.is_some() {
        fields.fault(
            "filter",
            "Not with format \"set\": there is no SCIM event for who enters or leaves.",
        );
    }
}

/// Makes it a fault to ask for what the format cannot give.
pub(super) fn check_format(
    fields: &mut Fields,
    format: EndpointFormat,
    audience: Option<&Vec<String>>,
    event_types: Option<&Vec<EventPattern>>,
) {
    if format == EndpointFormat::Standard {
        if audience.is_some() {
            fields.fault("audience", "Only endpoints with format \"set\" have one.");
        }
        return;
    }
    let strange = event_types.into_iter().flatten().enumerate();
    for (index, kind) in strange.filter(|(_, pattern)| !pattern.types().any(webhooks::set::carries)) {
        let detail = format!("{kind} has no form as a SCIM event, so it cannot be sent with format \"set\".");
        fields.fault_below("event_types", index, &detail);
    }
}

/// Only what waits for an earlier event can be superseded, and only at ordered endpoints anything does.
pub(super) fn check_coalesce(fields: &mut Fields, ordered: bool, coalesce: bool) {
    if coalesce && !ordered {
        fields.fault(
            "coalesce",
            "Needs \"ordered\": true: only there events wait for one another.",
        );
    }
}

/// The same for organizations.
///
/// # Errors
/// As the store.
pub(super) async fn check_organizations(
    context: &Context,
    fields: &mut Fields,
    ids: Option<&Vec<OrganizationId>>,
) -> Result<(), Problem> {
    let Some(ids) = ids else { return Ok(()) };
    for missing in context.store().organizations().missing(ids).await? {
        let index = ids.iter().position(|id| *id == missing).unwrap_or_default();
        fields.fault_below("organization_ids", index, "There is no organization with this id.");
    }
    Ok(())
}
