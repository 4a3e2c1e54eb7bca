//! How values are written on pages.

#![allow(unreachable_pub, reason = "what the macro makes of a filter is pub")]

use crate::texts::{escaped, text};
use askama::filters::Safe;
use events::Timestamp;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// The time of a day.
const CLOCK: &[BorrowedFormatItem<'static>] = format_description!("[hour]:[minute]:[second]");

/// A time relative to now, with the absolute one as its title. A script shows it in the viewer's zone.
#[askama::filter_fn]
pub(crate) fn when(at: &Timestamp, _: &dyn askama::Values) -> askama::Result<Safe<String>> {
    Ok(Safe(time(*at)))
}

/// A time as HTML.
pub(crate) fn time(at: Timestamp) -> String {
    let (absolute, relative) = (absolute(at), relative(at, Timestamp::now()));
    let (absolute, relative) = (escaped(&absolute), escaped(&relative));
    format!("<time datetime=\"{at}\" title=\"{absolute}\">{relative}</time>")
}

/// A number with its thousands apart.
#[askama::filter_fn]
pub(crate) fn number(number: impl std::fmt::Display, _: &dyn askama::Values) -> askama::Result<String> {
    Ok(grouped(&number.to_string()))
}

/// The letters that stand for a person or a group.
#[askama::filter_fn]
pub(crate) fn initials(name: impl std::fmt::Display, _: &dyn askama::Values) -> askama::Result<String> {
    let name = name.to_string();
    let words = name
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty());
    Ok(words
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect())
}

/// The end of an id, which tells ids made at one time apart.
#[askama::filter_fn]
pub(crate) fn short(id: impl std::fmt::Display, _: &dyn askama::Values) -> askama::Result<String> {
    let id = id.to_string();
    let from = id.char_indices().rev().nth(7).map_or(0, |(from, _)| from);
    Ok(format!("…{}", &id[from..]))
}

/// JSON for people.
#[askama::filter_fn]
pub(crate) fn pretty(value: impl serde::Serialize, _: &dyn askama::Values) -> askama::Result<String> {
    serde_json::to_string_pretty(&value).map_err(|error| askama::Error::Custom(Box::new(error)))
}

/// The name of a value of the API, as the API writes it.
#[askama::filter_fn]
pub(crate) fn name(value: impl serde::Serialize, _: &dyn askama::Values) -> askama::Result<String> {
    match serde_json::to_value(&value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        Ok(other) => Ok(other.to_string()),
        Err(error) => Err(askama::Error::Custom(Box::new(error))),
    }
}

fn absolute(at: Timestamp) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.millis()) * 1_000_000);
    let Ok(at) = at else { return String::new() };
    let clock = at.format(CLOCK).unwrap_or_default();
    text("time-absolute")
        .with("day", at.day())
        .count("month", u8::from(at.month()))
        .with("year", at.year())
        .with("clock", clock)
        .into()
}

/// How long ago, or in how long.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = (now.millis() - at.millis()).div_euclid(1000);
    let is_past = seconds >= 0;
    let seconds = seconds.unsigned_abs();
    let said = match seconds {
        0..=4 if is_past => text("time-just-now"),
        0..=4 => text("time-now"),
        5..60 if is_past => text("time-seconds-ago").count("number", seconds),
        5..60 => text("time-in-seconds").count("number", seconds),
        60..3_600 if is_past => text("time-minutes-ago").count("number", seconds / 60),
        60..3_600 => text("time-in-minutes").count("number", seconds / 60),
        3_600..86_400 if is_past => text("time-hours-ago").count("number", seconds / 3_600),
        3_600..86_400 => text("time-in-hours").count("number", seconds / 3_600),
        86_400..2_592_000 if is_past => text("time-days-ago").count("number", seconds / 86_400),
        86_400..2_592_000 => text("time-in-days").count("number", seconds / 86_400),
        2_592_000..31_536_000 if is_past => text("time-months-ago").count("number", seconds / 2_592_000),
        2_592_000..31_536_000 => text("time-in-months").count("number", seconds / 2_592_000),
        _ if is_past => text("time-years-ago").count("number", seconds / 31_536_000),
        _ => text("time-in-years").count("number", seconds / 31_536_000),
    };
    said.into()
}

/// Digits with their thousands apart, as the language that is spoken has them.
pub(crate) fn grouped(digits: &str) -> String {
    let (between, before_rest) = (text("number-thousands").to_string(), text("number-decimal").to_string());
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let (whole, rest) = digits
        .split_once('.')
        .map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push_str(&between);
        }
        grouped.push(digit);
    }
    if let Some(rest) = rest {
        grouped.push_str(&before_rest);
        grouped.push_str(rest);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::{absolute, grouped, relative};
    use events::Timestamp;

    #[test]
    fn times_are_said_as_people_say_them() {
        let now = Timestamp::from_millis(1_764_000_000_000);
        let at = |seconds: i64| relative(Timestamp::from_millis(now.millis() - seconds * 1000), now);
        assert_eq!(at(0), "just now");
        assert_eq!(at(59), "59 seconds ago");
        assert_eq!(at(60), "1 minute ago");
        assert_eq!(at(7_200), "2 hours ago");
        assert_eq!(at(-120), "in 2 minutes");
        assert_eq!(at(86_400 * 45), "1 month ago");
        assert_eq!(absolute(now), "24 Nov 2025, 16:00:00 UTC");
    }

    #[test]
    fn thousands_stand_apart() {
        for (plain, apart) in [
            ("7", "7"),
            ("1204", "1,204"),
            ("-1234567", "-1,234,567"),
            ("1234.5", "1,234.5"),
        ] {
            assert_eq!(grouped(plain), apart);
        }
    }
}
