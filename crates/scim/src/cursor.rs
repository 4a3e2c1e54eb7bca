//! Cursors: places in a list that a client hands back for the next page (RFC 9865, R39–R42).
//!
//! A cursor is the base64url of `version (1) | issued at (8, s) | count (2) | total (8) | list (1) | created (8, ms) |
//! id (16) | HMAC-SHA256 (32)`, all numbers big-endian. The tag also covers the directory, the endpoint and the query
//! that the cursor was issued for, none of which travel in it: with another filter, another directory or a changed
//! character it does not verify. `count` travels so that a changed one can be told from a forged cursor.
//!
//! Pages by cursor are in order of creation. `sortBy` is ignored there (R35 lets a server do so), because a place in that
//! order stays a place while resources change, and a place among their values does not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use std::fmt;

use crate::query::{ListQuery, MAX_PAGE};
use crate::{Error, ScimType};

/// Seconds that a cursor is good for (`cursorTimeout`).
pub const CURSOR_TIMEOUT: u64 = 3600;

/// Stands for a total that is not known.
const UNKNOWN: u64 = u64::MAX;
const VERSION: u8 = 1;
const BODY: usize = 1 + 8 + 2 + 8 + 1 + 8 + 16;
const TAG: usize = 32;

/// Where a page ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageEnd {
    /// Which of the lists that a query spans (R44), from 0.
    pub list: u8,
    /// When the last resource of the page was created, in milliseconds since 1970.
    pub created_ms: i64,
    /// Its id, as the 16 bytes of a UUID.
    pub id: [u8; 16],
}

/// What a cursor says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Where the page before ended.
    pub place: PageEnd,
    /// All matches, as they were known for the first page; `None` where nobody counted them.
    pub total: Option<u64>,
}

/// What a cursor is good for, besides the query itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorBinding<'a> {
    /// The directory.
    pub directory: [u8; 16],
    /// The endpoint that is listed: `/Users`, or empty for the root.
    pub endpoint: &'a str,
}

/// Issues cursors and reads them back. Cheap to clone; never shown.
#[derive(Clone)]
pub struct Cursors {
    issuing: hmac::Key,
    previous: Option<hmac::Key>,
}

impl fmt::Debug for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursors(..)")
    }
}

impl Cursors {
    /// With a secret key that every process of an installation shares, and perhaps the one before it: cursors that were
    /// issued with that one are still read.
    #[must_use]
    pub fn new(key: &[u8; 32], previous: Option<&[u8; 32]>) -> Self {
        let keyed = |key: &[u8; 32]| hmac::Key::new(hmac::HMAC_SHA256, key);
        Self {
            issuing: keyed(key),
            previous: previous.map(keyed),
        }
    }

    /// The text of a cursor: unreserved characters of RFC 3986 only (R39). `now` is in seconds since 1970.
    #[must_use]
    pub fn issue(&self, cursor: &Cursor, binding: &CursorBinding<'_>, query: &ListQuery, now: u64) -> String {
        let PageEnd { list, created_ms, id } = cursor.place;
        // A count is never above MAX_PAGE.
        let count = u16::try_from(query.count).unwrap_or(u16::MAX);
        let mut bytes = Vec::with_capacity(BODY + TAG);
        bytes.push(VERSION);
        bytes.extend(now.to_be_bytes());
        bytes.extend(count.to_be_bytes());
        bytes.extend(cursor.total.unwrap_or(UNKNOWN).to_be_bytes());
        bytes.push(list);
        bytes.extend(created_ms.to_be_bytes());
        bytes.extend(id);
        let tag = hmac::sign(&self.issuing, &covered(&bytes, binding, query));
        bytes.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a cursor of the same query says. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// `invalidCursor`: it was not issued here, or for another list or query (R40). `expiredCursor`: it is older than
    /// [`CURSOR_TIMEOUT`]. `invalidCount`: `count` is not that of the first page.
    pub fn read(&self, text: &str, binding: &CursorBinding<'_>, query: &ListQuery, now: u64) -> Result<Cursor, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let bytes: &[u8; BODY + TAG] = bytes.as_slice().try_into().map_err(|_| invalid())?;
        let (body, tag) = bytes.split_at(BODY);
        let covered = covered(body, binding, query);
        let mut keys = std::iter::once(&self.issuing).chain(&self.previous);
        if !keys.any(|key| hmac::verify(key, &covered, tag).is_ok()) {
            return Err(invalid());
        }
        let mut fields = CursorBytes(body);
        if fields.take::<1>()? != [VERSION] {
            return Err(invalid());
        }
        let issued = u64::from_be_bytes(fields.take()?);
        let count = u64::from(u16::from_be_bytes(fields.take()?));
        let total = u64::from_be_bytes(fields.take()?);
        let [list] = fields.take()?;
        let created_ms = i64::from_be_bytes(fields.take()?);
        let id = fields.take()?;
        if now.saturating_sub(issued) > CURSOR_TIMEOUT {
            return Err(Error::new(
                ScimType::ExpiredCursor,
                format!("the cursor is older than {CURSOR_TIMEOUT} seconds; start again with an empty cursor"),
            ));
        }
        if count != query.count {
            return Err(Error::new(
                ScimType::InvalidCount,
                format!("count must stay {count}, as for the first page"),
            ));
        }
        Ok(Cursor {
            place: PageEnd { list, created_ms, id },
            total: (total != UNKNOWN).then_some(total),
        })
    }
}

/// Refuses a `count` that no page by cursor can have; by index it is lowered instead (R36).
///
/// # Errors
/// `invalidCount` when the client asked for fewer than 0 or more than [`MAX_PAGE`].
pub fn check_count(query: &ListQuery) -> Result<(), Error> {
    if !query.count_moved {
        return Ok(());
    }
    Err(Error::new(
        ScimType::InvalidCount,
        format!("with a cursor, count must be between 0 and {MAX_PAGE}"),
    ))
}

fn invalid() -> Error {
    Error::new(
        ScimType::InvalidCursor,
        "the cursor is not one of this query; send it back as it came, with all other parameters as for the first page",
    )
}

/// The bytes of a cursor, from the front.
struct CursorBytes<'a>(&'a [u8]);

impl CursorBytes<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or_else(invalid)?;
        self.0 = rest;
        Ok(*field)
    }
}

/// What the tag is made over. Each text is preceded by its length, so that no two queries read the same. `sortBy` is left
/// out: it changes nothing.
fn covered(body: &[u8], binding: &CursorBinding<'_>, query: &ListQuery) -> Vec<u8> {
    let mut covered = b"rollcall cursor\0".to_vec();
    covered.extend_from_slice(body);
    covered.extend_from_slice(&binding.directory);
    let mut text = |text: &str| {
        covered.extend((text.len() as u64).to_be_bytes());
        covered.extend_from_slice(text.as_bytes());
    };
    text(binding.endpoint);
    text(query.filter.as_deref().unwrap_or_default());
    for names in [&query.attributes, &query.excluded_attributes] {
        text(&names.len().to_string());
        names.iter().for_each(|name| text(name));
    }
    covered
}
