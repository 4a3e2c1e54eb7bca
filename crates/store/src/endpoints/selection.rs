//! What narrows the events of an endpoint beside types and directories, and the certificate that it asks of us.

use super::{Endpoint, json};
use crate::sql::{Row, exec, query_all};
use crate::{Change, Store, StoreError};
use events::{EndpointId, OrganizationId, Timestamp};
use sea_orm::QueryResult;

/// What narrows the events of an endpoint. `None` means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointSelection {
    /// The organizations whose events it gets.
    pub organization_ids: Option<Vec<OrganizationId>>,
    /// The attributes that it is given.
    pub fields: Option<Vec<String>>,
    /// The users that it is told of: a SCIM filter.
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

pub(super) fn read(row: &QueryResult) -> Result<EndpointSelection, StoreError> {
    Ok(EndpointSelection {
        organization_ids: json(row, "organization_ids")?,
        fields: json(row, "fields")?,
        filter: row.get("filter")?,
    })
}

pub(super) fn identity(row: &QueryResult) -> Result<Option<EndpointIdentity>, StoreError> {
    let Some(sealed) = row.get("sealed_client_identity")? else {
        return Ok(None);
    };
    Ok(Some(EndpointIdentity {
        sealed,
        thumbprint: row.get::<Option<String>>("client_thumbprint")?.unwrap_or_default(),
        expires_at: row.opt_time("client_expires_at")?.unwrap_or(Timestamp::from_millis(0)),
    }))
}

impl Change {
    pub(super) async fn save_selection(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
        let sql = "UPDATE endpoints SET organization_ids = $2, fields = $3, filter = $4, sealed_client_identity = $5, \
                   client_thumbprint = $6, client_expires_at = $7 WHERE id = $1";
        let (selection, identity) = (&endpoint.selection, endpoint.client_identity.as_ref());
        let values = [
            endpoint.id.uuid().into(),
            super::change::json(selection.organization_ids.as_ref())?,
            super::change::json(selection.fields.as_ref())?,
            selection.filter.clone().into(),
            identity.map(|identity| identity.sealed.clone()).into(),
            identity.map(|identity| identity.thumbprint.clone()).into(),
            identity.map(|identity| identity.expires_at.millis()).into(),
        ];
        exec(&self.tx, sql, values).await.map(|_| ())
    }
}

impl Store {
    /// The public keys that webhooks may be verified with at `now`: of each endpoint that is signed for with `v1a` the
    /// current one, and the one before it while a rotation overlaps.
    ///
    /// # Errors
    /// As any query.
    pub async fn endpoint_public_keys(&self, now: Timestamp) -> Result<Vec<(EndpointId, String)>, StoreError> {
        let sql = "SELECT id, public_key, CASE WHEN previous_secret_until > $1 THEN previous_public_key END AS previous \
                   FROM endpoints WHERE public_key IS NOT NULL OR previous_public_key IS NOT NULL ORDER BY id";
        let mut keys = Vec::new();
        for row in query_all(self.read(), sql, [now.millis().into()]).await? {
            let id: EndpointId = row.id("id")?;
            for column in ["public_key", "previous"] {
                keys.extend(row.get::<Option<String>>(column)?.map(|key| (id, key)));
            }
        }
        Ok(keys)
    }
}
