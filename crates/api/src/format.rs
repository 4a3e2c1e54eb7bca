//! Texts that have a form of their own: the `format` of a schema, and what must hold of such a text.

use email_address::EmailAddress;
use events::{EventPattern, EventType, Timestamp};
use serde_json::Value;
use std::ops::RangeInclusive;
use uuid::Uuid;

/// Says what is wrong with a text.
type Check = fn(&str) -> Result<(), String>;

/// A form of text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    /// What is said of a value that is no text.
    pub(crate) expected: &'static str,
    /// What is wrong with a text.
    pub(crate) check: Check,
}

const UUID: &str = "Must be an id (a UUID).";
const ADDRESS: &str = "Must be an e-mail address, for example ops@example.com.";
/// The most bytes of an address (RFC 5321).
const MOST_OF_AN_ADDRESS: usize = 254;
const COLOUR: &str = "Must be a colour as #rrggbb, for example #123456.";
const TIME: &str = "Must be an RFC 3339 time, for example 2030-01-31T12:00:00Z.";
/// The most characters of a text that a refusal repeats.
const MOST_REPEATED: usize = 60;

/// A text that was sent, as a refusal repeats it: in quotes, and not all of a long one.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut letters = text.chars();
    let shown: String = letters.by_ref().take(MOST_REPEATED).collect();
    if letters.next().is_some() {
        format!("{shown:?}…")
    } else {
        format!("{shown:?}")
    }
}

/// What was expected of a text, and what it is.
fn instead(expected: &str, text: &str) -> String {
    format!("{}; this is {}.", expected.trim_end_matches('.'), quoted(text))
}
const TEXT: &str = "Must be a string.";

/// What is known of a format; of others (`uri`, `hostname`) the server knows whether a text will do.
pub(crate) fn of(name: &str) -> Option<Format> {
    let (expected, check): (&'static str, Check) = match name {
        "uuid" => (UUID, uuid),
        "date-time" => (TIME, time),
        "email" => (ADDRESS, address),
        "event-type" => (TEXT, event_type),
        "event-pattern" => (TEXT, event_pattern),
        "user-field" => (TEXT, user_field),
        "user-filter" => (
            "Must be a SCIM filter on users, for example department eq \"Sales\".",
            user_filter,
        ),
        "schema-urn" => (TEXT, scim::schema::check_extension_urn),
        "attribute-name" => (TEXT, scim::schema::check_attribute_name),
        "pem" => ("Must be PEM text.", any),
        "colour" => (COLOUR, colour),
        "organization" => (
            "Must be the id of an organization, or a domain name such as \"example.com\".",
            any,
        ),
        _ => return None,
    };
    Some(Format { expected, check })
}

/// Says of a number that it does not lie within its limits.
pub(crate) type Refusal = fn(&Value, &RangeInclusive<i64>) -> String;

/// What is said of numbers with this format.
pub(crate) fn refusal_of_number(name: &str) -> Option<Refusal> {
    (name == "scim-rate").then_some(no_rate as Refusal)
}

/// What is said of all other numbers.
pub(crate) fn not_between(value: &Value, limits: &RangeInclusive<i64>) -> String {
    let sent = number_sent(value);
    format!(
        "Must be a whole number from {} to {}; {sent}.",
        limits.start(),
        limits.end()
    )
}

fn number_sent(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("this is {number}"),
        Value::String(_) => "this is a string".to_owned(),
        _ => "this is no number".to_owned(),
    }
}

fn no_rate(value: &Value, limits: &RangeInclusive<i64>) -> String {
    let (least, most) = (limits.start(), limits.end());
    if value.as_i64().is_some_and(|rate| rate < *least) {
        return format!(
            "Must be at least {least} requests per second, and this is {value}: Entra requires that much, and an identity provider that is \
             throttled stops the whole synchronisation (quarantine). Use null for no limit."
        );
    }
    let sent = number_sent(value);
    format!("Must be a whole number from {least} to {most}, or null for no limit; {sent}.")
}

fn any(_: &str) -> Result<(), String> {
    Ok(())
}

fn uuid(text: &str) -> Result<(), String> {
    text.parse::<Uuid>().map(drop).map_err(|_| instead(UUID, text))
}

fn time(text: &str) -> Result<(), String> {
    text.parse::<Timestamp>().map(drop).map_err(|_| instead(TIME, text))
}

/// As style sheets write it, with six digits.
fn colour(text: &str) -> Result<(), String> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(instead(COLOUR, text))
}

/// An address that every mail server understands, so of ASCII.
fn address(text: &str) -> Result<(), String> {
    let is_one = text.len() <= MOST_OF_AN_ADDRESS && text.is_ascii() && EmailAddress::is_valid(text);
    if is_one && !text.contains(['"', '[', '<']) {
        return Ok(());
    }
    Err(instead(ADDRESS, text))
}

fn event_type(text: &str) -> Result<(), String> {
    let parsed = text.parse::<EventType>();
    parsed
        .map(drop)
        .map_err(|_| format!("Unknown event type {}. There are: {}.", quoted(text), event_types()))
}

/// The name of a type of events, or a glob over the names.
fn event_pattern(text: &str) -> Result<(), String> {
    let parsed = text.parse::<EventPattern>();
    parsed
        .map(drop)
        .map_err(|error| format!("Not accepted: {error}. There are: {}.", event_types()))
}

fn event_types() -> String {
    let known: Vec<_> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
    known.join(", ")
}

/// A name of the attributes that an endpoint can choose.
fn user_field(text: &str) -> Result<(), String> {
    let parsed = directory::Fields::parse([text]);
    parsed.map(drop).map_err(|error| format!("Not accepted: {error}."))
}

/// A SCIM filter on users.
fn user_filter(text: &str) -> Result<(), String> {
    let parsed = directory::Scope::parse(text);
    parsed.map(drop).map_err(|error| format!("Not accepted: {error}."))
}
