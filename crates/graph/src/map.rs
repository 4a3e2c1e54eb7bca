//! From attributes of Graph to attributes of SCIM: a list of rows that can be edited, and what it makes of a person or a group.
//!
//! A map is data: `[{"graph": "surname", "scim": "name.familyName"}, …]` (see [`Row`]). [`AttributeMap::users`] and
//! [`AttributeMap::groups`] check it; what is wrong is told with the number of its row. A map rules the SCIM paths that its
//! rows name, and nothing else is ever overwritten or cleared by it.
//!
//! What an absent attribute means depends on the answer ([`Mode`]): in a full round it is empty, in what changed since it is
//! unchanged. Rows that are made of several attributes need those that an answer leaves out, so what they saw last is kept
//! beside the person ([`Kept`]).

mod apply;
mod defaults;
mod row;
mod skip;
mod target;
mod transform;
mod validate;

pub use apply::{Kept, Mapped, Mode, Unfit};
pub use defaults::{GRAPH_EXTENSION, default_groups, default_users, raw_copies};
pub use row::{Row, Sources, Transform};
pub use skip::{Guests, Skip};
pub use validate::{InvalidMap, InvalidRow, MOST_ROWS};

use crate::permission::Permission;
use scim::schema::ResourceType;
use std::collections::BTreeSet;
use target::Target;

/// Attributes that are selected of people whatever the map says: whether the account is enabled, which no answer has without
/// being asked; the name to log in with; and whether somebody is a guest.
const OF_USERS: [&str; 3] = ["accountEnabled", "userPrincipalName", "userType"];
/// Attributes that are selected of groups whatever the map says.
const OF_GROUPS: [&str; 4] = ["displayName", "securityEnabled", "groupTypes", "members"];
/// The relation to a person's manager.
pub(crate) const MANAGER: &str = "manager";

/// What a map is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    User,
    Group,
}

/// A map that was checked.
#[derive(Clone, Debug)]
pub struct AttributeMap {
    subject: Subject,
    rows: Vec<Rule>,
    guests: Guests,
    has_manager: bool,
}

/// A row that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    row: Row,
    /// From one.
    number: usize,
    target: Target,
}

impl AttributeMap {
    /// A map of people. `users` is what the directory knows of users: with the extensions that it declares, and without the
    /// attributes that it does not have.
    ///
    /// # Errors
    /// [`InvalidMap`] with the number of the row.
    pub fn users(rows: &[Row], users: &ResourceType) -> Result<Self, InvalidMap> {
        Self::new(Subject::User, rows, users)
    }

    /// A map of groups.
    ///
    /// # Errors
    /// [`InvalidMap`] with the number of the row.
    pub fn groups(rows: &[Row], groups: &ResourceType) -> Result<Self, InvalidMap> {
        Self::new(Subject::Group, rows, groups)
    }

    fn new(subject: Subject, rows: &[Row], resource_type: &ResourceType) -> Result<Self, InvalidMap> {
        let checked = validate::check(subject, rows, resource_type)?;
        let (managers, rules): (Vec<_>, Vec<_>) = checked
            .into_iter()
            .partition(|rule| rule.row.graph.iter().any(|name| name == MANAGER));
        Ok(Self {
            subject,
            rows: rules,
            guests: Guests::default(),
            has_manager: !managers.is_empty(),
        })
    }

    /// The same with what becomes of guests.
    #[must_use]
    pub const fn with_guests(mut self, guests: Guests) -> Self {
        self.guests = guests;
        self
    }

    /// The attributes to select, in a fixed order: a round with another selection must begin again.
    #[must_use]
    pub fn select(&self) -> Vec<String> {
        let always: &[&str] = match self.subject {
            Subject::User => &OF_USERS,
            Subject::Group => &OF_GROUPS,
        };
        let top = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        let named = self.rows.iter().flat_map(|rule| rule.row.graph.iter());
        let mut names: BTreeSet<String> = named.map(|name| top(name)).collect();
        names.extend(always.iter().map(|name| (*name).to_owned()));
        if self.has_manager {
            names.insert(MANAGER.to_owned());
        }
        names.remove("id");
        names.into_iter().collect()
    }

    /// The SCIM paths that the map rules: only those are ever set or cleared by it. That of the manager is among them if the
    /// map has one.
    #[must_use]
    pub fn ruled(&self) -> Vec<String> {
        let manager = self.has_manager.then(|| defaults::MANAGER_PATH.to_owned());
        let paths = self.rows.iter().map(|rule| rule.target.to_string());
        paths.chain(manager).collect()
    }

    /// Whether it says who somebody's manager is.
    #[must_use]
    pub const fn has_manager(&self) -> bool {
        self.has_manager
    }

    /// Permissions that an attribute needs beside those of reading people.
    #[must_use]
    pub fn permissions(&self) -> Vec<Permission> {
        let is_named = |name: &str| {
            self.rows
                .iter()
                .any(|rule| rule.row.graph.iter().any(|one| one == name))
        };
        let leaving = is_named("employeeLeaveDateTime").then_some(Permission::UserLifeCycleInfoReadAll);
        leaving.into_iter().collect()
    }
}
