//! Where a directory and its tenant differ.

use super::column::{Id, Millis};
use super::graph_objects::GraphObjectKind;
use ::events::{DirectoryId, GraphDriftId, ResourceId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "graph_drift")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Id<GraphDriftId>,
    pub directory_id: Id<DirectoryId>,
    pub kind: GraphObjectKind,
    pub difference: GraphDifference,
    pub object_id: Option<Uuid>,
    pub resource_id: Option<Id<ResourceId>>,
    /// A JSON array of paths. What stands there is not stored twice.
    #[sea_orm(column_type = "Text")]
    pub fields: String,
    /// When the comparison began that found it.
    pub found_at: Millis,
}

/// In what a directory and its tenant differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum GraphDifference {
    /// Somebody of the tenant is not in the directory.
    Missing,
    /// Somebody is in both, with other attributes.
    Different,
    /// Somebody is in the directory and should not be: or should not be active there.
    Unexpected,
}

impl GraphDifference {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Different => "different",
            Self::Unexpected => "unexpected",
        }
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::graph_pulls::Entity",
        from = "Column::DirectoryId",
        to = "super::graph_pulls::Column::DirectoryId"
    )]
    Pull,
}

impl Related<super::graph_pulls::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Pull.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
