//! Asking for users or groups of one directory: what both kinds have in common.

use crate::directory::filter::{self, FilterTarget, Kind, row};
use crate::directory::page;
use crate::{Dialect, DirectoryCounts, Store, StoreError};
use db::Lookup;
use db::Party;
use db::Search;
use db::entity::{directory_counts, users};
use db::expr::{Texts, build, fixed, parameter};
use db::rows::{self, list};
use db::sql::{ReadColumns, query_all};
use events::{DirectoryId, ResourceId, Timestamp};
use scim::filter::Filter;
use scim::path::AttributePath;
use scim::schema::ResourceType;
use sea_orm::sea_query::{self, Asterisk, Expr, ExprTrait as _, NullOrdering, Order};
use sea_orm::{QueryResult, Value};

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
    /// So many bytes of the answer are taken already; what is left of those that a page may have
    /// ([`crate::StoreOptions::page_bytes`]) is for this one.
    pub used: u64,
}

impl Query<'_> {
    /// Whether it asks for everything there is, in order of creation.
    const fn is_whole(&self) -> bool {
        self.filter.is_none() && self.sort.is_none()
    }
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
    /// About how many bytes an answer has of them.
    pub bytes: u64,
    /// Whether the page ends before its limit, because it would have more bytes than it may.
    pub is_cut: bool,
}

impl<T> Page<T> {
    /// The page of a query that finds one row or none.
    pub(crate) fn of_one(query: &Query<'_>, row: Option<T>) -> Self {
        let rows: Vec<T> = row.into_iter().collect();
        Self {
            total: (query.total != Total::Omitted).then_some(rows.len() as u64),
            rows,
            bytes: 0,
            is_cut: false,
        }
    }

    /// The same with rows of another kind.
    #[must_use]
    pub fn map<R>(self, as_other: impl FnMut(T) -> R) -> Page<R> {
        Page {
            total: self.total,
            rows: self.rows.into_iter().map(as_other).collect(),
            bytes: self.bytes,
            is_cut: self.is_cut,
        }
    }

    /// The same with each row read. A row is let go of once it is read, so that a page is not in memory twice.
    pub(crate) fn read<R>(self, read: impl FnMut(T) -> Result<R, StoreError>) -> Result<Page<R>, StoreError> {
        Ok(Page {
            total: self.total,
            rows: self.rows.into_iter().map(read).collect::<Result<_, _>>()?,
            bytes: self.bytes,
            is_cut: self.is_cut,
        })
    }
}

/// Users or groups of one directory. Every statement made here names the directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DirectoryScope<'a> {
    pub(crate) store: &'a Store,
    pub(crate) directory_id: DirectoryId,
    pub(crate) kind: Kind,
}

impl DirectoryScope<'_> {
    /// The key of the one row that a query can find, where its filter asks for a unique name and nothing else, and its
    /// page begins with the first match.
    pub(crate) fn unique_key(&self, query: &Query<'_>) -> Option<String> {
        let is_first = query.offset == 0 && query.limit > 0 && query.after.is_none();
        filter::unique_key(self.target(query), query.filter.filter(|_| is_first)?)
    }

    /// Rows by id, in no order.
    pub(crate) async fn by_ids(&self, ids: &[ResourceId], references: bool) -> Result<Vec<QueryResult>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let dialect = self.store.dialect();
        let sql = page::by_ids(dialect, self.kind, references);
        let ids = list(dialect, rows::ValueKind::Id, ids.iter().map(|id| id.uuid()));
        query_all(self.store.read(), sql, [ids, self.directory_id.uuid().into()]).await
    }

    /// The row with this id.
    pub(crate) async fn by_id(&self, id: ResourceId, references: bool) -> Result<Option<QueryResult>, StoreError> {
        let sql = page::by_id(self.store.dialect(), self.kind, references);
        let values = vec![id.uuid().into(), self.directory_id.uuid().into()];
        self.lookup().one(sql, values).await
    }

    /// The row of a unique name as it is compared.
    pub(crate) async fn by_name(&self, key: &str, references: bool) -> Result<Option<QueryResult>, StoreError> {
        let sql = page::by_name(self.store.dialect(), self.kind, references);
        let values = vec![self.directory_id.uuid().into(), key.into()];
        self.lookup().one(sql, values).await
    }

    /// Connections for finding one resource of this directory, and pages of all of it.
    const fn lookup(&self) -> Lookup<'_> {
        self.store.lookups().of(Party::Directory(self.directory_id))
    }

    /// A search in this directory.
    fn search(&self) -> Search<'_> {
        self.store.searches().of(Party::Directory(self.directory_id))
    }

    /// A page.
    pub(crate) async fn page(&self, query: &Query<'_>) -> Result<Page<QueryResult>, StoreError> {
        let left = self.store.page_bytes().saturating_sub(query.used);
        let search = self.search();
        let is_asked = query.limit > 0;
        let rows = if !is_asked || left == 0 {
            Vec::new()
        } else if query.is_whole() {
            self.whole(query, left).await?
        } else {
            self.matching(&search, query, left).await?
        };
        let (mut bytes, mut is_cut, mut kept) = (0, is_asked && left == 0, None);
        if let Some(last) = rows.last() {
            bytes = u64::try_from(last.get::<i64>("bytes")?).unwrap_or_default();
            is_cut = last.get::<Option<i32>>("more")?.is_some();
            if query.is_whole() && query.total != Total::Omitted {
                kept = last.get::<Option<i64>>("total")?;
            }
        }
        let wanted = match query.total {
            Total::Omitted if query.limit == 0 => Total::Counted,
            wanted => wanted,
        };
        let known = kept.and_then(|total| u64::try_from(total).ok());
        let total = match (
            wanted,
            known.or_else(|| last_page_total(query, rows.len()).filter(|_| !is_cut)),
        ) {
            (Total::Omitted, _) => None,
            (_, Some(total)) => Some(total),
            (Total::IfKnown, None) => self.kept(query).await?,
            (Total::Counted, None) => match self.kept(query).await? {
                Some(total) => Some(total),
                None => Some(self.count_matches(&search, query).await?),
            },
        };
        Ok(Page {
            total,
            rows,
            bytes,
            is_cut,
        })
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
        let sql = kept_counts(self.store.dialect());
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
        let matches = sea_query::Query::select()
            .expr_as(Expr::col(Asterisk).count(), "total")
            .from(self.kind.rows())
            .and_where(self.condition(query))
            .take();
        let (sql, values) = build(self.store.dialect(), &matches);
        let rows = query_all(search, &sql, values).await?;
        let total: i64 = rows
            .first()
            .ok_or_else(|| StoreError::corrupt("a count without a row"))?
            .get("total")?;
        u64::try_from(total).map_err(StoreError::corrupt)
    }

    /// A page of everything that the directory has, in order of creation.
    async fn whole(&self, query: &Query<'_>, left: u64) -> Result<Vec<QueryResult>, StoreError> {
        let total = query.total != Total::Omitted;
        let mut values: Vec<Value> = vec![
            self.directory_id.uuid().into(),
            i64::from(query.limit).into(),
            whole_number(left).into(),
        ];
        match query.after {
            Some(after) => {
                in_order_of_creation(query)?;
                values.extend([after.created_at.millis().into(), after.id.uuid().into()]);
            }
            None => values.push(i64::from(query.offset).into()),
        }
        let sql = page::of_whole(
            self.store.dialect(),
            self.kind,
            query.references,
            total,
            query.after.is_some(),
        );
        query_all(&self.lookup(), sql, values).await
    }

    /// A page of what matches, in the order asked for.
    async fn matching(
        &self,
        search: &Search<'_>,
        query: &Query<'_>,
        left: u64,
    ) -> Result<Vec<QueryResult>, StoreError> {
        let dialect = self.store.dialect();
        let mut condition = self.condition(query);
        if let Some(after) = query.after {
            in_order_of_creation(query)?;
            let place = (Expr::val(after.created_at.millis()), Expr::val(after.id.uuid()));
            condition = condition.and(page::is_after(place.0, place.1));
        }
        let sorting = query.sort.and_then(|sort| self.sorting(query, sort));
        let ids = page::matching(dialect, self.kind, condition, sorting.as_ref())
            .limit(query.limit.into())
            .offset(query.offset.into())
            .take();
        let statement = page::PageStatement {
            dialect,
            kind: self.kind,
            references: query.references,
            total: None,
            of: page::Of::Ids(ids),
            sorting,
            most_bytes: Expr::val(whole_number(left)),
        };
        let (sql, values) = build(dialect, &statement.select());
        query_all(search, &sql, values).await
    }

    /// `None` for an attribute that cannot be sorted by, which is ignored.
    fn sorting(&self, query: &Query<'_>, sort: Sort<'_>) -> Option<page::Sorting> {
        let (order, nulls) = if sort.descending {
            (Order::Desc, NullOrdering::First)
        } else {
            (Order::Asc, NullOrdering::Last)
        };
        let by = filter::order(self.target(query), sort.path)?;
        Some(page::Sorting { by, order, nulls })
    }

    fn condition(&self, query: &Query<'_>) -> Expr {
        let is_here = row(users::Column::DirectoryId).eq(self.directory_id.uuid());
        match query.filter {
            Some(filter) => is_here.and(filter::condition(self.target(query), filter)),
            None => is_here,
        }
    }

    fn target<'q>(&self, query: &Query<'q>) -> FilterTarget<'q> {
        FilterTarget {
            dialect: self.store.dialect(),
            kind: self.kind,
            directory_id: self.directory_id,
            schema: query.schema.unwrap_or_else(|| self.kind.schema()),
            base_url: query.base_url,
        }
    }
}

/// # Errors
/// [`StoreError::Defect`] for a page by cursor in another order, or by offset besides.
fn in_order_of_creation(query: &Query<'_>) -> Result<(), StoreError> {
    if query.sort.is_some() || query.offset > 0 {
        return Err(StoreError::Defect(
            "a page by cursor is in order of creation".to_owned(),
        ));
    }
    Ok(())
}

/// The total as far as the page itself tells it: a page that is neither empty nor full is the last one. Saves the count
/// for the question that clients ask most, whether there is a user of this name.
fn last_page_total(query: &Query<'_>, rows: usize) -> Option<u64> {
    let rows = u64::try_from(rows).ok()?;
    let is_last = rows < u64::from(query.limit) && (rows > 0 || query.offset == 0);
    (is_last && query.after.is_none()).then(|| u64::from(query.offset) + rows)
}

/// How many resources the directory `$1` holds, where that is kept.
fn kept_counts(dialect: Dialect) -> &'static str {
    use directory_counts::Column::{ActiveUsers, DirectoryId, Groups, Users};
    static TEXTS: Texts<2> = Texts::new();
    TEXTS.get([dialect == Dialect::Sqlite], || {
        let counts = sea_query::Query::select()
            .columns([Users, ActiveUsers, Groups])
            .from(directory_counts::Entity)
            .and_where(Expr::col(DirectoryId).eq(parameter(1)))
            .take();
        fixed(dialect, &counts)
    })
}

fn whole_number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
