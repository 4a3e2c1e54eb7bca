//! A second look: objects that are read by their ids, many at a time.

use crate::apply::Item;
use crate::error::Stop;
use crate::work::Work;
use events::ResourceKind;
use futures_util::TryStreamExt as _;
use graph::ObjectId;
use graph::read::MOST_AT_ONCE;
use std::collections::HashSet;
use std::pin::pin;
use uuid::Uuid;

/// An object that was asked for; `None` where there is none.
pub(crate) type Looked = (Uuid, Option<Item>);

/// Reads objects by their ids. Whatever is no clear answer is an error, and nobody is taken to be gone by it.
pub(crate) async fn look(work: &mut Work, kind: ResourceKind, ids: &[Uuid]) -> Result<Vec<Looked>, Stop> {
    let select = work.map(kind).select();
    let mut looked = Vec::with_capacity(ids.len());
    for some in ids.chunks(MOST_AT_ONCE) {
        work.check()?;
        let some: Vec<ObjectId> = some.iter().copied().map(ObjectId::from).collect();
        let session = work.session.clone();
        match kind {
            ResourceKind::User => {
                for (id, answer) in work.ask(session.people_by_ids(&some, &select)).await? {
                    looked.push((id.uuid(), answer?.map(|user| Item::from(user).whole())));
                }
            }
            ResourceKind::Group => {
                for (id, answer) in work.ask(session.groups_by_ids(&some, &select)).await? {
                    looked.push((id.uuid(), answer?.map(Item::by_id)));
                }
            }
        }
    }
    work.progress.counts.looked_at += ids.len() as u64;
    metrics::counter!("rollcall_graph_sync_looks_total").increment(ids.len() as u64);
    Ok(looked)
}

/// Which of these people can still be had back: they are deleted, and not for good.
pub(crate) async fn restorable(work: &Work, ids: &HashSet<Uuid>) -> Result<HashSet<Uuid>, Stop> {
    let mut found = HashSet::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let mut pages = pin!(work.session.deleted_users());
    while let Some(page) = work.ask(pages.try_next()).await? {
        let these = page.iter().map(|object| object.id.uuid());
        found.extend(these.filter(|id| ids.contains(id)));
    }
    Ok(found)
}
