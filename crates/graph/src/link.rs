//! Links that Graph gives out. Where they lead is checked each time before a token goes there.

use std::fmt;

/// The longest link that is taken, in bytes.
pub(crate) const LONGEST_LINK: usize = 32 << 10;

/// A `nextLink` or `deltaLink`, kept character by character as it came: its token is opaque, and says which attributes are
/// selected. It is as good as a cursor of the whole directory, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct DeltaLink(String);

impl DeltaLink {
    /// As it was stored. Where it leads is checked when it is followed.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text to store, and to show to nobody.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A link of an answer.
    pub(crate) fn received(text: &str) -> Result<Self, ForeignLink> {
        if text.len() > LONGEST_LINK {
            return Err(ForeignLink::TooLong);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for DeltaLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeltaLink")
            .field("bytes", &self.0.len())
            .finish_non_exhaustive()
    }
}

/// Why a link is not followed: which part of it is another than that of the address that it came from. Nothing of the link
/// itself is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignLink {
    /// No URL.
    #[error("the link is no URL")]
    Malformed,
    /// Longer than 32 KiB.
    #[error("the link is longer than {LONGEST_LINK} bytes")]
    TooLong,
    /// The scheme differs.
    #[error("the link has another scheme than Graph")]
    Scheme,
    /// The host differs.
    #[error("the link leads to another host than Graph")]
    Host,
    /// The port differs.
    #[error("the link leads to another port than Graph's")]
    Port,
    /// It has a user name, a password or a fragment.
    #[error("the link has a user name, a password or a fragment")]
    Parts,
    /// The path is not that of what was asked.
    #[error("the link leads to another path than that of the request")]
    Path,
}
