//! The answer to a query (RFC 7644 §3.4.2, R37).

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::urn;

/// One page of results. All members are always written, as JSON integers where they are numbers; `itemsPerPage` is the
/// number of resources in this very page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListResponse<T> {
    /// All matches, whatever the page.
    pub total: u64,
    /// The effective index of the first result, from 1.
    pub start_index: u64,
    /// The page: resources as JSON, parsed or raw.
    pub resources: Vec<T>,
}

impl<T> ListResponse<T> {
    /// A list that fits one page, such as those of the discovery endpoints.
    #[must_use]
    pub fn whole(resources: Vec<T>) -> Self {
        Self {
            total: resources.len() as u64,
            start_index: 1,
            resources,
        }
    }
}

impl<T: Serialize> Serialize for ListResponse<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_struct("ListResponse", 5)?;
        list.serialize_field("schemas", &[urn::LIST_RESPONSE])?;
        list.serialize_field("totalResults", &self.total)?;
        list.serialize_field("startIndex", &self.start_index)?;
        list.serialize_field("itemsPerPage", &self.resources.len())?;
        list.serialize_field("Resources", &self.resources)?;
        list.end()
    }
}
