//! Whoever could not be written before is tried once more: names are free by now, a policy was changed, a directory released.

use crate::apply::{Item, Round, apply};
use crate::error::Stop;
use crate::look::look;
use crate::plan::{HELD, NAME_TAKEN, REFUSED};
use crate::rest;
use crate::work::Work;
use events::ResourceKind;
use graph::delta::Removal;
use graph::map::Skip;
use store::{DirectoryState, GraphCollection, GraphObject, GraphObjectKind, GraphRemoval};
use uuid::Uuid;

/// Objects that are tried at a time.
const AT_ONCE: u16 = 100;
/// Objects of each reason that are tried with one cycle. Of more, each cycle takes others.
const MOST: usize = 1_000;

/// Tries again.
pub(crate) async fn run(work: &mut Work) -> Result<(), Stop> {
    for reason in [NAME_TAKEN, REFUSED, Skip::NoUserName.as_str(), HELD] {
        if reason == HELD && is_held(work).await? {
            continue;
        }
        let start = Uuid::new_v4();
        let tried = some(work, reason, Some(start), None, MOST).await?;
        some(work, reason, None, Some(start), MOST.saturating_sub(tried)).await?;
    }
    Ok(())
}

/// Whether the directory lets nobody go.
async fn is_held(work: &Work) -> Result<bool, Stop> {
    let directories = work.inner.deps.store.directories();
    let directory = directories.by_id(work.directory_id()).await?;
    Ok(directory.is_none_or(|directory| directory.state != DirectoryState::Active))
}

/// Those of a reason behind one id, until another. How many were tried.
async fn some(
    work: &mut Work,
    reason: &str,
    mut after: Option<Uuid>,
    until: Option<Uuid>,
    most: usize,
) -> Result<usize, Stop> {
    let mut tried = 0;
    while tried < most {
        work.check()?;
        let place = after.map(|id| (reason, id));
        let mut found = work.objects.skipped(Some(reason), place, AT_ONCE).await?;
        found.retain(|object| until.is_none_or(|until| object.object_id <= until));
        let Some(last) = found.last() else { break };
        after = Some(last.object_id);
        tried += found.len();
        for kind in [ResourceKind::User, ResourceKind::Group] {
            let of_kind = found
                .iter()
                .filter(|object| kind_of(object) == Some(kind))
                .collect::<Vec<_>>();
            one_kind(work, kind, &of_kind).await?;
        }
    }
    Ok(tried)
}

const fn kind_of(object: &GraphObject) -> Option<ResourceKind> {
    match object.kind {
        GraphObjectKind::User => Some(ResourceKind::User),
        GraphObjectKind::Group => Some(ResourceKind::Group),
        _ => None,
    }
}

async fn one_kind(work: &mut Work, kind: ResourceKind, objects: &[&GraphObject]) -> Result<(), Stop> {
    let mut items: Vec<Item> = Vec::with_capacity(objects.len());
    let mut there = Vec::new();
    for object in objects {
        match object.removed {
            Some(GraphRemoval::Changed) => items.push(Item::gone(object.object_id, Removal::Restorable)),
            Some(GraphRemoval::Deleted) => items.push(Item::gone(object.object_id, Removal::Final)),
            None => there.push(object.object_id),
        }
    }
    if !there.is_empty() {
        // Of one that is gone, its round tells, or whoever looks for those who left.
        let found = look(work, kind, &there).await?;
        items.extend(found.into_iter().filter_map(|(_, item)| item));
    }
    if items.is_empty() {
        return Ok(());
    }
    bring(work, kind, items).await
}

/// Brings objects into the directory that were read otherwise than on a page.
pub(crate) async fn bring(work: &mut Work, kind: ResourceKind, items: Vec<Item>) -> Result<(), Stop> {
    let collection = match kind {
        ResourceKind::User => GraphCollection::Users,
        ResourceKind::Group => GraphCollection::Groups,
    };
    let number = work.cursors.of(collection).map_or(1, |cursor| cursor.round);
    let applied = apply(work, kind, items, Round::of(number, false)).await?;
    work.writer.objects(number, applied.objects.clone(), work.now()).await?;
    work.progress.rest |= applied.rest;
    let is_left = rest::after(work, &applied, &[]).await?;
    work.progress.rest |= is_left;
    Ok(())
}
