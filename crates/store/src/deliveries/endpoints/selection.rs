//! What narrows the events of an endpoint beside types and directories, and the certificate that it asks of us.

use super::Endpoint;
use crate::operations::credential_ends::{CredentialKind, Owner};
use crate::{AdminTx, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::endpoints::{ActiveModel, Column, Entity};
use db::send::{execute, fetch_all};
use events::{EndpointId, OrganizationId, Timestamp};
use sea_orm::{
    ColumnTrait as _, Condition, DerivePartialModel, EntityTrait as _, PartialModelTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, QueryTrait as _, Set,
};

/// What narrows the events of an endpoint. `None` means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointSelection {
    /// The organizations whose events it gets.
    pub organization_ids: Option<Vec<OrganizationId>>,
    /// The attributes that it is given.
    pub fields: Option<Vec<String>>,
    /// The users that its events are about: a SCIM filter.
    pub filter: Option<String>,
}

/// A client certificate with its private key, encrypted, and what may be shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointIdentity {
    /// PEM of key and certificates, encrypted.
    pub sealed: Vec<u8>,
    /// SHA-256 of the certificate.
    pub thumbprint: String,
    /// Until when the certificate is good.
    pub expires_at: Timestamp,
}

impl AdminTx {
    pub(super) async fn save_selection(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
        let (selection, identity) = (&endpoint.selection, endpoint.client_identity.as_ref());
        let changed = ActiveModel {
            organization_ids: Set(super::change::json(selection.organization_ids.as_ref())?),
            fields: Set(super::change::json(selection.fields.as_ref())?),
            filter: Set(selection.filter.clone()),
            sealed_client_identity: Set(identity.map(|identity| identity.sealed.clone())),
            client_thumbprint: Set(identity.map(|identity| identity.thumbprint.clone())),
            client_expires_at: Set(identity.map(|identity| identity.expires_at.into())),
            ..ActiveModel::default()
        };
        let saved = Entity::update_many()
            .set(changed)
            .filter(Column::Id.eq(Id(endpoint.id)));
        execute(&self.tx, saved.as_query()).await?;
        let (id, now) = (endpoint.id.uuid(), endpoint.updated_at);
        let certificate = identity.map(|identity| identity.expires_at);
        let previous = endpoint.previous_secret_until.filter(|until| *until > now);
        for (kind, ends_at) in [
            (CredentialKind::ClientCertificate, certificate),
            (CredentialKind::PreviousSecret, previous),
        ] {
            self.note_end((kind, id), owner(selection), ends_at, now).await?;
        }
        Ok(())
    }
}

/// An endpoint that gets events of one organization and of no other is of that one.
pub(super) fn owner(selection: &EndpointSelection) -> Owner {
    Owner::Organization(match selection.organization_ids.as_deref() {
        Some(&[only]) => Some(only),
        _ => None,
    })
}

impl Store {
    /// The public keys that webhooks may be verified with at `now`: of each endpoint that is signed for with `v1a` the
    /// current one, and the one before it while a rotation overlaps.
    ///
    /// # Errors
    /// As any query.
    pub async fn endpoint_public_keys(&self, now: Timestamp) -> Result<Vec<(EndpointId, String)>, StoreError> {
        let signed = Condition::any()
            .add(Column::PublicKey.is_not_null())
            .add(Column::PreviousPublicKey.is_not_null());
        let query = Entity::find().filter(signed).order_by_asc(Column::Id).select_only();
        let rows: Vec<PublicKeys> = fetch_all(self.read(), PublicKeys::select_cols(query).as_query()).await?;
        let mut keys = Vec::new();
        for row in rows {
            let overlaps = row.previous_secret_until.is_some_and(|until| until > Millis::from(now));
            let previous = row.previous_public_key.filter(|_| overlaps);
            keys.extend(row.public_key.into_iter().chain(previous).map(|key| (row.id.0, key)));
        }
        Ok(keys)
    }
}

/// What an endpoint's webhooks are verified with.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct PublicKeys {
    id: Id<EndpointId>,
    public_key: Option<String>,
    previous_public_key: Option<String>,
    previous_secret_until: Option<Millis>,
}
