//! Asking for users or groups of one directory: what both kinds have in common.

use crate::args::Args;
use crate::filter::{self, Kind, Target};
use crate::links::Party;
use crate::lookups::Lookup;
use crate::searches::Search;
use crate::sql::{IDS, Row, json_ids, query_all};
use crate::{DirectoryCounts, Store, StoreError};
use events::{DirectoryId, ResourceId, Timestamp};
use scim::filter::Filter;
use scim::path::AttributePath;
use scim::schema::ResourceType;
use sea_orm::QueryResult;

/// What to list, in which order, and which page of it.
///
/// The order is total and does not change between pages (R38): by creation and id, after whatever was asked for.
#[derive(Clone, Debug, Default)]
pub struct Query<'a> {
    /// The attributes that `filter` and `sort` may name; `None` means the built-in ones.
    pub schema: Option<&'a ResourceType>,
    /// The SCIM base URL, which `meta.location` and `$ref` start with; without it they have no value in filters.
    pub base_url: Option<&'a str>,
    /// Only what matches.
    pub filter: Option<&'a Filter>,
    /// Another order than that of creation.
    pub sort: Option<Sort<'a>>,
    /// Only what comes after this row; for pages by cursor, in order of creation only.
    pub after: Option<Position>,
    /// Leave out so many rows first.
    pub offset: u32,
    /// At most so many rows; 0 asks for the total alone.
    pub limit: u32,
    /// Whether to tell the number of all matches, whatever the page.
    pub total: Total,
    /// Load what the resources refer to: the groups of users, the members of groups.
    pub references: bool,
}

/// Whether a page comes with the number of all matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Total {
    /// Not asked for.
    #[default]
    Omitted,
    /// Where it is known without reading the matches: of whole lists, of all active users, of one page that holds all.
    IfKnown,
    /// Always; counts the matches where it must.
    Counted,
}

/// An order by an attribute (R35): resources without a value last, or first when descending.
#[derive(Clone, Copy, Debug)]
pub struct Sort<'a> {
    /// By what; an attribute that cannot be sorted by is ignored.
    pub path: &'a AttributePath,
    /// From the highest to the lowest.
    pub descending: bool,
}

/// A place in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// When the row there was created.
    pub created_at: Timestamp,
    /// Its id.
    pub id: ResourceId,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// The number of all matches, when it was asked for.
    pub total: Option<u64>,
    /// The rows of this page.
    pub rows: Vec<T>,
}

/// Users or groups of one directory. Every statement made here names the directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) store: &'a Store,
    pub(crate) directory_id: DirectoryId,
    pub(crate) kind: Kind,
}

impl Scope<'_> {
    const COLUMNS: &'static str = "r.id, r.version, r.created_at, r.updated_at, r.resource";

    /// The key of the one row that a query can find, where its filter asks for a unique name and nothing else, and its
    /// page begins with the first match.
    pub(crate) fn unique_key(&self, query: &Query<'_>) -> Option<String> {
        let is_first = query.offset == 0 && query.limit > 0 && query.after.is_none();
        filter::unique_key(self.target(query), query.filter.filter(|_| is_first)?)
    }

    /// Rows by id, each with more columns (`", …"`).
    pub(crate) async fn by_ids(&self, ids: &[ResourceId], more: &str) -> Result<Vec<QueryResult>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let sql = |wanted: &str| {
            format!(
                "SELECT {}{more} FROM {} r WHERE r.id IN ({wanted}) AND r.directory_id = $2",
                Self::COLUMNS,
                self.kind.table()
            )
        };
        let (postgres, sqlite) = (sql(IDS.0), sql(IDS.1));
        let ids = json_ids(self.store.dialect(), ids.iter().map(|id| id.uuid()));
        let values = [ids.into(), self.directory_id.uuid().into()];
        query_all(self.store.read(), (postgres.as_str(), sqlite.as_str()), values).await
    }

    /// Connections for finding one resource of this directory, and what belongs to it.
    pub(crate) const fn lookup(&self) -> Lookup<'_> {
        self.store.lookups().of(Party::Directory(self.directory_id))
    }

    /// A search in this directory.
    pub(crate) fn search(&self) -> Search<'_> {
        self.store.searches().of(Party::Directory(self.directory_id))
    }

    /// A page, each row with more columns (`", …"`).
    pub(crate) async fn page(
        &self,
        search: &Search<'_>,
        query: &Query<'_>,
        more: &str,
    ) -> Result<Page<QueryResult>, StoreError> {
        let rows = if query.limit == 0 {
            Vec::new()
        } else {
            self.rows(search, query, more).await?
        };
        let wanted = match query.total {
            Total::Omitted if query.limit == 0 => Total::Counted,
            wanted => wanted,
        };
        let total = match (wanted, last_page_total(query, rows.len())) {
            (Total::Omitted, _) => None,
            (_, Some(total)) => Some(total),
            (Total::IfKnown, None) => self.kept(query).await?,
            (Total::Counted, None) => match self.kept(query).await? {
                Some(total) => Some(total),
                None => Some(self.count_matches(search, query).await?),
            },
        };
        Ok(Page { total, rows })
    }

    /// The number of matches, whatever the page.
    pub(crate) async fn count(&self, query: &Query<'_>) -> Result<u64, StoreError> {
        match self.kept(query).await? {
            Some(total) => Ok(total),
            None => self.count_matches(&self.search(), query).await,
        }
    }

    /// The number of matches where the directory keeps it: of all users or groups, and of the active or inactive users.
    async fn kept(&self, query: &Query<'_>) -> Result<Option<u64>, StoreError> {
        let Some(of) = self.kept_as(query) else {
            return Ok(None);
        };
        let sql = "SELECT users, active_users, groups FROM directory_counts WHERE directory_id = $1";
        let Some(row) = self.lookup().one(sql, vec![self.directory_id.uuid().into()]).await? else {
            return Ok(None);
        };
        let counts = DirectoryCounts {
            users: row.get("users")?,
            active_users: row.get("active_users")?,
            groups: row.get("groups")?,
        };
        u64::try_from(of(counts)).map(Some).map_err(StoreError::corrupt)
    }

    /// Which of the kept numbers is the number of matches.
    fn kept_as(&self, query: &Query<'_>) -> Option<fn(DirectoryCounts) -> i64> {
        match (self.kind, query.filter) {
            (Kind::User, None) => Some(|counts| counts.users),
            (Kind::Group, None) => Some(|counts| counts.groups),
            (Kind::User, Some(filter)) => match filter::is_active(self.target(query), filter)? {
                true => Some(|counts| counts.active_users),
                false => Some(|counts| counts.users - counts.active_users),
            },
            (Kind::Group, Some(_)) => None,
        }
    }

    async fn count_matches(&self, search: &Search<'_>, query: &Query<'_>) -> Result<u64, StoreError> {
        let mut args = Args::new(self.store.dialect());
        let condition = self.condition(query, &mut args);
        let sql = format!(
            "SELECT COUNT(*) AS total FROM {} r WHERE {condition}",
            self.kind.table()
        );
        let (sql, values) = args.finish(&sql);
        let rows = query_all(search, &sql, values).await?;
        let total: i64 = rows
            .first()
            .ok_or_else(|| StoreError::corrupt("a count without a row"))?
            .get("total")?;
        u64::try_from(total).map_err(StoreError::corrupt)
    }

    async fn rows(&self, search: &Search<'_>, query: &Query<'_>, more: &str) -> Result<Vec<QueryResult>, StoreError> {
        let mut args = Args::new(self.store.dialect());
        let mut condition = self.condition(query, &mut args);
        if let Some(after) = query.after {
            if query.sort.is_some() || query.offset > 0 {
                return Err(StoreError::Invalid(
                    "a page by cursor is in order of creation".to_owned(),
                ));
            }
            let created_at = args.bind(after.created_at.millis());
            let id = args.bind(after.id.uuid());
            condition.push_str(&format!(" AND (r.created_at, r.id) > ({created_at}, {id})"));
        }
        let order = query
            .sort
            .and_then(|sort| filter::order(&mut args, self.target(query), sort.path, sort.descending))
            .map_or_else(String::new, |order| order + ", ");
        let limit = args.bind(i64::from(query.limit));
        let offset = args.bind(i64::from(query.offset));
        let sql = format!(
            "SELECT {}{more} FROM {} r WHERE {condition} ORDER BY {order}r.created_at, r.id LIMIT {limit} OFFSET {offset}",
            Self::COLUMNS,
            self.kind.table()
        );
        let (sql, values) = args.finish(&sql);
        query_all(search, &sql, values).await
    }

    fn condition(&self, query: &Query<'_>, args: &mut Args) -> String {
        let directory = args.bind(self.directory_id.uuid());
        let mut condition = format!("r.directory_id = {directory}");
        if let Some(filter) = query.filter {
            let filter = filter::condition(args, self.target(query), filter);
            condition.push_str(" AND ");
            condition.push_str(&filter);
        }
        condition
    }

    fn target<'q>(&self, query: &Query<'q>) -> Target<'q> {
        Target {
            kind: self.kind,
            directory_id: self.directory_id,
            schema: query.schema.unwrap_or_else(|| self.kind.schema()),
            base_url: query.base_url,
        }
    }
}

/// The total as far as the page itself tells it: a page that is neither empty nor full is the last one. Saves the count
/// for the question that clients ask most, whether there is a user of this name.
fn last_page_total(query: &Query<'_>, rows: usize) -> Option<u64> {
    let rows = u64::try_from(rows).ok()?;
    let is_last = rows < u64::from(query.limit) && (rows > 0 || query.offset == 0);
    (is_last && query.after.is_none()).then(|| u64::from(query.offset) + rows)
}
