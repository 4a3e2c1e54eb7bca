//! Lists, page by page.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    /// The elements of this page.
    pub data: Vec<T>,
    /// What `cursor` is for the next page (`after`, in the event log); `null` on the last one.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
}
