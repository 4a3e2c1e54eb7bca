//! Why an object does not come into the directory. Each has a name, by which such objects are counted and found.

use serde::{Deserialize, Serialize};

/// What becomes of guests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guests {
    /// They come like everybody.
    #[default]
    Take,
    /// They are left out.
    Skip,
}

/// Why an object is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// It is gone, so there is nothing to map.
    Removed,
    /// The answer has no `userPrincipalName`: somebody who was just created comes so at times, and is read once more by id.
    NoUserName,
    /// The name to log in with cannot be a `userName`.
    UnfitUserName,
    /// The group has no name that can be a `displayName`.
    NoDisplayName,
    /// A guest, where guests are left out.
    Guest,
    /// Nobody assigned the application to it, and only those who are assigned come.
    NotAssigned,
    /// The member is a device, a contact or an application.
    MemberKind,
    /// The member is not in the directory.
    UnknownMember,
    /// The group was gone into before: it is in several groups, or groups hold each other.
    GroupMetBefore,
}

impl Skip {
    /// Each of them.
    pub const ALL: [Self; 9] = [
        Self::Removed,
        Self::NoUserName,
        Self::UnfitUserName,
        Self::NoDisplayName,
        Self::Guest,
        Self::NotAssigned,
        Self::MemberKind,
        Self::UnknownMember,
        Self::GroupMetBefore,
    ];

    /// A name that stays the same.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::NoUserName => "no_user_name",
            Self::UnfitUserName => "unfit_user_name",
            Self::NoDisplayName => "no_display_name",
            Self::Guest => "guest",
            Self::NotAssigned => "not_assigned",
            Self::MemberKind => "member_kind",
            Self::UnknownMember => "unknown_member",
            Self::GroupMetBefore => "group_met_before",
        }
    }
}
