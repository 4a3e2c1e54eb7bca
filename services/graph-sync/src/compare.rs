//! A comparison: everything is read as in a full round, and it is only counted what would become of it. Nothing is sent, and nothing
//! is stored but the counts. It goes through to its end in one turn, with one page in memory.

use crate::apply::{Item, Round};
use crate::error::Stop;
use crate::known;
use crate::plan::{Action, plan};
use crate::rounds::{first_link, next_of};
use crate::work::Work;
use events::ResourceKind;
use graph::Priority;
use graph::delta::Collection;
use uuid::Uuid;

/// Compares.
pub(crate) async fn run(work: &mut Work) -> Result<(), Stop> {
    work.progress.counts = graph::pull::PullCounts::default();
    work.progress.is_full = true;
    let session = work.session.clone().with_priority(Priority::Low);
    let mut link = Some(first_link(work, Collection::Users)?);
    while let Some(at) = link {
        work.check()?;
        let page = work.ask(session.users_page(&at)).await?;
        work.progress.counts.users += page.items.len() as u64;
        count(
            work,
            ResourceKind::User,
            page.items.into_iter().map(Item::from).collect(),
        )
        .await?;
        link = next_of(page.next);
    }
    let mut link = work
        .policy
        .groups_enabled
        .then(|| first_link(work, Collection::Groups))
        .transpose()?;
    while let Some(at) = link {
        work.check()?;
        let page = work.ask(session.groups_page(&at)).await?;
        work.progress.counts.groups += page.items.len() as u64;
        count(
            work,
            ResourceKind::Group,
            page.items.into_iter().map(Item::from).collect(),
        )
        .await?;
        link = next_of(page.next);
    }
    Ok(())
}

/// Counts what would become of a page.
async fn count(work: &mut Work, kind: ResourceKind, items: Vec<Item>) -> Result<(), Stop> {
    work.progress.counts.pages += 1;
    let ids: Vec<Uuid> = items.iter().map(|item| item.object.id.uuid()).collect();
    let known = known::of(work, &ids).await?;
    let known = |item: &Item| known.get(&item.object.id.uuid()).cloned().unwrap_or_default();
    let items = items.into_iter().map(|item| {
        let known = known(&item);
        (item.whole(), known)
    });
    let plans = plan(work, kind, items.collect(), Round::of(i64::MAX, true)).await?;
    let counts = &mut work.progress.counts;
    for plan in plans.all {
        counts.skipped += u64::from(plan.skipped.is_some());
        let is_gone = plan.item.object.removed.is_some();
        match (kind, plan.action) {
            (_, Action::Nothing) => {}
            (ResourceKind::User, Action::Create(_)) => counts.users_created += 1,
            (ResourceKind::User, Action::Delete) => counts.users_deleted += 1,
            (ResourceKind::User, Action::Patch(_)) if is_gone => counts.users_deactivated += 1,
            (ResourceKind::User, Action::Patch(_)) => counts.users_updated += 1,
            (ResourceKind::Group, Action::Create(_)) => counts.groups_created += 1,
            (ResourceKind::Group, Action::Delete) => counts.groups_deleted += 1,
            (ResourceKind::Group, Action::Patch(_)) => counts.groups_updated += 1,
        }
    }
    Ok(())
}
