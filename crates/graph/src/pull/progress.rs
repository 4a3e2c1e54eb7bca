//! How far a cycle is, as it is stored between its pages, and what it brought, as it is kept of cycles that ended.

use events::Timestamp;
use serde::{Deserialize, Serialize};

/// What a cycle does, one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullStage {
    /// Who is in the scope: point reads of those who came into it.
    #[default]
    Scope,
    /// The round of people.
    Users,
    /// The round of groups.
    Groups,
    /// Whoever a full round did not mention, and whoever is out of the scope.
    Leavers,
    /// Whoever could not be written before is tried once more.
    Again,
    /// Memberships and managers that are not done yet.
    Rest,
}

/// How far a cycle is. Stored with each page, so that whoever goes on knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullProgress {
    /// That of the pull; the progress of an earlier one says nothing any more.
    pub generation: i64,
    /// When the cycle began.
    pub began_at: Timestamp,
    /// What it does now.
    pub stage: PullStage,
    /// The round of people that it brings to its end.
    pub users_round: i64,
    /// The round of groups that it brings to its end.
    pub groups_round: i64,
    /// Whether one of them brings everything there is.
    #[serde(default)]
    pub is_full: bool,
    /// Whether memberships or managers may be left to do.
    #[serde(default)]
    pub rest: bool,
    /// Whether somebody in the directory may be out of the scope.
    #[serde(default)]
    pub leavers: bool,
    /// Since when it is held, because many would go.
    #[serde(default)]
    pub held_at: Option<Timestamp>,
    /// What it brought until now.
    #[serde(default)]
    pub counts: PullCounts,
}

/// What a cycle brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullCounts {
    /// Pages that were read.
    pub pages: u64,
    /// People on them; who is there twice counts twice.
    pub users: u64,
    /// Groups on them.
    pub groups: u64,
    /// People who were made.
    pub users_created: u64,
    /// People who were changed.
    pub users_updated: u64,
    /// People who were deactivated, because they are deleted or out of the scope.
    pub users_deactivated: u64,
    /// People who were deleted.
    pub users_deleted: u64,
    /// Groups that were made.
    pub groups_created: u64,
    /// Groups that were changed.
    pub groups_updated: u64,
    /// Groups that were deleted.
    pub groups_deleted: u64,
    /// Memberships that were made.
    pub members_added: u64,
    /// Memberships that were ended.
    pub members_removed: u64,
    /// Managers who were written apart from the people who have them.
    pub managers: u64,
    /// People and groups who were left out, for a reason that is kept with them.
    pub skipped: u64,
    /// Changes that the directory refused; they are tried again with the next cycle.
    pub refused: u64,
    /// Deactivations and deletions that wait until the directory is released.
    pub held: u64,
    /// People and groups who were read once more by their ids.
    pub looked_at: u64,
}

impl PullProgress {
    /// Reads one that was stored; `None` for one of another form, which another version has written: the cycle begins anew.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// As it is stored.
    #[must_use]
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl PullCounts {
    /// As they are stored.
    #[must_use]
    pub fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether anything in the directory is different by it.
    #[must_use]
    pub const fn changed_anything(&self) -> bool {
        let Self {
            users_created,
            users_updated,
            users_deactivated,
            users_deleted,
            groups_created,
            groups_updated,
            groups_deleted,
            members_added,
            members_removed,
            managers,
            ..
        } = *self;
        users_created + users_updated + users_deactivated + users_deleted + groups_created > 0
            || groups_updated + groups_deleted + members_added + members_removed + managers > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_cycle_is_can_be_read_again_and_what_is_of_another_form_begins_anew() {
        let progress = PullProgress {
            generation: 3,
            began_at: Timestamp::from_millis(7),
            stage: PullStage::Groups,
            users_round: 4,
            groups_round: 5,
            is_full: true,
            rest: true,
            leavers: false,
            held_at: None,
            counts: PullCounts {
                users: 9,
                ..PullCounts::default()
            },
        };
        assert_eq!(PullProgress::read(&progress.write()), Some(progress));
        assert_eq!(PullProgress::read("{\"round\":2}"), None);
    }
}
