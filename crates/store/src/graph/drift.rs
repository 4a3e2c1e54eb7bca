//! Where a directory and its tenant differ, as the last comparison found. Only which fields differ is kept, and not what stands in
//! them.

use super::marks::commit;
use super::{GraphObjectKind, GraphWriteError, GraphWriter};
use crate::tenancy::Listing;
use crate::{List, ListPage, Store, StoreError};
use db::entity::column::Id;
use db::entity::graph_drift::{ActiveModel, Column, Entity, Model};
use db::send::execute;
use events::{DirectoryId, GraphDriftId, ResourceId, Timestamp};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryTrait as _, Set};
use uuid::Uuid;

pub use db::entity::graph_drift::GraphDifference;

/// Rows of one statement.
const AT_ONCE: usize = 1_000;

/// Somebody, or a group, in whom a directory and its tenant differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphDrift {
    /// Its id.
    pub id: GraphDriftId,
    /// A person or a group.
    pub kind: GraphObjectKind,
    /// In what they differ.
    pub difference: GraphDifference,
    /// The object of the tenant, if there is one.
    pub object_id: Option<Uuid>,
    /// The user or group of the directory, if there is one.
    pub resource_id: Option<ResourceId>,
    /// Paths of attributes that differ.
    pub fields: Vec<String>,
    /// When the comparison began that found it.
    pub found_at: Timestamp,
}

impl Store {
    /// Where a directory differs from its tenant, newest first.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn graph_drift(&self, directory: DirectoryId, page: &ListPage) -> Result<List<GraphDrift>, StoreError> {
        let list: List<Model> = Listing::new("graph_drift", Entity::find())
            .with(Column::DirectoryId, Some(directory.uuid()))
            .sized([Column::Fields])
            .read(self.read(), page, self.page_bytes())
            .await?;
        list.try_map(|row| drift(&row))
    }
}

impl GraphWriter {
    /// Keeps what a comparison found, in the place of what the one before had found.
    ///
    /// # Errors
    /// As of [`GraphWriter`].
    pub async fn compared(&self, found: &[GraphDrift]) -> Result<(), GraphWriteError> {
        let tx = self.open().await?;
        let before = Entity::delete_many().filter(Column::DirectoryId.eq(Id(self.lease.directory_id)));
        execute(&tx, before.as_query()).await?;
        for some in found.chunks(AT_ONCE) {
            let mut rows = Vec::with_capacity(some.len());
            for one in some {
                let fields =
                    serde_json::to_string(&one.fields).map_err(|error| StoreError::Defect(error.to_string()))?;
                rows.push(ActiveModel {
                    id: Set(Id(one.id)),
                    directory_id: Set(Id(self.lease.directory_id)),
                    kind: Set(one.kind),
                    difference: Set(one.difference),
                    object_id: Set(one.object_id),
                    resource_id: Set(one.resource_id.map(Id)),
                    fields: Set(fields),
                    found_at: Set(one.found_at.into()),
                });
            }
            execute(&tx, Entity::insert_many(rows).as_query()).await?;
        }
        commit(tx).await
    }
}

fn drift(row: &Model) -> Result<GraphDrift, StoreError> {
    Ok(GraphDrift {
        id: row.id.0,
        kind: row.kind,
        difference: row.difference,
        object_id: row.object_id,
        resource_id: row.resource_id.map(|id| id.0),
        fields: serde_json::from_str(&row.fields).map_err(StoreError::corrupt)?,
        found_at: row.found_at.into(),
    })
}
