//! What the management API changes about endpoints.

use super::{Endpoint, SELECT, endpoint};
use crate::deliveries::dissolve;
use crate::sql::{exec, query_one};
use crate::{Change, StoreError};
use events::{EndpointId, Timestamp};
use sea_orm::Value;
use serde::Serialize;

/// A new signing secret, encrypted, and how long the one before it stays good.
#[derive(Clone, Debug)]
pub struct EndpointSecret {
    /// The new secret, encrypted.
    pub sealed: Vec<u8>,
    /// How requests are signed with it: `v1` or `v1a`.
    pub signing: &'static str,
    /// What `v1a` is verified with.
    pub public_key: Option<String>,
    /// Until when requests are signed with the previous secret too.
    pub previous_until: Timestamp,
}

impl Change {
    /// Makes an endpoint; it is enabled and has no previous secret, whatever `new` says about that.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_endpoint(&self, new: &Endpoint) -> Result<(), StoreError> {
        let sql = "INSERT INTO endpoints (id, url, description, event_types, directory_ids, sealed_headers, \
                   sealed_secret, ordered, rate_limit, state, created_at, updated_at, format, audience, \
                   coalesce_updates, signing, public_key, sealed_url, url_origin, url_path_length) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'enabled', $10, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
        let (url, sealed_url) = new.url.columns();
        let values = [
            new.id.uuid().into(),
            url.into(),
            new.description.clone().into(),
            json(new.event_types.as_ref())?,
            json(new.directory_ids.as_ref())?,
            new.sealed_headers.clone().into(),
            new.sealed_secret.clone().into(),
            new.ordered.into(),
            new.rate_limit.into(),
            new.created_at.millis().into(),
            new.format.as_str().into(),
            json(new.audience.as_ref())?,
            new.coalesce.into(),
            new.signing.as_str().into(),
            new.public_key.clone().into(),
            sealed_url.into(),
            new.url.origin.as_str().into(),
            new.url.path_length.into(),
        ];
        exec(&self.tx, sql, values).await?;
        self.save_selection(new).await
    }

    /// One endpoint, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn endpoint(&self, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        let sql = format!("{SELECT} AND id = $1{}", self.for_update());
        query_one(&self.tx, &sql, [id.uuid().into()])
            .await?
            .as_ref()
            .map(endpoint)
            .transpose()
    }

    /// Stores what an operator can set about an endpoint that was read in this change: not its secret or its health.
    ///
    /// # Errors
    /// As any write.
    pub async fn save_endpoint(&self, endpoint: &Endpoint) -> Result<(), StoreError> {
        let sql = "UPDATE endpoints SET url = $2, description = $3, event_types = $4, directory_ids = $5, \
                   sealed_headers = $6, ordered = $7, rate_limit = $8, updated_at = $9, format = $10, audience = $11, \
                   coalesce_updates = $12, sealed_url = $13, url_origin = $14, url_path_length = $15 WHERE id = $1";
        let (url, sealed_url) = endpoint.url.columns();
        let values = [
            endpoint.id.uuid().into(),
            url.into(),
            endpoint.description.clone().into(),
            json(endpoint.event_types.as_ref())?,
            json(endpoint.directory_ids.as_ref())?,
            endpoint.sealed_headers.clone().into(),
            endpoint.ordered.into(),
            endpoint.rate_limit.into(),
            endpoint.updated_at.millis().into(),
            endpoint.format.as_str().into(),
            json(endpoint.audience.as_ref())?,
            endpoint.coalesce.into(),
            sealed_url.into(),
            endpoint.url.origin.as_str().into(),
            endpoint.url.path_length.into(),
        ];
        exec(&self.tx, sql, values).await?;
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
        secret: &EndpointSecret,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE endpoints SET sealed_previous_secret = sealed_secret, previous_secret_until = $3, \
                   sealed_secret = $2, updated_at = $4, signing = $5, previous_public_key = public_key, \
                   public_key = $6 WHERE id = $1";
        let values = [
            id.uuid().into(),
            secret.sealed.clone().into(),
            secret.previous_until.millis().into(),
            now.millis().into(),
            secret.signing.into(),
            secret.public_key.clone().into(),
        ];
        exec(&self.tx, sql, values).await.map(|_| ())
    }

    /// Switches an endpoint on, as if it had never failed. What was held meanwhile is sent or, with `skip_held`, cancelled;
    /// the dispatcher does either, see [`crate::Deliveries::settle`].
    ///
    /// # Errors
    /// As any write.
    pub async fn enable_endpoint(&self, id: EndpointId, skip_held: bool, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE endpoints SET disabled_reason = NULL, disabled_at = NULL, failing_since = NULL, \
                   skip_until = CASE WHEN $3 AND state = 'disabled' THEN CAST($2 AS bigint) ELSE skip_until END, \
                   state = 'enabled', updated_at = $2 WHERE id = $1";
        exec(&self.tx, sql, [id.uuid().into(), now.millis().into(), skip_held.into()])
            .await
            .map(|_| ())
    }

    /// Deletes an endpoint with its deliveries: the first thousands at once, the rest by
    /// [`crate::Deliveries::prune`]. `false` when there was none.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_endpoint(&self, id: EndpointId) -> Result<bool, StoreError> {
        let deleted = exec(&self.tx, "DELETE FROM endpoints WHERE id = $1", [id.uuid().into()]).await? > 0;
        if deleted {
            let sql =
                "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE endpoint_id = $1 LIMIT 5000)";
            exec(&self.tx, sql, [id.uuid().into()]).await?;
        }
        Ok(deleted)
    }
}

/// A nullable column of JSON text.
pub(super) fn json<T: Serialize>(value: Option<&T>) -> Result<Value, StoreError> {
    let text = value.map(serde_json::to_string).transpose();
    text.map(Value::from)
        .map_err(|error| StoreError::Invalid(format!("cannot be written as JSON: {error}")))
}
