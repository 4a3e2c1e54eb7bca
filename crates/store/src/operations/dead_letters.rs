//! Messages that could not be processed, kept until somebody decides about them.
//!
//! They are kept here because a queue cannot be looked through: who reads from one takes from it. One row is one command or
//! one event. A command's content is sealed, since a PATCH travels as it was received and may hold a password. Of an event
//! there is no content here: it is in the log, where an erasure finds it. Nor of what could not be read: that may be
//! anything, and no erasure would find it; events in it are in the log, and the sender of a command was told 503.

use crate::tenancy::Listing;
use crate::{AdminTx, List, ListPage, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::dead_letters::{ActiveModel, Column, Entity, LetterKind, Model};
use db::expr::number;
use db::send::{execute, fetch_one};
use events::{DeadLetterId, DirectoryId, OrganizationId, ResourceId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set,
};

/// Letters in one statement.
const AT_ONCE: usize = 100;
/// Letters forgotten in one statement.
const FORGOTTEN_AT_ONCE: u64 = 1_000;

/// What a letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLetterKind {
    /// A change of a user.
    UserCommand,
    /// A change of a group.
    GroupCommand,
    /// An event that no deliveries could be made of.
    Event,
    /// What could not be read.
    Unreadable,
}

/// A message that could not be processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id here.
    pub id: DeadLetterId,
    /// What it is.
    pub kind: DeadLetterKind,
    /// The id under which the bus knows it: that of the command or event.
    pub message_id: String,
    /// The queue that it came from.
    pub queue: String,
    /// The lane of that queue.
    pub lane: Option<u16>,
    /// The command's or event's type.
    pub name: Option<String>,
    /// The tenant.
    pub organization_id: Option<OrganizationId>,
    /// The directory.
    pub directory_id: Option<DirectoryId>,
    /// The user or group that it is about.
    pub resource_id: Option<ResourceId>,
    /// Why it was put aside.
    pub reason: String,
    /// How often it was handed over before that.
    pub tried: Option<u32>,
    /// How often it was put aside.
    pub times: i64,
    /// The trace of the change.
    pub trace_id: Option<String>,
    /// The content of a command, sealed.
    pub body: Option<Vec<u8>>,
    /// When it was put aside, the last time.
    pub parked_at: Timestamp,
    /// When it was sent again, the last time.
    pub redriven_at: Option<Timestamp>,
    /// The outcome of that.
    pub outcome: Option<String>,
}

/// The letters.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    store: Store,
}

impl Store {
    /// Messages that could not be processed.
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters { store: self.clone() }
    }
}

impl DeadLetters {
    /// Keeps letters. One whose message is kept already counts once more, with the new reason. All of them are of different
    /// messages.
    ///
    /// # Errors
    /// As any write; then some may be kept.
    pub async fn keep(&self, letters: &[DeadLetter]) -> Result<(), StoreError> {
        for some in letters.chunks(AT_ONCE) {
            let again = OnConflict::column(Column::MessageId)
                .update_columns([Column::Reason, Column::Tried, Column::ParkedAt])
                .value(Column::Times, Expr::col((Entity, Column::Times)).add(number(1)))
                .to_owned();
            let kept = Entity::insert_many(some.iter().map(row)).on_conflict(again);
            execute(self.store.write(), kept.as_query()).await?;
        }
        Ok(())
    }

    /// One letter.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        let found: Option<Model> = fetch_one(self.store.read(), Entity::find_by_id(id).as_query()).await?;
        Ok(found.map(letter))
    }

    /// The letters, those that were kept last first; of one directory where one is given.
    ///
    /// # Errors
    /// `BadParameter` for a cursor that this list did not give out; otherwise as any query.
    pub async fn list(&self, directory: Option<DirectoryId>, page: &ListPage) -> Result<List<DeadLetter>, StoreError> {
        let list: List<Model> = Listing::new("dead_letters", Entity::find())
            .with(Column::DirectoryId, directory.map(DirectoryId::uuid))
            .sized([Column::Body])
            .sized([Column::Reason, Column::Outcome])
            .read(self.store.read(), page, self.store.page_bytes())
            .await?;
        Ok(list.map(letter))
    }

    /// Gives a letter the id that its message is sent under next, if it still has the one that it had; whether it had. So of
    /// two who send it at a time one does.
    ///
    /// # Errors
    /// As any write.
    pub async fn rename(&self, id: DeadLetterId, from: &str, to: &str) -> Result<bool, StoreError> {
        let renamed = Entity::update_many()
            .set(ActiveModel {
                message_id: Set(to.to_owned()),
                ..ActiveModel::default()
            })
            .filter(Column::Id.eq(Id(id)))
            .filter(Column::MessageId.eq(from));
        Ok(execute(self.store.write(), renamed.as_query()).await? == 1)
    }

    /// Notes the outcome of sending a letter again.
    ///
    /// # Errors
    /// As any write.
    pub async fn note(&self, id: DeadLetterId, outcome: &str, at: Timestamp) -> Result<(), StoreError> {
        let noted = Entity::update_many()
            .set(ActiveModel {
                redriven_at: Set(Some(Millis::from(at))),
                outcome: Set(Some(outcome.to_owned())),
                ..ActiveModel::default()
            })
            .filter(Column::Id.eq(Id(id)));
        execute(self.store.write(), noted.as_query()).await?;
        Ok(())
    }

    /// One step: forgets letters put aside before a time. Whether there may be more.
    ///
    /// # Errors
    /// As any write.
    pub async fn prune(&self, before: Timestamp) -> Result<bool, StoreError> {
        let old = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::ParkedAt.lt(Millis::from(before)))
            .order_by_asc(Column::ParkedAt)
            .limit(FORGOTTEN_AT_ONCE)
            .into_query();
        let pruned = Entity::delete_many().filter(Column::Id.in_subquery(old));
        Ok(execute(self.store.write(), pruned.as_query()).await? >= FORGOTTEN_AT_ONCE)
    }
}

impl AdminTx {
    /// One letter, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        let held = Entity::find_by_id(id).lock_exclusive();
        let found: Option<Model> = fetch_one(&self.tx, held.as_query()).await?;
        Ok(found.map(letter))
    }

    /// Deletes a letter as it was read: not one that was put aside once more since. Whether it is gone.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_dead_letter(&self, letter: &DeadLetter) -> Result<bool, StoreError> {
        let deleted = Entity::delete_many()
            .filter(Column::Id.eq(Id(letter.id)))
            .filter(Column::Times.eq(letter.times));
        Ok(execute(&self.tx, deleted.as_query()).await? == 1)
    }
}

fn row(letter: &DeadLetter) -> ActiveModel {
    ActiveModel {
        id: Set(letter.id.into()),
        kind: Set(match letter.kind {
            DeadLetterKind::UserCommand => LetterKind::UserCommand,
            DeadLetterKind::GroupCommand => LetterKind::GroupCommand,
            DeadLetterKind::Event => LetterKind::Event,
            DeadLetterKind::Unreadable => LetterKind::Unreadable,
        }),
        message_id: Set(letter.message_id.clone()),
        queue: Set(letter.queue.clone()),
        lane: Set(letter.lane.map(i32::from)),
        name: Set(letter.name.clone()),
        organization_id: Set(letter.organization_id.map(Id)),
        directory_id: Set(letter.directory_id.map(Id)),
        resource_id: Set(letter.resource_id.map(Id)),
        reason: Set(letter.reason.clone()),
        tried: Set(letter.tried.map(|tried| i32::try_from(tried).unwrap_or(i32::MAX))),
        times: Set(letter.times),
        trace_id: Set(letter.trace_id.clone()),
        body: Set(letter.body.clone()),
        parked_at: Set(letter.parked_at.into()),
        redriven_at: Set(letter.redriven_at.map(Millis::from)),
        outcome: Set(letter.outcome.clone()),
    }
}

fn letter(row: Model) -> DeadLetter {
    DeadLetter {
        id: row.id.0,
        kind: match row.kind {
            LetterKind::UserCommand => DeadLetterKind::UserCommand,
            LetterKind::GroupCommand => DeadLetterKind::GroupCommand,
            LetterKind::Event => DeadLetterKind::Event,
            LetterKind::Unreadable => DeadLetterKind::Unreadable,
        },
        message_id: row.message_id,
        queue: row.queue,
        lane: row.lane.and_then(|lane| lane.try_into().ok()),
        name: row.name,
        organization_id: row.organization_id.map(|id| id.0),
        directory_id: row.directory_id.map(|id| id.0),
        resource_id: row.resource_id.map(|id| id.0),
        reason: row.reason,
        tried: row.tried.and_then(|tried| tried.try_into().ok()),
        times: row.times,
        trace_id: row.trace_id,
        body: row.body,
        parked_at: row.parked_at.into(),
        redriven_at: row.redriven_at.map(Timestamp::from),
        outcome: row.outcome,
    }
}
