//! A page of a round: what it brought, and where to go on, in one transaction.

use super::marks::GraphWriter;
use super::{GraphCursor, GraphObjectKind, GraphRemoval, GraphWriteError};
use crate::StoreError;
use db::entity::column::{Id, Millis};
use db::entity::graph_cursors::{ActiveModel, Column, Entity};
use db::send::execute;
use events::{ResourceId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, NotSet, QueryFilter as _, QueryTrait as _, Set,
};
use std::fmt;
use uuid::Uuid;

/// What a page brought.
#[derive(Clone, Debug)]
pub struct GraphPage {
    /// The cursor that it was read with, as it is stored; `None` for the first one of a collection. A round that begins anew
    /// names the cursor of the one before.
    pub before: Option<GraphCursor>,
    /// Where to go on.
    pub after: GraphCursor,
    /// The objects on it, in its order.
    pub objects: Vec<SeenObject>,
    /// The memberships on it, in its order.
    pub members: Vec<SeenMember>,
    /// How far the round is: JSON. `None` for no news.
    pub progress: Option<String>,
}

/// An object as a page has it. What is `None` and was known before stays, but for [`Self::skipped`] and [`Self::removed`].
#[derive(Clone, PartialEq, Eq)]
pub struct SeenObject {
    /// Its id.
    pub object_id: Uuid,
    /// What it is.
    pub kind: GraphObjectKind,
    /// Who it is in the directory.
    pub resource_id: Option<ResourceId>,
    /// What people call it.
    pub name: Option<String>,
    /// What the attribute map keeps of it: JSON.
    pub kept: Option<String>,
    /// Why it does not come into the directory; `None` where it does.
    pub skipped: Option<String>,
    /// How it is gone; `None` where it is there.
    pub removed: Option<GraphRemoval>,
    /// What is said of its manager.
    pub manager: SeenManager,
}

/// It has people's data.
impl fmt::Debug for SeenObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeenObject")
            .field("object_id", &self.object_id)
            .field("kind", &self.kind)
            .field("resource_id", &self.resource_id)
            .field("skipped", &self.skipped)
            .field("removed", &self.removed)
            .finish_non_exhaustive()
    }
}

/// What is said of a manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenManager {
    /// Nothing: it is as it was.
    Unchanged,
    /// There is none any more.
    Cleared,
    /// It is this object.
    Is(Uuid),
}

/// A membership as a page has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenMember {
    /// The group.
    pub group_object_id: Uuid,
    /// The member.
    pub member_object_id: Uuid,
    /// What the member is.
    pub member_kind: GraphObjectKind,
    /// Whether it is a member, or is none any more.
    pub is_member: bool,
}

impl SeenObject {
    /// The same after another part of the same object.
    pub(super) fn after(self, before: Self) -> Self {
        Self {
            resource_id: self.resource_id.or(before.resource_id),
            name: self.name.or(before.name),
            kept: self.kept.or(before.kept),
            manager: match self.manager {
                SeenManager::Unchanged => before.manager,
                said => said,
            },
            ..self
        }
    }
}

impl GraphWriter {
    /// Commits a page as a whole, after the one that was committed last, or not at all.
    ///
    /// # Errors
    /// [`GraphWriteError::LeaseLost`]; [`GraphWriteError::CursorMoved`] when the stored cursor is not the one that the page
    /// was read with; otherwise as any write.
    pub async fn page(&self, page: GraphPage, now: Timestamp) -> Result<(), GraphWriteError> {
        let tx = self.open().await?;
        self.move_cursor(&tx, page.before.as_ref(), &page.after, now).await?;
        let write = self.write(&tx, now);
        write.objects(page.after.round, page.objects).await?;
        write.members(page.after.round, page.members).await?;
        if let Some(progress) = page.progress {
            self.write_progress(&tx, &progress, now).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    async fn move_cursor(
        &self,
        tx: &DatabaseTransaction,
        before: Option<&GraphCursor>,
        after: &GraphCursor,
        now: Timestamp,
    ) -> Result<(), GraphWriteError> {
        let mut row = ActiveModel {
            directory_id: Set(self.lease.directory_id.into()),
            collection: Set(after.collection),
            generation: Set(after.generation),
            round: Set(after.round),
            is_full: Set(after.is_full),
            link: Set(after.link.clone()),
            is_complete: Set(after.is_complete),
            pages: Set(after.pages),
            seen: Set(after.seen),
            known: Set(after.known),
            began_at: Set(after.began_at.into()),
            updated_at: Set(Millis::from(now)),
        };
        let moved = match before {
            None => {
                let nothing_there = OnConflict::new().do_nothing().to_owned();
                let made = Entity::insert(row).on_conflict(nothing_there);
                execute(tx, made.as_query()).await?
            }
            Some(before) => {
                (row.directory_id, row.collection) = (NotSet, NotSet);
                let moved = Entity::update_many()
                    .set(row)
                    .filter(Column::DirectoryId.eq(Id(self.lease.directory_id)))
                    .filter(Column::Collection.eq(after.collection))
                    .filter(Column::Round.eq(before.round))
                    .filter(Column::Pages.eq(before.pages))
                    .filter(Column::Link.eq(before.link.as_str()));
                execute(tx, moved.as_query()).await?
            }
        };
        if moved == 0 {
            return Err(GraphWriteError::CursorMoved);
        }
        Ok(())
    }
}
