//! A person of a directory, as the directory has them now, and what apps are told of them.

use crate::state::Inner;
use directory::{User, claims_of, normalized_user};
use events::{DirectoryId, ResourceId};
use scim::filter::Filter;
use serde::Deserialize;
use serde_json::{Map, Value};
use store::{Directory, LoginChannel, Query, StoreError, UserRow};

/// A person.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: ResourceId,
    /// What the directory knows, in the shape of events and of the management API, without the resource itself.
    profile: Map<String, Value>,
    parts: Parts,
}

#[derive(Clone, Debug, Deserialize)]
struct Parts {
    user_name: Option<String>,
    state: String,
    #[serde(default)]
    grants: Vec<String>,
}

/// The people of one directory, with the rules by which they are seen.
pub(crate) struct People<'s> {
    state: &'s Inner,
    directory: Directory,
}

impl<'s> People<'s> {
    /// Those of a directory, if it is there still.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn of(state: &'s Inner, id: DirectoryId) -> Result<Option<Self>, StoreError> {
        let directory = state.store.directories().by_id(id).await?;
        Ok(directory.map(|directory| Self::in_directory(state, directory)))
    }

    /// Those of a directory that was just read.
    pub(crate) const fn in_directory(state: &'s Inner, directory: Directory) -> Self {
        Self { state, directory }
    }

    /// Somebody by id.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn by_id(&self, id: ResourceId) -> Result<Option<Person>, StoreError> {
        let found = self.state.store.users(self.directory.id).by_id(id, true).await?;
        found.map(|row| self.person(row)).transpose()
    }

    /// Those of these people that there are, in no order.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn by_ids(&self, ids: &[ResourceId]) -> Result<Vec<Person>, StoreError> {
        let found = self.state.store.users(self.directory.id).by_ids(ids, true).await?;
        found.into_iter().map(|row| self.person(row)).collect()
    }

    /// Somebody by what the identity provider calls them: by `userName`, compared without regard to the case of ASCII
    /// letters and to nothing else, so that no two spellings of Unicode are one person.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn by_user_name(&self, name: &str) -> Result<Option<Person>, StoreError> {
        let same = |person: &Person| person.user_name().is_some_and(|own| own.eq_ignore_ascii_case(name));
        Ok(self.only(&format!("userName eq {}", quoted(name))).await?.filter(same))
    }

    /// The one whom a filter finds; nobody where it finds several.
    async fn only(&self, filter: &str) -> Result<Option<Person>, StoreError> {
        let policy = self.directory.policy()?;
        let Ok(filter) = Filter::parse(filter, policy.user_type()) else {
            return Ok(None);
        };
        let query = Query {
            schema: Some(policy.user_type()),
            filter: Some(&filter),
            limit: 2,
            references: true,
            ..Query::default()
        };
        let mut found = self.state.store.users(self.directory.id).list(&query).await?.rows;
        match (found.pop(), found.is_empty()) {
            (Some(row), true) => self.person(row).map(Some),
            _ => Ok(None),
        }
    }

    fn person(&self, row: UserRow) -> Result<Person, StoreError> {
        let policy = self.directory.policy()?;
        let stored = row.into_stored()?;
        let user = User {
            id: stored.id,
            attributes: stored.attributes,
            version: stored.version,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        };
        let groups: &[_] = if policy.groups_enabled { &stored.groups } else { &[] };
        let mut shown = normalized_user(&user, self.directory.owner(), groups, &policy);
        let parts = Parts::deserialize(&shown).map_err(StoreError::corrupt)?;
        let profile = match shown.as_object_mut() {
            Some(members) => {
                members.remove("raw");
                std::mem::take(members)
            }
            None => Map::new(),
        };
        Ok(Person {
            id: stored.id,
            profile,
            parts,
        })
    }
}

impl Person {
    pub(crate) fn is_active(&self) -> bool {
        self.parts.state == "active"
    }

    pub(crate) fn user_name(&self) -> Option<&str> {
        self.parts.user_name.as_deref()
    }

    /// Whether the role of the person includes a kind of app.
    pub(crate) fn may(&self, channel: LoginChannel) -> bool {
        self.parts.grants.iter().any(|grant| grant == channel.as_str())
    }

    /// The claims that an ID token and userinfo have by the scopes that the app asked for (OpenID Connect Core §5.4).
    pub(crate) fn claims(&self, scope: &str) -> Map<String, Value> {
        claims_of(&self.profile, scope)
    }

    /// Everything that the directory knows, as events have it.
    pub(crate) const fn profile(&self) -> &Map<String, Value> {
        &self.profile
    }
}

/// A text as filters have it: as JSON (RFC 7644 §3.4.2.2).
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
