//! Query strings, read parameter by parameter; every fault is reported at once.

use crate::problem::Problem;
use actix_web::HttpRequest;
use api::{Fault, Parameters, quoted};
use std::fmt::Display;
use std::str::FromStr;
use store::ListPage;

/// Parts of a list have this many rows unless asked otherwise.
const DEFAULT_LIMIT: u16 = 20;
/// And never more than this.
const HIGHEST_LIMIT: u16 = 100;

/// The parameters of a request.
#[derive(Debug)]
pub(crate) struct RequestQuery {
    values: Vec<(String, String)>,
    faults: Vec<Fault>,
}

impl RequestQuery {
    /// Starts reading; repeated parameters are faults, and so are others than those of the type.
    pub(crate) fn of<P: Parameters>(request: &HttpRequest) -> Self {
        Self::parse(request.query_string(), P::names())
    }

    fn parse(text: &str, allowed: &[String]) -> Self {
        let mut query = Self {
            values: Vec::new(),
            faults: Vec::new(),
        };
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if !allowed.iter().any(|known| *known == name) {
                let detail = format!("Unknown parameter. Allowed here: {}.", allowed.join(", "));
                query.faults.push(Fault::in_query(name, detail));
            } else if query.values.iter().any(|(known, _)| *known == name) {
                query.faults.push(Fault::in_query(name, "Given twice."));
            } else {
                query.values.push((name.into_owned(), value.into_owned()));
            }
        }
        query
    }

    /// A parameter as text; one that is there and says nothing is a fault.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let index = self.values.iter().position(|(known, _)| known == name)?;
        let value = self.values.swap_remove(index).1;
        if value.is_empty() {
            self.fault(name, "Must not be empty; leave the parameter out for what is usual.");
            return None;
        }
        Some(value)
    }

    /// A parameter of another type; `expected` says what it must be.
    pub(crate) fn parsed<T: FromStr>(&mut self, name: &str, expected: &str) -> Option<T> {
        let text = self.text(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.fault(name, format!("Must be {expected}; this is {}.", quoted(&text)));
        }
        parsed
    }

    /// A parameter that holds several values, separated by commas.
    pub(crate) fn several<T>(&mut self, name: &str) -> Vec<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(name).unwrap_or_default();
        let mut values = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.parse() {
                Ok(value) => values.push(value),
                Err(error) => self.fault(name, format!("{error}.")),
            }
        }
        values
    }

    /// `limit` and `cursor`, which every list has.
    pub(crate) fn page(&mut self) -> ListPage {
        ListPage {
            limit: self.limit(),
            cursor: self.text("cursor"),
        }
    }

    /// `limit`: 1 to 100, default 20.
    pub(crate) fn limit(&mut self) -> u16 {
        let Some(text) = self.text("limit") else {
            return DEFAULT_LIMIT;
        };
        let limit = text.parse().ok().filter(|limit| (1..=HIGHEST_LIMIT).contains(limit));
        if limit.is_none() {
            let sent = quoted(&text);
            self.fault(
                "limit",
                format!("Must be a whole number from 1 to {HIGHEST_LIMIT}; this is {sent}."),
            );
        }
        limit.unwrap_or(DEFAULT_LIMIT)
    }

    /// Adds a fault found by the caller.
    pub(crate) fn fault(&mut self, name: &str, detail: impl Into<String>) {
        self.faults.push(Fault::in_query(name, detail));
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// When there was any fault: then what was read must not be used.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Problem::bad_query(self.faults))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::EventType;

    #[test]
    fn every_fault_names_its_parameter() {
        let mut query = RequestQuery::parse(
            "limit=0&typo=1&types=user.created,nope&limit=2",
            &["limit", "cursor", "types"].map(str::to_owned),
        );
        query.page();
        assert_eq!(query.several::<EventType>("types"), [EventType::UserCreated]);
        let faults: Vec<_> = query
            .faults
            .iter()
            .filter_map(|fault| fault.parameter.as_deref())
            .collect();
        assert_eq!(faults, ["typo", "limit", "limit", "types"]);
        assert!(query.finish().is_err());
    }

    #[test]
    fn limits_from_one_to_a_hundred_are_taken() {
        for (text, limit) in [("", 20), ("limit=1", 1), ("limit=100", 100)] {
            let mut query = RequestQuery::parse(text, &["limit".to_owned()]);
            assert_eq!(query.limit(), limit);
            query.finish().unwrap();
        }
        for text in ["limit=", "limit=101", "limit=-1", "limit=x", "limit=1.5"] {
            let mut query = RequestQuery::parse(text, &["limit".to_owned()]);
            query.limit();
            assert!(query.finish().is_err(), "{text}");
        }
    }
}
