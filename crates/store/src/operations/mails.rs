//! Mails that are to be sent: written with what they tell of, in the same transaction, and claimed by whoever sends them.
//!
//! A row is one mail to one address. Whoever claims it has it for a while, and says then what became of it. One that was
//! claimed and not spoken of again is due again, so a mail may come twice after a crash, and then with the same id.

use crate::{Dialect, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::mails::{ActiveModel, Column, Entity};
use db::expr::{count, count_up_to, number};
use db::rows::{Columns, Rows, ValueKind, is_one_of};
use db::send::{Counted, execute, fetch_all, fetch_one};
use events::{EndpointId, MailId, OrganizationId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, LockBehavior, LockType, Query};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _, Set,
};
use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::LazyLock;
use uuid::Uuid;

/// Mails that may wait for the contacts of one organization, of one endpoint, or for the operators.
const MOST_WAITING: u64 = 100;
/// Rows in one statement.
const AT_ONCE: u64 = 500;
/// How far mails that wait are counted.
const MOST_COUNTED: u64 = 10_000;

/// Whose contact somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailQueue {
    /// An organization's.
    Organization(OrganizationId),
    /// An endpoint's.
    Endpoint(EndpointId),
    /// One of those who run this installation.
    Operators,
}

impl fmt::Display for MailQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization(id) => write!(f, "organization:{id}"),
            Self::Endpoint(id) => write!(f, "endpoint:{id}"),
            Self::Operators => f.write_str("operators"),
        }
    }
}

/// A mail to be written down.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// Whose contact the recipient is.
    pub queue: MailQueue,
    /// The address.
    pub recipient: String,
    /// What it tells; opaque here.
    pub content: String,
}

/// A mail that is this process's to send.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ClaimedMail {
    id: Id<MailId>,
    /// The address.
    pub recipient: String,
    /// What it tells.
    pub content: String,
    tries: i32,
    lease: Uuid,
}

impl ClaimedMail {
    /// Its id.
    #[must_use]
    pub const fn id(&self) -> MailId {
        self.id.0
    }

    /// How often it was tried, this time included.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.tries.try_into().unwrap_or_default()
    }
}

/// What became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailOutcome {
    /// The server took it.
    Sent,
    /// It is tried again then; and why.
    RetryAt(Timestamp, String),
    /// It is not tried any more; and why.
    GivenUp(String),
}

/// The mails.
#[derive(Clone, Debug)]
pub struct Mails {
    store: Store,
}

impl Store {
    /// The mails.
    #[must_use]
    pub fn mails(&self) -> Mails {
        Mails { store: self.clone() }
    }
}

impl Mails {
    /// Takes mails that are due, the one that is due longest first, until that time.
    ///
    /// # Errors
    /// As any write.
    pub async fn claim(&self, now: Timestamp, until: Timestamp, limit: u64) -> Result<Vec<ClaimedMail>, StoreError> {
        let due = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::NextAt.lte(Millis::from(now)))
            .order_by_asc(Column::NextAt)
            .limit(limit)
            // Others take others.
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_query();
        let claimed = Query::update()
            .table(Entity)
            .value(Column::NextAt, Millis::from(until))
            .value(Column::Lease, Uuid::new_v4())
            .value(Column::Tries, Expr::col(Column::Tries).add(number(1)))
            .and_where(Expr::col(Column::Id).in_subquery(due))
            .returning(Query::returning().columns([
                Column::Id,
                Column::Recipient,
                Column::Content,
                Column::Tries,
                Column::Lease,
            ]))
            .take();
        fetch_all(self.store.write(), &claimed).await
    }

    /// Notes what became of mails. What somebody else has claimed meanwhile is theirs.
    ///
    /// # Errors
    /// As any write.
    pub async fn finish(&self, outcomes: &[(ClaimedMail, MailOutcome)], now: Timestamp) -> Result<(), StoreError> {
        if outcomes.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::new(&FINISHED);
        for (mail, outcome) in outcomes {
            let now = Some(now.millis());
            let (next, sent, given_up, error) = match outcome {
                MailOutcome::Sent => (None, now, None, None),
                MailOutcome::RetryAt(at, why) => (Some(at.millis()), None, None, Some(why.clone())),
                MailOutcome::GivenUp(why) => (None, None, now, Some(why.clone())),
            };
            let [id, lease] = [mail.id.0.uuid(), mail.lease];
            rows.push([
                id.into(),
                lease.into(),
                next.into(),
                sent.into(),
                given_up.into(),
                error.into(),
            ]);
        }
        let of = |column: Column| (column, Expr::col((ROW, column)));
        let changed = [Column::NextAt, Column::SentAt, Column::GivenUpAt, Column::LastError];
        let noted = Query::update()
            .table(Entity)
            .values(changed.map(of))
            .from(rows.table(self.store.dialect(), ROW))
            .and_where(Expr::col((Entity, Column::Id)).equals((ROW, Column::Id)))
            .and_where(Expr::col((Entity, Column::Lease)).equals((ROW, Column::Lease)))
            .take();
        execute(self.store.write(), &noted).await?;
        Ok(())
    }

    /// How many wait, counted up to ten thousand.
    ///
    /// # Errors
    /// As any query.
    pub async fn waiting(&self) -> Result<u64, StoreError> {
        let waiting = Query::select()
            .from(Entity)
            .and_where(Expr::col(Column::NextAt).is_not_null())
            .take();
        let counted = Query::select().expr_as(count_up_to(MOST_COUNTED, waiting), "n").take();
        let counted: Option<Counted> = fetch_one(self.store.read(), &counted).await?;
        Ok(counted.map_or(0, |counted| counted.n.try_into().unwrap_or_default()))
    }

    /// One step: forgets mails written before a time, which are sent or given up by then. Whether there may be more.
    ///
    /// # Errors
    /// As any write.
    pub async fn prune(&self, before: Timestamp) -> Result<bool, StoreError> {
        let old = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::CreatedAt.lt(Millis::from(before)))
            .order_by_asc(Column::CreatedAt)
            .limit(AT_ONCE)
            .into_query();
        let pruned = Entity::delete_many().filter(Column::Id.in_subquery(old));
        Ok(execute(self.store.write(), pruned.as_query()).await? >= AT_ONCE)
    }
}

const ROW: &str = "r";
static FINISHED: LazyLock<Columns> = LazyLock::new(|| {
    let columns = Columns::default();
    columns
        .and(Column::Id, ValueKind::Id)
        .and(Column::Lease, ValueKind::Id)
        .and_nullable(Column::NextAt, ValueKind::BigInt)
        .and_nullable(Column::SentAt, ValueKind::BigInt)
        .and_nullable(Column::GivenUpAt, ValueKind::BigInt)
        .and_nullable(Column::LastError, ValueKind::Text)
});

/// How many mails of a queue wait.
#[derive(FromQueryResult)]
struct Waiting {
    queue: String,
    n: i64,
}

/// Writes mails down, as far as their queues have room. How many had none.
///
/// # Errors
/// As any write.
pub(crate) async fn write_mails(
    tx: &DatabaseTransaction,
    dialect: Dialect,
    mails: Vec<NewMail>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    if mails.is_empty() {
        return Ok(0);
    }
    let queues: BTreeSet<String> = mails.iter().map(|mail| mail.queue.to_string()).collect();
    let queues = db::rows::list(dialect, ValueKind::Text, queues);
    let waiting = Query::select()
        .column(Column::Queue)
        .expr_as(count(), "n")
        .from(Entity)
        .and_where(is_one_of(
            dialect,
            Expr::col(Column::Queue),
            ValueKind::Text,
            Expr::val(queues),
        ))
        .and_where(Expr::col(Column::NextAt).is_not_null())
        .group_by_col(Column::Queue)
        .take();
    let waiting: Vec<Waiting> = fetch_all(tx, &waiting).await?;
    let counted = |waiting: Waiting| (waiting.queue, waiting.n.try_into().unwrap_or(u64::MAX));
    let mut waiting: HashMap<String, u64> = waiting.into_iter().map(counted).collect();
    let mut dropped = 0;
    let mut rows = Vec::with_capacity(mails.len());
    for mail in mails {
        let queue = mail.queue.to_string();
        let in_queue = waiting.entry(queue.clone()).or_default();
        if *in_queue >= MOST_WAITING {
            dropped += 1;
            continue;
        }
        *in_queue += 1;
        rows.push(row(mail, queue, now));
    }
    for some in rows.chunks(AT_ONCE as usize) {
        execute(tx, Entity::insert_many(some.iter().cloned()).as_query()).await?;
    }
    Ok(dropped)
}

fn row(mail: NewMail, queue: String, now: Timestamp) -> ActiveModel {
    ActiveModel {
        id: Set(MailId::new().into()),
        queue: Set(queue),
        recipient: Set(mail.recipient),
        content: Set(mail.content),
        tries: Set(0),
        next_at: Set(Some(now.into())),
        lease: Set(None),
        created_at: Set(now.into()),
        sent_at: Set(None),
        given_up_at: Set(None),
        last_error: Set(None),
    }
}
