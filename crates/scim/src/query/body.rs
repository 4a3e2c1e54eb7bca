//! The body of `.search` (R43).

use serde_json::{Map, Value};

use super::{ListQuery, given, integer, names, parameter, sort_order, start_index};
use crate::error::Error;
use crate::urn;

impl ListQuery {
    /// Reads a `SearchRequest`. Member names are case-insensitive, unknown ones are ignored, null counts as absent;
    /// lists are arrays of strings, and a comma string is accepted.
    ///
    /// # Errors
    /// `invalidSyntax` if the body is not an object that names the `SearchRequest` schema; `invalidValue` if a member has
    /// the wrong type, or as for [`ListQuery::from_pairs`].
    pub fn from_search_request(body: &Value) -> Result<Self, Error> {
        let Value::Object(members) = body else {
            return Err(Error::invalid_syntax("the body of a search must be a JSON object"));
        };
        check_schema(members)?;
        let mut query = Self::default();
        for (name, value) in members {
            match parameter(name) {
                Some(parameter) if !value.is_null() => query.set_json(parameter, value)?,
                _ => {}
            }
        }
        query.checked()
    }

    fn set_json(&mut self, parameter: &'static str, value: &Value) -> Result<(), Error> {
        match parameter {
            "filter" => self.filter = given(text(parameter, value)?),
            "startIndex" => self.start_index = start_index(json_integer(parameter, value)?),
            "count" => self.set_count(json_integer(parameter, value)?),
            "sortBy" => self.sort_by = given(text(parameter, value)?),
            "sortOrder" => self.sort_order = sort_order(text(parameter, value)?),
            "attributes" => self.attributes = list(parameter, value)?,
            "excludedAttributes" => self.excluded_attributes = list(parameter, value)?,
            "cursor" => self.cursor = Some(text(parameter, value)?.to_owned()),
            _ => {}
        }
        Ok(())
    }
}

fn check_schema(members: &Map<String, Value>) -> Result<(), Error> {
    let schemas = members
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("schemas"))
        .map(|(_, value)| value);
    let named = schemas.and_then(Value::as_array).is_some_and(|urns| {
        urns.iter().any(|found| {
            found
                .as_str()
                .is_some_and(|found| found.eq_ignore_ascii_case(urn::SEARCH_REQUEST))
        })
    });
    if named {
        return Ok(());
    }
    Err(Error::invalid_syntax(format!(
        "schemas must be [\"{}\"]",
        urn::SEARCH_REQUEST
    )))
}

fn text<'a>(parameter: &str, value: &'a Value) -> Result<&'a str, Error> {
    value
        .as_str()
        .ok_or_else(|| Error::invalid_value(format!("{parameter} must be a string")))
}

fn json_integer(parameter: &str, value: &Value) -> Result<Option<i64>, Error> {
    match value {
        Value::Number(number) if !number.is_f64() => integer(parameter, &number.to_string()),
        Value::String(text) => integer(parameter, text),
        _ => Err(Error::invalid_value(format!("{parameter} must be an integer"))),
    }
}

fn list(parameter: &str, value: &Value) -> Result<Vec<String>, Error> {
    let refused = || Error::invalid_value(format!("{parameter} must be an array of attribute names"));
    match value {
        Value::String(text) => Ok(names(text).collect()),
        Value::Array(elements) => {
            let texts = elements.iter().map(|element| element.as_str().ok_or_else(refused));
            Ok(texts
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flat_map(names)
                .collect())
        }
        _ => Err(refused()),
    }
}
