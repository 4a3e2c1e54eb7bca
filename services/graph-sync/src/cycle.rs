//! A cycle: all stages, in their order. Each can be gone through again: what it finds done it leaves alone. So whoever takes a
//! directory goes through all of them, wherever the one before stopped.

use crate::error::Stop;
use crate::work::Work;
use crate::{again, compare, leavers, managers, rest, rounds, scope, subscriptions};
use graph::pull::PullStage;
use store::GraphPullMode;

/// Goes on with the cycle of a directory until it is over.
pub(crate) async fn run(work: &mut Work) -> Result<(), Stop> {
    scope::read(work).await?;
    if work.pull.mode == GraphPullMode::Compare {
        return compare::run(work).await;
    }
    enter(work, PullStage::Users);
    rounds::users(work).await?;
    scope::enter(work).await?;
    enter(work, PullStage::Groups);
    if work.policy.groups_enabled {
        rounds::groups(work).await?;
    }
    enter(work, PullStage::Leavers);
    leavers::run(work).await?;
    managers::check(work).await?;
    enter(work, PullStage::Again);
    again::run(work).await?;
    enter(work, PullStage::Rest);
    rest::run(work).await?;
    subscriptions::keep(work).await
}

const fn enter(work: &mut Work, stage: PullStage) {
    work.progress.stage = stage;
}
