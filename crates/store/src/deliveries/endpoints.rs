//! Webhook endpoints: the URLs that downstream apps subscribed.
//!
//! Secrets, headers and URLs are opaque here: they come in encrypted and go out encrypted, under the contexts that
//! [`Endpoint::secret_context`], [`Endpoint::headers_context`] and [`Endpoint::url_context`] name.

mod change;
mod logout;
mod selection;
mod url;

pub use change::NewEndpointSecret;
pub use selection::{EndpointIdentity, EndpointSelection};
pub use url::{EndpointUrl, KeptUrl};

use crate::operations::incidents::addresses;
use crate::tenancy::Listing;
use crate::{EndpointFormat, EndpointState, List, ListPage, SealedColumn, Store, StoreError};
use db::entity::column::Millis;
use db::entity::endpoint_version;
use db::entity::endpoints::{Column, Entity, Model};
use db::send::{fetch_all, fetch_one};
use events::{DirectoryId, EndpointId, EventPattern, OrganizationId, SsoClientId, Timestamp};
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _,
};
use serde::de::DeserializeOwned;

/// An endpoint, as the management API shows it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where to send.
    pub url: EndpointUrl,
    /// What it is for.
    pub description: Option<String>,
    /// The types it gets, also as globs; `None` for all.
    pub event_types: Option<Vec<EventPattern>>,
    /// The directories whose events it gets; `None` for all.
    pub directory_ids: Option<Vec<DirectoryId>>,
    /// What else narrows what it gets.
    pub selection: EndpointSelection,
    /// How its requests are signed: `v1` or `v1a`.
    pub signing: String,
    /// The certificate that it asks of us.
    pub client_identity: Option<EndpointIdentity>,
    /// Whether it still gets the past of one of its directories.
    pub catching_up: bool,
    /// Extra request headers, encrypted.
    pub sealed_headers: Option<Vec<u8>>,
    /// The signing secret, encrypted.
    pub sealed_secret: Vec<u8>,
    /// The secret before the last rotation, encrypted.
    pub sealed_previous_secret: Option<Vec<u8>>,
    /// Until when requests are signed with the previous secret too.
    pub previous_secret_until: Option<Timestamp>,
    /// Whether the events of one user or group are sent strictly one after the other.
    pub ordered: bool,
    /// Whether, while an earlier event of a user or group is not taken, newer updates of it replace older ones.
    pub coalesce: bool,
    /// At most this many requests a second; `None` for no limit.
    pub rate_limit: Option<i32>,
    /// What it is sent.
    pub format: EndpointFormat,
    /// The `aud` of its Security Event Tokens; `None` for its URL.
    pub audience: Option<Vec<String>>,
    /// The app whose endpoint it is: see [`EndpointFormat::LogoutToken`] and [`EndpointFormat::Signals`].
    pub sso_client_id: Option<SsoClientId>,
    /// The URIs of the events that a stream of the app is sent.
    pub signals: Option<Vec<String>>,
    /// Whether it is sent to.
    pub state: EndpointState,
    /// Why it is not.
    pub disabled_reason: Option<String>,
    /// When it was switched off.
    pub disabled_at: Option<Timestamp>,
    /// Since when every attempt failed; `None` after a success.
    pub failing_since: Option<Timestamp>,
    /// What `v1a` is verified with.
    pub public_key: Option<String>,
    /// The same of the secret before.
    pub previous_public_key: Option<String>,
    /// The addresses of those who are told when something is the matter with it.
    pub contacts: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Endpoint {
    /// Whether it is an endpoint of this organization: one that gets events of this one and of no other.
    #[must_use]
    pub fn belongs_to(&self, organization: OrganizationId) -> bool {
        self.selection.organization_ids.as_deref() == Some(&[organization])
    }

    /// The context that the secrets of an endpoint are sealed under, the previous one too. What is sealed is the text
    /// `whsec_…`.
    #[must_use]
    pub fn secret_context(id: EndpointId) -> String {
        SealedColumn::EndpointSecret.context(&id)
    }

    /// The context that the headers of an endpoint are sealed under. What is sealed is a JSON object of texts.
    #[must_use]
    pub fn headers_context(id: EndpointId) -> String {
        SealedColumn::EndpointHeaders.context(&id)
    }

    /// The context that the client certificate of an endpoint is sealed under, with its key. What is sealed is PEM.
    #[must_use]
    pub fn identity_context(id: EndpointId) -> String {
        SealedColumn::EndpointClientIdentity.context(&id)
    }
}

/// An endpoint, as the dispatcher needs it.
#[derive(Clone, Debug)]
pub struct ActiveEndpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where to send.
    pub url: EndpointUrl,
    /// The types it gets, also as globs; `None` for all.
    pub event_types: Option<Vec<EventPattern>>,
    /// The directories whose events it gets; `None` for all.
    pub directory_ids: Option<Vec<DirectoryId>>,
    /// What else narrows what it gets.
    pub selection: EndpointSelection,
    /// How its requests are signed: `v1` or `v1a`.
    pub signing: String,
    /// The certificate that it asks of us.
    pub client_identity: Option<EndpointIdentity>,
    /// Whether it still gets the past of one of its directories.
    pub catching_up: bool,
    /// Extra request headers, encrypted.
    pub sealed_headers: Option<Vec<u8>>,
    /// The signing secret, encrypted.
    pub sealed_secret: Vec<u8>,
    /// The secret before the last rotation, encrypted.
    pub sealed_previous_secret: Option<Vec<u8>>,
    /// Until when requests are signed with the previous secret too.
    pub previous_secret_until: Option<Timestamp>,
    /// Whether the events of one user or group are sent strictly one after the other.
    pub ordered: bool,
    /// Whether, while an earlier event of a user or group is not taken, newer updates of it replace older ones.
    pub coalesce: bool,
    /// At most this many requests a second; `None` for no limit.
    pub rate_limit: Option<i32>,
    /// What it is sent.
    pub format: EndpointFormat,
    /// The `aud` of its Security Event Tokens; `None` for its URL.
    pub audience: Option<Vec<String>>,
    /// The app whose endpoint it is: see [`EndpointFormat::LogoutToken`] and [`EndpointFormat::Signals`].
    pub sso_client_id: Option<SsoClientId>,
    /// The URIs of the events that a stream of the app is sent.
    pub signals: Option<Vec<String>>,
    /// Whether it is sent to; otherwise its events are held.
    pub enabled: bool,
}

/// The endpoints, for reading. How they fare is written with the attempts ([`crate::Deliveries::record`]).
#[derive(Clone, Debug)]
pub struct Endpoints {
    store: Store,
}

impl Store {
    /// The endpoints.
    #[must_use]
    pub fn endpoints(&self) -> Endpoints {
        Endpoints { store: self.clone() }
    }
}

impl Endpoints {
    /// One endpoint.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: EndpointId) -> Result<Option<Endpoint>, StoreError> {
        let found = fetch_one(self.store.read(), Entity::find_by_id(id).as_query()).await?;
        found.map(endpoint).transpose()
    }

    /// The endpoints, newest first; where an organization is given, those that [belong](Endpoint::belongs_to) to it.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(
        &self,
        organization: Option<OrganizationId>,
        page: &ListPage,
    ) -> Result<List<Endpoint>, StoreError> {
        let list: List<Model> = Listing::new("endpoints", Entity::find())
            .with(Column::OrganizationIds, organization.map(|id| format!("[\"{id}\"]")))
            .sized([
                Column::Url,
                Column::EventTypes,
                Column::DirectoryIds,
                Column::OrganizationIds,
                Column::Filter,
                Column::SealedHeaders,
            ])
            .read(self.store.read(), page, self.store.page_bytes())
            .await?;
        list.try_map(endpoint)
    }

    /// Grows with every change of any endpoint that [`Endpoints::all`] would show. Read before them, it is never newer
    /// than what they are.
    ///
    /// # Errors
    /// As any query.
    pub async fn version(&self) -> Result<i64, StoreError> {
        let version = endpoint_version::Entity::find_by_id(1_i16);
        let found: Option<endpoint_version::Model> = fetch_one(&self.store.steady().glance, version.as_query()).await?;
        let found = found.ok_or_else(|| StoreError::corrupt("the version of the endpoints is missing"))?;
        Ok(found.number)
    }

    /// Whether Security Event Tokens about a directory are sent anywhere: whether an endpoint that takes them is
    /// enabled, and chose neither other directories nor other organizations.
    ///
    /// # Errors
    /// As any query.
    pub async fn any_takes_tokens_of(
        &self,
        directory: DirectoryId,
        organization: OrganizationId,
    ) -> Result<bool, StoreError> {
        // The choices are JSON arrays of ids, and no id is a part of another.
        let takes = |column: Column, id: String| Condition::any().add(column.is_null()).add(column.contains(id));
        let any = Entity::find()
            .filter(Column::Format.eq(EndpointFormat::Set))
            .filter(Column::State.eq(EndpointState::Enabled))
            .filter(takes(Column::DirectoryIds, directory.to_string()))
            .filter(takes(Column::OrganizationIds, organization.to_string()))
            .limit(1);
        let found: Option<Model> = fetch_one(self.store.read(), any.as_query()).await?;
        Ok(found.is_some())
    }

    /// Every endpoint, oldest first.
    ///
    /// # Errors
    /// As any query.
    pub async fn all(&self) -> Result<Vec<ActiveEndpoint>, StoreError> {
        let all = Entity::find().order_by_asc(Column::Id);
        let rows = fetch_all(self.store.read(), all.as_query()).await?;
        rows.into_iter().map(active).collect()
    }
}

/// An endpoint of its row.
pub(crate) fn endpoint(row: Model) -> Result<Endpoint, StoreError> {
    Ok(Endpoint {
        id: row.id.0,
        url: EndpointUrl::read(row.sealed_url, row.url, row.url_origin, row.url_path_length),
        description: row.description,
        event_types: json(row.event_types, "event_types")?,
        directory_ids: json(row.directory_ids, "directory_ids")?,
        selection: EndpointSelection {
            organization_ids: json(row.organization_ids, "organization_ids")?,
            fields: json(row.fields, "fields")?,
            filter: row.filter,
        },
        signing: row.signing.to_value(),
        client_identity: identity(row.sealed_client_identity, row.client_thumbprint, row.client_expires_at)?,
        catching_up: row.catching_up,
        public_key: row.public_key,
        previous_public_key: row.previous_public_key,
        sealed_headers: row.sealed_headers,
        sealed_secret: row.sealed_secret,
        sealed_previous_secret: row.sealed_previous_secret,
        previous_secret_until: row.previous_secret_until.map(Timestamp::from),
        ordered: row.ordered,
        coalesce: row.coalesce_updates,
        rate_limit: row.rate_limit,
        format: row.format,
        audience: json(row.audience, "audience")?,
        sso_client_id: row.sso_client_id.map(|id| id.0),
        signals: json(row.signals, "signals")?,
        state: row.state,
        disabled_reason: row.disabled_reason,
        disabled_at: row.disabled_at.map(Timestamp::from),
        failing_since: row.failing_since.map(Timestamp::from),
        contacts: addresses(row.contacts.as_deref())?,
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
    })
}

/// A client certificate, whose three columns are set together.
fn identity(
    sealed: Option<Vec<u8>>,
    thumbprint: Option<String>,
    expires_at: Option<Millis>,
) -> Result<Option<EndpointIdentity>, StoreError> {
    match (sealed, thumbprint, expires_at) {
        (None, _, _) => Ok(None),
        (Some(sealed), Some(thumbprint), Some(expires_at)) => Ok(Some(EndpointIdentity {
            sealed,
            thumbprint,
            expires_at: expires_at.into(),
        })),
        (Some(_), _, _) => Err(StoreError::corrupt("a client certificate without thumbprint or expiry")),
    }
}

fn active(row: Model) -> Result<ActiveEndpoint, StoreError> {
    let endpoint = endpoint(row)?;
    Ok(ActiveEndpoint {
        id: endpoint.id,
        url: endpoint.url,
        event_types: endpoint.event_types,
        directory_ids: endpoint.directory_ids,
        selection: endpoint.selection,
        signing: endpoint.signing,
        client_identity: endpoint.client_identity,
        catching_up: endpoint.catching_up,
        sealed_headers: endpoint.sealed_headers,
        sealed_secret: endpoint.sealed_secret,
        sealed_previous_secret: endpoint.sealed_previous_secret,
        previous_secret_until: endpoint.previous_secret_until,
        ordered: endpoint.ordered,
        coalesce: endpoint.coalesce,
        rate_limit: endpoint.rate_limit,
        format: endpoint.format,
        audience: endpoint.audience,
        sso_client_id: endpoint.sso_client_id,
        signals: endpoint.signals,
        enabled: endpoint.state == EndpointState::Enabled,
    })
}

fn json<T: DeserializeOwned>(text: Option<String>, column: &str) -> Result<Option<T>, StoreError> {
    let read = |text: String| serde_json::from_str(&text);
    text.map(read)
        .transpose()
        .map_err(|error| StoreError::corrupt(format!("endpoints.{column}: {error}")))
}
