//! Users and groups as they were at a moment.

use super::People;
use crate::context::AdminContext;
use crate::problem::{Problem, ProblemKind};
use ::directory::{normalized_group, normalized_user};
use ::events::{GroupRef, ResourceId, Timestamp};
use api::{Group, User};
use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;
use store::MembershipChange;

/// A moment of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// When this was the sequence of its last event.
    Sequence(i64),
    /// At this time.
    Time(Timestamp),
}

/// What a moment must look like.
pub(crate) const MOMENT: &str = "a sequence number, or an RFC 3339 time such as 2030-01-31T12:00:00Z";

impl FromStr for At {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self::Sequence).map_err(drop);
        }
        text.parse().map(Self::Time).map_err(drop)
    }
}

impl People {
    /// A user as it was. Role and grants follow from the settings as they are now, and groups have the names that they
    /// have now, or had last.
    ///
    /// # Errors
    /// 404 where there was none, 410 where the log does not go back so far; otherwise as the store.
    pub(crate) async fn user_at(&self, context: &AdminContext, id: ResourceId, at: At) -> Result<User, Problem> {
        let sequence = self.sequence_of(context, at).await?;
        let state = context.store().state_at(self.directory.id, sequence);
        let found = state.user(id).await?;
        let user = found.ok_or_else(|| was_not("user", id, sequence))?;
        let groups = if self.policy.groups_enabled {
            self.groups_at(context, id, sequence).await?
        } else {
            Vec::new()
        };
        super::typed(normalized_user(&user, self.owner(), &groups, &self.policy))
    }

    /// A group as it was.
    ///
    /// # Errors
    /// As [`Self::user_at`].
    pub(crate) async fn group_at(&self, context: &AdminContext, id: ResourceId, at: At) -> Result<Group, Problem> {
        let sequence = self.sequence_of(context, at).await?;
        let state = context.store().state_at(self.directory.id, sequence);
        let found = state.group(id).await?.filter(|_| self.policy.groups_enabled);
        let group = found.ok_or_else(|| was_not("group", id, sequence))?;
        super::typed(normalized_group(&group, self.owner()))
    }

    async fn sequence_of(&self, context: &AdminContext, at: At) -> Result<i64, Problem> {
        let history = context.store().history(self.directory.id);
        let Some((first, last)) = history.span().await? else {
            return Ok(0);
        };
        let sequence = match at {
            At::Sequence(sequence) => sequence.min(last),
            At::Time(time) => history.sequence_at((first, last), time).await?,
        };
        // What led to the state at the beginning of what is kept is not kept.
        let is_told = first == 1 || sequence >= first;
        if is_told {
            return Ok(sequence);
        }
        Err(Problem::new(
            ProblemKind::Gone,
            format!("The log of this directory is kept from sequence {first} on."),
        ))
    }

    /// The groups that a user was in.
    async fn groups_at(
        &self,
        context: &AdminContext,
        user: ResourceId,
        sequence: i64,
    ) -> Result<Vec<GroupRef>, Problem> {
        let history = context.store().history(self.directory.id);
        let now = context.store().users(self.directory.id).by_id(user, true).await?;
        let now = now.and_then(|user| user.groups).unwrap_or_default();
        let changes = history.membership_changes(user).await?;
        let ids = was_in(&changes, now.iter().map(|group| group.id), sequence);
        let groups = context.store().groups(self.directory.id).by_ids(&ids).await?;
        let mut names: HashMap<ResourceId, String> = HashMap::new();
        for group in groups {
            names.insert(group.id, self.group(group)?.display_name);
        }
        let gone: Vec<ResourceId> = ids.iter().filter(|id| !names.contains_key(id)).copied().collect();
        for deletion in history.deletions(&gone).await? {
            if deletion.sequence > sequence {
                names.insert(deletion.group_id, deletion.display_name);
            }
        }
        let named = ids.into_iter().filter_map(|id| {
            let display_name = names.remove(&id)?;
            Some(GroupRef { id, display_name })
        });
        Ok(named.collect())
    }
}

/// The groups that somebody was in, from all changes, the latest first, and the groups of now: what was changed last
/// before the moment holds, else the opposite of what was changed first after it, else what is so now.
fn was_in(changes: &[MembershipChange], now: impl Iterator<Item = ResourceId>, sequence: i64) -> Vec<ResourceId> {
    let mut known: BTreeMap<ResourceId, bool> = now.map(|id| (id, true)).collect();
    for change in changes.iter().filter(|change| change.sequence > sequence) {
        known.insert(change.group_id, !change.joined);
    }
    for change in changes.iter().rev().filter(|change| change.sequence <= sequence) {
        known.insert(change.group_id, change.joined);
    }
    known
        .into_iter()
        .filter_map(|(id, was_in)| was_in.then_some(id))
        .collect()
}

fn was_not(what: &str, id: ResourceId, sequence: i64) -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        format!("There was no {what} with the id \"{id}\" at sequence {sequence}."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_number_or_a_time() {
        assert_eq!("42".parse(), Ok(At::Sequence(42)));
        assert!(matches!("2026-11-20T12:00:00Z".parse(), Ok(At::Time(_))));
        for text in ["", "-1", "4.2", "yesterday", "99999999999999999999"] {
            assert!(text.parse::<At>().is_err(), "{text}");
        }
    }

    #[test]
    fn who_was_in_which_group_follows_from_what_changed_before_and_after() {
        let [joined, left, joined_later, left_later, always, back] = [(); 6].map(|()| ResourceId::new());
        let change = |group_id, sequence, joined| MembershipChange {
            group_id,
            sequence,
            joined,
        };
        let changes = [
            change(back, 9, true),
            change(left_later, 8, false),
            change(joined_later, 7, true),
            change(back, 6, false),
            change(left, 4, false),
            change(joined, 3, true),
            change(left, 2, true),
        ];
        let mut expected = vec![joined, left_later, always, back];
        expected.sort_unstable();
        let now = [joined, joined_later, always, back].into_iter();
        assert_eq!(was_in(&changes, now, 5), expected);
    }
}
