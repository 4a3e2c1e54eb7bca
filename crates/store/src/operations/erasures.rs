//! Erasing persons: from the log, from what is to be sent, and from what receivers answered.
//!
//! An erasure is a row with its progress, worked off in bounded steps that each commit. It goes over everything twice:
//! once at once, and once an hour later for what was still on its way through the bus the first time.

use crate::{Dialect, Store, StoreError};
use ::events::{DeliveryId, DirectoryId, EventType, ResourceId, Timestamp};
use db::entity::column::{Id, Millis};
use db::entity::copies::CopyTable;
use db::entity::erasures::{ActiveModel, Column as Progress, Entity, Model};
use db::entity::sso_client_people;
use db::entity::{
    attempts, audit_log, dead_letters, deliveries, delivery_bodies, endpoints, events, group_members, sequences,
    test_receipts, user_emails, users,
};
use db::expr::{is_one_of_rows, text};
use db::rows::{Columns, Rows, ValueKind, is_one_of_ids};
use db::send::{AnyRow, execute, fetch_all, fetch_one};
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden as _, OnConflict, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, DerivePartialModel, EntityTrait as _, FromQueryResult,
    PartialModelTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set,
};
use std::sync::LazyLock;
use std::time::Duration;
use uuid::Uuid;

/// Events or deliveries looked at in one step.
const WINDOW: i64 = 2_000;
/// When the second pass comes after the first.
const AGAIN: Duration = Duration::from_secs(60 * 60);
const PASSES: i32 = 2;

/// An erasure that is not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// Of whose directory.
    pub directory_id: DirectoryId,
    /// Who.
    pub user_id: ResourceId,
}

/// The erasures.
#[derive(Clone, Copy, Debug)]
pub struct Erasures<'a> {
    store: &'a Store,
}

impl Store {
    /// The erasures.
    #[must_use]
    pub const fn erasures(&self) -> Erasures<'_> {
        Erasures { store: self }
    }
}

/// An event that holds the person, or a delivery with its body.
#[derive(FromQueryResult)]
struct BodyWithPerson {
    id: Uuid,
    body: String,
}

/// A delivery that was looked at: with its body only where that holds the person.
#[derive(FromQueryResult)]
struct CheckedDelivery {
    delivery_id: Uuid,
    body: Option<String>,
}

impl CheckedDelivery {
    fn found(self) -> Option<BodyWithPerson> {
        let id = self.delivery_id;
        self.body.map(|body| BodyWithPerson { id, body })
    }
}

/// What only the body of a tombstone holds, see [`directory::erase`].
const TOMBSTONES: &str = "%\"erased\":true%";
/// Letters deleted in one step.
const LETTERS: u64 = 1_000;

/// What is written in the place of it.
static COLUMNS: LazyLock<Columns> = LazyLock::new(|| {
    let columns = Columns::default();
    columns
        .and(ID, ValueKind::Id)
        .and(BODY, ValueKind::Text)
        .and(GONE, ValueKind::Bool)
});
/// Rows of it in a statement.
const ERASED: &str = "r";
const ID: &str = "id";
const BODY: &str = "body";
/// Whether the event was about the person alone.
const GONE: &str = "gone";

impl Erasures<'_> {
    /// Notes before a person is deleted that an erasure follows: what is sent of the deletion is then known to be of
    /// somebody who is erased. Nothing is due yet.
    ///
    /// # Errors
    /// As any write.
    pub async fn announce(&self, erasure: Erasure, now: Timestamp) -> Result<(), StoreError> {
        let known = OnConflict::columns([Progress::DirectoryId, Progress::UserId])
            .do_nothing()
            .to_owned();
        let announced = Entity::insert(ActiveModel {
            directory_id: Set(erasure.directory_id.into()),
            user_id: Set(erasure.user_id.into()),
            due_at: Set(None),
            created_at: Set(now.into()),
            ..ActiveModel::default()
        })
        .on_conflict(known);
        execute(self.store.write(), announced.as_query()).await?;
        Ok(())
    }

    /// Asks for an erasure, again from the beginning when there was one before.
    ///
    /// # Errors
    /// As any write.
    pub async fn start(&self, erasure: Erasure, now: Timestamp) -> Result<(), StoreError> {
        let again = OnConflict::columns([Progress::DirectoryId, Progress::UserId])
            .value(Progress::Sequence, 0)
            .value(Progress::AfterId, Option::<uuid::Uuid>::None)
            .value(Progress::Passes, 0)
            .update_column(Progress::DueAt)
            .to_owned();
        let started = Entity::insert(ActiveModel {
            directory_id: Set(erasure.directory_id.into()),
            user_id: Set(erasure.user_id.into()),
            due_at: Set(Some(now.into())),
            created_at: Set(now.into()),
            ..ActiveModel::default()
        })
        .on_conflict(again);
        execute(self.store.write(), started.as_query()).await?;
        Ok(())
    }

    /// Whether there ever was such a user: it was erased before, or the log tells of its deletion.
    ///
    /// # Errors
    /// As any query.
    pub async fn knows(&self, erasure: Erasure) -> Result<bool, StoreError> {
        let erased = Entity::find_by_id((Id(erasure.directory_id), Id(erasure.user_id)));
        if fetch_one::<AnyRow, _>(self.store.read(), erased.as_query())
            .await?
            .is_some()
        {
            return Ok(true);
        }
        let deleted = events::Entity::find()
            .select_only()
            .column(events::Column::Id)
            .filter(events::Column::DirectoryId.eq(Id(erasure.directory_id)))
            .filter(Expr::col((events::Entity, events::Column::EventType)).eq(text(EventType::UserDeleted.as_str())))
            .filter(events::Column::SubjectId.eq(Id(erasure.user_id)))
            .limit(1);
        let deleted: Option<AnyRow> = fetch_one(self.store.read(), deleted.as_query()).await?;
        Ok(deleted.is_some())
    }

    /// Who of these was erased, at most `most` of them.
    ///
    /// # Errors
    /// As any query.
    pub async fn among(
        &self,
        directory: DirectoryId,
        ids: impl IntoIterator<Item = ResourceId>,
        most: u64,
    ) -> Result<Vec<ResourceId>, StoreError> {
        let among = is_one_of_ids(self.store.dialect(), Progress::UserId.into_expr(), ids);
        let erased = Entity::find()
            .filter(Progress::DirectoryId.eq(Id(directory)))
            .filter(among)
            .limit(most)
            .select_only();
        let rows: Vec<ErasureKey> = fetch_all(self.store.read(), ErasureKey::select_cols(erased).as_query()).await?;
        Ok(rows.into_iter().map(|row| row.user_id.0).collect())
    }

    /// Erasures that something is to be done for now.
    ///
    /// # Errors
    /// As any query.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<Erasure>, StoreError> {
        let due = Entity::find()
            .filter(Progress::DueAt.lte(Millis::from(now)))
            .order_by_asc(Progress::DueAt)
            .limit(u64::from(limit))
            .select_only();
        let rows: Vec<ErasureKey> = fetch_all(self.store.read(), ErasureKey::select_cols(due).as_query()).await?;
        let erasure = |row: ErasureKey| Erasure {
            directory_id: row.directory_id.0,
            user_id: row.user_id.0,
        };
        Ok(rows.into_iter().map(erasure).collect())
    }

    /// One step; `true` when the pass is over and nothing is left of the person.
    ///
    /// # Errors
    /// As any write; the step did not happen then.
    pub async fn step(&self, erasure: Erasure, now: Timestamp) -> Result<bool, StoreError> {
        let tx = self.store.begin().await?;
        let step = Step {
            tx: &tx,
            dialect: self.store.dialect(),
            erasure,
        };
        let done = step.run(now).await?;
        tx.commit().await?;
        Ok(done)
    }
}

struct Step<'a> {
    tx: &'a DatabaseTransaction,
    dialect: Dialect,
    erasure: Erasure,
}

impl Step<'_> {
    async fn run(&self, now: Timestamp) -> Result<bool, StoreError> {
        let Erasure { directory_id, user_id } = self.erasure;
        let held = Entity::find_by_id((Id(directory_id), Id(user_id))).lock_exclusive();
        let row: Option<Model> = fetch_one(self.tx, held.as_query()).await?;
        let Some(row) = row.filter(|row| row.due_at.is_some_and(|due| due <= Millis::from(now))) else {
            return Ok(true);
        };
        let log = sequences::Entity::find_by_id(directory_id);
        let log: Option<sequences::Model> = fetch_one(self.tx, log.as_query()).await?;
        let last = log.map_or(0, |log| log.last);
        self.base().await?;
        if row.sequence == 0 && row.after_id.is_none() {
            self.receipts().await?;
            self.acts().await?;
        }
        if self.letters().await? {
            return Ok(false);
        }
        if row.sequence < last {
            self.log(row.sequence).await?;
            let sequence = Set(Ord::min(row.sequence + WINDOW, last));
            self.save(ActiveModel {
                sequence,
                ..ActiveModel::default()
            })
            .await?;
            return Ok(false);
        }
        if let Some(next) = self.bodies(row.after_id.map(|id| id.0.uuid())).await? {
            let after_id = Set(Some(DeliveryId::from(next).into()));
            self.save(ActiveModel {
                after_id,
                ..ActiveModel::default()
            })
            .await?;
            return Ok(false);
        }
        let passes = row.passes + 1;
        if passes >= PASSES {
            self.apps().await?;
        }
        self.save(ActiveModel {
            sequence: Set(0),
            after_id: Set(None),
            passes: Set(passes),
            due_at: Set((passes < PASSES).then(|| now.plus(AGAIN).into())),
            ..ActiveModel::default()
        })
        .await?;
        Ok(true)
    }

    async fn save(&self, progress: ActiveModel) -> Result<(), StoreError> {
        let saved = Entity::update_many()
            .set(progress)
            .filter(Progress::DirectoryId.eq(Id(self.erasure.directory_id)))
            .filter(Progress::UserId.eq(Id(self.erasure.user_id)));
        execute(self.tx, saved.as_query()).await?;
        Ok(())
    }

    /// What the beginning of the log left of the person.
    async fn base(&self) -> Result<(), StoreError> {
        for (copy, directory, user) in [
            (
                CopyTable::GroupMembersBase,
                group_members::Column::DirectoryId.into_iden(),
                group_members::Column::MemberId.into_iden(),
            ),
            (
                CopyTable::UserEmailsBase,
                user_emails::Column::DirectoryId.into_iden(),
                user_emails::Column::UserId.into_iden(),
            ),
            (
                CopyTable::UsersBase,
                users::Column::DirectoryId.into_iden(),
                users::Column::Id.into_iden(),
            ),
        ] {
            let deleted = Query::delete()
                .from_table(copy)
                .and_where(Expr::col(directory).eq(Id(self.erasure.directory_id)))
                .and_where(Expr::col(user).eq(Id(self.erasure.user_id)))
                .to_owned();
            execute(self.tx, &deleted).await?;
        }
        Ok(())
    }

    /// What could not be processed: the person's own, and what would change groups, since sealed content cannot be searched.
    /// Whether there may be more.
    async fn letters(&self) -> Result<bool, StoreError> {
        use dead_letters::{Column, LetterKind};
        let own = Column::Kind
            .eq(LetterKind::UserCommand)
            .and(Column::ResourceId.eq(Id(self.erasure.user_id)));
        let mut goes_on = false;
        for about in [own, Column::Kind.eq(LetterKind::GroupCommand)] {
            let some = dead_letters::Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(Column::DirectoryId.eq(Id(self.erasure.directory_id)))
                .filter(about)
                .limit(LETTERS)
                .into_query();
            let deleted = Query::delete()
                .from_table(dead_letters::Entity)
                .and_where(is_one_of_rows(self.dialect, Column::Id.into_expr(), some))
                .take();
            goes_on |= execute(self.tx, &deleted).await? == LETTERS;
        }
        Ok(goes_on)
    }

    /// What test receivers were sent of the person: there is little of it, and it is for looking at only. Tombstones stay.
    async fn receipts(&self) -> Result<(), StoreError> {
        let deleted = test_receipts::Entity::delete_many()
            .filter(test_receipts::Column::Body.like(self.pattern()))
            .filter(test_receipts::Column::Body.not_like(TOMBSTONES));
        execute(self.tx, deleted.as_query()).await?;
        Ok(())
    }

    /// Which apps the person logged in to. Not before the end: they must have been told that the person is gone.
    async fn apps(&self) -> Result<(), StoreError> {
        let forgotten = sso_client_people::Entity::delete_many()
            .filter(sso_client_people::Column::UserId.eq(Id(self.erasure.user_id)));
        execute(self.tx, forgotten.as_query()).await?;
        Ok(())
    }

    /// What the person did in the console stays, without the name.
    async fn acts(&self) -> Result<(), StoreError> {
        let nameless = audit_log::Entity::update_many()
            .col_expr(audit_log::Column::ActorName, Expr::value(Option::<String>::None))
            .filter(audit_log::Column::ActorId.eq(self.erasure.user_id.uuid()))
            .filter(audit_log::Column::ActorKind.eq(audit_log::ActorKind::Person));
        execute(self.tx, nameless.as_query()).await?;
        Ok(())
    }

    fn pattern(&self) -> String {
        format!("%{}%", self.erasure.user_id)
    }

    /// A stretch of the log.
    async fn log(&self, after: i64) -> Result<(), StoreError> {
        use events::Column::{Body, DirectoryId, EventType as Type, Id as EventId, Sequence};
        let stretch = events::Entity::find()
            .select_only()
            .columns([EventId, Body])
            .filter(DirectoryId.eq(Id(self.erasure.directory_id)))
            .filter(Sequence.gt(after))
            .filter(Sequence.lte(after + WINDOW))
            .filter(Body.like(self.pattern()));
        let found: Vec<BodyWithPerson> = fetch_all(self.tx, stretch.as_query()).await?;
        let ids: Vec<Uuid> = found.iter().map(|found| found.id).collect();
        let rows = self.without_the_person(found)?;
        if !rows.is_empty() {
            // Events about the person are sent as what they have become.
            let deleted = text(EventType::UserDeleted.as_str());
            let kind = Expr::case(Expr::col((ERASED, GONE)), deleted).finally(Type.into_expr());
            let rewritten = Query::update()
                .table(events::Entity)
                .value(Type, kind)
                .value(Body, Expr::col((ERASED, BODY)))
                .from(rows.table(self.dialect, ERASED))
                .and_where(EventId.into_expr().equals((ERASED, ID)))
                .take();
            execute(self.tx, &rewritten).await?;
        }
        // From each endpoint, because the index of deliveries by event begins with it. SQLite goes through a CROSS JOIN from
        // left to right.
        let deliveries = Query::select()
            .column((deliveries::Entity, deliveries::Column::Id))
            .from(endpoints::Entity)
            .cross_join(deliveries::Entity)
            .and_where(
                Expr::col((deliveries::Entity, deliveries::Column::EndpointId))
                    .equals((endpoints::Entity, endpoints::Column::Id)),
            )
            .and_where(is_one_of_ids(
                self.dialect,
                deliveries::Column::EventId.into_expr(),
                ids.iter().copied(),
            ))
            .take();
        self.forget_answers(&ids, deliveries).await
    }

    /// A stretch of the bodies that deliveries have of their own; where the next one begins, if there is more.
    async fn bodies(&self, after: Option<Uuid>) -> Result<Option<Uuid>, StoreError> {
        use delivery_bodies::Column::{Body, DeliveryId, DirectoryId};
        let body = Expr::case(Body.like(self.pattern()), Body.into_expr());
        let stretch = delivery_bodies::Entity::find()
            .select_only()
            .column(DeliveryId)
            .expr_as(body, BODY)
            .filter(DirectoryId.eq(Id(self.erasure.directory_id)))
            .filter(DeliveryId.gt(after.unwrap_or_default()))
            .order_by_asc(DeliveryId)
            .limit(WINDOW.unsigned_abs());
        let looked_at: Vec<CheckedDelivery> = fetch_all(self.tx, stretch.as_query()).await?;
        let last = looked_at.last().map(|looked| looked.delivery_id);
        let found: Vec<BodyWithPerson> = looked_at.into_iter().filter_map(CheckedDelivery::found).collect();
        let ids: Vec<Uuid> = found.iter().map(|found| found.id).collect();
        let rows = self.without_the_person(found)?;
        if !rows.is_empty() {
            let rewritten = Query::update()
                .table(delivery_bodies::Entity)
                .value(Body, Expr::col((ERASED, BODY)))
                .from(rows.table(self.dialect, ERASED))
                .and_where(DeliveryId.into_expr().equals((ERASED, ID)))
                .take();
            execute(self.tx, &rewritten).await?;
        }
        let deliveries = deliveries::Entity::find()
            .select_only()
            .column(deliveries::Column::Id)
            .filter(is_one_of_ids(
                self.dialect,
                deliveries::Column::Id.into_expr(),
                ids.iter().copied(),
            ))
            .into_query();
        self.forget_answers(&ids, deliveries).await?;
        Ok(last)
    }

    /// The texts as they are to be stored: those that change.
    fn without_the_person(&self, found: Vec<BodyWithPerson>) -> Result<Rows, StoreError> {
        let mut rows = Rows::new(&COLUMNS);
        for BodyWithPerson { id, body } in found {
            let erased = directory::erase(&body, self.erasure.user_id).map_err(StoreError::corrupt)?;
            if let Some(erased) = erased {
                rows.push([id.into(), erased.body.into(), erased.is_tombstone.into()]);
            }
        }
        Ok(rows)
    }

    /// What receivers answered may repeat what they were sent: that of the deliveries that a query finds for these ids.
    async fn forget_answers(&self, ids: &[Uuid], deliveries: SelectStatement) -> Result<(), StoreError> {
        use {attempts::Column as Attempt, deliveries::Column as Delivery};
        if ids.is_empty() {
            return Ok(());
        }
        let of = |id: Expr| is_one_of_rows(self.dialect, id, deliveries.clone());
        let failed = attempts::Entity::update_many()
            .col_expr(Attempt::ResponseHead, Expr::null())
            .filter(Attempt::ResponseHead.is_not_null())
            .filter(of(Attempt::DeliveryId.into_expr()));
        execute(self.tx, failed.as_query()).await?;
        // The last success is in the delivery itself.
        let succeeded = deliveries::Entity::update_many()
            .col_expr(Delivery::ResponseHead, Expr::null())
            .filter(Delivery::ResponseHead.is_not_null())
            .filter(of(Delivery::Id.into_expr()));
        execute(self.tx, succeeded.as_query()).await?;
        Ok(())
    }
}

/// Who was erased, or is to be.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct ErasureKey {
    directory_id: Id<DirectoryId>,
    user_id: Id<ResourceId>,
}
