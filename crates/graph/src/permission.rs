//! Application permissions of Graph, which an administrator of the tenant consents to.

use serde::{Deserialize, Serialize};

/// A permission by which a call is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Permission {
    /// Reads people and their managers.
    #[serde(rename = "User.Read.All")]
    UserReadAll,
    /// Reads groups and who is in them.
    #[serde(rename = "GroupMember.Read.All")]
    GroupMemberReadAll,
    /// Reads groups with everything in them; deleted groups are read by this one.
    #[serde(rename = "Group.Read.All")]
    GroupReadAll,
    /// Reads applications and who is assigned to them.
    #[serde(rename = "Application.Read.All")]
    ApplicationReadAll,
    /// Reads the whole directory: the broad one in place of the others.
    #[serde(rename = "Directory.Read.All")]
    DirectoryReadAll,
    /// Reads members of groups that hide them.
    #[serde(rename = "Member.Read.Hidden")]
    MemberReadHidden,
    /// Reads when people leave.
    #[serde(rename = "User-LifeCycleInfo.Read.All")]
    UserLifeCycleInfoReadAll,
}

impl Permission {
    /// Its name in the portal of Entra.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UserReadAll => "User.Read.All",
            Self::GroupMemberReadAll => "GroupMember.Read.All",
            Self::GroupReadAll => "Group.Read.All",
            Self::ApplicationReadAll => "Application.Read.All",
            Self::DirectoryReadAll => "Directory.Read.All",
            Self::MemberReadHidden => "Member.Read.Hidden",
            Self::UserLifeCycleInfoReadAll => "User-LifeCycleInfo.Read.All",
        }
    }

    /// What a connection asks an administrator for: people and groups, and applications where only those who are assigned
    /// shall come.
    #[must_use]
    pub const fn needed(assigned_only: bool) -> &'static [Self] {
        const ALL: &[Permission] = &[
            Permission::UserReadAll,
            Permission::GroupMemberReadAll,
            Permission::ApplicationReadAll,
        ];
        if assigned_only {
            ALL
        } else {
            &[Self::UserReadAll, Self::GroupMemberReadAll]
        }
    }
}

/// The permissions of which any one allows a call, the least first.
pub(crate) type AnyOf = &'static [Permission];

pub(crate) const READ_USERS: AnyOf = &[Permission::UserReadAll, Permission::DirectoryReadAll];
pub(crate) const READ_GROUPS: AnyOf = &[
    Permission::GroupMemberReadAll,
    Permission::GroupReadAll,
    Permission::DirectoryReadAll,
];
pub(crate) const READ_APPLICATIONS: AnyOf = &[Permission::ApplicationReadAll, Permission::DirectoryReadAll];
pub(crate) const READ_DELETED_GROUPS: AnyOf = &[Permission::GroupReadAll, Permission::DirectoryReadAll];
