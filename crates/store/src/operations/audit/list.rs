//! Reading the audit log: newest first, page by page.
//!
//! A page walks one index: that of the directory, of the organization or of the key that is asked for, or that of the ids.
//! Of what no index serves at the same time it looks at a stretch, so a page may have fewer entries than asked for, or
//! none, and still not be the last.

use super::prune::first_id_of;
use super::{AuditEntry, AuditLog, entry};
use crate::StoreError;
use db::entity::audit_log::{ActorKind, Column, Entity, Model};
use db::entity::column::Id;
use db::send::{fetch_all, fetch_one};
use events::{AdminKeyId, AuditId, DirectoryId, OrganizationId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, Func};
use sea_orm::{
    ColumnTrait as _, Condition, DerivePartialModel, EntityTrait as _, FromQueryResult, PartialModelTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
};
use uuid::Uuid;

/// Entries that are looked at for those that are to be shown.
const STRETCH: u64 = 5_000;
/// About how many bytes an answer has of each entry, beside what changed.
const FRAME: i64 = 700;

/// Which entries are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only what the holder of this key did.
    pub key: Option<AdminKeyId>,
    /// Only what was done with the key of the configuration, by the program itself, or by strangers: the name of the kind.
    pub actor_kind: Option<AuditActorKind>,
    /// Only this action.
    pub action: Option<String>,
    /// Only what is about this organization.
    pub organization_id: Option<OrganizationId>,
    /// Only what is about this directory.
    pub directory_id: Option<DirectoryId>,
    /// Only from then on.
    pub since: Option<Timestamp>,
    /// Only what was before.
    pub until: Option<Timestamp>,
}

/// A kind of actor other than a key of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditActorKind {
    /// The key of the configuration.
    Configured,
    /// The program itself.
    System,
    /// Those who did not prove who they are.
    Stranger,
}

/// A page of the log.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// Its entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// What the next page is to begin behind; `None` at the end.
    pub next: Option<AuditId>,
}

/// An entry of a page before it is read: its size.
#[derive(Debug, FromQueryResult)]
struct Size {
    id: Id<AuditId>,
    bytes: i64,
}

/// The last entry of a stretch.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct LastEntry {
    id: Id<AuditId>,
}

/// Ids from one to another, both included.
#[derive(Clone, Copy)]
struct Range {
    low: Uuid,
    high: Uuid,
}

/// An owner and the id of an entry, as one value.
fn pair(owner: impl Into<Expr>, id: Uuid) -> Expr {
    Expr::tuple([owner.into(), Expr::value(Id::<AuditId>(id.into()))])
}

impl AuditFilter {
    /// The column whose index is walked; `None` for that of the ids.
    const fn walked(&self) -> Option<Column> {
        if self.directory_id.is_some() {
            Some(Column::DirectoryId)
        } else if self.organization_id.is_some() {
            Some(Column::OrganizationId)
        } else if self.key.is_some() {
            Some(Column::ActorId)
        } else {
            None
        }
    }

    /// The newest first, in the order of the index that is walked.
    fn in_order(&self, entries: Select<Entity>) -> Select<Entity> {
        let entries = match self.walked() {
            Some(column) => entries.order_by_desc(column),
            None => entries,
        };
        entries.order_by_desc(Column::Id)
    }

    /// What the index that is walked serves: from one id to another, both included.
    ///
    /// The pair of columns is compared with pairs, not each column with its value: where the first is a constant, PostgreSQL
    /// leaves it out of the order, and may walk the index of the ids past everything that belongs to others.
    fn served(&self, range: &Range) -> Condition {
        let place = |id: Uuid| match self.walked() {
            Some(Column::DirectoryId) => self.directory_id.map(|directory| pair(Id(directory), id)),
            Some(Column::OrganizationId) => self.organization_id.map(|organization| pair(Id(organization), id)),
            Some(_) => self.key.map(|key| pair(Id(key), id)),
            None => None,
        };
        let ends = self.walked().zip(place(range.low)).zip(place(range.high));
        match ends {
            Some(((column, low), high)) => {
                let columns = || Expr::tuple([Expr::col(column), Expr::col(Column::Id)]);
                Condition::all().add(columns().gte(low)).add(columns().lte(high))
            }
            None => Condition::all()
                .add(Column::Id.gte(Id::<AuditId>(range.low.into())))
                .add(Column::Id.lte(Id::<AuditId>(range.high.into()))),
        }
    }

    /// The ids that the asked time has, behind `after`.
    fn range(&self, after: Option<AuditId>) -> Range {
        let before = |id: Uuid| Uuid::from_u128(id.as_u128().saturating_sub(1));
        let high = self.until.map_or(Uuid::max(), |at| before(first_id_of(at).0.into()));
        Range {
            low: self.since.map_or(Uuid::nil(), |at| first_id_of(at).0.into()),
            high: after.map_or(high, |after| Ord::min(high, before(after.into()))),
        }
    }

    /// What is looked for in what it serves.
    fn rest(&self) -> Condition {
        let kind = self.actor_kind.map(|kind| match kind {
            AuditActorKind::Configured => ActorKind::Configured,
            AuditActorKind::System => ActorKind::System,
            AuditActorKind::Stranger => ActorKind::Stranger,
        });
        let conditions = [
            self.organization_id
                .filter(|_| self.directory_id.is_some())
                .map(|id| Column::OrganizationId.eq(Id(id))),
            self.key
                .filter(|_| self.directory_id.is_some() || self.organization_id.is_some())
                .map(|id| Column::ActorId.eq(id.uuid())),
            kind.map(|kind| Column::ActorKind.eq(kind)),
            self.action.as_ref().map(|action| Column::Action.eq(action)),
        ];
        conditions.into_iter().flatten().fold(Condition::all(), Condition::add)
    }
}

impl AuditLog {
    /// A page of at most `limit` entries behind `after`.
    ///
    /// # Errors
    /// As any query.
    pub async fn page(
        &self,
        filter: &AuditFilter,
        after: Option<AuditId>,
        limit: u16,
    ) -> Result<AuditPage, StoreError> {
        let mut range = filter.range(after);
        let rest = filter.rest();
        let mut end = None;
        if !rest.is_empty() {
            end = self.end_of_stretch(filter, &range).await?;
            if let Some(end) = end {
                range.low = end.into();
            }
        }
        let limit = usize::from(Ord::max(limit, 1));
        let sizes = self
            .sizes(filter, &rest.clone().add(filter.served(&range)), limit)
            .await?;
        let (shown, is_cut) = self.cut(&sizes, limit);
        let Some((first, last)) = shown.first().zip(shown.last()) else {
            return Ok(AuditPage {
                entries: Vec::new(),
                next: end,
            });
        };
        let page = Range {
            low: last.id.0.into(),
            high: first.id.0.into(),
        };
        let rows = filter.in_order(Entity::find().filter(rest.add(filter.served(&page))));
        let rows: Vec<Model> = fetch_all(self.store.read(), rows.as_query()).await?;
        Ok(AuditPage {
            entries: rows.into_iter().map(entry).collect::<Result<_, _>>()?,
            next: if is_cut { Some(last.id.0) } else { end },
        })
    }

    /// Where the stretch behind a place ends; `None` where the log ends before.
    async fn end_of_stretch(&self, filter: &AuditFilter, range: &Range) -> Result<Option<AuditId>, StoreError> {
        let last = filter
            .in_order(Entity::find().filter(filter.served(range)))
            .offset(STRETCH - 1)
            .limit(1);
        let last: Option<LastEntry> =
            fetch_one(self.store.read(), LastEntry::select_cols(last.select_only()).as_query()).await?;
        Ok(last.map(|last| last.id.0))
    }

    /// One more than asked for tells whether the list goes on.
    async fn sizes(&self, filter: &AuditFilter, wanted: &Condition, limit: usize) -> Result<Vec<Size>, StoreError> {
        let length = |column: Column| {
            let length = Func::cust("octet_length").arg(Expr::col(column));
            Expr::expr(Func::coalesce([length.into(), Expr::value(0)]))
        };
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        let sizes = filter
            .in_order(Entity::find().filter(wanted.clone()))
            .limit(limit.saturating_add(1))
            .select_only()
            .column(Column::Id)
            .expr_as(
                length(Column::Before).add(length(Column::After)).cast_as("bigint"),
                "bytes",
            );
        fetch_all(self.store.read(), sizes.as_query()).await
    }

    /// The part that a page may have, and whether there is more of what was found.
    fn cut<'a>(&self, sizes: &'a [Size], limit: usize) -> (&'a [Size], bool) {
        let most = i64::try_from(self.store.page_bytes()).unwrap_or(i64::MAX);
        let mut bytes = 0;
        let fits = |size: &&Size| {
            bytes += size.bytes + FRAME;
            bytes <= most
        };
        let fitting = sizes.iter().take(limit).take_while(fits).count();
        let shown = Ord::min(Ord::max(fitting, 1), sizes.len());
        (&sizes[..shown], shown < sizes.len())
    }
}
