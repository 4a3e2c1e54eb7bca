//! Reading the log of one directory.

use super::LoggedRequest;
use crate::operations::requests::prune::first_id_of;
use crate::{List, ListPage, Store, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::entity::column::Id;
use db::entity::request_log::{Column, Entity, Model};
use db::entity::sync_cycles;
use db::send::{fetch_all, fetch_one};
use events::{CycleId, DirectoryId, RequestId, Timestamp};
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, LikeExpr, Order, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _, QueryTrait as _,
};
use uuid::Uuid;

/// Requests that are looked at for those that are to be shown.
const STRETCH: u64 = 5_000;
/// About how many bytes an answer has of each request beside its texts.
const FRAME: u64 = 500;

/// Which requests a list shows.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// Only those answered with a status of this class: 2 for 200 to 299.
    pub status_class: Option<u8>,
    /// Only those with this method.
    pub method: Option<String>,
    /// Only those that came at this time or later.
    pub since: Option<Timestamp>,
    /// Only those of this cycle.
    pub cycle_id: Option<CycleId>,
    /// Only those whose path or query contains this text, in any case.
    pub text: Option<String>,
    /// Only those of this trace.
    pub trace_id: Option<String>,
}

/// The requests of one directory.
#[derive(Clone, Debug)]
pub struct Requests {
    store: Store,
    directory_id: DirectoryId,
}

/// A request that a list shows, and how many bytes it has.
#[derive(FromQueryResult)]
struct ListedRequest {
    id: Id<RequestId>,
    bytes: i32,
}

/// The last request that was looked at.
#[derive(FromQueryResult)]
struct LastRequest {
    id: Id<RequestId>,
}

impl Store {
    /// The requests of one directory.
    #[must_use]
    pub fn requests(&self, directory_id: DirectoryId) -> Requests {
        Requests {
            store: self.clone(),
            directory_id,
        }
    }
}

impl Requests {
    /// One request.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: RequestId) -> Result<Option<LoggedRequest>, StoreError> {
        let one = Entity::find_by_id(id).filter(Column::DirectoryId.eq(Id(self.directory_id)));
        let found: Option<Model> = fetch_one(self.store.read(), one.as_query()).await?;
        found.map(LoggedRequest::try_from).transpose()
    }

    /// The requests, newest first. A page looks at a stretch of the log: it may have fewer than were asked for, or none,
    /// and still not be the last.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, filter: &RequestFilter, page: &ListPage) -> Result<List<LoggedRequest>, StoreError> {
        let Some(stretch) = self.stretch(filter, page).await? else {
            return Ok(List {
                data: Vec::new(),
                next_cursor: None,
            });
        };
        let limit = usize::from(Ord::max(page.limit, 1));
        let shown = Query::select()
            .columns(["id", "bytes"])
            .from_subquery(stretch.clone(), Alias::new("seen"))
            .cond_where(matching(filter))
            .order_by("id", Order::Desc)
            .limit(limit as u64 + 1)
            .take();
        let found: Vec<ListedRequest> = fetch_all(self.store.read(), &shown).await?;
        let kept = fitting(&found, limit, self.store.page_bytes());
        let next = match found.get(..kept) {
            Some(shown) if kept < found.len() => shown.last().map(|last| last.id.0),
            _ => self.end_of(&stretch).await?,
        };
        Ok(List {
            data: self.whole(found.get(..kept).unwrap_or_default()).await?,
            next_cursor: next.map(|id| self.cursor(id)),
        })
    }

    /// The stretch of the log that a page looks at; `None` where it is known that there is nothing.
    async fn stretch(&self, filter: &RequestFilter, page: &ListPage) -> Result<Option<SelectStatement>, StoreError> {
        let mut stretch = Query::select()
            .columns([
                Column::Id,
                Column::Method,
                Column::Path,
                Column::Query,
                Column::Status,
                Column::CycleId,
                Column::TraceId,
                Column::Bytes,
            ])
            .from(Entity)
            .and_where(Column::DirectoryId.eq(Id(self.directory_id)))
            .order_by(Column::DirectoryId, Order::Desc)
            .order_by(Column::Id, Order::Desc)
            .limit(STRETCH)
            .take();
        if let Some(cursor) = page.cursor.as_deref() {
            stretch.and_where(Column::Id.lt(self.position(cursor)?));
        }
        if let Some(since) = filter.since {
            stretch.and_where(Column::Id.gte(first_id_of(since)));
        }
        if let Some(cycle) = filter.cycle_id {
            let one = sync_cycles::Entity::find_by_id(cycle)
                .filter(sync_cycles::Column::DirectoryId.eq(Id(self.directory_id)));
            let found: Option<sync_cycles::Model> = fetch_one(self.store.read(), one.as_query()).await?;
            let Some(cycle) = found else { return Ok(None) };
            // Ids are in the order of time, so that a cycle is a stretch of the log.
            let (first, last) = (Timestamp::from(cycle.started_at), cycle.last_at.0 + 1);
            stretch.and_where(Column::Id.gte(first_id_of(first)));
            stretch.and_where(Column::Id.lt(first_id_of(Timestamp::from_millis(last))));
        }
        Ok(Some(stretch))
    }

    /// Where a stretch ends that is as long as it may be: there may be more behind it.
    async fn end_of(&self, stretch: &SelectStatement) -> Result<Option<RequestId>, StoreError> {
        let last = Query::select()
            .column("id")
            .from_subquery(stretch.clone(), Alias::new("seen"))
            .order_by("id", Order::Desc)
            .limit(1)
            .offset(STRETCH - 1)
            .take();
        let last: Option<LastRequest> = fetch_one(self.store.read(), &last).await?;
        Ok(last.map(|last| last.id.0))
    }

    async fn whole(&self, found: &[ListedRequest]) -> Result<Vec<LoggedRequest>, StoreError> {
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let rows = Entity::find()
            .filter(Column::Id.is_in(found.iter().map(|found| found.id)))
            .order_by_desc(Column::Id);
        let rows: Vec<Model> = fetch_all(self.store.read(), rows.as_query()).await?;
        rows.into_iter().map(LoggedRequest::try_from).collect()
    }

    /// The cursor after this request. The directory is inside, so that a cursor of another one is refused.
    fn cursor(&self, id: RequestId) -> String {
        URL_SAFE_NO_PAD.encode([*id.uuid().as_bytes(), *self.directory_id.uuid().as_bytes()].concat())
    }

    fn position(&self, cursor: &str) -> Result<Uuid, StoreError> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
        match bytes.split_first_chunk::<16>() {
            Some((id, directory)) if directory == self.directory_id.uuid().as_bytes() => Ok(Uuid::from_bytes(*id)),
            _ => Err(StoreError::foreign_cursor()),
        }
    }
}

/// What no index serves, for rows of a stretch.
fn matching(filter: &RequestFilter) -> Condition {
    let column = |name: &'static str| Expr::col(name);
    let mut all = Condition::all();
    if let Some(class) = filter.status_class {
        let first = i32::from(class) * 100;
        all = all.add(column("status").between(first, first + 99));
    }
    if let Some(method) = &filter.method {
        all = all.add(column("method").eq(method.to_ascii_uppercase()));
    }
    if let Some(cycle) = filter.cycle_id {
        all = all.add(column("cycle_id").eq(cycle.uuid()));
    }
    if let Some(trace) = &filter.trace_id {
        all = all.add(column("trace_id").eq(trace.as_str()));
    }
    if let Some(text) = &filter.text {
        let escaped = text
            .to_lowercase()
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        let contains = || LikeExpr::new(format!("%{escaped}%")).escape('\\');
        let lower = |name: &'static str| Expr::expr(sea_orm::sea_query::Func::lower(column(name)));
        all = all.add(
            Condition::any()
                .add(lower("path").like(contains()))
                .add(lower("query").like(contains())),
        );
    }
    all
}

/// How many of those that were found go into one page: the first always.
fn fitting(found: &[ListedRequest], limit: usize, most_bytes: u64) -> usize {
    let mut bytes = 0;
    let fits = found.iter().take(limit).take_while(|found| {
        bytes += u64::try_from(found.bytes).unwrap_or_default() + FRAME;
        bytes <= most_bytes
    });
    fits.count().max(1).min(found.len())
}
