//! Whoever left: those whom a full round did not mention, and those who are out of the scope.
//!
//! Nobody is gone because a round does not have them. Each is read once more by id, and only what Graph says does not exist is
//! gone. All of them are counted before anything happens to one.

use crate::again::bring;
use crate::apply::Item;
use crate::error::{Held, Stop};
use crate::look::{look, restorable};
use crate::plan::{inactive, patch};
use crate::rows;
use crate::send::{Said, Sender};
use crate::work::Work;
use events::{ResourceId, ResourceKind, Timestamp, Verb, lane_of};
use graph::delta::Removal;
use graph::map::Skip;
use graph::pull::PullFault;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use store::{GraphCollection, GraphMembership, GraphObjectKind};
use uuid::Uuid;

/// Objects that are read at a time.
const AT_ONCE: u32 = 500;
/// Memberships that are read at a time.
const MEMBERS_AT_ONCE: u32 = 2_000;
/// People who go at a time, where an administrator lets any number go.
const PORTION: usize = 1_000;
/// How long it is remembered who is gone: longer than anybody can be had back.
const REMEMBERED_FOR: Duration = Duration::from_hours(60 * 24);
/// How long the brake of the directory lets everybody go, when an administrator has let them go here.
const RELEASED_FOR: Duration = Duration::from_hours(1);

/// Those who are to go.
#[derive(Debug, Default)]
struct Leavers {
    /// People who do not exist any more.
    gone: Vec<Uuid>,
    /// People who are out of the scope, and active.
    out: Vec<ResourceId>,
    /// How many of both are active.
    active: u64,
}

/// Finds whoever left, and has them go if they are not too many.
pub(crate) async fn run(work: &mut Work) -> Result<(), Stop> {
    let (users, groups) = (full(work, GraphCollection::Users), full(work, GraphCollection::Groups));
    if users.is_none() && groups.is_none() && !work.progress.leavers {
        return Ok(());
    }
    if let Some(round) = groups {
        members(work, round).await?;
    }
    let is_released = is_released(work);
    if is_released {
        release_directory(work).await?;
    }
    let mut leavers = Leavers::default();
    if let Some(round) = users {
        people(work, round, is_released, &mut leavers).await?;
    }
    if users.is_some() {
        bin(work).await?;
    }
    outside(work, is_released, &mut leavers).await?;
    let gone_groups = match groups {
        Some(round) => groups_gone(work, round, is_released).await?,
        None => Vec::new(),
    };
    take(work, leavers.gone).await?;
    put_out(work, &leavers.out).await?;
    for some in gone_groups.chunks(PORTION) {
        let items = some.iter().map(|id| Item::gone(*id, Removal::Final)).collect();
        bring(work, ResourceKind::Group, items).await?;
    }
    groups_outside(work).await?;
    let before = work.now().minus(REMEMBERED_FOR);
    while work.writer.forget_removed(before).await? {}
    (work.progress.leavers, work.progress.held_at) = (false, None);
    Ok(())
}

/// The number of the full round that this cycle has brought to its end.
fn full(work: &Work, collection: GraphCollection) -> Option<i64> {
    let target = match collection {
        GraphCollection::Users => work.progress.users_round,
        GraphCollection::Groups => work.progress.groups_round,
    };
    let cursor = work.cursors.of(collection)?;
    let is_over = cursor.is_complete && cursor.generation == work.pull.generation;
    (is_over && cursor.is_full && cursor.round == target).then_some(cursor.round)
}

/// Whether an administrator has said since that many may go.
fn is_released(work: &Work) -> bool {
    let released = work.pull.brake_released_at;
    work.progress
        .held_at
        .is_some_and(|held| released.is_some_and(|at| at >= held))
}

/// Who may go here may go in the directory, whose own brake would stop them.
async fn release_directory(work: &Work) -> Result<(), Stop> {
    let deps = &work.inner.deps;
    let change = deps
        .store
        .change(Some(lane_of(work.directory_id(), deps.bus.partitions())))
        .await?;
    let Some(mut directory) = change.directory(work.directory_id()).await? else {
        return Err(Stop::LeaseLost);
    };
    // The projector goes by the time of the machine.
    directory.release(Timestamp::now().plus(RELEASED_FOR));
    change.save_directory(&directory).await?;
    change.forget_removals(&directory).await?;
    Ok(change.commit().await?)
}

/// Holds the cycle when more would go than may.
fn check(work: &Work, would_go: u64, known: u64, is_released: bool) -> Result<(), Stop> {
    let allowed = work.inner.config.allowed(known);
    if is_released || would_go <= allowed {
        return Ok(());
    }
    Err(Stop::Held(Held {
        would_go,
        allowed,
        known,
    }))
}

/// People whom the round did not mention.
async fn people(work: &mut Work, round: i64, is_released: bool, leavers: &mut Leavers) -> Result<(), Stop> {
    let mut place = None;
    loop {
        work.check()?;
        let unseen = work
            .objects
            .unseen(GraphObjectKind::User, round, place, AT_ONCE)
            .await?;
        let Some(last) = unseen.last() else { return Ok(()) };
        place = Some((last.round, last.object_id));
        let resources: HashMap<Uuid, ResourceId> = unseen
            .iter()
            .filter_map(|object| Some((object.object_id, object.resource_id?)))
            .collect();
        let ids: Vec<Uuid> = unseen.iter().map(|object| object.object_id).collect();
        let gone = second_look(work, ResourceKind::User, &ids).await?;
        let linked: Vec<ResourceId> = gone.iter().filter_map(|id| resources.get(id).copied()).collect();
        leavers.active += active(work, &linked).await?.len() as u64;
        leavers.gone.extend(gone);
        check(work, leavers.active, work.active, is_released)?;
        if is_released && leavers.gone.len() >= PORTION {
            take(work, std::mem::take(&mut leavers.gone)).await?;
        }
    }
}

/// People who were deleted before, and may be gone for good since, or back: the round mentions neither. They are inactive, so
/// nobody counts them.
async fn bin(work: &mut Work) -> Result<(), Stop> {
    let mut place = None;
    loop {
        work.check()?;
        let known = work.objects.restorable(place, AT_ONCE).await?;
        let Some((at, last)) = known.last().and_then(|last| Some((last.removed_at?, last.object_id))) else {
            return Ok(());
        };
        place = Some((at, last));
        let of_users = known.iter().filter(|object| object.kind == GraphObjectKind::User);
        let ids: HashSet<Uuid> = of_users.map(|object| object.object_id).collect();
        let still = restorable(work, &ids).await?;
        let others: Vec<Uuid> = ids.difference(&still).copied().collect();
        let gone = second_look(work, ResourceKind::User, &others).await?;
        if !gone.is_empty() {
            let items = gone.into_iter().map(|id| Item::gone(id, Removal::Final)).collect();
            bring(work, ResourceKind::User, items).await?;
        }
    }
}

/// Reads objects once more by their ids. Those who are there are brought up to date; those who are not are returned.
async fn second_look(work: &mut Work, kind: ResourceKind, ids: &[Uuid]) -> Result<Vec<Uuid>, Stop> {
    let (mut there, mut gone) = (Vec::new(), Vec::new());
    for (id, item) in look(work, kind, ids).await? {
        match item {
            Some(item) => there.push(item),
            None => gone.push(id),
        }
    }
    if !there.is_empty() {
        bring(work, kind, there).await?;
    }
    Ok(gone)
}

/// Which of these users are active.
async fn active(work: &Work, ids: &[ResourceId]) -> Result<Vec<ResourceId>, Stop> {
    let stored = rows::by_ids(work, ResourceKind::User, ids).await?.into_iter();
    let is_active = |(id, attributes): (ResourceId, serde_json::Map<String, Value>)| {
        (attributes.get("active") == Some(&Value::Bool(true))).then_some(id)
    };
    Ok(stored.filter_map(is_active).collect())
}

/// People who are out of the scope, and are active in the directory.
async fn outside(work: &mut Work, is_released: bool, leavers: &mut Leavers) -> Result<(), Stop> {
    if !work.progress.leavers && !work.progress.is_full {
        return Ok(());
    }
    for reason in [Skip::Guest.as_str(), Skip::NotAssigned.as_str()] {
        let mut after = None;
        loop {
            work.check()?;
            let place = after.map(|id| (reason, id));
            let skipped = work.objects.skipped(Some(reason), place, 500).await?;
            let Some(last) = skipped.last() else { break };
            after = Some(last.object_id);
            let of_users = skipped.iter().filter(|object| object.kind == GraphObjectKind::User);
            let linked: Vec<ResourceId> = of_users.filter_map(|object| object.resource_id).collect();
            let active = active(work, &linked).await?;
            leavers.active += active.len() as u64;
            leavers.out.extend(active);
            check(work, leavers.active, work.active, is_released)?;
            if is_released && leavers.out.len() >= PORTION {
                put_out(work, &std::mem::take(&mut leavers.out)).await?;
            }
        }
    }
    Ok(())
}

/// Has people go who do not exist any more: those who can be had back are deactivated, the others deleted.
async fn take(work: &mut Work, gone: Vec<Uuid>) -> Result<(), Stop> {
    for some in gone.chunks(PORTION) {
        let some: HashSet<Uuid> = some.iter().copied().collect();
        let restorable = restorable(work, &some).await?;
        let removal = |id| match restorable.contains(&id) {
            true => Removal::Restorable,
            false => Removal::Final,
        };
        let items = some.iter().map(|id| Item::gone(*id, removal(*id))).collect();
        bring(work, ResourceKind::User, items).await?;
    }
    Ok(())
}

/// Deactivates people who are out of the scope.
async fn put_out(work: &mut Work, out: &[ResourceId]) -> Result<(), Stop> {
    let mut sender = Sender::new(work);
    for (at, id) in out.iter().enumerate() {
        let verb = Verb::Patch(patch(&[inactive()]));
        sender.push(at, ResourceKind::User, *id, verb).await;
    }
    let said = sender.finish().await?;
    let done = said.iter().filter(|(_, said)| matches!(said, Said::Done(_))).count();
    work.progress.counts.users_deactivated += done as u64;
    if said.iter().any(|(_, said)| *said == Said::Refused(503)) {
        let detail = "The directory is held, and lets nobody be deactivated who is out of the scope. Look at the scope, and \
                      release the directory.";
        return Err(Stop::Fault(Box::new(PullFault::new(
            "directory_held",
            detail,
            work.now(),
        ))));
    }
    Ok(())
}

/// Groups whom the round did not mention, and which do not exist any more.
async fn groups_gone(work: &mut Work, round: i64, is_released: bool) -> Result<Vec<Uuid>, Stop> {
    let (mut all, mut place) = (Vec::new(), None);
    let known = work.objects.counts().await?.groups;
    loop {
        work.check()?;
        let unseen = work
            .objects
            .unseen(GraphObjectKind::Group, round, place, AT_ONCE)
            .await?;
        let Some(last) = unseen.last() else { return Ok(all) };
        place = Some((last.round, last.object_id));
        let ids: Vec<Uuid> = unseen.iter().map(|object| object.object_id).collect();
        all.extend(second_look(work, ResourceKind::Group, &ids).await?);
        check(work, all.len() as u64, known, is_released)?;
    }
}

/// Groups that are in the directory, and out of the scope.
async fn groups_outside(work: &mut Work) -> Result<(), Stop> {
    if !work.progress.leavers && !work.progress.is_full {
        return Ok(());
    }
    let (reason, mut after) = (Skip::NotAssigned.as_str(), None);
    loop {
        work.check()?;
        let place = after.map(|id| (reason, id));
        let skipped = work.objects.skipped(Some(reason), place, 500).await?;
        let Some(last) = skipped.last() else { return Ok(()) };
        after = Some(last.object_id);
        let of_groups = skipped.iter().filter(|object| object.kind == GraphObjectKind::Group);
        let linked: Vec<ResourceId> = of_groups.filter_map(|object| object.resource_id).collect();
        let there = rows::by_ids(work, ResourceKind::Group, &linked).await?;
        let mut sender = Sender::new(work);
        for (at, id) in there.keys().enumerate() {
            sender.push(at, ResourceKind::Group, *id, Verb::Delete).await;
        }
        let said = sender.finish().await?;
        let done = said.iter().filter(|(_, said)| matches!(said, Said::Done(_))).count();
        work.progress.counts.groups_deleted += done as u64;
    }
}

/// Memberships that the round did not mention, of groups that it did.
async fn members(work: &mut Work, round: i64) -> Result<(), Stop> {
    let mut place = None;
    loop {
        work.check()?;
        let unseen = work.objects.unseen_members(round, place, MEMBERS_AT_ONCE).await?;
        let Some(last) = unseen.last() else { return Ok(()) };
        place = Some((last.round, last.group_object_id, last.member_object_id));
        let mut groups: Vec<Uuid> = unseen.iter().map(|member| member.group_object_id).collect();
        groups.sort_unstable();
        groups.dedup();
        let known = work.objects.by_ids(&groups).await?.into_iter();
        let seen: HashSet<Uuid> = known
            .filter(|group| group.removed.is_none() && group.skipped.is_none() && group.round >= round)
            .map(|group| group.object_id)
            .collect();
        let of_seen = unseen.iter().filter(|member| seen.contains(&member.group_object_id));
        let gone: Vec<GraphMembership> = of_seen
            .map(|member| GraphMembership {
                group_object_id: member.group_object_id,
                member_object_id: member.member_object_id,
            })
            .collect();
        if !gone.is_empty() {
            work.writer.members_gone(round, &gone, work.now()).await?;
            work.progress.rest = true;
        }
    }
}
