//! Bulk requests (RFC 7644 §3.7, R46–R49): what is asked, in which order to do it, and how to answer.
//!
//! Operations are done in the order of the request, except that a POST is moved before the first operation that refers
//! to it by its `bulkId`. References may go in circles: ids are known before anything is created, so a manager may be
//! named who does not exist yet. A group's members must exist; of two groups that are members of each other one is
//! created without the other, and joined by it once both are there ([`BulkStep::Join`]).

mod order;
mod parse;
mod references;

pub use order::BulkStep;

use crate::{Error, urn};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Most operations in one request.
pub const MAX_OPERATIONS: usize = 1000;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Creates a resource.
    Post,
    /// Replaces one.
    Put,
    /// Changes one.
    Patch,
    /// Deletes one.
    Delete,
}

/// Which kind of resource an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkEndpoint {
    /// `/Users`.
    Users,
    /// `/Groups`.
    Groups,
}

/// A reference to the resource that another operation creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reference {
    /// Index of that operation.
    operation: usize,
    /// Whether a group to be created names it as a member.
    is_member: bool,
}

/// An operation that can be tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// What is done.
    pub method: Method,
    /// To which kind of resource.
    pub endpoint: BulkEndpoint,
    /// The id in the path, maybe a reference; `None` for a POST.
    target: Option<String>,
    data: Value,
    references: Vec<Reference>,
}

/// One operation of a bulk request.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkOperation {
    /// The method as sent, in upper case.
    pub method: String,
    /// The client's name for the resource to be created.
    pub bulk_id: Option<String>,
    /// Acts as `If-Match`.
    pub version: Option<String>,
    /// What to do, or why it cannot be tried.
    pub action: Result<Action, Error>,
}

/// A bulk request.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkRequest {
    /// Stop after so many failures; `None` never stops.
    pub fail_on_errors: Option<u64>,
    /// As sent.
    pub operations: Vec<BulkOperation>,
    /// The operation that creates what a `bulkId` names.
    creators: HashMap<String, usize>,
}

/// An operation with all references replaced by ids.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedOperation {
    /// The id in the path; `None` for a POST.
    pub target: Option<String>,
    /// The body; null where there was none.
    pub data: Value,
}

impl BulkRequest {
    /// Operations that must have succeeded, or be under way, for this one to make sense.
    pub fn depends_on(&self, operation: usize) -> impl Iterator<Item = usize> {
        self.references(operation).iter().map(|reference| reference.operation)
    }

    fn references(&self, operation: usize) -> &[Reference] {
        let action = self.operations.get(operation).map(|operation| &operation.action);
        action.map_or(&[], |action| match action {
            Ok(action) => &action.references,
            Err(_) => &[],
        })
    }
}

/// What became of one operation (R48).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OperationResult {
    /// HTTP status.
    pub status: u16,
    /// Absolute URL of the resource; unknown for a POST that failed.
    pub location: Option<String>,
    /// Its entity tag after the change.
    pub version: Option<String>,
    /// Why it failed.
    pub error: Option<Error>,
}

impl OperationResult {
    /// As it stands in the answer; `status` is a JSON string.
    #[must_use]
    pub fn to_json(&self, operation: &BulkOperation) -> Value {
        let mut result = Map::new();
        let mut set = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                result.insert(name.to_owned(), value.into());
            }
        };
        set("method", Some(&operation.method));
        set("bulkId", operation.bulk_id.as_deref());
        set("version", self.version.as_deref());
        set("location", self.location.as_deref());
        set("status", Some(&self.status.to_string()));
        if let Some(error) = &self.error {
            result.insert("response".to_owned(), error.to_json());
        }
        Value::Object(result)
    }
}

/// The answer to a bulk request: results of the operations that were tried, in the order of the request.
#[must_use]
pub fn response(results: &[Value]) -> Value {
    json!({ "schemas": [urn::BULK_RESPONSE], "Operations": results })
}

/// 413 for a request of more bytes than `limit` (R49).
#[must_use]
pub fn payload_too_large(limit: usize) -> Error {
    Error::status(
        413,
        format!("the bulk request is larger than maxPayloadSize, {limit} bytes; send it in several requests"),
    )
}
