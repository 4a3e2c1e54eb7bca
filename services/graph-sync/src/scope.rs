//! Who is pulled: everybody, or those who are in chosen groups or assigned to the application.
//!
//! Delta queries know nothing of assignments. So who is in the scope is listed with each cycle, and compared with what is known:
//! whoever came into it is read by id, because the round does not bring them again; whoever left it is found by [`crate::leavers`].

use crate::again::bring;
use crate::apply::Item;
use crate::error::Stop;
use crate::look::look;
use crate::work::Work;
use events::ResourceKind;
use futures_util::TryStreamExt as _;
use graph::map::Skip;
use graph::pull::{PullFault, PullScope};
use graph::{GraphError, GraphErrorKind, ObjectId, ObjectKind};
use std::collections::HashSet;
use std::pin::pin;
use store::{GraphCollection, GraphObject, GraphObjectKind, GraphPullMode, SeenManager, SeenObject};
use uuid::Uuid;

/// People in a scope that names them. Ids alone are in memory, 16 bytes each.
pub(crate) const MOST_PEOPLE: usize = 1_000_000;
/// Groups in such a scope.
pub(crate) const MOST_GROUPS: usize = 10_000;
/// Objects that are compared at a time.
const AT_ONCE: usize = 1_000;

/// Who is pulled.
#[derive(Clone, Debug)]
pub(crate) enum Scope {
    /// Everybody, and all groups.
    All,
    /// These.
    These {
        /// In the order of their ids, each once.
        people: Vec<Uuid>,
        groups: HashSet<Uuid>,
    },
}

impl Scope {
    pub(crate) fn has(&self, kind: ResourceKind, id: Uuid) -> bool {
        match (self, kind) {
            (Self::All, _) => true,
            (Self::These { people, .. }, ResourceKind::User) => people.binary_search(&id).is_ok(),
            (Self::These { groups, .. }, ResourceKind::Group) => groups.contains(&id),
        }
    }

    pub(crate) fn has_group(&self, id: Uuid) -> bool {
        self.has(ResourceKind::Group, id)
    }
}

/// Lists who is in the scope now.
pub(crate) async fn read(work: &mut Work) -> Result<(), Stop> {
    let (mut people, groups) = match work.settings.scope {
        PullScope::All => return Ok(()),
        PullScope::Groups => {
            let chosen = work.settings.groups.iter().map(|id| id.uuid());
            (Vec::new(), chosen.collect::<HashSet<_>>())
        }
        PullScope::Assigned => assigned(work).await?,
    };
    for group in &groups {
        work.check()?;
        members(work, ObjectId::from(*group), &mut people).await?;
        check(work, people.len(), groups.len())?;
    }
    people.sort_unstable();
    people.dedup();
    work.scope = Scope::These { people, groups };
    if work.pull.mode == GraphPullMode::Compare {
        return Ok(());
    }
    outside(work).await?;
    groups_anew(work).await
}

fn check(work: &Work, people: usize, groups: usize) -> Result<(), Stop> {
    if people <= MOST_PEOPLE && groups <= MOST_GROUPS {
        return Ok(());
    }
    let detail = format!(
        "More than {MOST_PEOPLE} people or {MOST_GROUPS} groups are in the scope. Choose fewer groups, or pull everybody."
    );
    Err(Stop::Fault(Box::new(PullFault::new(
        "scope_too_large",
        detail,
        work.now(),
    ))))
}

/// Who is assigned to the application, and which groups are.
async fn assigned(work: &Work) -> Result<(Vec<Uuid>, HashSet<Uuid>), Stop> {
    let client_id = work.session.identity().client_id;
    let application = work.ask(work.session.service_principal(client_id)).await?;
    let application = application.ok_or_else(|| {
        let detail = "The application is not in the tenant as an enterprise application, so nobody can be assigned to it. Grant \
                      admin consent, or pull everybody or chosen groups.";
        Stop::Fault(Box::new(PullFault::new("application_missing", detail, work.now())))
    })?;
    let (mut people, mut groups) = (Vec::new(), HashSet::new());
    let mut pages = pin!(work.session.assignments(application.id));
    while let Some(page) = work.ask(pages.try_next()).await? {
        for assignment in page {
            match assignment.kind {
                ObjectKind::User => people.push(assignment.principal.uuid()),
                ObjectKind::Group => {
                    groups.insert(assignment.principal.uuid());
                }
                _ => {}
            }
        }
        check(work, people.len(), groups.len())?;
    }
    Ok((people, groups))
}

/// People in a group, and, where the settings say so, in the groups inside it.
async fn members(work: &Work, group: ObjectId, people: &mut Vec<Uuid>) -> Result<(), Stop> {
    let listed = if work.settings.nested {
        let mut pages = pin!(work.session.nested_members(group));
        loop {
            match work.ask(pages.try_next()).await {
                Ok(Some(page)) => {
                    let users = page.iter().filter(|member| member.kind == ObjectKind::User);
                    people.extend(users.map(|member| member.id.uuid()));
                    check(work, people.len(), 0)?;
                }
                Ok(None) => break Ok(()),
                Err(stop) => break Err(stop),
            }
        }
    } else {
        let mut pages = pin!(work.session.members(group));
        loop {
            match work.ask(pages.try_next()).await {
                Ok(Some(page)) => {
                    let users = page.iter().filter(|member| member.kind == ObjectKind::User);
                    people.extend(users.map(|member| member.id.uuid()));
                    check(work, people.len(), 0)?;
                }
                Ok(None) => break Ok(()),
                Err(stop) => break Err(stop),
            }
        }
    };
    match listed {
        // A group that was deleted has nobody in it; how many may go for that is bounded.
        Err(Stop::Graph(GraphError { kind, .. })) if matches!(*kind, GraphErrorKind::NotFound) => Ok(()),
        listed => listed,
    }
}

/// Notes of those who are in the directory, and no longer in the scope, that they are not.
async fn outside(work: &mut Work) -> Result<(), Stop> {
    for kind in [GraphObjectKind::User, GraphObjectKind::Group] {
        let of = match kind {
            GraphObjectKind::Group => ResourceKind::Group,
            _ => ResourceKind::User,
        };
        let mut place = None;
        loop {
            work.check()?;
            let most = u32::try_from(AT_ONCE).unwrap_or(u32::MAX);
            let known = work.objects.unseen(kind, i64::MAX, place, most).await?;
            let Some(last) = known.last() else { break };
            place = Some((last.round, last.object_id));
            let left = |object: &&GraphObject| {
                object.resource_id.is_some() && object.skipped.is_none() && !work.scope.has(of, object.object_id)
            };
            let left: Vec<&GraphObject> = known.iter().filter(left).collect();
            // Those of one round, which stays theirs.
            let rounds: HashSet<i64> = left.iter().map(|object| object.round).collect();
            let is_any = !left.is_empty();
            for round in rounds {
                let of_round = left.iter().filter(|object| object.round == round);
                let seen = of_round.map(|object| not_assigned(object)).collect();
                work.writer.objects(round, seen, work.now()).await?;
            }
            work.progress.leavers |= is_any;
        }
    }
    if work.progress.leavers {
        work.save_progress().await?;
    }
    Ok(())
}

fn not_assigned(object: &GraphObject) -> SeenObject {
    SeenObject {
        object_id: object.object_id,
        kind: object.kind,
        resource_id: None,
        name: None,
        kept: None,
        skipped: Some(Skip::NotAssigned.as_str().to_owned()),
        removed: None,
        manager: SeenManager::Unchanged,
    }
}

/// A group that came into the scope comes with its members only in a round that begins again.
async fn groups_anew(work: &mut Work) -> Result<(), Stop> {
    let Scope::These { groups, .. } = &work.scope else {
        return Ok(());
    };
    let cursor = work.cursors.of(GraphCollection::Groups);
    // One that is under way, or is over in this cycle, has them, or the next cycle sees that it has not.
    let is_full = cursor.is_none_or(|cursor| {
        cursor.generation != work.pull.generation
            || cursor.is_full && (!cursor.is_complete || cursor.round == work.progress.groups_round)
    });
    if is_full {
        return Ok(());
    }
    let all: Vec<Uuid> = groups.iter().copied().collect();
    for some in all.chunks(AT_ONCE) {
        let missing = missing(work, some).await?;
        let found = look(work, ResourceKind::Group, &missing).await?;
        if found.iter().any(|(_, group)| group.is_some()) {
            work.cursors.anew.push(GraphCollection::Groups);
            return Ok(());
        }
    }
    Ok(())
}

/// Which of these are not known, or were out of the scope when they were seen last.
async fn missing(work: &Work, ids: &[Uuid]) -> Result<Vec<Uuid>, Stop> {
    let known = work.objects.by_ids(ids).await?.into_iter();
    let is_out = |object: &GraphObject| object.skipped.as_deref() == Some(Skip::NotAssigned.as_str());
    let in_scope: HashSet<Uuid> = known
        .filter(|object| !is_out(object))
        .map(|object| object.object_id)
        .collect();
    Ok(ids.iter().copied().filter(|id| !in_scope.contains(id)).collect())
}

/// Reads people by their ids who came into the scope: their round does not bring them again.
pub(crate) async fn enter(work: &mut Work) -> Result<(), Stop> {
    let mut at = 0;
    loop {
        let Scope::These { people, .. } = &work.scope else {
            return Ok(());
        };
        let some = people.get(at..).unwrap_or_default();
        let some = &some[..some.len().min(AT_ONCE)];
        if some.is_empty() {
            return Ok(());
        }
        at += some.len();
        work.check()?;
        let missing = missing(work, some).await?;
        if missing.is_empty() {
            continue;
        }
        let found = look(work, ResourceKind::User, &missing).await?;
        let items: Vec<Item> = found.into_iter().filter_map(|(_, item)| item).collect();
        if !items.is_empty() {
            bring(work, ResourceKind::User, items).await?;
        }
    }
}
