//! What belongs to one organization.

use super::Directories;
use crate::StoreError;
use db::entity::column::Id;
use db::entity::directories::{Column, Entity};
use db::rows::is_one_of_ids;
use db::send::fetch_all;
use events::{DirectoryId, OrganizationId};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, DerivePartialModel, EntityTrait as _, PartialModelTrait as _, QueryFilter as _, QuerySelect as _,
    QueryTrait as _,
};
use std::collections::HashSet;

/// The id of a directory.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
pub(super) struct DirectoryIdRow {
    pub(super) id: Id<DirectoryId>,
}

impl Directories {
    /// Which of these ids name no directory of the organization.
    ///
    /// # Errors
    /// As any query.
    pub async fn missing_in(
        &self,
        organization: OrganizationId,
        ids: &[DirectoryId],
    ) -> Result<Vec<DirectoryId>, StoreError> {
        let these = is_one_of_ids(self.store.dialect(), Expr::col(Column::Id), ids.iter().copied());
        let own = Entity::find()
            .filter(these)
            .filter(Column::OrganizationId.eq(Id(organization)))
            .select_only();
        let own: Vec<DirectoryIdRow> =
            fetch_all(self.store.read(), DirectoryIdRow::select_cols(own).as_query()).await?;
        let own: HashSet<DirectoryId> = own.into_iter().map(|directory| directory.id.0).collect();
        Ok(ids.iter().copied().filter(|id| !own.contains(id)).collect())
    }
}
