//! How far a directory is with what Graph has.

use crate::{Store, StoreError};
use db::entity::column::Id;
use db::entity::graph_cursors::{Column, Entity, Model};
use db::send::fetch_all;
use events::{DirectoryId, Timestamp};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryTrait as _};
use std::fmt;

pub use db::entity::graph_cursors::GraphCollection;

/// Where a round is.
#[derive(Clone, PartialEq, Eq)]
pub struct GraphCursor {
    /// What it is about.
    pub collection: GraphCollection,
    /// That of the pull when the round began. One of an earlier generation says nothing any more.
    pub generation: i64,
    /// The number of the round. Those of a collection are numbered, each with a higher one.
    pub round: i64,
    /// Whether it brings everything there is, and not only what changed.
    pub is_full: bool,
    /// Where to go on, character by character as Graph gave it. It opens what it leads to, and stands in no log.
    pub link: String,
    /// Whether the round is over: then the link begins the next one.
    pub is_complete: bool,
    /// Pages that were committed.
    pub pages: i64,
    /// Objects that they brought.
    pub seen: i64,
    /// Objects that were known when it began.
    pub known: i64,
    /// When it began.
    pub began_at: Timestamp,
    /// When its last page was committed.
    pub updated_at: Timestamp,
}

impl fmt::Debug for GraphCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphCursor")
            .field("collection", &self.collection)
            .field("generation", &self.generation)
            .field("round", &self.round)
            .field("is_full", &self.is_full)
            .field("is_complete", &self.is_complete)
            .field("pages", &self.pages)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Where the rounds of a directory are: one of each collection that was begun.
    ///
    /// # Errors
    /// As any query.
    pub async fn graph_cursors(&self, directory: DirectoryId) -> Result<Vec<GraphCursor>, StoreError> {
        let both = Entity::find().filter(Column::DirectoryId.eq(Id(directory)));
        let found: Vec<Model> = fetch_all(self.read(), both.as_query()).await?;
        Ok(found.into_iter().map(cursor).collect())
    }
}

fn cursor(row: Model) -> GraphCursor {
    GraphCursor {
        collection: row.collection,
        generation: row.generation,
        round: row.round,
        is_full: row.is_full,
        link: row.link,
        is_complete: row.is_complete,
        pages: row.pages,
        seen: row.seen,
        known: row.known,
        began_at: row.began_at.into(),
        updated_at: row.updated_at.into(),
    }
}
