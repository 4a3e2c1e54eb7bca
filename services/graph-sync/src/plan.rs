//! What becomes of objects in the directory: decided for many at a time, before anything is sent.

use crate::apply::{Item, Round};
use crate::error::Stop;
use crate::known::Known;
use crate::rows::{self, Row, name_of};
use crate::work::Work;
use events::{ResourceId, ResourceKind};
use graph::delta::{Manager, Removal};
use graph::map::{Mapped, Mode, Skip};
use graph::{ObjectId, ObjectKind};
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use store::{KnownManager, SeenManager};
use uuid::Uuid;

/// A resource that Rollcall's own rules refuse before it is sent.
pub(crate) const REFUSED: &str = "refused";
/// The name is somebody else's in the directory.
pub(crate) const NAME_TAKEN: &str = "name_taken";
/// It waits until the directory is released.
pub(crate) const HELD: &str = "held";

/// What is done with a user or group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Nothing.
    Nothing,
    /// It is made, with these attributes.
    Create(Map<String, Value>),
    /// It is changed: the body of a PATCH.
    Patch(Value),
    /// It is deleted.
    Delete,
}

/// What becomes of one object.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) item: Item,
    pub(crate) known: Known,
    pub(crate) mapped: Option<Mapped>,
    /// Why it is left out.
    pub(crate) skipped: Option<&'static str>,
    /// Who it is in the directory.
    pub(crate) resource: Option<ResourceId>,
    pub(crate) stored: Option<Map<String, Value>>,
    pub(crate) action: Action,
    pub(crate) manager: SeenManager,
    /// The manager that the change brings along.
    pub(crate) manager_done: Option<KnownManager>,
    /// Whether it comes into the directory, or is somebody else there than before.
    pub(crate) arrives: bool,
}

/// What becomes of many.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    pub(crate) all: Vec<Plan>,
    /// Who must go before each.
    pub(crate) after: Vec<Option<usize>>,
    /// Objects that are not among them, whose users or groups have names that are wanted.
    pub(crate) strangers: Vec<Stranger>,
}

/// An object that is not on the page, with a name that is wanted there.
#[derive(Clone, Debug)]
pub(crate) struct Stranger {
    pub(crate) object: Uuid,
    pub(crate) resource: ResourceId,
    pub(crate) name: String,
}

/// Decides.
pub(crate) async fn plan(
    work: &Work,
    kind: ResourceKind,
    items: Vec<(Item, Known)>,
    round: Round,
) -> Result<Plans, Stop> {
    let mut plans: Vec<Plan> = items
        .into_iter()
        .map(|(item, known)| first(work, kind, item, known, round))
        .collect();
    find_stored(work, kind, &mut plans).await?;
    let names = Names::of(work, kind, &plans).await?;
    names.adopt(&mut plans);
    let managers = managers(work, &plans).await?;
    for plan in &mut plans {
        decide(work, kind, plan, &managers);
    }
    let (after, strangers) = names.arrange(kind, &mut plans);
    Ok(Plans {
        all: plans,
        after,
        strangers,
    })
}

/// What the answer alone says.
fn first(work: &Work, kind: ResourceKind, item: Item, known: Known, round: Round) -> Plan {
    let id = item.object.id.uuid();
    let mode = if item.is_whole(&known, round) {
        Mode::Full
    } else {
        Mode::Changes
    };
    let (mut mapped, mut skipped) = (None, None);
    if item.object.removed.is_none() {
        if work.scope.has(kind, id) {
            match work.map(kind).apply(&item.object, mode, &known.kept) {
                Ok(made) => mapped = Some(made),
                Err(skip) => skipped = Some(skip.as_str()),
            }
        } else {
            skipped = Some(Skip::NotAssigned.as_str());
        }
    }
    let manager = match item.manager {
        _ if kind == ResourceKind::Group || !work.users.has_manager() => SeenManager::Unchanged,
        Manager::Unchanged => SeenManager::Unchanged,
        Manager::Is(id, ObjectKind::User) => SeenManager::Is(id.uuid()),
        // A contact of the organization is nobody here.
        Manager::Cleared | Manager::Is(..) => SeenManager::Cleared,
    };
    Plan {
        resource: known.resource,
        item,
        known,
        mapped,
        skipped,
        stored: None,
        action: Action::Nothing,
        manager,
        manager_done: None,
        arrives: false,
    }
}

impl Plan {
    fn id(&self) -> Uuid {
        self.item.object.id.uuid()
    }

    /// The id of the user or group that is made.
    pub(crate) fn new_id(&self) -> ResourceId {
        self.resource.unwrap_or_else(ResourceId::new)
    }

    /// A text that the resource is to have.
    fn wanted(&self, name: &str) -> Option<String> {
        let made = self.mapped.as_ref()?.create();
        made.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// The unique name that it has.
    fn held_name(&self, kind: ResourceKind) -> Option<&str> {
        self.stored.as_ref()?.get(name_of(kind)).and_then(Value::as_str)
    }

    fn is_active(&self) -> bool {
        let active = self.stored.as_ref().and_then(|stored| stored.get("active"));
        active == Some(&Value::Bool(true))
    }
}

/// Finds the users and groups of the directory: by the link, or by the id that the identity provider gave.
async fn find_stored(work: &Work, kind: ResourceKind, plans: &mut [Plan]) -> Result<(), Stop> {
    let linked: Vec<ResourceId> = plans.iter().filter_map(|plan| plan.resource).collect();
    let mut stored = rows::by_ids(work, kind, &linked).await?;
    let mut unlinked: HashMap<String, usize> = HashMap::new();
    for (at, plan) in plans.iter_mut().enumerate() {
        plan.stored = plan.resource.and_then(|id| stored.remove(&id));
        if plan.stored.is_none() {
            plan.resource = None;
            let text = plan
                .wanted("externalId")
                .unwrap_or_else(|| plan.item.object.id.to_string());
            unlinked.insert(text, at);
        }
    }
    let texts: Vec<String> = unlinked.keys().cloned().collect();
    for row in rows::by_external_ids(work, kind, &texts).await? {
        let at = row.external_id().and_then(|text| unlinked.remove(text));
        let Some(plan) = at.map(|at| &mut plans[at]) else {
            continue;
        };
        plan.arrives = plan.known.resource != Some(row.id);
        (plan.resource, plan.stored) = (Some(row.id), Some(row.attributes));
    }
    Ok(())
}

/// Who has the names that are wanted.
#[derive(Debug, Default)]
struct Names {
    /// By the name as it is compared: who wants it, and the row that has it.
    wanted: Vec<(usize, Row)>,
    /// Which object each of these rows is, where it is one.
    objects: HashMap<ResourceId, Uuid>,
}

impl Names {
    async fn of(work: &Work, kind: ResourceKind, plans: &[Plan]) -> Result<Self, Stop> {
        let mut wanted: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, plan) in plans.iter().enumerate() {
            let Some(name) = plan.wanted(name_of(kind)).map(|name| scim::fold(&name)) else {
                continue;
            };
            if plan.held_name(kind).map(scim::fold).as_ref() != Some(&name) {
                wanted.entry(name).or_default().push(at);
            }
        }
        let keys: Vec<String> = wanted.keys().cloned().collect();
        let holders = rows::by_names(work, kind, &keys).await?;
        let ids: Vec<ResourceId> = holders.iter().map(|row| row.id).collect();
        let objects = if ids.is_empty() {
            Vec::new()
        } else {
            work.objects.of_resources(&ids).await?
        };
        let objects = objects.into_iter();
        let objects = objects
            .filter_map(|object| Some((object.resource_id?, object.object_id)))
            .collect();
        let of_holder = |row: Row| {
            let who = row.key(kind).and_then(|key| wanted.remove(&key)).unwrap_or_default();
            who.into_iter().map(move |at| (at, row.clone())).collect::<Vec<_>>()
        };
        Ok(Self {
            wanted: holders.into_iter().flat_map(of_holder).collect(),
            objects,
        })
    }

    /// Whoever was pushed before has another id of the identity provider, and the name that is wanted: it is the same person.
    fn adopt(&self, plans: &mut [Plan]) {
        let mut taken: HashSet<ResourceId> = plans.iter().filter_map(|plan| plan.resource).collect();
        for (at, row) in &self.wanted {
            let plan = &mut plans[*at];
            let is_free = !self.objects.contains_key(&row.id) && !taken.contains(&row.id);
            if plan.resource.is_none() && is_free {
                taken.insert(row.id);
                (plan.resource, plan.stored) = (Some(row.id), Some(row.attributes.clone()));
                plan.arrives = true;
            }
        }
    }

    /// Who must go before whom, and who must be looked at beside them.
    fn arrange(&self, kind: ResourceKind, plans: &mut [Plan]) -> (Vec<Option<usize>>, Vec<Stranger>) {
        let places: HashMap<ResourceId, usize> = plans
            .iter()
            .enumerate()
            .filter_map(|(at, plan)| Some((plan.resource?, at)))
            .collect();
        let (mut after, mut strangers) = (vec![None; plans.len()], Vec::new());
        for (at, row) in &self.wanted {
            if plans[*at].resource == Some(row.id) {
                continue;
            }
            match (places.get(&row.id), self.objects.get(&row.id)) {
                (Some(holder), _) => {
                    after[*at] = Some(*holder);
                    free_name(kind, &mut plans[*holder]);
                }
                (None, Some(object)) => strangers.push(Stranger {
                    object: *object,
                    resource: row.id,
                    name: row
                        .attributes
                        .get(name_of(kind))
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                        .to_owned(),
                }),
                // Somebody of whom Graph knows nothing: the name is taken.
                (None, None) => {}
            }
        }
        (after, strangers)
    }
}

/// Somebody who is deleted, and can be had back, does not keep a name that another has now.
fn free_name(kind: ResourceKind, plan: &mut Plan) {
    if plan.item.object.removed.is_none() || plan.action == Action::Delete {
        return;
    }
    let Some(name) = plan.held_name(kind) else { return };
    let operation = json!({ "op": "replace", "path": name_of(kind), "value": other_name(plan.item.object.id, name) });
    plan.action = Action::Patch(match std::mem::replace(&mut plan.action, Action::Nothing) {
        Action::Patch(body) => with(body, operation),
        _ => patch(&[operation]),
    });
}

/// The name of somebody who has to give theirs away: as Entra ID has it of those who are deleted, the id without hyphens and
/// the name.
pub(crate) fn other_name(id: ObjectId, name: &str) -> String {
    let prefix = id.uuid().simple().to_string();
    if name.starts_with(&prefix) {
        return name.to_owned();
    }
    format!("{prefix}{name}")
}

/// The body of a PATCH.
pub(crate) fn patch(operations: &[Value]) -> Value {
    json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations })
}

/// The same with one more operation.
fn with(mut body: Value, operation: Value) -> Value {
    if let Some(operations) = body.get_mut("Operations").and_then(Value::as_array_mut) {
        operations.push(operation);
    }
    body
}

/// Who the managers that are named are in the directory.
async fn managers(work: &Work, plans: &[Plan]) -> Result<HashMap<Uuid, ResourceId>, Stop> {
    let named = |plan: &Plan| match plan.manager {
        SeenManager::Is(id) => Some(id),
        SeenManager::Unchanged | SeenManager::Cleared => None,
    };
    let mut ids: Vec<Uuid> = plans.iter().filter_map(named).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    ids.sort_unstable();
    ids.dedup();
    let found = work.objects.by_ids(&ids).await?.into_iter();
    Ok(found
        .filter_map(|object| Some((object.object_id, object.resource_id?)))
        .collect())
}

fn decide(work: &Work, kind: ResourceKind, plan: &mut Plan, managers: &HashMap<Uuid, ResourceId>) {
    if let Some(removal) = plan.item.object.removed {
        plan.action = match (&plan.stored, kind, removal) {
            (None, ..) => Action::Nothing,
            (Some(_), ResourceKind::User, Removal::Restorable) if plan.is_active() => {
                Action::Patch(patch(&[inactive()]))
            }
            (Some(_), ResourceKind::User, Removal::Restorable) => Action::Nothing,
            (Some(_), ..) => Action::Delete,
        };
        return;
    }
    let Some(mapped) = &plan.mapped else { return };
    let manager = match plan.manager {
        SeenManager::Unchanged => None,
        SeenManager::Cleared => Some((None, None)),
        SeenManager::Is(id) => managers.get(&id).map(|resource| (Some(id), Some(*resource))),
    };
    plan.manager_done = manager.map(|(manager_object_id, _)| KnownManager {
        object_id: plan.id(),
        manager_object_id,
    });
    let manager = manager.map(|(_, resource)| resource);
    match &plan.stored {
        None => {
            let mut body = mapped.create();
            if let Some(Some(resource)) = manager {
                set_manager(&mut body, resource);
            }
            let mode = scim::resource::Mode::Create;
            plan.arrives = true;
            match scim::resource::parse(work.resource_type(kind), &Value::Object(body), mode) {
                Ok(attributes) => plan.action = Action::Create(attributes),
                Err(_) => plan.skipped = Some(REFUSED),
            }
        }
        Some(stored) => {
            let changed = mapped.patch(stored);
            let operation = manager.and_then(|manager| manager_operation(stored, manager));
            plan.action = match (changed, operation) {
                (None, None) => Action::Nothing,
                (Some(body), None) => Action::Patch(body),
                (None, Some(operation)) => Action::Patch(patch(&[operation])),
                (Some(body), Some(operation)) => Action::Patch(with(body, operation)),
            };
        }
    }
}

/// The operation that deactivates somebody.
pub(crate) fn inactive() -> Value {
    json!({ "op": "replace", "path": "active", "value": false })
}

fn set_manager(body: &mut Map<String, Value>, manager: ResourceId) {
    let extension = body.entry(scim::urn::ENTERPRISE_USER).or_insert_with(|| json!({}));
    if let Some(extension) = extension.as_object_mut() {
        extension.insert("manager".to_owned(), json!({ "value": manager }));
    }
}

/// What makes this the manager; `None` where it is already.
pub(crate) fn manager_operation(stored: &Map<String, Value>, manager: Option<ResourceId>) -> Option<Value> {
    let is = stored
        .get(scim::urn::ENTERPRISE_USER)
        .and_then(|extension| extension.get("manager"));
    let path = format!("{}:manager", scim::urn::ENTERPRISE_USER);
    match manager {
        Some(id) => {
            let is = is.and_then(|manager| manager.get("value")).and_then(Value::as_str);
            let is_same = is == Some(id.to_string().as_str());
            (!is_same).then(|| json!({ "op": "replace", "path": path, "value": { "value": id } }))
        }
        None => is.map(|_| json!({ "op": "remove", "path": path })),
    }
}
