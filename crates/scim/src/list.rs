//! The answer to a query (RFC 7644 §3.4.2, R37; RFC 9865 §2, R40).

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::urn;

/// How the client turns pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paging {
    /// By index: the effective index of the first result, from 1.
    Index(u64),
    /// By cursor: that of the next page, `None` on the last one.
    Cursor(Option<String>),
}

/// One page of results. `itemsPerPage` is the number of resources in this very page; all numbers are JSON integers.
/// `startIndex` is written where pages are turned by index, `nextCursor` where there is a next page by cursor, and
/// everything else always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListResponse<T> {
    /// All matches, whatever the page.
    pub total: u64,
    /// Where this page is.
    pub paging: Paging,
    /// The page: resources as JSON, parsed or raw.
    pub resources: Vec<T>,
}

impl<T> ListResponse<T> {
    /// A list that fits one page, such as those of the discovery endpoints.
    #[must_use]
    pub fn whole(resources: Vec<T>) -> Self {
        Self {
            total: resources.len() as u64,
            paging: Paging::Index(1),
            resources,
        }
    }
}

impl<T: Serialize> Serialize for ListResponse<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_struct("ListResponse", 5)?;
        list.serialize_field("schemas", &[urn::LIST_RESPONSE])?;
        list.serialize_field("totalResults", &self.total)?;
        match &self.paging {
            Paging::Index(start) => list.serialize_field("startIndex", start)?,
            Paging::Cursor(Some(next)) => list.serialize_field("nextCursor", next)?,
            Paging::Cursor(None) => {}
        }
        list.serialize_field("itemsPerPage", &self.resources.len())?;
        list.serialize_field("Resources", &self.resources)?;
        list.end()
    }
}
