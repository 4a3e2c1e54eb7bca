//! What a pull stores as JSON: what is pulled, how often and by which maps, and what went wrong. The database takes these as
//! texts and reads nothing of them, so their form is here, for who writes them and for who shows them.

mod fault;
mod progress;

pub use fault::PullFault;
pub use progress::{PullCounts, PullProgress, PullStage};

use crate::map::{AttributeMap, Guests, InvalidMap, Row, default_groups, default_users};
use crate::object_id::ObjectId;
use crate::permission::Permission;
use scim::schema::ResourceType;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long after a round the next one is due, where nothing is said.
pub const USUAL_INTERVAL: Duration = Duration::from_mins(15);
/// The shortest interval.
pub const SHORTEST_INTERVAL: Duration = Duration::from_mins(1);
/// The longest interval: links of Graph are good for seven days.
pub const LONGEST_INTERVAL: Duration = Duration::from_hours(24);
/// The most groups that are chosen.
pub const MOST_GROUPS: usize = 100;
/// The most test accounts.
pub const MOST_TEST_ACCOUNTS: usize = 20;

/// Who is pulled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullScope {
    /// Everybody, and all groups.
    All,
    /// Who is assigned to the application, and the groups that are.
    #[default]
    Assigned,
    /// Chosen groups and who is in them.
    Groups,
}

/// What is pulled, how often, and by which maps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullSettings {
    /// Who is pulled.
    pub scope: PullScope,
    /// The chosen groups, of [`PullScope::Groups`].
    pub groups: Vec<ObjectId>,
    /// Whether members of groups in the groups of the scope are pulled, too. Entra ID itself assigns direct members only.
    pub nested: bool,
    /// What becomes of guests.
    pub guests: Guests,
    /// Seconds from one round to the next; the usual ones, where it says nothing.
    pub interval_seconds: Option<u32>,
    /// Names to log in with, of accounts by which it is looked at before the first round.
    pub test_accounts: Vec<String>,
    /// The map of people; the usual one, where it says nothing.
    pub user_map: Option<Vec<Row>>,
    /// The map of groups; the usual one, where it says nothing.
    pub group_map: Option<Vec<Row>>,
}

impl PullSettings {
    /// Reads them as they are stored.
    ///
    /// # Errors
    /// When they are of another form.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// As they are stored.
    ///
    /// # Errors
    /// Never in practice: plain data can always be written.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// How long after a round the next one is due.
    #[must_use]
    pub fn interval(&self) -> Duration {
        let wanted = self
            .interval_seconds
            .map(|seconds| Duration::from_secs(u64::from(seconds)));
        wanted
            .unwrap_or(USUAL_INTERVAL)
            .clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL)
    }

    /// The rows of people.
    #[must_use]
    pub fn user_rows(&self) -> Vec<Row> {
        self.user_map.clone().unwrap_or_else(default_users)
    }

    /// The rows of groups.
    #[must_use]
    pub fn group_rows(&self) -> Vec<Row> {
        self.group_map.clone().unwrap_or_else(default_groups)
    }

    /// The map of people, in a directory that knows these of users.
    ///
    /// # Errors
    /// [`InvalidMap`] with the number of the row.
    pub fn users(&self, users: &ResourceType) -> Result<AttributeMap, InvalidMap> {
        Ok(AttributeMap::users(&self.user_rows(), users)?.with_guests(self.guests))
    }

    /// The map of groups.
    ///
    /// # Errors
    /// [`InvalidMap`] with the number of the row.
    pub fn groups(&self, groups: &ResourceType) -> Result<AttributeMap, InvalidMap> {
        AttributeMap::groups(&self.group_rows(), groups)
    }

    /// What an administrator has to consent to.
    #[must_use]
    pub fn permissions(&self) -> &'static [Permission] {
        Permission::needed(self.scope == PullScope::Assigned)
    }

    /// Whether a round by these has something else to bring than by others, so that it must begin again.
    #[must_use]
    pub fn begins_anew(&self, before: &Self) -> bool {
        let of = |settings: &Self| {
            let mut groups = settings.groups.clone();
            groups.sort_unstable();
            (
                settings.scope,
                groups,
                settings.nested,
                settings.guests,
                settings.user_rows(),
                settings.group_rows(),
            )
        };
        of(self) != of(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_read_again_and_what_is_not_said_is_usual() {
        let usual = PullSettings::read("{}").unwrap();
        assert_eq!(usual, PullSettings::default());
        assert_eq!(usual.interval(), USUAL_INTERVAL);
        assert_eq!(usual.user_rows(), default_users());
        let settings = PullSettings {
            scope: PullScope::Groups,
            groups: vec![ObjectId::from(uuid::Uuid::from_u128(7))],
            nested: true,
            guests: Guests::Skip,
            interval_seconds: Some(1),
            test_accounts: vec!["dana@fabrikam.example".to_owned()],
            user_map: Some(vec![Row::copy("id", "externalId")]),
            group_map: None,
        };
        assert_eq!(PullSettings::read(&settings.write().unwrap()).unwrap(), settings);
        assert_eq!(settings.interval(), SHORTEST_INTERVAL);
    }

    #[test]
    fn a_round_begins_again_only_for_what_it_would_bring_otherwise() {
        let before = PullSettings::default();
        let with = |change: fn(&mut PullSettings)| {
            let mut after = before.clone();
            change(&mut after);
            after.begins_anew(&before)
        };
        assert!(!with(|after| after.interval_seconds = Some(60)));
        assert!(!with(|after| after.test_accounts = vec!["a@b".to_owned()]));
        assert!(!with(|after| after.user_map = Some(default_users())));
        assert!(with(|after| after.scope = PullScope::All));
        assert!(with(|after| after.guests = Guests::Skip));
        assert!(with(|after| after.nested = true));
        assert!(with(|after| after.user_map = Some(vec![Row::copy("id", "externalId")])));
    }
}
