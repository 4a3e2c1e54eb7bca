//! Queries: the parameters of a GET and the body of `.search` (RFC 7644 §3.4.2, §3.4.3).

mod body;
mod decode;

use crate::error::Error;
use crate::path::quoted;

pub use decode::decode_query;

/// Page size when the client names none.
pub const DEFAULT_PAGE: u64 = 100;
/// Largest page; a larger `count` is lowered to it (R36).
pub const MAX_PAGE: u64 = 200;

/// Direction of a sort (R35).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortOrder {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// What a client asks for when it lists, searches, or reads a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListQuery {
    /// Filter text, not yet parsed: it needs a resource type. Blank counts as none.
    pub filter: Option<String>,
    /// Index of the first result, from 1 (R36).
    pub start_index: u64,
    /// Most results wanted, 0 to [`MAX_PAGE`]; 0 asks for the total only (R36).
    pub count: u64,
    /// Whether the client asked for a count out of that range; only pages by cursor mind (R40).
    pub count_moved: bool,
    /// Path to sort by, as written. A path that cannot be sorted by is to be ignored (R35).
    pub sort_by: Option<String>,
    /// Direction of the sort; anything but `descending` is ascending.
    pub sort_order: SortOrder,
    /// Names to return, as written (R20). Unknown ones are to be ignored (R21).
    pub attributes: Vec<String>,
    /// Names to leave out, as written (R21). Empty if `attributes` is not (R22).
    pub excluded_attributes: Vec<String>,
    /// The cursor, empty for a first page; `None` if the client pages by index (R39, R41).
    pub cursor: Option<String>,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            filter: None,
            start_index: 1,
            count: DEFAULT_PAGE,
            count_moved: false,
            sort_by: None,
            sort_order: SortOrder::Ascending,
            attributes: Vec::new(),
            excluded_attributes: Vec::new(),
            cursor: None,
        }
    }
}

impl ListQuery {
    /// Reads the raw query string of a URL, without its `?`.
    ///
    /// # Errors
    /// As for [`decode_query`] and [`ListQuery::from_pairs`].
    pub fn from_query(raw: &str) -> Result<Self, Error> {
        Self::from_pairs(&decode_query(raw)?)
    }

    /// Reads decoded parameters. Names are case-insensitive, unknown ones are ignored (R3, R6), attribute lists are
    /// separated by commas and may be repeated.
    ///
    /// # Errors
    /// `invalidValue`: `startIndex` or `count` is not an integer (R36), `attributes` and `excludedAttributes` are both
    /// given (R22), or a parameter is given twice with different values.
    pub fn from_pairs<N: AsRef<str>, V: AsRef<str>>(pairs: &[(N, V)]) -> Result<Self, Error> {
        let mut query = Self::default();
        let mut seen: Vec<(&'static str, &str)> = Vec::new();
        for (name, value) in pairs {
            let value = value.as_ref();
            let Some(parameter) = parameter(name.as_ref()) else {
                continue;
            };
            if !is_list(parameter) {
                match seen.iter().find(|(known, _)| *known == parameter) {
                    Some((_, before)) if *before != value => {
                        return Err(Error::invalid_value(format!(
                            "{parameter} is given twice with different values"
                        )));
                    }
                    Some(_) => continue,
                    None => seen.push((parameter, value)),
                }
            }
            query.set(parameter, value)?;
        }
        query.checked()
    }

    fn set(&mut self, parameter: &'static str, value: &str) -> Result<(), Error> {
        match parameter {
            "filter" => self.filter = given(value),
            "startIndex" => self.start_index = start_index(integer(parameter, value)?),
            "count" => self.set_count(integer(parameter, value)?),
            "sortBy" => self.sort_by = given(value),
            "sortOrder" => self.sort_order = sort_order(value),
            "attributes" => self.attributes.extend(names(value)),
            "excludedAttributes" => self.excluded_attributes.extend(names(value)),
            "cursor" => self.cursor = Some(value.to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn set_count(&mut self, given: Option<i64>) {
        let wanted = given.map_or(DEFAULT_PAGE, |count| u64::try_from(count).unwrap_or(0));
        self.count = wanted.min(MAX_PAGE);
        self.count_moved = wanted > MAX_PAGE || given.is_some_and(|count| count < 0);
    }

    fn checked(self) -> Result<Self, Error> {
        if !self.attributes.is_empty() && !self.excluded_attributes.is_empty() {
            return Err(Error::invalid_value(
                "attributes and excludedAttributes exclude each other; give one of them",
            ));
        }
        Ok(self)
    }
}

const PARAMETERS: [&str; 8] = [
    "filter",
    "startIndex",
    "count",
    "sortBy",
    "sortOrder",
    "attributes",
    "excludedAttributes",
    "cursor",
];

/// The canonical name of a known parameter.
fn parameter(name: &str) -> Option<&'static str> {
    PARAMETERS
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(name.trim()))
}

fn is_list(parameter: &str) -> bool {
    matches!(parameter, "attributes" | "excludedAttributes")
}

fn given(value: &str) -> Option<String> {
    if value.trim().is_empty() {
        None
    } else {
        Some(value.to_owned())
    }
}

fn names(list: &str) -> impl Iterator<Item = String> {
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}

/// An integer of any size; one beyond 64 bits becomes the nearest that fits. A blank parameter counts as absent.
fn integer(parameter: &str, text: &str) -> Result<Option<i64>, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Error::invalid_value(format!(
            "{parameter} must be an integer, not {}",
            quoted(text)
        )));
    }
    let nearest = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Ok(Some(text.parse().unwrap_or(nearest)))
}

fn start_index(given: Option<i64>) -> u64 {
    given.map_or(1, |index| u64::try_from(index).unwrap_or(1).max(1))
}

fn sort_order(text: &str) -> SortOrder {
    if text.trim().eq_ignore_ascii_case("descending") {
        SortOrder::Descending
    } else {
        SortOrder::Ascending
    }
}
