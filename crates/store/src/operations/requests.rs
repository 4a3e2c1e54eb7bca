//! The log of what identity providers ask, with the cycles that the requests form.
//!
//! The ingress writes it in bulk, never within a request. A directory's log is bounded by age, rows and bytes: what it has
//! of both is kept beside it, so that nothing has to be counted.

mod list;
mod prune;
mod write;

pub use list::{RequestFilter, Requests};
pub use prune::KeptRequests;
pub use write::{CountedRequests, RequestBatch, RequestLogSize, Strangers};

use crate::StoreError;
use db::entity::request_log::Model;
use directory::sync::{EndedKey, Operation};
use events::{CycleId, DirectoryId, RequestId, Timestamp};
use std::time::Duration;

/// A body as far as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptBody {
    /// Its text without secrets; `None` where it is not kept.
    pub text: Option<String>,
    /// How many bytes it had; `None` where there was none.
    pub size: Option<u32>,
    /// Whether the text is only its beginning.
    pub is_cut: bool,
}

/// A request that was answered, to be written down.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// Its id, in the order of time.
    pub id: RequestId,
    /// The directory that it was for.
    pub directory_id: DirectoryId,
    /// When it came.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// What follows the base URL, decoded.
    pub path: String,
    /// Its query, decoded, without secrets.
    pub query: Option<String>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The `scimType` of a refusal.
    pub scim_type: Option<String>,
    /// The detail of a refusal.
    pub detail: Option<String>,
    /// From its first byte to its answer.
    pub duration: Duration,
    /// Its trace.
    pub trace_id: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Whose dialect it is, where it was recognised.
    pub dialect: Option<&'static str>,
    /// Names of the leniencies that it needed.
    pub leniencies: Vec<&'static str>,
    /// Names that it had and that no schema has.
    pub left_out: Vec<String>,
    /// What was sent.
    pub request: KeptBody,
    /// What was answered.
    pub response: KeptBody,
    /// What it is about.
    pub operation: Operation,
    /// Who sent it.
    pub caller: Caller,
}

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// The identity provider: it proved it.
    Proven,
    /// Somebody who has a key of the directory that has ended.
    WithEndedKey(EndedKey),
    /// Anybody.
    Stranger,
}

/// A request as it was written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest {
    /// Its id.
    pub id: RequestId,
    /// The cycle that it belongs to.
    pub cycle_id: Option<CycleId>,
    /// When it came.
    pub at: Timestamp,
    /// Its method.
    pub method: String,
    /// What follows the base URL, decoded.
    pub path: String,
    /// Its query, decoded, without secrets.
    pub query: Option<String>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The `scimType` of a refusal.
    pub scim_type: Option<String>,
    /// The detail of a refusal.
    pub detail: Option<String>,
    /// From its first byte to its answer.
    pub duration: Duration,
    /// Its trace.
    pub trace_id: Option<String>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Whose dialect it is, where it was recognised.
    pub dialect: Option<String>,
    /// Names of the leniencies that it needed.
    pub leniencies: Vec<String>,
    /// Names that it had and that no schema has.
    pub left_out: Vec<String>,
    /// What was sent.
    pub request: KeptBody,
    /// What was answered.
    pub response: KeptBody,
}

impl TryFrom<Model> for LoggedRequest {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let size = |size: Option<i32>| size.map(|size| u32::try_from(size).unwrap_or_default());
        let names = |text: &str| serde_json::from_str(text).map_err(StoreError::corrupt);
        Ok(Self {
            id: row.id.0,
            cycle_id: row.cycle_id.map(|id| id.0),
            at: row.at.into(),
            leniencies: names(&row.leniencies)?,
            left_out: names(&row.left_out)?,
            method: row.method,
            path: row.path,
            query: row.query,
            status: u16::try_from(row.status).map_err(StoreError::corrupt)?,
            scim_type: row.scim_type,
            detail: row.detail,
            duration: Duration::from_micros(u64::try_from(row.duration_us).unwrap_or_default()),
            trace_id: row.trace_id,
            user_agent: row.user_agent,
            dialect: row.dialect,
            request: KeptBody {
                text: row.request_body,
                size: size(row.request_size),
                is_cut: row.request_cut,
            },
            response: KeptBody {
                text: row.response_body,
                size: size(row.response_size),
                is_cut: row.response_cut,
            },
        })
    }
}
