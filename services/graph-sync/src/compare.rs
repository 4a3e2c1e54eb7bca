//! A comparison: everything is read as in a full round, and it is only noted in whom directory and tenant differ. Nothing is sent.
//! It goes through to its end in one turn, with one page in memory, the ids of the people whom the tenant has, and what is noted.
//! That is stored at the end, so what is listed is always of one whole comparison.

use crate::apply::{Item, Round};
use crate::error::Stop;
use crate::known;
use crate::plan::{Action, Plan, plan};
use crate::rounds::{first_link, next_of};
use crate::work::Work;
use events::{GraphDriftId, ResourceId, ResourceKind};
use graph::Priority;
use graph::delta::Collection;
use graph::pull::PullCounts;
use scim::filter::Filter;
use serde_json::Value;
use std::collections::BTreeSet;
use store::{GraphDifference, GraphDrift, GraphObjectKind, Position, Query};
use uuid::Uuid;

/// What is noted of one comparison at most; what is beyond is counted.
const MOST_NOTED: usize = 10_000;
/// Fields of one person that are noted.
const MOST_FIELDS: usize = 50;
/// People of the directory that are read at a time.
const AT_ONCE: u32 = 500;

/// What a comparison has come to.
#[derive(Debug, Default)]
struct Comparison {
    noted: Vec<GraphDrift>,
    /// Users of the directory that the tenant has.
    met: Vec<ResourceId>,
}

impl Comparison {
    /// Notes a difference, up to a bound.
    fn note(&mut self, found: Option<GraphDrift>) {
        let room = MOST_NOTED.saturating_sub(self.noted.len());
        self.noted.extend(found.into_iter().take(room));
    }
}

/// Compares.
pub(crate) async fn run(work: &mut Work) -> Result<(), Stop> {
    work.progress.counts = PullCounts::default();
    work.progress.is_full = true;
    work.progress.began_at = work.now();
    let mut comparison = Comparison::default();
    let session = work.session.clone().with_priority(Priority::Low);
    let mut link = Some(first_link(work, Collection::Users)?);
    while let Some(at) = link {
        work.check()?;
        let page = work.ask(session.users_page(&at)).await?;
        work.progress.counts.users += page.items.len() as u64;
        let items = page.items.into_iter().map(Item::from).collect();
        compare(work, ResourceKind::User, items, &mut comparison).await?;
        link = next_of(page.next);
    }
    unexpected(work, &mut comparison).await?;
    let mut link = work
        .policy
        .groups_enabled
        .then(|| first_link(work, Collection::Groups))
        .transpose()?;
    while let Some(at) = link {
        work.check()?;
        let page = work.ask(session.groups_page(&at)).await?;
        work.progress.counts.groups += page.items.len() as u64;
        let items = page.items.into_iter().map(Item::from).collect();
        compare(work, ResourceKind::Group, items, &mut comparison).await?;
        link = next_of(page.next);
    }
    Ok(work.writer.compared(&comparison.noted).await?)
}

/// Compares a page.
async fn compare(
    work: &mut Work,
    kind: ResourceKind,
    items: Vec<Item>,
    comparison: &mut Comparison,
) -> Result<(), Stop> {
    work.progress.counts.pages += 1;
    let ids: Vec<Uuid> = items.iter().map(|item| item.object.id.uuid()).collect();
    let known = known::of(work, &ids).await?;
    let known = |item: &Item| known.get(&item.object.id.uuid()).cloned().unwrap_or_default();
    let items = items.into_iter().map(|item| {
        let known = known(&item);
        (item.whole(), known)
    });
    let plans = plan(work, kind, items.collect(), Round::of(i64::MAX, true)).await?;
    for plan in &plans.all {
        count(&mut work.progress.counts, kind, plan);
        let is_out = plan.skipped.is_some() || plan.item.object.removed.is_some();
        if kind == ResourceKind::User && !is_out {
            comparison.met.extend(plan.resource);
        }
        comparison.note(drift(work, kind, plan));
    }
    Ok(())
}

/// People who are active in the directory, and whom the tenant does not have, or not in the scope.
async fn unexpected(work: &mut Work, comparison: &mut Comparison) -> Result<(), Stop> {
    let mut met = std::mem::take(&mut comparison.met);
    met.sort_unstable();
    let users = work.inner.deps.store.users(work.directory_id());
    let Ok(active) = Filter::parse("active eq true", work.policy.user_type()) else {
        return Ok(());
    };
    let mut after = None;
    loop {
        work.check()?;
        let query = Query {
            schema: Some(work.policy.user_type()),
            filter: Some(&active),
            after,
            limit: AT_ONCE,
            ..Query::default()
        };
        let rows = users.list(&query).await?.rows;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(Position {
            created_at: last.created_at,
            id: last.id,
        });
        let others = rows.iter().filter(|row| met.binary_search(&row.id).is_err());
        for row in others {
            work.progress.counts.users_deactivated += 1;
            comparison.note(Some(GraphDrift {
                id: GraphDriftId::new(),
                kind: GraphObjectKind::User,
                difference: GraphDifference::Unexpected,
                object_id: None,
                resource_id: Some(row.id),
                fields: Vec::new(),
                found_at: work.progress.began_at,
            }));
        }
    }
}

/// Counts what would become of somebody.
const fn count(counts: &mut PullCounts, kind: ResourceKind, plan: &Plan) {
    counts.skipped += plan.skipped.is_some() as u64;
    match (kind, &plan.action) {
        // Who is in the directory and should not be is counted where all are looked at who are active there.
        (_, Action::Nothing) | (ResourceKind::User, Action::Delete) => {}
        (ResourceKind::User, Action::Create(_)) => counts.users_created += 1,
        (ResourceKind::User, Action::Patch(_)) if plan.item.object.removed.is_some() => {}
        (ResourceKind::User, Action::Patch(_)) => counts.users_updated += 1,
        (ResourceKind::Group, Action::Create(_)) => counts.groups_created += 1,
        (ResourceKind::Group, Action::Delete) => counts.groups_deleted += 1,
        (ResourceKind::Group, Action::Patch(_)) => counts.groups_updated += 1,
    }
}

/// In what somebody differs, if they do.
fn drift(work: &Work, kind: ResourceKind, plan: &Plan) -> Option<GraphDrift> {
    let is_gone = plan.item.object.removed.is_some();
    let (difference, fields) = match &plan.action {
        Action::Nothing => return None,
        Action::Create(_) => (GraphDifference::Missing, Vec::new()),
        // Of people all are looked at who are active in the directory.
        Action::Delete | Action::Patch(_) if is_gone && kind == ResourceKind::User => return None,
        Action::Delete => (GraphDifference::Unexpected, Vec::new()),
        Action::Patch(body) => (GraphDifference::Different, fields(body)),
    };
    Some(GraphDrift {
        id: GraphDriftId::new(),
        kind: match kind {
            ResourceKind::User => GraphObjectKind::User,
            ResourceKind::Group => GraphObjectKind::Group,
        },
        difference,
        object_id: Some(plan.item.object.id.uuid()),
        resource_id: plan.resource,
        fields,
        found_at: work.progress.began_at,
    })
}

/// The places that a PATCH would change.
fn fields(body: &Value) -> Vec<String> {
    let operations = body.get("Operations").and_then(Value::as_array);
    let mut fields = BTreeSet::new();
    for operation in operations.into_iter().flatten() {
        match (operation.get("path"), operation.get("value")) {
            (Some(Value::String(path)), _) => {
                fields.insert(path.clone());
            }
            (_, Some(Value::Object(members))) => fields.extend(members.keys().cloned()),
            _ => {}
        }
    }
    fields.into_iter().take(MOST_FIELDS).collect()
}
