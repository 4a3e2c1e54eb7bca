//! dateTime values (R8; RFC 7643 §2.3.5): which ones are taken, and the one form in which they are compared.
//!
//! RFC 3339 allows offsets and leap seconds that not every database can compute with, and an offset can lead out of the
//! years that it can write. So an instant is computed here, once, and databases compare texts.

use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// What a dateTime must be, for error messages.
pub(crate) const WANTED: &str =
    "a date, time and zone, within the years 0000 to 9999 of UTC, such as 2026-01-31T08:15:00Z";

/// Reads a dateTime as it may be stored: date, time and zone, and an instant that in UTC has a year of four digits.
pub(crate) fn parse_stored(text: &str) -> Option<OffsetDateTime> {
    let at = OffsetDateTime::parse(text, &Rfc3339)
        .ok()?
        .checked_to_offset(UtcOffset::UTC)?;
    (0..=9999).contains(&at.year()).then_some(at)
}

/// Reads a dateTime of a filter. It is what may be stored, and a `+` of the zone that an unescaped query string turned
/// into a space is read as `+`.
#[must_use]
pub fn parse_date_time(text: &str) -> Option<OffsetDateTime> {
    if let Some(instant) = parse_stored(text) {
        return Some(instant);
    }
    let (time, zone) = text.rsplit_once(' ')?;
    if !zone.starts_with(|c: char| c.is_ascii_digit()) || !time.contains(['T', 't']) {
        return None;
    }
    parse_stored(&format!("{time}+{zone}"))
}

/// The form of search documents: in UTC, to the nanosecond, always of the same length, so that texts in this form sort
/// by code point as their instants do. `None` of text that [`parse_date_time`] does not read.
#[must_use]
pub fn sortable_date_time(text: &str) -> Option<String> {
    let at = parse_date_time(text)?;
    let (date, time) = (at.date(), at.time());
    Some(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.nanosecond()
    ))
}

#[cfg(test)]
mod tests {
    use super::{parse_date_time, sortable_date_time};
    use proptest::prelude::*;

    fn sortable(text: &str) -> Option<String> {
        sortable_date_time(text)
    }

    // Rules: R8
    #[test]
    fn every_offset_of_rfc_3339_is_an_instant_in_utc() {
        for (text, instant) in [
            ("2026-01-31T08:15:00Z", "2026-01-31T08:15:00.000000000Z"),
            ("2026-01-31t08:15:00.5z", "2026-01-31T08:15:00.500000000Z"),
            ("2026-01-31T08:15:00+23:59", "2026-01-30T08:16:00.000000000Z"),
            ("2026-01-31T08:15:00-23:59", "2026-02-01T08:14:00.000000000Z"),
            ("0000-01-01T00:00:00-00:00", "0000-01-01T00:00:00.000000000Z"),
            ("9999-12-31T23:59:59.9999999999Z", "9999-12-31T23:59:59.999999999Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999999Z"),
            ("2026-01-31T08:15:00 02:00", "2026-01-31T06:15:00.000000000Z"),
        ] {
            assert_eq!(sortable(text).as_deref(), Some(instant), "{text}");
        }
    }

    // Rules: R8
    #[test]
    fn what_is_no_instant_of_the_years_0000_to_9999_is_none() {
        for text in [
            "",
            "2026-01-31",
            "2026-01-31T08:15:00",
            "2026-02-30T08:15:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T08:15:61Z",
            "2026-01-31T08:15:00+24:00",
            "2026-01-31T08:15:00+01:60",
            "0000-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "10000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
        ] {
            assert_eq!(sortable(text), None, "{text}");
        }
    }

    proptest! {
        // Rules: R8
        #[test]
        fn the_sortable_form_orders_texts_as_instants(
            a in "[0-9]{4}-(0[1-9]|1[0-2])-[0-2][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,12})?(Z|[+-][0-2][0-9]:[0-5][0-9])",
            b in "[0-9]{4}-(0[1-9]|1[0-2])-[0-2][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,12})?(Z|[+-][0-2][0-9]:[0-5][0-9])",
        ) {
            if let (Some(left), Some(right)) = (parse_date_time(&a), parse_date_time(&b)) {
                let texts = (sortable(&a).unwrap(), sortable(&b).unwrap());
                prop_assert_eq!(left.cmp(&right), texts.0.cmp(&texts.1));
                prop_assert_eq!(sortable(&texts.0), Some(texts.0), "it is its own form");
            }
        }
    }
}
