//! Memberships and managers: what the directory has not yet as Graph has it.

use crate::apply::Applied;
use crate::error::Stop;
use crate::plan::{manager_operation, patch};
use crate::rows::{self, existing};
use crate::send::{Said, Sender};
use crate::work::Work;
use events::{ResourceId, ResourceKind, Verb};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use store::{GraphMembership, KnownManager, PendingManager, PendingMember, PendingOf};
use uuid::Uuid;

/// Memberships and managers that are read at a time.
const AT_ONCE: u32 = 2_000;
/// Members that one change brings or takes: few enough to go with the changes of others.
const SLICE: usize = 200;

/// What a page leaves to do: managers and memberships of those who came into the directory with it, and memberships of groups
/// that it was about. Whether something of it may be left.
pub(crate) async fn after(work: &mut Work, applied: &Applied, groups: &[Uuid]) -> Result<bool, Stop> {
    if !applied.managers.is_empty() {
        work.writer.managers_applied(&applied.managers).await?;
    }
    let mut is_left = false;
    if !applied.arrived.is_empty() {
        is_left |= arrived(work, &applied.arrived).await?;
        is_left |= managers_of(work, &applied.arrived).await?;
    }
    let mut touched: Vec<Uuid> = groups.iter().chain(&applied.arrived).copied().collect();
    touched.sort_unstable();
    touched.dedup();
    if !touched.is_empty() {
        let mut place = None;
        loop {
            let pending = work
                .objects
                .pending_members(PendingOf::Groups(&touched, place), AT_ONCE)
                .await?;
            let Some(last) = pending.last() else { break };
            place = Some((last.group_object_id, last.member_object_id));
            is_left |= members(work, pending).await?.is_left;
        }
    }
    Ok(is_left)
}

/// Everything that is left, at the end of a cycle.
pub(crate) async fn run(work: &mut Work) -> Result<(), Stop> {
    if !work.progress.rest && !work.progress.is_full {
        return Ok(());
    }
    let mut place = None;
    loop {
        work.check()?;
        let pending = work.objects.pending_members(PendingOf::All(place), AT_ONCE).await?;
        let Some(last) = pending.last() else { break };
        place = Some((last.group_object_id, last.member_object_id));
        members(work, pending).await?;
    }
    let mut place = None;
    loop {
        work.check()?;
        let pending = work.objects.pending_managers(place, AT_ONCE).await?;
        let Some(last) = pending.last() else { break };
        place = Some(last.object_id);
        managers(work, &pending, true).await?;
    }
    work.progress.rest = false;
    Ok(())
}

/// What became of memberships.
#[derive(Clone, Copy, Debug)]
struct Done {
    /// Whether any was done.
    is_any: bool,
    /// Whether the directory refused some.
    is_left: bool,
}

/// Memberships of those who came into the directory. Whether some are left.
async fn arrived(work: &mut Work, these: &[Uuid]) -> Result<bool, Stop> {
    loop {
        let pending = work.objects.pending_members(PendingOf::Arrived(these), AT_ONCE).await?;
        if pending.is_empty() {
            return Ok(false);
        }
        if !members(work, pending).await?.is_any {
            return Ok(true);
        }
    }
}

/// Managers who came into the directory. Whether some are left.
async fn managers_of(work: &mut Work, arrived: &[Uuid]) -> Result<bool, Stop> {
    loop {
        let pending = work.objects.pending_managers_of(arrived, AT_ONCE).await?;
        if pending.is_empty() {
            return Ok(false);
        }
        if !managers(work, &pending, false).await? {
            return Ok(true);
        }
    }
}

/// Members of one group that come, or that go.
#[derive(Debug)]
struct Slice {
    group: ResourceId,
    is_member: bool,
    members: Vec<(ResourceId, GraphMembership)>,
}

impl Slice {
    fn verb(&self) -> Verb {
        let values: Vec<Value> = self.members.iter().map(|(id, _)| json!({ "value": id })).collect();
        let op = if self.is_member { "add" } else { "remove" };
        Verb::Patch(patch(&[json!({ "op": op, "path": "members", "value": values })]))
    }
}

/// Brings memberships into the directory, in changes of bounded size.
async fn members(work: &mut Work, pending: Vec<PendingMember>) -> Result<Done, Stop> {
    let mut of_each: BTreeMap<(ResourceId, bool), Vec<(ResourceId, GraphMembership)>> = BTreeMap::new();
    let mut nobodys = Vec::new();
    for one in pending {
        let membership = GraphMembership {
            group_object_id: one.group_object_id,
            member_object_id: one.member_object_id,
        };
        match (one.group(), one.member()) {
            (Some(group), Some(member)) => {
                of_each
                    .entry((group, one.is_member))
                    .or_default()
                    .push((member, membership));
            }
            // What never was in the directory need not be taken from it.
            _ if !one.is_member => nobodys.push(membership),
            _ => {}
        }
    }
    let mut slices = Vec::new();
    for ((group, is_member), members) in of_each {
        slices.extend(members.chunks(SLICE).map(|members| Slice {
            group,
            is_member,
            members: members.to_vec(),
        }));
    }
    let refused = send_slices(work, &slices).await?;
    let mut is_any = finish(
        work,
        slices
            .iter()
            .enumerate()
            .filter(|(at, _)| !refused.contains(at))
            .map(|(_, slice)| slice),
    )
    .await?;
    // A group or member that somebody has deleted here spoils a whole change.
    let spoiled: Vec<Slice> = slices
        .into_iter()
        .enumerate()
        .filter(|(at, _)| refused.contains(at))
        .map(|(_, slice)| slice)
        .collect();
    let is_left = !spoiled.is_empty();
    if is_left {
        let again = purified(work, spoiled).await?;
        let refused = send_slices(work, &again).await?;
        work.progress.counts.refused += refused.len() as u64;
        is_any |= finish(
            work,
            again
                .iter()
                .enumerate()
                .filter(|(at, _)| !refused.contains(at))
                .map(|(_, slice)| slice),
        )
        .await?;
    }
    if !nobodys.is_empty() {
        work.writer.members_applied(false, &nobodys, work.now()).await?;
    }
    Ok(Done { is_any, is_left })
}

/// Sends changes of members, and returns which of them were refused.
async fn send_slices(work: &Work, slices: &[Slice]) -> Result<HashSet<usize>, Stop> {
    let mut sender = Sender::new(work);
    for (at, slice) in slices.iter().enumerate() {
        sender.push(at, ResourceKind::Group, slice.group, slice.verb()).await;
    }
    let said = sender.finish().await?.into_iter();
    Ok(said
        .filter(|(_, said)| matches!(said, Said::Refused(_)))
        .map(|(at, _)| at)
        .collect())
}

/// Notes what is done. Whether that was anything.
async fn finish<'s>(work: &mut Work, done: impl Iterator<Item = &'s Slice>) -> Result<bool, Stop> {
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for slice in done {
        let of_kind = if slice.is_member { &mut added } else { &mut removed };
        of_kind.extend(slice.members.iter().map(|(_, membership)| *membership));
    }
    let now = work.now();
    work.progress.counts.members_added += added.len() as u64;
    work.progress.counts.members_removed += removed.len() as u64;
    let is_any = !added.is_empty() || !removed.is_empty();
    for (is_member, memberships) in [(true, added), (false, removed)] {
        if !memberships.is_empty() {
            work.writer.members_applied(is_member, &memberships, now).await?;
        }
    }
    Ok(is_any)
}

/// The same changes without whoever is not in the directory.
async fn purified(work: &Work, spoiled: Vec<Slice>) -> Result<Vec<Slice>, Stop> {
    let mut pure = Vec::with_capacity(spoiled.len());
    for mut slice in spoiled {
        let named = slice.members.iter().map(|(id, _)| *id).chain([slice.group]);
        let there = existing(work, &named.collect::<Vec<_>>()).await?;
        slice.members.retain(|(id, _)| there.contains(id));
        if there.contains(&slice.group) && !slice.members.is_empty() {
            pure.push(slice);
        }
    }
    Ok(pure)
}

/// Brings managers into the directory. Whether any of them was done. At the end of a cycle, whose manager is not in the directory
/// has none there.
async fn managers(work: &mut Work, pending: &[PendingManager], is_end: bool) -> Result<bool, Stop> {
    let ids: Vec<ResourceId> = pending.iter().filter_map(PendingManager::resource).collect();
    let stored = rows::by_ids(work, ResourceKind::User, &ids).await?;
    let (mut done, mut asked) = (Vec::new(), Vec::new());
    let mut sender = Sender::new(work);
    for one in pending {
        let known = KnownManager {
            object_id: one.object_id,
            manager_object_id: one.manager_object_id,
        };
        let manager = one.manager();
        let is_known = manager.is_some() || one.manager_object_id.is_none();
        let stored = one.resource().and_then(|id| Some((id, stored.get(&id)?)));
        let Some((id, attributes)) = stored.filter(|_| is_known || is_end) else {
            continue;
        };
        match manager_operation(attributes, manager) {
            None => done.extend(is_known.then_some(known)),
            Some(operation) => {
                sender
                    .push(asked.len(), ResourceKind::User, id, Verb::Patch(patch(&[operation])))
                    .await;
                asked.push((known, is_known));
            }
        }
    }
    let mut count = 0;
    for (at, said) in sender.finish().await? {
        match said {
            Said::Done(_) => {
                let (known, is_known) = asked[at];
                done.extend(is_known.then_some(known));
                count += 1;
            }
            Said::Refused(_) => work.progress.counts.refused += 1,
        }
    }
    work.progress.counts.managers += count;
    if !done.is_empty() {
        work.writer.managers_applied(&done).await?;
    }
    Ok(!done.is_empty())
}
