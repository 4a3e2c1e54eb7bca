//! Webhook endpoints: the URLs that downstream apps subscribed.
//!
//! Secrets and headers are opaque here: they come in encrypted and go out encrypted, under the contexts that
//! [`Endpoint::secret_context`] and [`Endpoint::headers_context`] name.

mod change;

pub use change::EndpointSecret;

use crate::sql::{Row, query_all, query_one};
use crate::tenancy::Listing;
use crate::{List, ListPage, Store, StoreError};
use events::{DirectoryId, EndpointId, EventType, Timestamp};
use sea_orm::QueryResult;
use serde::de::DeserializeOwned;

const SELECT: &str = "SELECT id, url, description, event_types, directory_ids, sealed_headers, sealed_secret, \
                      sealed_previous_secret, previous_secret_until, ordered, rate_limit, state, disabled_reason, \
                      failing_since, created_at, updated_at FROM endpoints WHERE 1 = 1";

/// Whether an endpoint is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointState {
    /// It is.
    Enabled,
    /// It was switched off, by an operator or because it failed for too long or asked for it with 410.
    Disabled,
}

impl EndpointState {
    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

/// An endpoint, as the management API shows it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where to send.
    pub url: String,
    /// What it is for.
    pub description: Option<String>,
    /// The types it gets; `None` for all.
    pub event_types: Option<Vec<EventType>>,
    /// The directories whose events it gets; `None` for all.
    pub directory_ids: Option<Vec<DirectoryId>>,
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
    /// At most this many requests a second; `None` for no limit.
    pub rate_limit: Option<i32>,
    /// Whether it is sent to.
    pub state: EndpointState,
    /// Why it is not.
    pub disabled_reason: Option<String>,
    /// Since when every attempt failed; `None` after a success.
    pub failing_since: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Endpoint {
    /// The context that the secrets of an endpoint are sealed under, the previous one too. What is sealed is the text
    /// `whsec_…`.
    #[must_use]
    pub fn secret_context(id: EndpointId) -> String {
        format!("endpoint/{id}/secret")
    }

    /// The context that the headers of an endpoint are sealed under. What is sealed is a JSON object of texts.
    #[must_use]
    pub fn headers_context(id: EndpointId) -> String {
        format!("endpoint/{id}/headers")
    }
}

/// An enabled endpoint, as the dispatcher needs it.
#[derive(Clone, Debug)]
pub struct ActiveEndpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where to send.
    pub url: String,
    /// The types it gets; `None` for all.
    pub event_types: Option<Vec<EventType>>,
    /// The directories whose events it gets; `None` for all.
    pub directory_ids: Option<Vec<DirectoryId>>,
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
    /// At most this many requests a second; `None` for no limit.
    pub rate_limit: Option<i32>,
    /// Since when every attempt failed; `None` after a success.
    pub failing_since: Option<Timestamp>,
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
        let sql = format!("{SELECT} AND id = $1");
        query_one(self.store.read(), &sql, [id.uuid().into()])
            .await?
            .as_ref()
            .map(endpoint)
            .transpose()
    }

    /// The endpoints, newest first.
    ///
    /// # Errors
    /// `Invalid` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, page: &ListPage) -> Result<List<Endpoint>, StoreError> {
        Listing::new("endpoints", SELECT)
            .read(self.store.read(), page, endpoint)
            .await
    }

    /// Every endpoint that is sent to, oldest first.
    ///
    /// # Errors
    /// As any query.
    pub async fn active(&self) -> Result<Vec<ActiveEndpoint>, StoreError> {
        let sql = format!("{SELECT} AND state = 'enabled' ORDER BY id");
        query_all(self.store.read(), &sql, [])
            .await?
            .iter()
            .map(active)
            .collect()
    }
}

fn endpoint(row: &QueryResult) -> Result<Endpoint, StoreError> {
    let state: String = row.get("state")?;
    Ok(Endpoint {
        id: row.id("id")?,
        url: row.get("url")?,
        description: row.get("description")?,
        event_types: event_types(row)?,
        directory_ids: json(row, "directory_ids")?,
        sealed_headers: row.get("sealed_headers")?,
        sealed_secret: row.get("sealed_secret")?,
        sealed_previous_secret: row.get("sealed_previous_secret")?,
        previous_secret_until: row.opt_time("previous_secret_until")?,
        ordered: row.get("ordered")?,
        rate_limit: row.get("rate_limit")?,
        state: if state == "enabled" {
            EndpointState::Enabled
        } else {
            EndpointState::Disabled
        },
        disabled_reason: row.get("disabled_reason")?,
        failing_since: row.opt_time("failing_since")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

fn active(row: &QueryResult) -> Result<ActiveEndpoint, StoreError> {
    let endpoint = endpoint(row)?;
    Ok(ActiveEndpoint {
        id: endpoint.id,
        url: endpoint.url,
        event_types: endpoint.event_types,
        directory_ids: endpoint.directory_ids,
        sealed_headers: endpoint.sealed_headers,
        sealed_secret: endpoint.sealed_secret,
        sealed_previous_secret: endpoint.sealed_previous_secret,
        previous_secret_until: endpoint.previous_secret_until,
        ordered: endpoint.ordered,
        rate_limit: endpoint.rate_limit,
        failing_since: endpoint.failing_since,
    })
}

/// Types that only a newer version of the program knows are left out: this version makes no such events.
fn event_types(row: &QueryResult) -> Result<Option<Vec<EventType>>, StoreError> {
    let names: Option<Vec<String>> = json(row, "event_types")?;
    Ok(names.map(|names| names.iter().filter_map(|name| name.parse().ok()).collect()))
}

fn json<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.get(column)?;
    let read = |text: String| serde_json::from_str(&text);
    text.map(read)
        .transpose()
        .map_err(|error| StoreError::corrupt(format!("endpoints.{column}: {error}")))
}
