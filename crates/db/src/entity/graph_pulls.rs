//! Directories that are pulled from Microsoft Graph: from where, how far they are, and who works on them.

use super::column::{Id, Millis};
use ::events::{DirectoryId, OrganizationId};
use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "graph_pulls")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub directory_id: Id<DirectoryId>,
    pub organization_id: Id<OrganizationId>,
    pub state: GraphPullState,
    pub mode: GraphPullMode,
    #[sea_orm(column_type = "Text")]
    pub cloud: String,
    pub tenant_id: Option<Uuid>,
    pub client_id: Option<Uuid>,
    /// What is pulled, how often, and the attribute map: JSON.
    #[sea_orm(column_type = "Text")]
    pub settings: String,
    /// A cursor of an earlier one says nothing any more.
    pub generation: i64,
    /// While somebody works on it, when the lease ends, or earlier where it is to be done once more.
    pub due_at: Millis,
    #[sea_orm(column_type = "Text")]
    pub holder: Option<String>,
    /// Only grows. Who holds an earlier one writes nothing.
    pub epoch: i64,
    pub held_until: Option<Millis>,
    /// JSON.
    #[sea_orm(column_type = "Text")]
    pub progress: Option<String>,
    /// JSON.
    #[sea_orm(column_type = "Text")]
    pub last_error: Option<String>,
    pub failing_since: Option<Millis>,
    /// Rounds that failed since the last good one.
    pub failures: i32,
    pub brake_released_at: Option<Millis>,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// Whether a directory is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum GraphPullState {
    /// It was never started.
    Draft,
    /// It is pulled.
    Active,
    /// An administrator paused it.
    Paused,
    /// It is pulled, as far as Graph lets it: something is wrong that an administrator has to mend.
    Failing,
    /// So many would go that an administrator must say whether that is right.
    Held,
}

impl GraphPullState {
    /// Those in which a directory is worked on.
    pub const WORKED_ON: [Self; 2] = [Self::Active, Self::Failing];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Failing => "failing",
            Self::Held => "held",
        }
    }
}

/// What becomes of what is pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum GraphPullMode {
    /// The directory becomes the same.
    Pull,
    /// It is only said what is different.
    Compare,
}

impl GraphPullMode {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Compare => "compare",
        }
    }
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "super::directories::Entity",
        from = "Column::DirectoryId",
        to = "super::directories::Column::Id"
    )]
    Directory,
}

impl Related<super::directories::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Directory.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
