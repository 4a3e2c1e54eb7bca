//! The query of a request to Graph.

use super::answer::Answer;
use crate::attributes::{ELSEWHERE, Kind};
use uuid::Uuid;

/// At most so many ids in a filter of a delta query.
const MOST_IDS: usize = 50;

/// A parsed query. System options may be written without their `$`.
#[derive(Debug)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

/// What was selected.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    /// Properties; the default set where nothing was selected.
    pub(crate) names: Vec<&'static str>,
    /// Whether `manager` or `members` is among them.
    pub(crate) relation: bool,
    /// Whether anything was selected.
    pub(crate) is_given: bool,
}

impl Query {
    pub(crate) fn parse(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
        Self { pairs: pairs.collect() }
    }

    /// The value of the option with this name, which is given without `$`.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self
            .pairs
            .iter()
            .find(|(key, _)| key.strip_prefix('$').unwrap_or(key).eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn selection(&self, kind: Kind) -> Result<Selection, Answer> {
        let Some(text) = self.get("select").filter(|text| !text.trim().is_empty()) else {
            return Ok(Selection {
                names: kind.default_set(),
                relation: kind == Kind::Group,
                is_given: false,
            });
        };
        select(kind, text.split(',').map(str::trim))
    }

    /// Ids that a delta query is narrowed to.
    pub(crate) fn ids(&self) -> Result<Vec<Uuid>, Answer> {
        let Some(filter) = self.get("filter") else {
            return Ok(Vec::new());
        };
        let ids: Option<Vec<Uuid>> = filter
            .split(" or ")
            .map(|term| equals(term, "id")?.parse().ok())
            .collect();
        match ids {
            Some(ids) if ids.len() <= MOST_IDS => Ok(ids),
            Some(_) => Err(Answer::unsupported("The filter has more than 50 ids.")),
            None => Err(Answer::unsupported("Delta queries can be filtered by id only.")),
        }
    }

    /// How many on a page: 100, or what was asked for up to 999.
    pub(crate) fn top(&self) -> Result<usize, Answer> {
        match self.get("top").map(str::parse::<usize>) {
            None => Ok(100),
            Some(Ok(top)) if (1..=999).contains(&top) => Ok(top),
            Some(_) => Err(Answer::unsupported(
                "Invalid page size specified: it must be between 1 and 999 inclusive.",
            )),
        }
    }
}

/// The properties with these names.
pub(crate) fn select<'a>(kind: Kind, names: impl Iterator<Item = &'a str>) -> Result<Selection, Answer> {
    let mut selection = Selection {
        names: Vec::new(),
        relation: false,
        is_given: true,
    };
    for name in names {
        if name == kind.relation() {
            selection.relation = true;
        } else if kind == Kind::User && ELSEWHERE.contains(&name) {
            return Err(Answer::error(
                501,
                "NotImplemented",
                "This property is not available in lists.",
            ));
        } else if let Some(known) = kind.property(name) {
            if !selection.names.contains(&known) {
                selection.names.push(known);
            }
        } else if name != "id" {
            let (_, kind) = kind.odata_type().split_at(1);
            return Err(Answer::bad(&format!(
                "Could not find a property named '{name}' on type '{kind}'."
            )));
        }
    }
    Ok(selection)
}

/// The text in `name eq 'text'`.
pub(crate) fn equals<'a>(term: &'a str, name: &str) -> Option<&'a str> {
    let rest = term.trim().trim_matches(['(', ')']).trim().strip_prefix(name)?;
    let rest = rest.trim_start().strip_prefix("eq ")?.trim();
    rest.strip_prefix('\'')?.strip_suffix('\'')
}
