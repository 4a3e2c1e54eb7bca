//! Of whom an app may hear: of people who have logged in to it, but for those whom it took off a stream.

use super::{SsfStream, SsfStreams};
use crate::{Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::ssf_removed_subjects::{self, Entity as Removed};
use db::entity::sso_client_people::{self, Entity as People};
use db::expr::count_up_to;
use db::rows::is_one_of_ids;
use db::send::{Counted, execute, fetch_all, fetch_one};
use events::{ResourceId, SsfStreamId, SsoClientId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict, Query};
use sea_orm::{ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryTrait as _, Set};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// Somebody who has logged in to an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppPerson {
    /// The person.
    pub user_id: ResourceId,
    /// The app.
    pub client_id: SsoClientId,
    /// What the app asked for when the person last logged in.
    pub scope: String,
}

impl Store {
    /// Who of these people has logged in to which of these apps.
    ///
    /// # Errors
    /// As any query.
    pub async fn people_of_apps(
        &self,
        apps: &HashSet<SsoClientId>,
        people: &HashSet<ResourceId>,
    ) -> Result<Vec<AppPerson>, StoreError> {
        use sso_client_people::Column;
        let column = |column: Column| Expr::col((People, column));
        let known = People::find()
            .filter(is_one_of_ids(self.dialect(), column(Column::UserId), uuids(people)))
            .filter(is_one_of_ids(self.dialect(), column(Column::ClientId), uuids(apps)));
        let rows: Vec<sso_client_people::Model> = fetch_all(&self.steady().look, known.as_query()).await?;
        let known = rows.into_iter().map(|row| AppPerson {
            user_id: row.user_id.0,
            client_id: row.client_id.0,
            scope: row.scope,
        });
        Ok(known.collect())
    }

    /// Who of these people was taken off which of these streams.
    ///
    /// # Errors
    /// As any query.
    pub async fn removed_from_streams(
        &self,
        streams: &HashSet<SsfStreamId>,
        people: &HashSet<ResourceId>,
    ) -> Result<HashSet<(SsfStreamId, ResourceId)>, StoreError> {
        use ssf_removed_subjects::Column;
        let column = |column: Column| Expr::col((Removed, column));
        let removed = Removed::find()
            .filter(is_one_of_ids(self.dialect(), column(Column::StreamId), uuids(streams)))
            .filter(is_one_of_ids(self.dialect(), column(Column::UserId), uuids(people)));
        let rows: Vec<ssf_removed_subjects::Model> = fetch_all(&self.steady().look, removed.as_query()).await?;
        Ok(rows.into_iter().map(|row| (row.stream_id.0, row.user_id.0)).collect())
    }
}

/// Notes that people logged in to apps, and what the apps asked for.
pub(in crate::sso) async fn note_people(
    tx: &DatabaseTransaction,
    sessions: &[db::entity::sso_sessions::Model],
    now: Timestamp,
) -> Result<(), StoreError> {
    use sso_client_people::Column;
    // No statement may write a row twice. The last of them is the newest.
    let newest: BTreeMap<_, _> = sessions
        .iter()
        .map(|session| ((session.user_id.0.uuid(), session.client_id.0.uuid()), session))
        .collect();
    if newest.is_empty() {
        return Ok(());
    }
    let rows = newest.into_values().map(|session| sso_client_people::ActiveModel {
        user_id: Set(session.user_id),
        client_id: Set(session.client_id),
        directory_id: Set(session.directory_id),
        scope: Set(session.scope.clone()),
        since: Set(Millis::from(now)),
    });
    let renewed = OnConflict::columns([Column::UserId, Column::ClientId])
        .update_column(Column::Scope)
        .to_owned();
    execute(tx, People::insert_many(rows).on_conflict(renewed).as_query()).await?;
    Ok(())
}

impl SsfStreams {
    /// Takes somebody off a stream; `false` where `most` people are off it already.
    ///
    /// # Errors
    /// As any write.
    pub async fn remove_subject(
        &self,
        from: &SsfStream,
        person: ResourceId,
        most: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        use ssf_removed_subjects::Column;
        let theirs = Query::select()
            .from(Removed)
            .and_where(Expr::col(Column::StreamId).eq(from.id.uuid()))
            .take();
        let counted = Query::select().expr_as(count_up_to(most, theirs), "n").take();
        let counted: Option<Counted> = fetch_one(self.store.read(), &counted).await?;
        if counted.is_none_or(|counted| counted.n.unsigned_abs() >= most) {
            return Ok(false);
        }
        let once = OnConflict::columns([Column::StreamId, Column::UserId])
            .do_nothing()
            .to_owned();
        let removed = Removed::insert(ssf_removed_subjects::ActiveModel {
            stream_id: Set(Id(from.id)),
            user_id: Set(Id(person)),
            removed_at: Set(Millis::from(now)),
        })
        .on_conflict(once);
        execute(self.store.write(), removed.as_query()).await?;
        Ok(true)
    }

    /// Puts somebody back on a stream.
    ///
    /// # Errors
    /// As any write.
    pub async fn add_subject(&self, to: &SsfStream, person: ResourceId) -> Result<(), StoreError> {
        use ssf_removed_subjects::Column;
        let back = Removed::delete_many()
            .filter(Column::StreamId.eq(Id(to.id)))
            .filter(Column::UserId.eq(Id(person)));
        execute(self.store.write(), back.as_query()).await?;
        Ok(())
    }
}

fn uuids<I: Copy + Into<Uuid>>(ids: &HashSet<I>) -> impl Iterator<Item = Uuid> + '_ {
    ids.iter().map(|id| (*id).into())
}
