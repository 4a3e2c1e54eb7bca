//! How values are written on pages.

#![allow(unreachable_pub, reason = "what the macro makes of a filter is pub")]

use askama::filters::Safe;
use events::Timestamp;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const ABSOLUTE: &[BorrowedFormatItem<'static>] =
    format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute]:[second] UTC");

/// A time relative to now, with the absolute one as its title. A script shows it in the viewer's zone.
#[askama::filter_fn]
pub(crate) fn when(at: &Timestamp, _: &dyn askama::Values) -> askama::Result<Safe<String>> {
    Ok(Safe(format!(
        "<time datetime=\"{at}\" title=\"{}\">{}</time>",
        absolute(*at),
        relative(*at, Timestamp::now())
    )))
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
    at.ok().and_then(|at| at.format(ABSOLUTE).ok()).unwrap_or_default()
}

/// How long ago, or in how long.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = (now.millis() - at.millis()).div_euclid(1000);
    let is_past = seconds >= 0;
    let seconds = seconds.unsigned_abs();
    let (number, unit) = match seconds {
        0..=4 => return if is_past { "just now" } else { "now" }.to_owned(),
        5..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        86_400..2_592_000 => (seconds / 86_400, "day"),
        2_592_000..31_536_000 => (seconds / 2_592_000, "month"),
        _ => (seconds / 31_536_000, "year"),
    };
    let plural = if number == 1 { "" } else { "s" };
    if is_past {
        format!("{number} {unit}{plural} ago")
    } else {
        format!("in {number} {unit}{plural}")
    }
}

fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let (whole, rest) = digits
        .split_once('.')
        .map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut text = sign.to_owned();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(rest) = rest {
        text.push('.');
        text.push_str(rest);
    }
    text
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
