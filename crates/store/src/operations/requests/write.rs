//! Writing many requests at once: the rows, the cycles that they belong to, and when each directory was in contact.

use super::{Caller, NewRequest};
use crate::operations::contacts::{self, Known};
use crate::operations::cycles;
use crate::{Dialect, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::request_log::{ActiveModel, Entity};
use db::expr::{call, truth};
use db::send::execute;
use directory::sync::{Cycle, Exchange};
use events::{CycleId, DirectoryId, Timestamp};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{DatabaseTransaction, EntityTrait as _, QueryTrait as _, Set};
use std::collections::BTreeMap;

/// Rows of one statement. Only so many kinds of statements are sent, so that each is prepared once.
const PORTIONS: [usize; 3] = [64, 8, 1];

/// Requests that nobody proved to be theirs, beyond those that are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strangers {
    /// The directory that they wanted to get into.
    pub directory_id: DirectoryId,
    /// How many there were.
    pub count: u32,
    /// When the last of them came.
    pub at: Timestamp,
}

/// Requests of one kind that are not written down, but belong to a cycle all the same: their directory had very many in that
/// second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedRequests {
    /// The directory that they were for.
    pub directory_id: DirectoryId,
    /// What each of them was; the time is that of the last.
    pub exchange: Exchange,
    /// How many there were.
    pub times: u32,
}

/// What is written down together.
#[derive(Clone, Debug, Default)]
pub struct RequestBatch {
    /// Requests, in the order of time.
    pub requests: Vec<NewRequest>,
    /// Requests that are only counted; all of them by identity providers.
    pub counted: Vec<CountedRequests>,
    /// Requests of strangers, those that are among `requests` included.
    pub strangers: Vec<Strangers>,
}

/// How much a directory's log has now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLogSize {
    /// The directory.
    pub directory_id: DirectoryId,
    /// Rows of its log.
    pub rows: u64,
    /// Bytes of its log.
    pub bytes: u64,
}

impl RequestBatch {
    /// Whether there is nothing to write.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.counted.is_empty() && self.strangers.is_empty()
    }
}

impl Store {
    /// Writes requests down, and takes them into cycles and contacts. What belongs to a directory that is gone is left out.
    ///
    /// On PostgreSQL nobody waits for the disk: what a crash takes away is a log of moments before it. On SQLite it is one
    /// short transaction of the only writer, so give it few rows.
    ///
    /// # Errors
    /// As any write; nothing is written then.
    pub async fn write_requests(&self, batch: &RequestBatch) -> Result<Vec<RequestLogSize>, StoreError> {
        let mut ids: Vec<DirectoryId> = batch.requests.iter().map(|request| request.directory_id).collect();
        ids.extend(batch.counted.iter().map(|counted| counted.directory_id));
        ids.extend(batch.strangers.iter().map(|strangers| strangers.directory_id));
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let tx = self.begin().await?;
        if self.dialect() == Dialect::Postgres {
            let setting = [Expr::val("synchronous_commit"), Expr::val("off"), truth(true)];
            let without_waiting = Query::select().expr(call("set_config", setting)).take();
            execute(&tx, &without_waiting).await?;
        }
        let mut known = contacts::hold(&tx, &ids).await?;
        let cycles = fold(batch, &mut known);
        cycles::save(&tx, &known).await?;
        insert(&tx, &batch.requests, &cycles).await?;
        contacts::save(&tx, &known).await?;
        tx.commit().await?;
        Ok(known.iter().map(|(id, known)| known.written(*id)).collect())
    }
}

/// Where a request goes.
#[derive(Clone, Copy)]
enum LogPlace {
    /// Nowhere: its directory is gone.
    Nowhere,
    /// Into the log alone.
    Log,
    /// Into the log and into this cycle.
    Cycle(CycleId),
}

/// Takes every request into what is known of its directory; where each goes.
fn fold(batch: &RequestBatch, known: &mut BTreeMap<DirectoryId, Known>) -> Vec<LogPlace> {
    let mut cycles = Vec::with_capacity(batch.requests.len());
    // In the order of time, so that a cycle begins with its first request.
    let mut counted: Vec<CountedRequests> = batch.counted.clone();
    counted.sort_by_key(|counted| std::cmp::Reverse(counted.exchange.at));
    for request in &batch.requests {
        while let Some(earlier) = counted.pop_if(|counted| counted.exchange.at < request.at) {
            count(earlier, known);
        }
        let Some(known) = known.get_mut(&request.directory_id) else {
            cycles.push(LogPlace::Nowhere);
            continue;
        };
        known.log_rows += 1;
        known.log_bytes += i64::from(bytes(request));
        let exchange = Exchange {
            at: request.at,
            operation: request.operation,
            status: request.status,
        };
        match request.caller {
            Caller::Proven => {
                known.contact.add(&exchange, &known.provider);
                if request.dialect.is_some() {
                    known.dialect = request.dialect.map(str::to_owned);
                }
                cycles.push(LogPlace::Cycle(known.take(&exchange, 1)));
            }
            Caller::WithEndedKey(ended) => {
                known.contact.ended_key = Some(ended);
                cycles.push(LogPlace::Log);
            }
            Caller::Stranger => cycles.push(LogPlace::Log),
        }
    }
    for later in counted.into_iter().rev() {
        count(later, known);
    }
    for strangers in &batch.strangers {
        if let Some(known) = known.get_mut(&strangers.directory_id) {
            known.contact.add_strangers(strangers.count, strangers.at);
        }
    }
    cycles
}

/// Takes requests that are not written down into what is known of their directory.
fn count(counted: CountedRequests, known: &mut BTreeMap<DirectoryId, Known>) {
    if let Some(known) = known.get_mut(&counted.directory_id) {
        known.contact.add(&counted.exchange, &known.provider);
        known.take(&counted.exchange, counted.times);
    }
}

impl Known {
    /// The cycle that so many requests belong to: the one that is going on, or a new one.
    fn take(&mut self, exchange: &Exchange, times: u32) -> CycleId {
        match self
            .cycles
            .last_mut()
            .filter(|open| open.cycle.is_going_on(exchange.at))
        {
            Some(open) => {
                open.cycle.add_all(exchange, times);
                open.is_changed = true;
                open.id
            }
            None => self.begin(Cycle::begin_with(exchange, times)),
        }
    }
}

async fn insert(tx: &DatabaseTransaction, requests: &[NewRequest], cycles: &[LogPlace]) -> Result<(), StoreError> {
    let mut rows: Vec<ActiveModel> = requests
        .iter()
        .zip(cycles)
        .filter_map(|(request, place)| match place {
            LogPlace::Nowhere => None,
            LogPlace::Log => Some(row(request, None)),
            LogPlace::Cycle(id) => Some(row(request, Some(*id))),
        })
        .collect();
    for portion in PORTIONS {
        while rows.len() >= portion {
            let rest = rows.split_off(portion);
            let statement = Entity::insert_many(std::mem::replace(&mut rows, rest));
            execute(tx, statement.as_query()).await?;
        }
    }
    Ok(())
}

fn row(request: &NewRequest, cycle: Option<CycleId>) -> ActiveModel {
    let size = |size: Option<u32>| size.map(|size| i32::try_from(size).unwrap_or(i32::MAX));
    ActiveModel {
        id: Set(request.id.into()),
        directory_id: Set(request.directory_id.into()),
        cycle_id: Set(cycle.map(Id)),
        at: Set(Millis::from(request.at)),
        method: Set(request.method.clone()),
        path: Set(request.path.clone()),
        query: Set(request.query.clone()),
        status: Set(request.status.into()),
        scim_type: Set(request.scim_type.clone()),
        detail: Set(request.detail.clone()),
        duration_us: Set(i32::try_from(request.duration.as_micros()).unwrap_or(i32::MAX)),
        trace_id: Set(request.trace_id.clone()),
        user_agent: Set(request.user_agent.clone()),
        dialect: Set(request.dialect.map(str::to_owned)),
        leniencies: Set(names(&request.leniencies)),
        left_out: Set(names(&request.left_out)),
        request_body: Set(request.request.text.clone()),
        request_size: Set(size(request.request.size)),
        request_cut: Set(request.request.is_cut),
        response_body: Set(request.response.text.clone()),
        response_size: Set(size(request.response.size)),
        response_cut: Set(request.response.is_cut),
        bytes: Set(bytes(request)),
    }
}

fn names(names: &[impl AsRef<str>]) -> String {
    serde_json::Value::from_iter(names.iter().map(AsRef::as_ref)).to_string()
}

/// About how many bytes a row has.
fn bytes(request: &NewRequest) -> i32 {
    /// What has always the same size: ids, numbers, the trace.
    const FRAME: usize = 200;
    let of = |text: Option<&String>| text.map_or(0, String::len);
    let names: usize = request.left_out.iter().map(|name| name.len() + 3).sum();
    let texts = request.path.len()
        + of(request.query.as_ref())
        + of(request.detail.as_ref())
        + of(request.user_agent.as_ref())
        + of(request.request.text.as_ref())
        + of(request.response.text.as_ref());
    i32::try_from(FRAME + names + texts).unwrap_or(i32::MAX)
}
