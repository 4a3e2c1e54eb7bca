//! From objects of Graph to changes of the directory, and to what is stored of them.

use crate::error::Stop;
use crate::known::{self, Known};
use crate::look::look;
use crate::order::{Step, order};
use crate::plan::{Action, HELD, NAME_TAKEN, Plan, Plans, REFUSED, Stranger, other_name, patch, plan};
use crate::rows::name_of;
use crate::send::{Said, Sender};
use crate::work::Work;
use events::{ResourceId, ResourceKind, Verb};
use graph::ObjectId;
use graph::delta::{Group, Manager, Object, Removal, User};
use graph::map::Skip;
use graph::pull::PullCounts;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use store::{GraphObjectKind, GraphRemoval, KnownManager, SeenManager, SeenObject};
use uuid::Uuid;

/// Objects that are decided on at a time.
const AT_ONCE: usize = 500;
/// How often those are looked at who have a name that is wanted.
const MOST_LOOKS: usize = 3;
/// The tag of a change that no object waits for.
const NOBODY: usize = usize::MAX;

/// An object, as it was read.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) object: Object,
    pub(crate) manager: Manager,
    /// Whether it was read by its id: then what it does not have is empty.
    by_id: bool,
}

/// The round that objects are read in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) number: i64,
    is_full: bool,
}

impl Round {
    pub(crate) const fn of(number: i64, is_full: bool) -> Self {
        Self { number, is_full }
    }
}

impl From<User> for Item {
    fn from(user: User) -> Self {
        Self {
            object: user.object,
            manager: user.manager,
            by_id: false,
        }
    }
}

impl From<Group> for Item {
    fn from(group: Group) -> Self {
        Self {
            object: group.object,
            manager: Manager::Unchanged,
            by_id: false,
        }
    }
}

impl Item {
    /// One that was read by its id.
    pub(crate) const fn by_id(object: Object) -> Self {
        Self {
            object,
            manager: Manager::Unchanged,
            by_id: true,
        }
    }

    /// The same, read by its id.
    pub(crate) fn whole(mut self) -> Self {
        self.by_id = true;
        self
    }

    /// One that is gone.
    pub(crate) fn gone(id: Uuid, removal: Removal) -> Self {
        let mut object = Object::new(ObjectId::from(id), serde_json::Map::new());
        object.removed = Some(removal);
        Self::by_id(object)
    }

    fn id(&self) -> Uuid {
        self.object.id.uuid()
    }

    /// Whether what it does not have is empty, and not merely unchanged.
    pub(crate) fn is_whole(&self, known: &Known, round: Round) -> bool {
        let is_first = round.is_full && known.round.is_none_or(|seen| seen < round.number);
        let is_new = known.resource.is_none() || known.skipped.is_some() || known.removed.is_some();
        self.by_id || is_first || is_new
    }

    /// Whether it came without what everybody has: somebody who was made a moment ago does.
    fn is_half(&self, kind: ResourceKind) -> bool {
        let name = match kind {
            ResourceKind::User => "userPrincipalName",
            ResourceKind::Group => "displayName",
        };
        self.object.removed.is_none() && self.object.text(name).is_none() && !self.by_id
    }
}

/// What came of objects.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// To be stored.
    pub(crate) objects: Vec<SeenObject>,
    /// Those who came into the directory.
    pub(crate) arrived: Vec<Uuid>,
    /// Managers that came with the people who have them.
    pub(crate) managers: Vec<KnownManager>,
    /// Whether memberships or managers may be left to do.
    pub(crate) rest: bool,
}

/// Brings objects into the directory, and says what is to be stored of them. Of one that is there twice the later counts.
///
/// # Errors
/// When it is not known what became of one; what was done is found again when they are read once more.
pub(crate) async fn apply(
    work: &mut Work,
    kind: ResourceKind,
    items: Vec<Item>,
    round: Round,
) -> Result<Applied, Stop> {
    let (mut applied, mut before) = (Applied::default(), HashMap::new());
    let mut left = items;
    while !left.is_empty() {
        let (mut wave, mut later, mut met) = (Vec::new(), Vec::new(), HashSet::new());
        for item in left {
            if wave.len() < AT_ONCE && met.insert(item.id()) {
                wave.push(item);
            } else {
                later.push(item);
            }
        }
        left = later;
        let ids: Vec<Uuid> = wave.iter().map(Item::id).collect();
        let mut known = known::of(work, &ids).await?;
        known.extend(ids.iter().filter_map(|id| Some((*id, before.get(id).cloned()?))));
        let items = complete(work, kind, wave, known, round).await?;
        one_wave(work, kind, items, round, &mut before, &mut applied).await?;
    }
    Ok(applied)
}

/// Reads once more by id who came with half of what they have.
async fn complete(
    work: &mut Work,
    kind: ResourceKind,
    wave: Vec<Item>,
    mut known: HashMap<Uuid, Known>,
    round: Round,
) -> Result<Vec<(Item, Known)>, Stop> {
    let mut items: Vec<(Item, Known)> = Vec::with_capacity(wave.len());
    for item in wave {
        let known = known.remove(&item.id()).unwrap_or_default();
        items.push((item, known));
    }
    let is_half = |item: &Item, known: &Known| item.is_half(kind) && item.is_whole(known, round);
    let half = items
        .iter()
        .filter(|(item, known)| is_half(item, known) && work.scope.has(kind, item.id()));
    let half: Vec<Uuid> = half.map(|(item, _)| item.id()).collect();
    if half.is_empty() {
        return Ok(items);
    }
    let found = look(work, kind, &half).await?.into_iter();
    let mut found: HashMap<Uuid, Item> = found.filter_map(|(id, item)| Some((id, item?))).collect();
    for (item, _) in &mut items {
        if let Some(whole) = found.remove(&item.id()) {
            let manager = std::mem::replace(item, whole).manager;
            if item.manager == Manager::Unchanged {
                item.manager = manager;
            }
        }
    }
    Ok(items)
}

/// Decides on objects of which none is there twice, sends the changes, and notes what came of them.
async fn one_wave(
    work: &mut Work,
    kind: ResourceKind,
    items: Vec<(Item, Known)>,
    round: Round,
    before: &mut HashMap<Uuid, Known>,
    applied: &mut Applied,
) -> Result<(), Stop> {
    let (plans, strangers) = planned(work, kind, items, round).await?;
    let said = send(work, kind, &plans, &strangers).await?;
    let mut of_each: Vec<Option<Said>> = vec![None; plans.all.len()];
    for (tag, said) in said {
        if let Some(place) = of_each.get_mut(tag) {
            *place = Some(said);
        }
    }
    let mut anew = Vec::new();
    for (plan, said) in plans.all.into_iter().zip(of_each) {
        let (id, known) = (plan.item.id(), plan.known.clone());
        let was_linked = plan.known.resource.is_some();
        let Some(seen) = note(work, kind, &plan, said, applied) else {
            continue;
        };
        if was_linked && applied.arrived.last() == Some(&id) {
            anew.push(id);
        }
        before.insert(id, known.after(&seen, round.number));
        applied.objects.push(seen);
    }
    if !anew.is_empty() {
        // Before the page is stored: doing again what is done already changes nothing.
        work.writer.anew(&anew, work.now()).await?;
    }
    Ok(())
}

/// Decides; with those beside the page who have names that are wanted on it. Returns also whose names nobody has any more.
async fn planned(
    work: &mut Work,
    kind: ResourceKind,
    items: Vec<(Item, Known)>,
    round: Round,
) -> Result<(Plans, Vec<Stranger>), Stop> {
    let mut plans = plan(work, kind, items, round).await?;
    let mut looked: HashSet<Uuid> = HashSet::new();
    for _ in 0..MOST_LOOKS {
        let strangers = plans.strangers.iter().map(|stranger| stranger.object);
        let ids: HashSet<Uuid> = strangers.filter(|id| !looked.contains(id)).collect();
        if ids.is_empty() {
            break;
        }
        looked.extend(&ids);
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let mut known = known::of(work, &ids).await?;
        let found = look(work, kind, &ids).await?;
        let mut items: Vec<(Item, Known)> = plans.all.into_iter().map(|plan| (plan.item, plan.known)).collect();
        for (id, item) in found {
            let known = known.remove(&id).unwrap_or_default();
            items.extend(item.map(|item| (item, known)));
        }
        plans = plan(work, kind, items, round).await?;
    }
    let mut nobodys = std::mem::take(&mut plans.strangers);
    nobodys.retain(|stranger| looked.contains(&stranger.object));
    Ok((plans, nobodys))
}

/// Sends the changes in an order in which names are free when somebody takes them.
async fn send(
    work: &Work,
    kind: ResourceKind,
    plans: &Plans,
    strangers: &[Stranger],
) -> Result<Vec<(usize, Said)>, Stop> {
    let mut sender = Sender::new(work);
    let rename = |id: ObjectId, name: &str| {
        let operation = json!({ "op": "replace", "path": name_of(kind), "value": other_name(id, name) });
        Verb::Patch(patch(&[operation]))
    };
    for stranger in strangers {
        let verb = rename(ObjectId::from(stranger.object), &stranger.name);
        sender.push(NOBODY, kind, stranger.resource, verb).await;
    }
    for step in order(&plans.after) {
        match step {
            Step::GiveWay(at) => {
                let plan = &plans.all[at];
                let name = plan.stored.as_ref().and_then(|stored| stored.get(name_of(kind)));
                if let (Some(resource), Some(name)) = (plan.resource, name.and_then(Value::as_str)) {
                    sender
                        .push(NOBODY, kind, resource, rename(plan.item.object.id, name))
                        .await;
                }
            }
            Step::Change(at) => {
                let plan = &plans.all[at];
                match (&plan.action, plan.resource) {
                    (Action::Create(attributes), _) => {
                        let verb = Verb::Create(attributes.clone());
                        sender.push(at, kind, plan.new_id(), verb).await;
                    }
                    (Action::Patch(body), Some(id)) => sender.push(at, kind, id, Verb::Patch(body.clone())).await,
                    (Action::Delete, Some(id)) => sender.push(at, kind, id, Verb::Delete).await,
                    (Action::Nothing | Action::Patch(_) | Action::Delete, _) => {}
                }
            }
        }
    }
    sender.finish().await
}

/// What is to be stored of an object; `None` for one that is gone, and that nobody knew.
fn note(
    work: &mut Work,
    kind: ResourceKind,
    plan: &Plan,
    said: Option<Said>,
    applied: &mut Applied,
) -> Option<SeenObject> {
    let removed = plan.item.object.removed.map(|removal| match removal {
        Removal::Restorable => GraphRemoval::Changed,
        Removal::Final => GraphRemoval::Deleted,
    });
    if removed.is_some() && plan.known.round.is_none() && plan.resource.is_none() {
        return None;
    }
    let (skipped, resource_id) = outcome(work, kind, plan, said);
    let id = plan.item.id();
    let is_linked = resource_id.is_some();
    if skipped.is_none() {
        if plan.arrives && is_linked {
            applied.arrived.push(id);
        }
        let is_waiting = matches!(plan.manager, SeenManager::Is(_)) && plan.manager_done.is_none();
        applied.rest |= is_waiting && is_linked;
        applied.managers.extend(plan.manager_done.filter(|_| is_linked));
    }
    if skipped.is_some_and(|reason| reason == Skip::Guest.as_str() || reason == Skip::NotAssigned.as_str()) {
        work.progress.leavers |= is_linked;
    }
    if skipped.is_some() {
        work.progress.counts.skipped += 1;
    }
    let object = &plan.item.object;
    let name = object.text("displayName").or_else(|| object.text("userPrincipalName"));
    let kept = plan
        .mapped
        .as_ref()
        .and_then(|mapped| serde_json::to_string(&mapped.kept).ok());
    Some(SeenObject {
        object_id: id,
        kind: match kind {
            ResourceKind::User => GraphObjectKind::User,
            ResourceKind::Group => GraphObjectKind::Group,
        },
        resource_id,
        name: name.map(str::to_owned),
        kept,
        skipped: skipped.map(str::to_owned),
        removed,
        manager: plan.manager,
    })
}

/// Why an object is left out now, and who it is in the directory.
fn outcome(
    work: &mut Work,
    kind: ResourceKind,
    plan: &Plan,
    said: Option<Said>,
) -> (Option<&'static str>, Option<ResourceId>) {
    let status = match said {
        None => return (plan.skipped, plan.resource),
        Some(Said::Done(effect)) => {
            *counted(&mut work.progress.counts, kind, plan) += 1;
            let id = match effect {
                commands::Effect::Stored { resource, .. } => Some(resource.id),
                commands::Effect::Noted { resource_id, .. } => Some(resource_id),
                commands::Effect::Deleted => plan.resource,
            };
            return (plan.skipped, id);
        }
        Some(Said::Refused(status)) => status,
    };
    // What is not there need not be deleted.
    if status == 404 && plan.action == Action::Delete {
        return (plan.skipped, plan.resource);
    }
    tracing::warn!(
        directory.id = %work.pull.directory_id,
        object.id = %plan.item.object.id,
        status,
        "the directory refuses a change that comes from Microsoft Graph; it is tried again with the next cycle"
    );
    let reason = match status {
        409 => NAME_TAKEN,
        503 => HELD,
        _ => REFUSED,
    };
    if status == 503 {
        work.progress.counts.held += 1;
    } else {
        work.progress.counts.refused += 1;
    }
    metrics::counter!("rollcall_graph_sync_refused_total", "reason" => reason).increment(1);
    (Some(reason), plan.resource)
}

/// Where a change is counted.
fn counted<'c>(counts: &'c mut PullCounts, kind: ResourceKind, plan: &Plan) -> &'c mut u64 {
    let is_gone = plan.item.object.removed.is_some();
    match (kind, &plan.action) {
        (ResourceKind::User, Action::Create(_)) => &mut counts.users_created,
        (ResourceKind::User, Action::Delete) => &mut counts.users_deleted,
        (ResourceKind::User, _) if is_gone => &mut counts.users_deactivated,
        (ResourceKind::User, _) => &mut counts.users_updated,
        (ResourceKind::Group, Action::Create(_)) => &mut counts.groups_created,
        (ResourceKind::Group, Action::Delete) => &mut counts.groups_deleted,
        (ResourceKind::Group, _) => &mut counts.groups_updated,
    }
}
