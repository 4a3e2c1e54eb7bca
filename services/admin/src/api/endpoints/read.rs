//! Readers of the fields of an endpoint.

use super::Headers;
use crate::context::Context;
use crate::fields::{Fields, Wrong, member_faults};
use crate::problem::Problem;
use ::events::{DirectoryId, EventType};
use serde_json::Value;
use webhooks::{CustomHeaders, Guard};

/// Requests per second that an endpoint may ask for.
pub(super) const RATES: std::ops::RangeInclusive<i32> = 1..=10_000;
/// Directories that one endpoint can name.
pub(super) const MOST_DIRECTORIES: usize = 1_000;

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

/// The name of a type of events.
pub(super) fn event_type(value: &Value) -> Result<EventType, Wrong> {
    let Value::String(text) = value else {
        return Err("Must be a string.".into());
    };
    text.parse().map_err(|_| {
        let known: Vec<_> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("Unknown event type. There are: {}.", known.join(", ")).into()
    })
}

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
