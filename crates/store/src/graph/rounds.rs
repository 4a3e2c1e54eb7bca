//! Rounds as they ended, as many as are shown.

use super::claim::hold;
use super::{GraphLease, GraphWriteError};
use crate::tenancy::Listing;
use crate::{List, ListPage, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::graph_rounds::{ActiveModel, Column, Entity, Model};
use db::expr::is_one_of_rows;
use db::send::execute;
use events::{DirectoryId, GraphRoundId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query};
use sea_orm::{EntityTrait as _, QueryTrait as _, Set};

/// Rounds that one statement forgets.
const AT_ONCE: u64 = 1_000;

/// A round that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphRound {
    /// Its id.
    pub id: GraphRoundId,
    /// Whether it brought everything there is.
    pub is_full: bool,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How.
    pub outcome: String,
    /// What it brought: JSON.
    pub counts: String,
    /// What went wrong: JSON.
    pub error: Option<String>,
}

/// The rounds of a directory.
#[derive(Clone, Debug)]
pub struct GraphRounds {
    store: Store,
    directory: DirectoryId,
}

impl Store {
    /// The rounds of a directory.
    #[must_use]
    pub fn graph_rounds(&self, directory: DirectoryId) -> GraphRounds {
        GraphRounds {
            store: self.clone(),
            directory,
        }
    }

    /// Forgets rounds of all directories that ended before then, a bounded number of them. Whether there may be more.
    ///
    /// # Errors
    /// As any write.
    pub async fn prune_graph_rounds(&self, before: Timestamp) -> Result<bool, StoreError> {
        let old = Query::select()
            .column(Column::Id)
            .from(Entity)
            .and_where(Expr::col(Column::EndedAt).lt(Millis::from(before)))
            .order_by(Column::EndedAt, Order::Asc)
            .limit(AT_ONCE)
            .take();
        let forgotten = Query::delete()
            .from_table(Entity)
            .and_where(is_one_of_rows(self.dialect(), Expr::col(Column::Id), old))
            .take();
        Ok(execute(self.write(), &forgotten).await? >= AT_ONCE)
    }
}

impl GraphRounds {
    /// The rounds, newest first.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, page: &ListPage) -> Result<List<GraphRound>, StoreError> {
        let list: List<Model> = Listing::new("graph_rounds", Entity::find())
            .with(Column::DirectoryId, Some(self.directory.uuid()))
            .sized([Column::Counts, Column::Error])
            .read(self.store.read(), page, self.store.page_bytes())
            .await?;
        Ok(list.map(round))
    }

    /// Keeps how a round ended, and of this directory no more than the newest `most`.
    ///
    /// # Errors
    /// [`GraphWriteError::LeaseLost`]; otherwise as any write.
    pub async fn add(&self, lease: GraphLease, ended: &GraphRound, most: u16) -> Result<(), GraphWriteError> {
        let tx = self.store.begin().await?;
        hold(&tx, lease).await?;
        let new = ended.clone();
        let made = Entity::insert(ActiveModel {
            id: Set(new.id.into()),
            directory_id: Set(lease.directory_id.into()),
            is_full: Set(new.is_full),
            began_at: Set(new.began_at.into()),
            ended_at: Set(new.ended_at.into()),
            outcome: Set(new.outcome),
            counts: Set(new.counts),
            error: Set(new.error),
        });
        execute(&tx, made.as_query()).await?;
        let is_here = || Expr::col(Column::DirectoryId).eq(Id(lease.directory_id));
        let too_many = Query::select()
            .column(Column::Id)
            .from(Entity)
            .and_where(is_here())
            .order_by(Column::DirectoryId, Order::Desc)
            .order_by(Column::Id, Order::Desc)
            .limit(AT_ONCE)
            .offset(u64::from(most))
            .take();
        let forgotten = Query::delete()
            .from_table(Entity)
            .and_where(is_one_of_rows(self.store.dialect(), Expr::col(Column::Id), too_many))
            .take();
        execute(&tx, &forgotten).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

fn round(row: Model) -> GraphRound {
    GraphRound {
        id: row.id.0,
        is_full: row.is_full,
        began_at: row.began_at.into(),
        ended_at: row.ended_at.into(),
        outcome: row.outcome,
        counts: row.counts,
        error: row.error,
    }
}
