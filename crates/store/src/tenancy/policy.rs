//! The settings of a directory, and what has to follow when they change.

use super::authentication::members;
use super::{AdminTx, Directory};
use crate::{Dialect, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::{directories, users};
use db::expr::{by_code_point, call, count_up_to, number, text};
use db::rows::{Columns, Rows};
use db::send::{Counted, execute, fetch_all, fetch_one};
use directory::{Indexing, PeopleOf, Policy};
use events::{DirectoryId, ResourceId};
use scim::schema::ResourceType;
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, Query};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Select,
};
use serde_json::{Map, json};
use std::sync::LazyLock;
use uuid::Uuid;

/// Users that are looked at in one transaction: it takes some tens of milliseconds, and that long the lane waits.
const PORTION: u64 = 2_000;

/// The member of the settings that tells what is being indexed; see [`Indexing`].
const INDEXING: &str = "indexing";
/// The same as it stands in the text of the settings, and in the index of the directories that have it.
const INDEXING_IN_TEXT: &str = "\"indexing\":";

/// The member of the settings with the verified domains of the organization.
const VERIFIED_DOMAINS: &str = "verified_domains";

/// What is written of users: the document that filters search.
static SEARCH: LazyLock<Columns> = LazyLock::new(|| Columns::of([users::Column::Id, users::Column::Search]));
/// Rows of it in a statement.
const WRITTEN: &str = "r";

impl Directory {
    /// The settings as the rules read them.
    ///
    /// # Errors
    /// `Internal` when the stored settings cannot be read.
    pub fn policy(&self) -> Result<Policy, StoreError> {
        Policy::from_settings(&self.settings)
            .map_err(|error| StoreError::corrupt(format!("the settings of a directory cannot be read: {error}")))
    }

    /// Changes one member of the settings and leaves the others as they are; `None` brings its default back.
    ///
    /// # Errors
    /// `Internal` when the stored settings cannot be read.
    pub fn set_setting(&mut self, name: &str, value: Option<serde_json::Value>) -> Result<(), StoreError> {
        let mut settings = members(&self.settings)?;
        match value {
            Some(value) => settings.insert(name.to_owned(), value),
            None => settings.shift_remove(name),
        };
        self.settings = serde_json::Value::Object(settings).to_string();
        Ok(())
    }
}

impl Directory {
    /// Keeps which domains are verified, if it takes only people of these.
    ///
    /// # Errors
    /// `Internal` when the stored settings cannot be read.
    pub fn set_verified_domains(&mut self, domains: &[String]) -> Result<(), StoreError> {
        let is_needed = self.policy()?.people_of == PeopleOf::VerifiedDomains;
        self.set_setting(VERIFIED_DOMAINS, is_needed.then(|| json!(domains)))
    }
}

fn set_indexing(directory: &mut Directory, indexing: Option<Indexing>) -> Result<(), StoreError> {
    directory.set_setting(INDEXING, indexing.map(|indexing| json!(indexing)))
}

impl Store {
    /// The directories whose users are being written again for search.
    ///
    /// # Errors
    /// As any query.
    pub async fn indexing(&self) -> Result<Vec<DirectoryId>, StoreError> {
        // As in the index of these few.
        let position = match self.dialect() {
            Dialect::Postgres => "strpos",
            Dialect::Sqlite => "instr",
        };
        let settings = Expr::col((directories::Entity, directories::Column::Settings));
        let indexing = directories::Entity::find()
            .select_only()
            .column(directories::Column::Id)
            .filter(call(position, [settings, text(INDEXING_IN_TEXT)]).gt(number(0)))
            .order_by_asc(directories::Column::Id);
        let found: Vec<IndexedDirectory> = fetch_all(self.read(), indexing.as_query()).await?;
        Ok(found.into_iter().map(|found| found.id.0).collect())
    }

    /// Writes some more users of a directory again for search, in a transaction of its own; several processes may do so at
    /// the same time. Returns whether there is more to do.
    ///
    /// # Errors
    /// As any write.
    pub async fn index_portion(&self, directory: DirectoryId, lane: u16) -> Result<bool, StoreError> {
        let change = self.change(Some(lane)).await?;
        let Some(mut directory) = change.directory(directory).await? else {
            return Ok(false);
        };
        let policy = directory.policy()?;
        let Some(indexing) = &policy.indexing else {
            return Ok(false);
        };
        let left = change.portion(directory.id, indexing, policy.user_type()).await?;
        let goes_on = left.is_some();
        set_indexing(&mut directory, left)?;
        change.save_directory(&directory).await?;
        change.commit().await?;
        Ok(goes_on)
    }
}

impl AdminTx {
    /// What filters see of the data of these extensions has to be written again, because their schemas changed. Where the
    /// directory is small that is done within this change; else the directory notes it (`Policy::indexing`), and
    /// the caller of [`Store::index_portion`] does it. The change must be open on the lane of the directory, and the
    /// settings of `directory` must be those after the change.
    ///
    /// # Errors
    /// As any write.
    pub async fn reindex(&self, directory: &mut Directory, urns: &[&str]) -> Result<(), StoreError> {
        let policy = directory.policy()?;
        let pending = policy.indexing.as_ref().map_or(&[][..], |indexing| &indexing.urns);
        let mut all: Vec<String> = pending
            .iter()
            .cloned()
            .chain(urns.iter().map(|urn| (*urn).to_owned()))
            .collect();
        all.sort_unstable();
        all.dedup();
        if urns.is_empty() || all.is_empty() {
            return Ok(());
        }
        let start = Indexing { urns: all, after: None };
        let portion = if self.is_small(directory.id).await? {
            self.portion(directory.id, &start, policy.user_type()).await?
        } else {
            Some(start)
        };
        set_indexing(directory, portion)
    }

    async fn is_small(&self, directory: DirectoryId) -> Result<bool, StoreError> {
        let users = users::Entity::find()
            .select_only()
            .filter(users::Column::DirectoryId.eq(Id(directory)))
            .into_query();
        let counted = Query::select().expr_as(count_up_to(PORTION, users), "n").take();
        let counted: Option<Counted> = fetch_one(&self.tx, &counted).await?;
        Ok(counted.is_some_and(|counted| counted.n.unsigned_abs() < PORTION))
    }

    /// Writes the next users, in order of creation, and tells what is left.
    async fn portion(
        &self,
        directory: DirectoryId,
        indexing: &Indexing,
        users: &ResourceType,
    ) -> Result<Option<Indexing>, StoreError> {
        let next = self.next_users(directory, indexing);
        let found: Vec<IndexedUser> = fetch_all(&self.tx, next.as_query()).await?;
        let (mut changed, mut after) = (Rows::new(&SEARCH), indexing.after);
        for row in &found {
            after = Some((row.created_at.0, row.id.0));
            let Some(resource) = &row.resource else {
                continue;
            };
            let attributes: Map<String, serde_json::Value> =
                serde_json::from_str(resource).map_err(StoreError::corrupt)?;
            let search = scim::resource::search_document(users, &attributes);
            let search = serde_json::Value::Object(search).to_string();
            changed.push([row.id.into(), search.into()]);
        }
        self.write_search(changed).await?;
        let goes_on = (found.len() as u64) >= PORTION;
        let urns = indexing.urns.clone();
        Ok(goes_on.then_some(Indexing { urns, after }))
    }

    /// The next users in order of creation, with their resource only where it has data of one of the extensions.
    fn next_users(&self, directory: DirectoryId, indexing: &Indexing) -> Select<users::Entity> {
        use users::Column::{CreatedAt, DirectoryId as OfDirectory, Id as UserId, Resource};
        let (created_at, id) = indexing
            .after
            .map_or((i64::MIN, Uuid::nil()), |(created_at, id)| (created_at, id.uuid()));
        let place = Expr::tuple([CreatedAt, UserId].map(ColumnTrait::into_expr));
        let position = match self.dialect {
            Dialect::Postgres => "strpos",
            Dialect::Sqlite => "instr",
        };
        let has_data = indexing.urns.iter().fold(Condition::any(), |any, urn| {
            let folded: Expr = Func::lower(by_code_point(self.dialect, Resource.into_expr())).into();
            any.add(call(position, [folded, Expr::val(urn.to_ascii_lowercase())]).gt(number(0)))
        });
        let resource = Expr::case(has_data, Resource.into_expr());
        users::Entity::find()
            .select_only()
            .columns([UserId, CreatedAt])
            .expr_as(resource, "resource")
            .filter(OfDirectory.eq(Id(directory)))
            .filter(place.gt(Expr::tuple([Expr::val(created_at), Expr::val(id)])))
            .order_by_asc(CreatedAt)
            .order_by_asc(UserId)
            .limit(PORTION)
    }

    async fn write_search(&self, rows: Rows) -> Result<u64, StoreError> {
        use users::Column::{Id as UserId, Search};
        if rows.is_empty() {
            return Ok(0);
        }
        let written = Query::update()
            .table(users::Entity)
            .value(Search, Expr::col((WRITTEN, Search)))
            .from(rows.table(self.dialect, WRITTEN))
            .and_where(UserId.into_expr().equals((WRITTEN, UserId)))
            .take();
        execute(&self.tx, &written).await
    }
}

/// A directory that is being indexed.
#[derive(FromQueryResult)]
struct IndexedDirectory {
    id: Id<DirectoryId>,
}

/// A user that was looked at.
#[derive(FromQueryResult)]
struct IndexedUser {
    id: Id<ResourceId>,
    created_at: Millis,
    resource: Option<String>,
}
