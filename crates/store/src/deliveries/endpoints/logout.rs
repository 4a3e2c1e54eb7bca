//! The endpoint of an app that is told of sessions that ended (OpenID Connect Back-Channel Logout 1.0): it comes and goes
//! with the address that the app has for this, and nobody else changes it.

use super::{Endpoint, EndpointSelection, EndpointUrl, KeptUrl, endpoint};
use crate::{AdminTx, EndpointFormat, EndpointState, SsoClient, StoreError};
use db::entity::column::Id;
use db::entity::endpoints::{Column, Entity, Model};
use db::send::fetch_one;
use events::{EndpointId, EventType, SsoClientId};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _};

impl AdminTx {
    /// Brings the endpoint of an app in step with the app, which was written in this change.
    pub(crate) async fn follow_sso_client(&self, client: &SsoClient) -> Result<(), StoreError> {
        let found = self.endpoint_of_app(client.id).await?;
        let Some(url) = &client.backchannel_logout_uri else {
            return self.delete_endpoint_of_app(client.id).await;
        };
        let Some(found) = found else {
            return self.create_endpoint(&of_app(client, url)).await;
        };
        let wanted = Endpoint {
            id: found.id,
            ..of_app(client, url)
        };
        self.save_endpoint(&wanted).await?;
        let is_moved = !matches!(&found.url.kept, KeptUrl::Plain(old) if old == url);
        if is_moved && found.state == EndpointState::Disabled {
            // It was the old address that failed.
            self.enable_endpoint(found.id, false, client.updated_at).await?;
        }
        Ok(())
    }

    /// Deletes the endpoint of an app, if it has one, with its deliveries.
    pub(crate) async fn delete_endpoint_of_app(&self, client: SsoClientId) -> Result<(), StoreError> {
        if let Some(found) = self.endpoint_of_app(client).await? {
            self.delete_endpoint(found.id).await?;
        }
        Ok(())
    }

    async fn endpoint_of_app(&self, client: SsoClientId) -> Result<Option<Endpoint>, StoreError> {
        let held = Entity::find()
            .filter(Column::SsoClientId.eq(Id(client)))
            .filter(Column::Format.eq(EndpointFormat::LogoutToken))
            .lock_exclusive();
        let found: Option<Model> = fetch_one(&self.tx, held.as_query()).await?;
        found.map(endpoint).transpose()
    }
}

/// Not ordered: the end of one session does not wait for that of another one that the app has not taken yet.
fn of_app(client: &SsoClient, url: &str) -> Endpoint {
    Endpoint {
        id: EndpointId::new(),
        url: EndpointUrl::plain(url.to_owned()),
        description: Some(format!("Logout of {}", client.name)),
        event_types: Some(vec![EventType::SessionEnded.into()]),
        directory_ids: None,
        selection: EndpointSelection {
            organization_ids: client.organization_id.map(|id| vec![id]),
            ..EndpointSelection::default()
        },
        // What it is sent is signed by the keys for apps.
        signing: "v1".to_owned(),
        sealed_secret: Vec::new(),
        client_identity: None,
        catching_up: false,
        sealed_headers: None,
        sealed_previous_secret: None,
        previous_secret_until: None,
        ordered: false,
        coalesce: false,
        rate_limit: None,
        format: EndpointFormat::LogoutToken,
        audience: None,
        sso_client_id: Some(client.id),
        signals: None,
        state: EndpointState::Enabled,
        disabled_reason: None,
        disabled_at: None,
        failing_since: None,
        public_key: None,
        previous_public_key: None,
        contacts: Vec::new(),
        created_at: client.updated_at,
        updated_at: client.updated_at,
    }
}
