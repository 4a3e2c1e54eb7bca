//! The body of a bulk request (R46, R49). What is wrong with one operation is that operation's failure.

use super::{Action, BulkEndpoint, BulkOperation, BulkRequest, MAX_OPERATIONS, Method};
use crate::path::quoted;
use crate::{Error, urn};
use serde_json::{Map, Value};
use std::collections::HashMap;

impl BulkRequest {
    /// Reads a `BulkRequest`. Member names are case-insensitive, unknown ones are ignored.
    ///
    /// # Errors
    /// `invalidSyntax` when the body is not a `BulkRequest`, `invalidValue` when `failOnErrors` is not a positive
    /// integer, 413 for more than [`MAX_OPERATIONS`] operations.
    pub fn parse(body: Value) -> Result<Self, Error> {
        let Value::Object(mut members) = body else {
            return Err(Error::invalid_syntax(
                "the body of a bulk request must be a JSON object",
            ));
        };
        check_schema(take(&mut members, "schemas").as_ref())?;
        let fail_on_errors = match take(&mut members, "failOnErrors") {
            None | Some(Value::Null) => None,
            Some(given) => Some(given.as_u64().filter(|errors| *errors > 0).ok_or_else(|| {
                Error::invalid_value("failOnErrors must be a positive integer: how many operations may fail")
            })?),
        };
        let Some(Value::Array(operations)) = take(&mut members, "Operations") else {
            return Err(Error::invalid_syntax("Operations must be an array"));
        };
        if operations.len() > MAX_OPERATIONS {
            return Err(Error::status(
                413,
                format!(
                    "the bulk request has {} operations and maxOperations is {MAX_OPERATIONS}; send it in several requests",
                    operations.len()
                ),
            ));
        }
        if operations.is_empty() {
            return Err(Error::invalid_syntax("Operations must not be empty"));
        }
        let operations = operations.into_iter().map(operation).collect::<Result<_, _>>()?;
        let mut request = Self {
            fail_on_errors,
            operations,
            creators: HashMap::new(),
        };
        request.name_creators();
        request.link();
        Ok(request)
    }

    /// Notes who creates what; a name that is taken fails the later operation.
    fn name_creators(&mut self) {
        for (index, operation) in self.operations.iter_mut().enumerate() {
            let Some(name) = operation.bulk_id.as_ref().filter(|_| operation.method == "POST") else {
                continue;
            };
            if self.creators.contains_key(name) {
                operation.action = Err(Error::invalid_value(format!(
                    "bulkId {} names an earlier operation already",
                    quoted(name)
                )));
            } else {
                self.creators.insert(name.clone(), index);
            }
        }
    }
}

fn check_schema(schemas: Option<&Value>) -> Result<(), Error> {
    let is_bulk = |urn: &Value| {
        urn.as_str()
            .is_some_and(|urn| urn.eq_ignore_ascii_case(urn::BULK_REQUEST))
    };
    let named = schemas
        .and_then(Value::as_array)
        .is_some_and(|urns| urns.iter().any(is_bulk));
    if named {
        return Ok(());
    }
    Err(Error::invalid_syntax(format!(
        "schemas must be [\"{}\"]",
        urn::BULK_REQUEST
    )))
}

/// Takes a member out, whatever the case of its name.
fn take(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = members.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    members.shift_remove(&key)
}

fn operation(value: Value) -> Result<BulkOperation, Error> {
    let Value::Object(mut members) = value else {
        return Err(Error::invalid_syntax(
            "every element of Operations must be a JSON object",
        ));
    };
    let Some(Value::String(method)) = take(&mut members, "method") else {
        return Err(Error::invalid_syntax("every operation needs a method"));
    };
    let method = method.trim().to_ascii_uppercase();
    let bulk_id = take(&mut members, "bulkId");
    let version = take(&mut members, "version");
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    Ok(BulkOperation {
        bulk_id: text(&bulk_id).filter(|name| !name.is_empty()),
        version: text(&version),
        action: action(&method, bulk_id.as_ref(), version.as_ref(), &mut members),
        method,
    })
}

fn action(
    method: &str,
    bulk_id: Option<&Value>,
    version: Option<&Value>,
    members: &mut Map<String, Value>,
) -> Result<Action, Error> {
    for (name, value) in [("bulkId", bulk_id), ("version", version)] {
        if value.is_some_and(|value| !value.is_string() && !value.is_null()) {
            return Err(Error::invalid_syntax(format!("{name} must be a string")));
        }
    }
    let method = match method {
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        other => {
            return Err(Error::invalid_syntax(format!(
                "method {} is not possible in a bulk request; use POST, PUT, PATCH or DELETE",
                quoted(other)
            )));
        }
    };
    let Some(Value::String(path)) = take(members, "path") else {
        return Err(Error::invalid_syntax("the operation needs a path"));
    };
    let (endpoint, target) = address(&path, method)?;
    if method == Method::Post && bulk_id.and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(Error::invalid_syntax("a POST needs a bulkId, unique in the request"));
    }
    let data = take(members, "data").filter(|data| !data.is_null() && method != Method::Delete);
    if data.is_none() && method != Method::Delete {
        return Err(Error::invalid_syntax(
            "the operation needs data, the body of the request",
        ));
    }
    Ok(Action {
        method,
        endpoint,
        target,
        data: data.unwrap_or_default(),
        references: Vec::new(),
    })
}

/// `/Users` for a POST, `/Users/{id}` for the others; relative to the base URL.
fn address(path: &str, method: Method) -> Result<(BulkEndpoint, Option<String>), Error> {
    let plain = path.split(['?', '#']).next().unwrap_or_default();
    let mut segments = plain.split('/').filter(|segment| !segment.is_empty());
    let endpoint = segments.next().unwrap_or_default();
    let rest: Vec<&str> = segments.collect();
    if endpoint.eq_ignore_ascii_case("Bulk") {
        return Err(Error::invalid_syntax("bulk requests do not nest"));
    }
    let endpoint = if endpoint.eq_ignore_ascii_case("Users") {
        BulkEndpoint::Users
    } else if endpoint.eq_ignore_ascii_case("Groups") {
        BulkEndpoint::Groups
    } else {
        return Err(Error::status(404, format!("there is no endpoint {}", quoted(path))));
    };
    match (method, rest.as_slice()) {
        (Method::Post, []) => Ok((endpoint, None)),
        (Method::Put | Method::Patch | Method::Delete, [id]) => Ok((endpoint, Some((*id).to_owned()))),
        _ => Err(Error::invalid_syntax(format!(
            "path {} does not suit the method: POST goes to /Users or /Groups, all others to /Users/{{id}} or /Groups/{{id}}",
            quoted(path)
        ))),
    }
}
