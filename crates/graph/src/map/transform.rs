//! From values of Graph to values of SCIM.

use super::row::Transform;
use super::target::Target;
use scim::filter::parse_date_time;
use scim::resource::MAX_INDEXED_BYTES;
use scim::schema::AttributeType;
use serde_json::Value;
use std::collections::HashSet;

/// What stands in the names of guests between their own address and the tenant's domain.
const GUEST: &str = "#EXT#";
/// Attributes of which the store keeps an index, which has room for [`MAX_INDEXED_BYTES`].
const INDEXED: [&str; 4] = ["userName", "externalId", "displayName", "emails"];

/// Values that do not fit where they should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DoesNotFit;

/// What a row makes of the values of its sources, of which none is `null`. Nothing is left: the place is empty.
pub(super) fn convert(
    transform: Option<Transform>,
    values: &[&Value],
    target: &Target,
) -> Result<Vec<Value>, DoesNotFit> {
    let texts = || values.iter().filter_map(|value| value.as_str()).map(str::trim);
    let made: Vec<Value> = match transform {
        None => flat(values.first()).cloned().collect(),
        Some(Transform::First) => flat(values.first()).take(1).cloned().collect(),
        Some(Transform::FirstOf) => {
            let has_value = |value: &&&Value| flat(Some(*value)).any(|one| !is_blank(one));
            flat(values.iter().find(has_value)).cloned().collect()
        }
        Some(Transform::Join) => {
            let parts: Vec<&str> = texts().filter(|text| !text.is_empty()).collect();
            vec![parts.join(" ").into()]
        }
        Some(Transform::Lowercase) => texts().map(|text| text.to_lowercase().into()).collect(),
        Some(Transform::StripGuest) => texts().map(|text| strip_guest(text).into()).collect(),
        Some(Transform::Addresses) => addresses(values),
    };
    let made: Vec<Value> = made.into_iter().filter(|value| !is_blank(value)).collect();
    if made.len() > 1 && !target.takes_several() {
        return Err(DoesNotFit);
    }
    made.into_iter().map(|value| fitting(value, target)).collect()
}

/// The elements of a list, or the one value.
fn flat<'v>(value: Option<&&'v Value>) -> impl Iterator<Item = &'v Value> {
    value
        .map(|value| match *value {
            Value::Array(elements) => elements.as_slice(),
            one => std::slice::from_ref(one),
        })
        .unwrap_or_default()
        .iter()
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// The value as its place takes it.
fn fitting(value: Value, target: &Target) -> Result<Value, DoesNotFit> {
    let Some(kind) = target.kind else {
        return if is_sane(&value) { Ok(value) } else { Err(DoesNotFit) };
    };
    let is_long = |text: &str| {
        let is_indexed = target.path.urn.is_none() && INDEXED.contains(&target.path.attribute.as_str());
        is_indexed && (text.len() > MAX_INDEXED_BYTES || scim::fold(text).len() > MAX_INDEXED_BYTES)
    };
    let fits = match (kind, &value) {
        (AttributeType::String | AttributeType::Reference | AttributeType::Binary, Value::String(text)) => {
            is_sane(&value) && !is_long(text)
        }
        (AttributeType::DateTime, Value::String(text)) => parse_date_time(text).is_some(),
        (AttributeType::Boolean, Value::Bool(_)) | (AttributeType::Decimal, Value::Number(_)) => true,
        (AttributeType::Integer, Value::Number(number)) => number.is_i64() || number.is_u64(),
        _ => false,
    };
    match value {
        Value::String(text) if fits => Ok(text.trim().into()),
        value if fits => Ok(value),
        _ => Err(DoesNotFit),
    }
}

/// Whether no text in it has control characters, which no database takes.
fn is_sane(value: &Value) -> bool {
    let control = |byte: u8| (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f;
    match value {
        Value::String(text) => !text.bytes().any(control),
        Value::Array(elements) => elements.iter().all(is_sane),
        Value::Object(_) => false,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Whether a name to log in with is that of a guest.
pub(super) fn is_guest_name(name: &str) -> bool {
    name.to_ascii_uppercase().contains(GUEST)
}

fn strip_guest(name: &str) -> String {
    // The marker is ASCII, so that it stands at the same place in capital letters.
    let own = name.to_ascii_uppercase().find(GUEST).and_then(|at| name.get(..at));
    match own.and_then(|own| own.rsplit_once('_')) {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => format!("{local}@{domain}"),
        _ => name.to_owned(),
    }
}

fn addresses(values: &[&Value]) -> Vec<Value> {
    let mut seen = HashSet::new();
    let texts = values
        .iter()
        .flat_map(|value| flat(Some(value)))
        .filter_map(Value::as_str);
    let plain = texts.filter_map(|text| match text.trim().split_once(':') {
        Some((protocol, address)) if protocol.eq_ignore_ascii_case("smtp") => Some(address.trim()),
        Some(_) => None,
        None => Some(text.trim()),
    });
    plain
        .filter(|address| !address.is_empty() && seen.insert(address.to_lowercase()))
        .map(Value::from)
        .collect()
}
