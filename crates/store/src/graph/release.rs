//! The end of the work on a directory, and what came of it.

use super::{GraphLease, GraphPullState, GraphPulls, GraphWriteError};
use crate::{AdminTx, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::graph_pulls::{Column, Entity, Model};
use db::send::{execute, fetch_one};
use events::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _,
};

/// What came of the work on a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphOutcome {
    /// When it is due again, unless somebody asked for it sooner meanwhile.
    pub next_due: Timestamp,
    /// How it ended.
    pub end: GraphEnd,
}

/// How the work ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GraphEnd {
    /// It goes on later; nothing is known to be wrong or well.
    Unfinished,
    /// A round is over.
    Good,
    /// It failed.
    Failed {
        /// What went wrong: JSON.
        error: String,
        /// Whether an administrator has to mend it.
        is_failing: bool,
    },
    /// So many would go that an administrator must say whether that is right.
    Held {
        /// What would go: JSON.
        reason: String,
    },
}

/// What a release changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GraphReleased {
    /// The state before.
    pub before: GraphPullState,
    /// The state now.
    pub after: GraphPullState,
    /// Rounds that failed since the last good one.
    pub failures: u32,
}

impl GraphPulls {
    /// Gives a directory back. The lease is good for nothing then.
    ///
    /// # Errors
    /// [`GraphWriteError::LeaseLost`]; otherwise as any write, and the directory is due again when the lease ends.
    pub async fn release(
        &self,
        lease: GraphLease,
        outcome: &GraphOutcome,
        now: Timestamp,
    ) -> Result<GraphReleased, GraphWriteError> {
        let tx = self.store.begin().await?;
        let released = release(&tx, lease, outcome, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(released)
    }
}

impl AdminTx {
    /// The same in a change, for the event that tells of it.
    ///
    /// # Errors
    /// [`GraphWriteError::LeaseLost`]; otherwise as any write.
    pub async fn release_graph_pull(
        &self,
        lease: GraphLease,
        outcome: &GraphOutcome,
        now: Timestamp,
    ) -> Result<GraphReleased, GraphWriteError> {
        release(&self.tx, lease, outcome, now).await
    }
}

async fn release(
    tx: &DatabaseTransaction,
    lease: GraphLease,
    outcome: &GraphOutcome,
    now: Timestamp,
) -> Result<GraphReleased, GraphWriteError> {
    let held = Entity::find_by_id(lease.directory_id)
        .filter(Column::Epoch.eq(lease.epoch))
        .lock_exclusive();
    let held: Option<Model> = fetch_one(tx, held.as_query()).await?;
    let before = held.ok_or(GraphWriteError::LeaseLost)?;
    let mut after = before.clone();
    match &outcome.end {
        GraphEnd::Unfinished => {}
        GraphEnd::Good => {
            after.state = GraphPullState::Active;
            (after.progress, after.last_error, after.failing_since) = (None, None, None);
            after.failures = 0;
        }
        GraphEnd::Failed { error, is_failing } => {
            if *is_failing {
                after.state = GraphPullState::Failing;
            }
            after.last_error = Some(error.clone());
            after.failing_since = before.failing_since.or_else(|| Some(now.into()));
            after.failures = before.failures.saturating_add(1);
        }
        GraphEnd::Held { reason } => {
            after.state = GraphPullState::Held;
            after.last_error = Some(reason.clone());
        }
    }
    let was_asked_for = before.held_until.is_some_and(|until| before.due_at < until);
    let next = Millis::from(outcome.next_due);
    let due = if was_asked_for {
        Ord::min(next, before.due_at)
    } else {
        next
    };
    let given_back = Entity::update_many()
        .col_expr(Column::State, Expr::value(after.state))
        .col_expr(Column::Progress, Expr::value(after.progress))
        .col_expr(Column::LastError, Expr::value(after.last_error))
        .col_expr(Column::FailingSince, Expr::value(after.failing_since))
        .col_expr(Column::Failures, Expr::value(after.failures))
        .col_expr(Column::DueAt, Expr::value(due))
        .col_expr(Column::Epoch, Expr::col(Column::Epoch).add(1))
        .col_expr(Column::Holder, Expr::value(Option::<String>::None))
        .col_expr(Column::HeldUntil, Expr::value(Option::<Millis>::None))
        .filter(Column::DirectoryId.eq(Id(lease.directory_id)));
    execute(tx, given_back.as_query()).await?;
    Ok(GraphReleased {
        before: before.state,
        after: after.state,
        failures: u32::try_from(after.failures).unwrap_or_default(),
    })
}
