//! The answer to a query (RFC 7644 §3.4.2, R37; RFC 9865 §2, R40).

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::fmt::Write as _;

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
    /// All matches, whatever the page; by cursor it may be left out where counting them is all that it would be good
    /// for (R40).
    pub total: Option<u64>,
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
            total: Some(resources.len() as u64),
            paging: Paging::Index(1),
            resources,
        }
    }
}

impl ListResponse<String> {
    /// As JSON, of resources that are JSON already: what serialising them would give, without reading them. In pieces of
    /// about `size` bytes, so that a long answer need not be in memory twice; a resource that is longer is a piece by
    /// itself.
    #[must_use]
    pub fn pieces(self, size: usize) -> Vec<String> {
        let mut piece = self.head();
        let mut pieces = Vec::new();
        for (place, resource) in self.resources.into_iter().enumerate() {
            if place > 0 {
                piece.push(',');
            }
            if piece.len() + resource.len() <= size {
                piece.push_str(&resource);
                continue;
            }
            pieces.push(std::mem::take(&mut piece));
            if resource.len() >= size {
                pieces.push(resource);
            } else {
                piece.reserve(size);
                piece.push_str(&resource);
            }
        }
        piece.push_str("]}");
        pieces.push(piece);
        pieces
    }

    /// Everything before the first resource.
    fn head(&self) -> String {
        let mut out = String::with_capacity(512);
        let _ = write!(out, "{{\"schemas\":[\"{}\"]", urn::LIST_RESPONSE);
        if let Some(total) = self.total {
            let _ = write!(out, ",\"totalResults\":{total}");
        }
        match &self.paging {
            Paging::Index(start) => {
                let _ = write!(out, ",\"startIndex\":{start}");
            }
            // A cursor has unreserved characters only (R39).
            Paging::Cursor(Some(next)) => {
                let _ = write!(out, ",\"nextCursor\":\"{next}\"");
            }
            Paging::Cursor(None) => {}
        }
        let _ = write!(out, ",\"itemsPerPage\":{},\"Resources\":[", self.resources.len());
        out
    }
}

impl<T: Serialize> Serialize for ListResponse<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_struct("ListResponse", 5)?;
        list.serialize_field("schemas", &[urn::LIST_RESPONSE])?;
        if let Some(total) = self.total {
            list.serialize_field("totalResults", &total)?;
        }
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
