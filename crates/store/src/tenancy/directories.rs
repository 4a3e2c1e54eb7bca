//! Directories: the sources of users and groups within an organization.

use super::list::{List, ListPage, Listing};
use super::{Change, Domain};
use crate::sql::{Row, exec, json_ids, of_ids, query_all, query_one};
use crate::{Dialect, DirectoryCounts, Store, StoreError};
use events::{DirectoryId, OrganizationId, Timestamp};
use sea_orm::{QueryResult, Value};
use std::collections::{HashMap, HashSet};

/// Every directory; more conditions follow.
pub(crate) const SELECT: &str = "SELECT id, organization_id, name, provider, state, settings, last_request_at, last_error, \
                      created_at, updated_at, held_at, released_until FROM directories WHERE 1 = 1";

/// Whether a directory takes changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryState {
    /// It does.
    Active,
    /// It is held: requests of its identity provider are refused until it is active again.
    Paused,
    /// Too many users would have gone at once: deactivations and deletions of users are refused, other changes are
    /// taken.
    Held,
}

impl DirectoryState {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Held => "held",
        }
    }

    /// Paused or not stands in a column; held is who has been since some time and is not paused besides.
    fn of(text: &str, held_at: Option<Timestamp>) -> Result<Self, StoreError> {
        match text {
            "active" if held_at.is_some() => Ok(Self::Held),
            "active" => Ok(Self::Active),
            "paused" => Ok(Self::Paused),
            other => Err(StoreError::corrupt(format!("unknown directory state {other:?}"))),
        }
    }
}

/// A source of users and groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Its id.
    pub id: DirectoryId,
    /// The organization it belongs to.
    pub organization_id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// The identity provider behind it, for example `entra_id`.
    pub provider: String,
    /// Whether it takes changes.
    pub state: DirectoryState,
    /// Since when it is held, paused or not.
    pub held_at: Option<Timestamp>,
    /// Until when its mass-change brake lets everything through.
    pub released_until: Option<Timestamp>,
    /// Its policy, as JSON text.
    pub settings: String,
    /// When its identity provider last asked for anything.
    pub last_request_at: Option<Timestamp>,
    /// What was wrong with the latest request; `None` when nothing was.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its name, state or policy last changed.
    pub updated_at: Timestamp,
}

impl Directory {
    /// As its events show it.
    #[must_use]
    pub fn about(&self) -> serde_json::Value {
        serde_json::json!({
            "id": self.id,
            "organization_id": self.organization_id,
            "name": self.name,
            "provider": self.provider,
            "state": self.state.as_str(),
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        })
    }
}

/// A directory to be made.
#[derive(Clone, Debug)]
pub struct NewDirectory {
    /// Its id.
    pub id: DirectoryId,
    /// The organization it belongs to.
    pub organization_id: OrganizationId,
    /// What people call it.
    pub name: String,
    /// The identity provider behind it.
    pub provider: String,
    /// When it is made.
    pub at: Timestamp,
}

/// Which directories a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct DirectoryFilter {
    /// Only those of this organization.
    pub organization_id: Option<OrganizationId>,
}

/// The directories, for reading and for noting their use.
#[derive(Clone, Debug)]
pub struct Directories {
    pub(super) store: Store,
}

impl Store {
    /// The directories.
    #[must_use]
    pub fn directories(&self) -> Directories {
        Directories { store: self.clone() }
    }
}

impl Directories {
    /// One directory.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: DirectoryId) -> Result<Option<Directory>, StoreError> {
        let sql = format!("{SELECT} AND id = $1");
        query_one(self.store.keys(), &sql, vec![id.uuid().into()])
            .await?
            .as_ref()
            .map(directory)
            .transpose()
    }

    /// The oldest active directory of the organization that the domain belongs to.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_domain(&self, domain: &Domain) -> Result<Option<Directory>, StoreError> {
        let sql = format!(
            "{SELECT} AND state <> 'paused' AND organization_id = \
             (SELECT organization_id FROM organization_domains WHERE domain = $1) ORDER BY id LIMIT 1"
        );
        query_one(self.store.keys(), &sql, vec![domain.as_str().into()])
            .await?
            .as_ref()
            .map(directory)
            .transpose()
    }

    /// The directories, newest first.
    ///
    /// # Errors
    /// `Invalid` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, filter: DirectoryFilter, page: &ListPage) -> Result<List<Directory>, StoreError> {
        Listing::new("directories", SELECT)
            .with_id("organization_id", filter.organization_id.map(OrganizationId::uuid))
            .sized("octet_length(m.settings)")
            .read(self.store.read(), page, self.store.page_bytes(), directory)
            .await
    }

    /// What each of these directories holds.
    ///
    /// # Errors
    /// As any query.
    pub async fn counts(&self, ids: &[DirectoryId]) -> Result<HashMap<DirectoryId, DirectoryCounts>, StoreError> {
        let mut counts = self.store.kept_counts(ids).await?;
        let unkept: Vec<DirectoryId> = ids.iter().copied().filter(|id| !counts.contains_key(id)).collect();
        if !unkept.is_empty() {
            let missing = self.missing(&unkept).await?;
            let there: Vec<DirectoryId> = unkept.into_iter().filter(|id| !missing.contains(id)).collect();
            counts.extend(self.store.count_rows(&there).await?);
        }
        Ok(counts)
    }

    /// Which of these ids name no directory.
    ///
    /// # Errors
    /// As any query.
    pub async fn missing(&self, ids: &[DirectoryId]) -> Result<Vec<DirectoryId>, StoreError> {
        let sql = of_ids("id", |these| format!("SELECT id FROM directories WHERE {these}"));
        let values = json_ids(self.store.dialect(), ids.iter().map(|id| id.uuid()));
        let rows = query_all(self.store.read(), &sql, [values.into()]).await?;
        let known = rows
            .iter()
            .map(|row| row.id("id"))
            .collect::<Result<HashSet<DirectoryId>, _>>()?;
        Ok(ids.iter().copied().filter(|id| !known.contains(id)).collect())
    }
}

impl Change {
    /// Makes a directory and its sequence, which starts at nothing in the given lane.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_directory(&self, new: &NewDirectory, lane: u16) -> Result<(), StoreError> {
        let sql = "INSERT INTO directories (id, organization_id, name, provider, state, settings, created_at, updated_at) \
                   VALUES ($1, $2, $3, $4, 'active', '{}', $5, $5)";
        let id: Value = new.id.uuid().into();
        let values = vec![
            id.clone(),
            new.organization_id.uuid().into(),
            new.name.as_str().into(),
            new.provider.as_str().into(),
            new.at.millis().into(),
        ];
        exec(&self.tx, sql, values).await?;
        let sql = "INSERT INTO sequences (directory_id, lane, last) VALUES ($1, $2, 0)";
        exec(&self.tx, sql, vec![id.clone(), i32::from(lane).into()]).await?;
        let sql = "INSERT INTO directory_counts (directory_id) VALUES ($1)";
        exec(&self.tx, sql, vec![id]).await.map(|_| ())
    }

    /// One directory, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn directory(&self, id: DirectoryId) -> Result<Option<Directory>, StoreError> {
        let sql = format!("{SELECT} AND id = $1{}", self.for_update());
        query_one(&self.tx, &sql, vec![id.uuid().into()])
            .await?
            .as_ref()
            .map(directory)
            .transpose()
    }

    /// Stores name, state and settings of a directory that was read in this change.
    ///
    /// # Errors
    /// As any write.
    pub async fn save_directory(&self, directory: &Directory) -> Result<(), StoreError> {
        let sql = "UPDATE directories SET name = $2, state = $3, settings = $4, updated_at = $5, \
                   held_at = $6, released_until = $7 WHERE id = $1";
        let values = vec![
            directory.id.uuid().into(),
            directory.name.as_str().into(),
            if directory.state == DirectoryState::Paused {
                "paused"
            } else {
                "active"
            }
            .into(),
            directory.settings.as_str().into(),
            directory.updated_at.millis().into(),
            directory.held_at.map(Timestamp::millis).into(),
            directory.released_until.map(Timestamp::millis).into(),
        ];
        exec(&self.tx, sql, values).await.map(|_| ())
    }

    /// Deletes a directory with its keys, users and groups. Its log and its sequence stay, so that the last event
    /// still reaches everybody.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_directory(&self, id: DirectoryId) -> Result<(), StoreError> {
        // Memberships are found by their groups.
        for (members, groups) in [
            ("group_members", "groups"),
            ("group_members_base", "groups_base"),
            ("group_members_fresh", "groups_fresh"),
        ] {
            let sql = match self.dialect {
                Dialect::Postgres => format!(
                    "DELETE FROM {members} WHERE group_id = ANY (ARRAY(SELECT id FROM {groups} WHERE directory_id = $1))"
                ),
                Dialect::Sqlite => {
                    format!("DELETE FROM {members} WHERE group_id IN (SELECT id FROM {groups} WHERE directory_id = $1)")
                }
            };
            exec(&self.tx, &sql, vec![id.uuid().into()]).await?;
        }
        for table in [
            "user_emails",
            "groups",
            "users",
            "directory_keys",
            "oauth_clients",
            "directory_counts",
            "user_emails_base",
            "groups_base",
            "users_base",
            "user_emails_fresh",
            "groups_fresh",
            "users_fresh",
            "log_copies",
        ] {
            let sql = format!("DELETE FROM {table} WHERE directory_id = $1");
            exec(&self.tx, &sql, vec![id.uuid().into()]).await?;
        }
        exec(
            &self.tx,
            "DELETE FROM directories WHERE id = $1",
            vec![id.uuid().into()],
        )
        .await
        .map(|_| ())
    }
}

/// Reads the columns of a directory; in a join their names have a prefix.
pub(super) fn directory_columns(row: &QueryResult, prefix: &str) -> Result<Directory, StoreError> {
    let column = |name: &str| format!("{prefix}{name}");
    let held_at = row.opt_time(&column("held_at"))?;
    Ok(Directory {
        id: row.id(&column("id"))?,
        organization_id: row.id(&column("organization_id"))?,
        name: row.get(&column("name"))?,
        provider: row.get(&column("provider"))?,
        state: DirectoryState::of(&row.get::<String>(&column("state"))?, held_at)?,
        held_at,
        released_until: row.opt_time(&column("released_until"))?,
        settings: row.get(&column("settings"))?,
        last_request_at: row.opt_time(&column("last_request_at"))?,
        last_error: row.get(&column("last_error"))?,
        created_at: row.time(&column("created_at"))?,
        updated_at: row.time(&column("updated_at"))?,
    })
}

/// Reads a row of [`SELECT`].
pub(crate) fn directory(row: &QueryResult) -> Result<Directory, StoreError> {
    directory_columns(row, "")
}
