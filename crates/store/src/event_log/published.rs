//! How far each directory's log is on the bus: the outbox side of the event log.

use crate::{Store, StoreError};
use db::entity::column::Id;
use db::entity::publications::{Column, Entity, Model};
use db::expr::{insert_from, truth};
use db::rows::{Columns, Rows, is_one_of_ids};
use db::send::{execute, fetch_all};
use events::DirectoryId;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict, Query};
use sea_orm::{EntityTrait as _, QueryFilter as _, QueryTrait as _};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The cursors of the outbox.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    store: &'a Store,
}

impl Store {
    /// How far the logs have been published.
    #[must_use]
    pub const fn published(&self) -> Published<'_> {
        Published { store: self }
    }
}

impl Published<'_> {
    /// The last published sequence of each directory; none of which nothing has been published.
    ///
    /// # Errors
    /// What the database says.
    pub async fn positions(&self, directories: &[DirectoryId]) -> Result<HashMap<DirectoryId, i64>, StoreError> {
        let dialect = self.store.dialect();
        let these = is_one_of_ids(dialect, Expr::col(Column::DirectoryId), directories.iter().copied());
        let positions = Entity::find().filter(these);
        let rows: Vec<Model> = fetch_all(self.store.read(), positions.as_query()).await?;
        Ok(rows.into_iter().map(|row| (row.directory_id.0, row.sequence)).collect())
    }

    /// Moves the cursors forward, never back: the broker has confirmed everything up to these sequences.
    ///
    /// # Errors
    /// What the database says; the events are then published again later.
    pub async fn advance(&self, positions: &[(DirectoryId, i64)]) -> Result<(), StoreError> {
        static COLUMNS: LazyLock<Columns> = LazyLock::new(|| Columns::of(POSITION));
        let mut sorted = positions.to_vec();
        sorted.sort_unstable();
        let mut rows = Rows::new(&COLUMNS);
        for (directory, sequence) in sorted {
            rows.push([Id(directory).into(), sequence.into()]);
        }
        let positions = Query::select()
            .columns(POSITION.map(|column| ("r", column)))
            .from(rows.table(self.store.dialect(), "r"))
            .and_where(truth(true))
            .take();
        let is_behind = Expr::col((Entity, Column::Sequence)).lt(Expr::col(("excluded", Column::Sequence)));
        let forward = OnConflict::column(Column::DirectoryId)
            .update_column(Column::Sequence)
            .action_and_where(is_behind)
            .to_owned();
        let advance = insert_from(Entity, POSITION, positions).on_conflict(forward).take();
        execute(self.store.write(), &advance).await.map(drop)
    }
}

const POSITION: [Column; 2] = [Column::DirectoryId, Column::Sequence];
