//! Directories: the sources of users and groups within an organization.

use super::list::{List, ListPage, Listing};
use super::missing::missing;
use super::{AdminTx, Domain};
use crate::{DirectoryCounts, Store, StoreError};
use db::Party;
use db::entity::column::{Id, Millis};
use db::entity::copies::CopyTable;
use db::entity::directories::{ActiveModel, Column, Entity, Model, StoredState};
use db::entity::{
    dead_letters, directory_counts, directory_keys, group_members, groups, log_copies, oauth_clients,
    organization_domains, sequences, user_emails, users,
};
use db::expr::is_one_of_rows;
use db::send::{execute, fetch_one, look_up};
use events::{DirectoryId, OrganizationId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden as _, Query};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult as _, QueryFilter as _, QueryOrder as _, QueryResult,
    QuerySelect as _, QueryTrait as _, Set,
};
use std::collections::HashMap;

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
    const fn of(stored: StoredState, held_at: Option<Millis>) -> Self {
        match stored {
            StoredState::Active if held_at.is_some() => Self::Held,
            StoredState::Active => Self::Active,
            StoredState::Paused => Self::Paused,
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
    /// Whose its users and groups are.
    #[must_use]
    pub const fn owner(&self) -> directory::Owner {
        directory::Owner {
            organization_id: self.organization_id,
            directory_id: self.id,
        }
    }

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
        let lookup = self.store.lookups().of(Party::Directory(id));
        let found: Option<Model> = look_up(lookup, Entity::find_by_id(id).as_query()).await?;
        Ok(found.map(Directory::from))
    }

    /// The oldest active directory of the organization that the domain belongs to.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_domain(&self, domain: &Domain) -> Result<Option<Directory>, StoreError> {
        let owner = organization_domains::Entity::find_by_id(domain.as_str())
            .select_only()
            .column(organization_domains::Column::OrganizationId)
            .into_query();
        let oldest = Entity::find()
            .filter(Column::State.ne(StoredState::Paused))
            .filter(Expr::col((Entity, Column::OrganizationId)).eq(owner))
            .order_by_asc(Column::Id)
            .limit(1);
        let found: Option<Model> = fetch_one(self.store.keys(), oldest.as_query()).await?;
        Ok(found.map(Directory::from))
    }

    /// The directories, newest first.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, filter: DirectoryFilter, page: &ListPage) -> Result<List<Directory>, StoreError> {
        let list: List<Model> = Listing::new("directories", Entity::find())
            .with(Column::OrganizationId, filter.organization_id.map(OrganizationId::uuid))
            .sized([Column::Settings])
            .read(self.store.read(), page, self.store.page_bytes())
            .await?;
        Ok(list.map(Directory::from))
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
        missing::<Entity, _>(&self.store, Column::Id, ids).await
    }
}

impl AdminTx {
    /// Makes a directory and its sequence, which starts at nothing in the given lane.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_directory(&self, new: &NewDirectory, lane: u16) -> Result<(), StoreError> {
        let directory = Entity::insert(ActiveModel {
            id: Set(new.id.into()),
            organization_id: Set(new.organization_id.into()),
            name: Set(new.name.clone()),
            provider: Set(new.provider.clone()),
            state: Set(StoredState::Active),
            settings: Set("{}".to_owned()),
            created_at: Set(new.at.into()),
            updated_at: Set(new.at.into()),
            ..ActiveModel::default()
        });
        execute(&self.tx, directory.as_query()).await?;
        let sequence = sequences::Entity::insert(sequences::ActiveModel {
            directory_id: Set(new.id.into()),
            lane: Set(lane.into()),
            last: Set(0),
        });
        execute(&self.tx, sequence.as_query()).await?;
        let counts = directory_counts::Entity::insert(directory_counts::ActiveModel {
            directory_id: Set(new.id.into()),
            ..directory_counts::ActiveModel::default()
        });
        execute(&self.tx, counts.as_query()).await?;
        Ok(())
    }

    /// One directory, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn directory(&self, id: DirectoryId) -> Result<Option<Directory>, StoreError> {
        let held = Entity::find_by_id(id).lock_exclusive();
        let found: Option<Model> = fetch_one(&self.tx, held.as_query()).await?;
        Ok(found.map(Directory::from))
    }

    /// Stores name, state and settings of a directory that was read in this change.
    ///
    /// # Errors
    /// As any write.
    pub async fn save_directory(&self, directory: &Directory) -> Result<(), StoreError> {
        let state = match directory.state {
            DirectoryState::Paused => StoredState::Paused,
            DirectoryState::Active | DirectoryState::Held => StoredState::Active,
        };
        let changed = ActiveModel {
            name: Set(directory.name.clone()),
            state: Set(state),
            settings: Set(directory.settings.clone()),
            updated_at: Set(directory.updated_at.into()),
            held_at: Set(directory.held_at.map(Millis::from)),
            released_until: Set(directory.released_until.map(Millis::from)),
            ..ActiveModel::default()
        };
        let saved = Entity::update_many()
            .set(changed)
            .filter(Column::Id.eq(Id(directory.id)));
        execute(&self.tx, saved.as_query()).await?;
        Ok(())
    }

    /// Deletes a directory with its keys, users and groups. Its log and its sequence stay, so that the last event
    /// still reaches everybody.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_directory(&self, id: DirectoryId) -> Result<(), StoreError> {
        // Memberships are found by their groups.
        for (members, groups) in [
            (group_members::Entity.into_iden(), groups::Entity.into_iden()),
            (
                CopyTable::GroupMembersBase.into_iden(),
                CopyTable::GroupsBase.into_iden(),
            ),
            (
                CopyTable::GroupMembersFresh.into_iden(),
                CopyTable::GroupsFresh.into_iden(),
            ),
        ] {
            let groups = Query::select()
                .column(groups::Column::Id)
                .from(groups)
                .and_where(is_of(id))
                .take();
            let of_groups = Expr::col(group_members::Column::GroupId);
            let deleted = Query::delete()
                .from_table(members)
                .and_where(is_one_of_rows(self.dialect, of_groups, groups))
                .take();
            execute(&self.tx, &deleted).await?;
        }
        for table in [
            user_emails::Entity.into_iden(),
            groups::Entity.into_iden(),
            users::Entity.into_iden(),
            directory_keys::Entity.into_iden(),
            oauth_clients::Entity.into_iden(),
            directory_counts::Entity.into_iden(),
            CopyTable::UserEmailsBase.into_iden(),
            CopyTable::GroupsBase.into_iden(),
            CopyTable::UsersBase.into_iden(),
            CopyTable::UserEmailsFresh.into_iden(),
            CopyTable::GroupsFresh.into_iden(),
            CopyTable::UsersFresh.into_iden(),
            log_copies::Entity.into_iden(),
            dead_letters::Entity.into_iden(),
        ] {
            let deleted = Query::delete().from_table(table).and_where(is_of(id)).take();
            execute(&self.tx, &deleted).await?;
        }
        let deleted = Entity::delete_many().filter(Column::Id.eq(Id(id)));
        execute(&self.tx, deleted.as_query()).await?;
        Ok(())
    }
}

/// Whether a row is of the directory, in any of the tables that go with it.
fn is_of(directory: DirectoryId) -> Expr {
    Expr::col(users::Column::DirectoryId).eq(Id(directory))
}

impl From<Model> for Directory {
    fn from(row: Model) -> Self {
        Self {
            id: row.id.0,
            organization_id: row.organization_id.0,
            name: row.name,
            provider: row.provider,
            state: DirectoryState::of(row.state, row.held_at),
            held_at: row.held_at.map(Timestamp::from),
            released_until: row.released_until.map(Timestamp::from),
            settings: row.settings,
            last_request_at: row.last_request_at.map(Timestamp::from),
            last_error: row.last_error,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}

/// Reads a row that has the columns of the table.
pub(crate) fn directory(row: &QueryResult) -> Result<Directory, StoreError> {
    Ok(Model::from_query_result(row, "")?.into())
}
