//! Rounds: page after page, each committed with what it brought.

use crate::apply::{self, Applied, Item, Round};
use crate::error::Stop;
use crate::rest;
use crate::work::Work;
use events::{ResourceKind, Timestamp};
use graph::delta::{Begin, Collection, Group, Next, Page, User};
use graph::pull::PullFault;
use graph::{DeltaLink, GraphError, GraphErrorKind, ObjectKind, Priority};
use store::{GraphCollection, GraphCursor, GraphObjectKind, GraphPage, SeenMember};
use uuid::Uuid;

/// Rounds begin again so often in one turn.
const MOST_BEGINNINGS: u32 = 3;

/// A page to be read.
#[derive(Clone, Debug)]
struct Step {
    collection: GraphCollection,
    link: DeltaLink,
    round: i64,
    is_full: bool,
    /// Whether it is the first of its round.
    is_first: bool,
    pages: i64,
    seen: i64,
    known: i64,
    began_at: Timestamp,
}

/// The round of people, to its end.
pub(crate) async fn users(work: &mut Work) -> Result<(), Stop> {
    while let Some(step) = next_step(work, GraphCollection::Users).await? {
        let session = session_of(work, &step);
        let page = work.ask(session.users_page(&step.link)).await;
        let Some(page) = begin_again(work, &step, page)? else {
            continue;
        };
        let Page { items, next }: Page<User> = page;
        let round = Round::of(step.round, step.is_full);
        work.progress.counts.users += items.len() as u64;
        let items = items.into_iter().map(Item::from).collect();
        let applied = apply::apply(work, ResourceKind::User, items, round).await?;
        let is_due = !applied.arrived.is_empty() || !applied.managers.is_empty();
        work.progress.rest |= applied.rest;
        let before = note_due(work, is_due);
        commit(work, &step, &next, &applied, Vec::new()).await?;
        work.progress.rest = rest::after(work, &applied, &[]).await? || before;
    }
    Ok(())
}

/// The round of groups, to its end.
pub(crate) async fn groups(work: &mut Work) -> Result<(), Stop> {
    while let Some(step) = next_step(work, GraphCollection::Groups).await? {
        let session = session_of(work, &step);
        let page = work.ask(session.groups_page(&step.link)).await;
        let Some(page) = begin_again(work, &step, page)? else {
            continue;
        };
        let Page { items, next }: Page<Group> = page;
        let round = Round::of(step.round, step.is_full);
        work.progress.counts.groups += items.len() as u64;
        let members: Vec<SeenMember> = items.iter().flat_map(|group| members_of(work, group)).collect();
        let mut touched: Vec<Uuid> = members.iter().map(|member| member.group_object_id).collect();
        touched.sort_unstable();
        touched.dedup();
        let items = items.into_iter().map(Item::from).collect();
        let applied = apply::apply(work, ResourceKind::Group, items, round).await?;
        work.progress.rest |= applied.rest;
        let before = note_due(work, !touched.is_empty() || !applied.arrived.is_empty());
        commit(work, &step, &next, &applied, members).await?;
        work.progress.rest = rest::after(work, &applied, &touched).await? || before;
    }
    Ok(())
}

/// What is to be done after a page is noted with it, so that nobody forgets it should this be the last that is heard. Returns
/// what was noted before.
const fn note_due(work: &mut Work, is_due: bool) -> bool {
    let before = work.progress.rest;
    work.progress.rest = before || is_due;
    before
}

/// Members as the database has them. Devices, contacts and applications are nobody's here.
fn members_of(work: &Work, group: &Group) -> Vec<SeenMember> {
    if group.object.removed.is_some() || !work.scope.has_group(group.object.id.uuid()) {
        return Vec::new();
    }
    let kind = |kind| match kind {
        ObjectKind::User => Some(GraphObjectKind::User),
        ObjectKind::Group => Some(GraphObjectKind::Group),
        _ => None,
    };
    let member = |member: &graph::delta::Member| {
        Some(SeenMember {
            group_object_id: group.object.id.uuid(),
            member_object_id: member.id.uuid(),
            member_kind: kind(member.kind)?,
            is_member: member.removed.is_none(),
        })
    };
    group.members.iter().filter_map(member).collect()
}

/// The page that is next in this cycle; `None` when the round is over.
async fn next_step(work: &mut Work, collection: GraphCollection) -> Result<Option<Step>, Stop> {
    work.check()?;
    let target = match collection {
        GraphCollection::Users => work.progress.users_round,
        GraphCollection::Groups => work.progress.groups_round,
    };
    let stored = work.cursors.of(collection).cloned();
    let is_anew = work.cursors.anew.contains(&collection);
    let current = stored.as_ref();
    let current = current.filter(|cursor| cursor.generation == work.pull.generation && !is_anew);
    match current {
        Some(cursor) if cursor.is_complete && cursor.round >= target => Ok(None),
        Some(cursor) => Ok(Some(Step {
            collection,
            link: DeltaLink::from_stored(cursor.link.clone()),
            round: if cursor.is_complete { target } else { cursor.round },
            is_full: cursor.is_full && !cursor.is_complete,
            is_first: cursor.is_complete,
            pages: if cursor.is_complete { 0 } else { cursor.pages },
            seen: if cursor.is_complete { 0 } else { cursor.seen },
            known: cursor.known,
            began_at: if cursor.is_complete {
                work.now()
            } else {
                cursor.began_at
            },
        })),
        None => Ok(Some(first_step(work, collection, stored.as_ref()).await?)),
    }
}

/// The first page of a full round.
async fn first_step(work: &mut Work, collection: GraphCollection, before: Option<&GraphCursor>) -> Result<Step, Stop> {
    let link = match collection {
        GraphCollection::Users => first_link(work, Collection::Users)?,
        GraphCollection::Groups => first_link(work, Collection::Groups)?,
    };
    let counts = work.objects.counts().await?;
    let known = match collection {
        GraphCollection::Users => counts.users,
        GraphCollection::Groups => counts.groups,
    };
    let round = before.map_or(1, |before| before.round + 1);
    let target = match collection {
        GraphCollection::Users => &mut work.progress.users_round,
        GraphCollection::Groups => &mut work.progress.groups_round,
    };
    *target = round.max(*target);
    let round = *target;
    work.progress.is_full = true;
    metrics::counter!("rollcall_graph_sync_full_rounds_total", "collection" => name(collection)).increment(1);
    Ok(Step {
        collection,
        link,
        round,
        is_full: true,
        is_first: true,
        pages: 0,
        seen: 0,
        known: i64::try_from(known).unwrap_or(i64::MAX),
        began_at: work.now(),
    })
}

/// The link that a full round begins with.
pub(crate) fn first_link(work: &Work, collection: Collection) -> Result<DeltaLink, Stop> {
    let map = match collection {
        Collection::Users => &work.users,
        Collection::Groups => &work.groups,
    };
    let link = work.session.first_link(collection, &map.select(), &Begin::All);
    link.map_err(|error| {
        let detail = format!("The attribute map selects nothing that can be pulled: {error}.");
        Stop::Fault(Box::new(PullFault::new("map_invalid", detail, work.now())))
    })
}

/// Where a round goes on; `None` when it is over.
pub(crate) fn next_of(next: Next) -> Option<DeltaLink> {
    match next {
        Next::More(link) => Some(link),
        Next::Done(_) => None,
    }
}

fn session_of(work: &Work, step: &Step) -> graph::Session {
    let priority = if step.is_full { Priority::Low } else { Priority::Normal };
    work.session.clone().with_priority(priority)
}

/// A page; `None` where the round has expired, and begins again with everything there is.
fn begin_again<T>(work: &mut Work, step: &Step, page: Result<Page<T>, Stop>) -> Result<Option<Page<T>>, Stop> {
    let is_expired = |error: &GraphError| matches!(*error.kind, GraphErrorKind::Resync { .. });
    match page {
        Ok(page) => Ok(Some(page)),
        // A round that begins cannot have expired, and none does so again and again: there it is an error like others.
        Err(Stop::Graph(error))
            if is_expired(&error) && !(step.is_first && step.is_full) && work.begun_again < MOST_BEGINNINGS =>
        {
            work.begun_again += 1;
            tracing::info!(
                collection = name(step.collection),
                "Graph has forgotten the round, which begins anew"
            );
            work.cursors.anew.push(step.collection);
            Ok(None)
        }
        Err(stop) => Err(stop),
    }
}

/// Commits a page with where to go on.
async fn commit(
    work: &mut Work,
    step: &Step,
    next: &Next,
    applied: &Applied,
    members: Vec<SeenMember>,
) -> Result<(), Stop> {
    let now = work.now();
    work.progress.counts.pages += 1;
    let seen = i64::try_from(applied.objects.len()).unwrap_or(i64::MAX);
    let after = GraphCursor {
        collection: step.collection,
        generation: work.pull.generation,
        round: step.round,
        is_full: step.is_full,
        link: next.link().expose().to_owned(),
        is_complete: next.is_done(),
        pages: step.pages + 1,
        seen: step.seen.saturating_add(seen),
        known: step.known,
        began_at: step.began_at,
        updated_at: now,
    };
    let page = GraphPage {
        before: work.cursors.of(step.collection).cloned(),
        after: after.clone(),
        objects: applied.objects.clone(),
        members,
        progress: Some(work.progress.write()),
    };
    work.writer.page(page, now).await?;
    work.cursors.anew.retain(|anew| *anew != step.collection);
    work.cursors.set(after);
    work.has_moved = true;
    metrics::counter!("rollcall_graph_sync_pages_total", "collection" => name(step.collection)).increment(1);
    Ok(())
}

const fn name(collection: GraphCollection) -> &'static str {
    match collection {
        GraphCollection::Users => "users",
        GraphCollection::Groups => "groups",
    }
}
