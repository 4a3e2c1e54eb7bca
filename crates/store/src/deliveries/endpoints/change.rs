//! What the management API changes about endpoints.

use super::selection::owner;
use super::{Endpoint, endpoint};
use crate::deliveries::dissolve;
use crate::operations::credential_ends::CredentialKind;
use crate::operations::incidents::column_of;
use crate::{AdminTx, EndpointState, StoreError};
use db::entity::column::Id;
use db::entity::deliveries;
use db::entity::endpoints::{ActiveModel, Column, Entity, Signing};
use db::send::{execute, fetch_one};
use events::{EndpointId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, Set,
};
use serde::Serialize;

/// Deliveries that go with their endpoint at once; the rest go with [`crate::Deliveries::prune`].
const DELETED_AT_ONCE: u64 = 5_000;

/// A new signing secret, encrypted, and how long the one before it stays good.
#[derive(Clone, Debug)]
pub struct NewEndpointSecret {
    /// The new secret, encrypted.
    pub sealed: Vec<u8>,
    /// How requests are signed with it: `v1` or `v1a`.
    pub signing: &'static str,
    /// What `v1a` is verified with.
    pub public_key: Option<String>,
    /// Until when requests are signed with the previous secret too.
    pub previous_until: Timestamp,
}

impl AdminTx {
    /// Makes an endpoint; it is enabled and has no previous secret, whatever `new` says about that.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_endpoint(&self, new: &Endpoint) -> Result<(), StoreError> {
        let made = Entity::insert(ActiveModel {
            id: Set(new.id.into()),
            sealed_secret: Set(new.sealed_secret.clone()),
            state: Set(EndpointState::Enabled),
            signing: Set(Signing::try_from_value(&new.signing)?),
            public_key: Set(new.public_key.clone()),
            sso_client_id: Set(new.sso_client_id.map(Id)),
            created_at: Set(new.created_at.into()),
            updated_at: Set(new.created_at.into()),
            ..operators(new)?
        });
        execute(&self.tx, made.as_query()).await?;
        self.save_selection(new).await
    }

    /// One endpoint, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        let held = Entity::find_by_id(id).lock_exclusive();
        let found = fetch_one(&self.tx, held.as_query()).await?;
        found.map(endpoint).transpose()
    }

    /// Stores what an operator can set about an endpoint that was read in this change: not its secret or its health.
    ///
    /// # Errors
    /// As any write.
    pub async fn save_endpoint(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
        let changed = ActiveModel {
            updated_at: Set(endpoint.updated_at.into()),
            ..operators(endpoint)?
        };
        let saved = Entity::update_many()
            .set(changed)
            .filter(Column::Id.eq(Id(endpoint.id)));
        execute(&self.tx, saved.as_query()).await?;
        if !endpoint.ordered {
            dissolve(&self.tx, self.dialect, endpoint.id, endpoint.updated_at).await?;
        }
        self.save_selection(endpoint).await
    }

    /// Gives an endpoint a new secret; the current one becomes the previous one.
    ///
    /// # Errors
    /// As any write.
    pub async fn rotate_endpoint_secret(
        &self,
        id: EndpointId,
        secret: &NewEndpointSecret,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let changed = ActiveModel {
            previous_secret_until: Set(Some(secret.previous_until.into())),
            sealed_secret: Set(secret.sealed.clone()),
            updated_at: Set(now.into()),
            signing: Set(Signing::try_from_value(&secret.signing.to_owned())?),
            public_key: Set(secret.public_key.clone()),
            ..ActiveModel::default()
        };
        // On the right of an assignment a column is what it was before.
        let rotated = Entity::update_many()
            .set(changed)
            .col_expr(Column::SealedPreviousSecret, Expr::col(Column::SealedSecret))
            .col_expr(Column::PreviousPublicKey, Expr::col(Column::PublicKey))
            .filter(Column::Id.eq(Id(id)));
        execute(&self.tx, rotated.as_query()).await?;
        let Some(endpoint) = self.endpoint(id).await? else {
            return Ok(());
        };
        let of = (CredentialKind::PreviousSecret, id.uuid());
        let until = Some(secret.previous_until);
        self.note_end(of, owner(&endpoint.selection), until, now).await
    }

    /// Switches an endpoint on, as if it had never failed. What was held meanwhile is sent or, with `skip_held`, cancelled;
    /// the dispatcher does either, see [`crate::Deliveries::settle`].
    ///
    /// # Errors
    /// As any write.
    pub async fn enable_endpoint(&self, id: EndpointId, skip_held: bool, now: Timestamp) -> Result<(), StoreError> {
        let changed = ActiveModel {
            disabled_reason: Set(None),
            disabled_at: Set(None),
            failing_since: Set(None),
            state: Set(EndpointState::Enabled),
            updated_at: Set(now.into()),
            ..ActiveModel::default()
        };
        let mut enabled = Entity::update_many().set(changed).filter(Column::Id.eq(Id(id)));
        if skip_held {
            let skipped = Expr::case(
                Column::State.eq(EndpointState::Disabled),
                Expr::value(now.millis()).cast_as("bigint"),
            )
            .finally(Expr::col(Column::SkipUntil));
            enabled = enabled.col_expr(Column::SkipUntil, skipped.into());
        }
        execute(&self.tx, enabled.as_query()).await?;
        Ok(())
    }

    /// Deletes an endpoint with its deliveries: the first thousands at once, the rest by
    /// [`crate::Deliveries::prune`]. `false` when there was none.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_endpoint(&self, id: EndpointId) -> Result<bool, StoreError> {
        let endpoint = Entity::delete_many().filter(Column::Id.eq(Id(id)));
        let deleted = execute(&self.tx, endpoint.as_query()).await? > 0;
        if deleted {
            for kind in [CredentialKind::ClientCertificate, CredentialKind::PreviousSecret] {
                self.forget_end((kind, id.uuid())).await?;
            }
            let first = deliveries::Entity::find()
                .filter(deliveries::Column::EndpointId.eq(Id(id)))
                .select_only()
                .column(deliveries::Column::Id)
                .limit(DELETED_AT_ONCE)
                .into_query();
            let first = deliveries::Entity::delete_many().filter(deliveries::Column::Id.in_subquery(first));
            execute(&self.tx, first.as_query()).await?;
        }
        Ok(deleted)
    }
}

/// The columns that an operator sets, but for those of [`AdminTx::save_selection`].
fn operators(endpoint: &Endpoint) -> Result<ActiveModel, StoreError> {
    let (url, sealed_url) = endpoint.url.columns();
    Ok(ActiveModel {
        url: Set(url.to_owned()),
        sealed_url: Set(sealed_url),
        url_origin: Set(endpoint.url.origin.clone()),
        url_path_length: Set(endpoint.url.path_length),
        description: Set(endpoint.description.clone()),
        event_types: Set(json(endpoint.event_types.as_ref())?),
        directory_ids: Set(json(endpoint.directory_ids.as_ref())?),
        sealed_headers: Set(endpoint.sealed_headers.clone()),
        ordered: Set(endpoint.ordered),
        coalesce_updates: Set(endpoint.coalesce),
        rate_limit: Set(endpoint.rate_limit),
        format: Set(endpoint.format),
        audience: Set(json(endpoint.audience.as_ref())?),
        contacts: Set(column_of(&endpoint.contacts)?),
        signals: Set(json(endpoint.signals.as_ref())?),
        ..ActiveModel::default()
    })
}

/// A nullable column of JSON text.
pub(super) fn json<T: Serialize>(value: Option<&T>) -> Result<Option<String>, StoreError> {
    let text = value.map(serde_json::to_string).transpose();
    text.map_err(|error| StoreError::Defect(format!("cannot be written as JSON: {error}")))
}
