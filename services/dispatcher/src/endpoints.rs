//! The enabled endpoints with their secrets opened. Opening is done once for each version of an endpoint, not once for
//! each event.

use directory::{EndpointSubscription, Fields, Scope};
use events::{EndpointId, EventType, SsoClientId, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use secrets::MasterKeys;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::{ActiveEndpoint, EndpointFormat, KeptUrl, Store, StoreError};
use webhooks::{ClientIdentity, CustomHeaders, Secret};

/// An endpoint as the dispatcher uses it.
#[derive(Debug)]
pub(crate) struct LoadedEndpoint {
    pub(crate) id: EndpointId,
    /// Scheme, host and port: the part of its URL that may be shown.
    pub(crate) origin: String,
    pub(crate) subscription: EndpointSubscription,
    pub(crate) enabled: bool,
    pub(crate) ordered: bool,
    /// While an earlier event about somebody waits, newer updates supersede older ones.
    pub(crate) coalesce: bool,
    pub(crate) per_second: Option<u32>,
    pub(crate) format: EndpointFormat,
    /// The `aud` of its Security Event Tokens; `None` for its URL.
    pub(crate) audience: Option<Vec<String>>,
    /// The app whose endpoint it is.
    pub(crate) app: Option<SsoClientId>,
    /// The events of Shared Signals that it is sent, where it is a stream.
    pub(crate) signals: Vec<String>,
    /// Some of its directories may not be live yet: see `catch_up`.
    pub(crate) catching_up: bool,
    /// `None` when its secrets cannot be opened: its deliveries wait until they can.
    pub(crate) credentials: Option<Credentials>,
}

impl LoadedEndpoint {
    /// Whether what waits in a line is taken along with its head. Where newer updates supersede older ones, it must wait in
    /// the database.
    pub(crate) const fn takes_lines(&self) -> bool {
        self.ordered && !self.coalesce
    }
}

/// Where an endpoint's requests go, what they are signed with and carry.
#[derive(Debug)]
pub(crate) struct Credentials {
    /// Path and query may be secrets of the receiver.
    url: SecretString,
    /// The current secret, then the one before it.
    secrets: Vec<Secret>,
    previous_until: Timestamp,
    pub(crate) headers: CustomHeaders,
    /// The certificate that it asks of us.
    pub(crate) identity: Option<ClientIdentity>,
}

impl Credentials {
    pub(crate) fn url(&self) -> &str {
        self.url.expose_secret()
    }

    /// The secrets to sign with now: two while a rotation overlaps.
    pub(crate) fn secrets_at(&self, now: Timestamp) -> &[Secret] {
        let count = if now < self.previous_until {
            self.secrets.len()
        } else {
            1
        };
        self.secrets.get(..count).unwrap_or(&self.secrets)
    }
}

/// Why an endpoint's secrets cannot be opened. Never shows one.
#[derive(Debug, thiserror::Error)]
enum UnusableSecrets {
    #[error("a stored secret does not open")]
    Sealed(#[from] secrets::OpenError),
    #[error("a stored secret is not text")]
    Text(#[from] std::str::Utf8Error),
    #[error("a stored secret is not a signing secret")]
    Secret(#[from] webhooks::InvalidSecret),
    #[error("the stored headers are not a JSON object of texts")]
    Json(#[from] serde_json::Error),
    #[error("a stored header cannot be sent")]
    Header(#[from] webhooks::InvalidHeader),
    #[error("the stored client certificate cannot be used: it {0}")]
    Identity(#[from] webhooks::InvalidIdentity),
}

/// Loads endpoints and remembers what it opened.
#[derive(Debug)]
pub(crate) struct EndpointCache {
    store: Store,
    master_keys: MasterKeys,
    known: Mutex<LoadedEndpoints>,
}

/// What was loaded last.
#[derive(Debug, Default)]
struct LoadedEndpoints {
    /// The version of the endpoints before they were read; `None` when they must be read again.
    version: Option<i64>,
    /// Oldest first.
    all: Arc<[Arc<LoadedEndpoint>]>,
    by_id: HashMap<EndpointId, (ActiveEndpoint, Arc<LoadedEndpoint>)>,
}

impl EndpointCache {
    pub(crate) fn new(store: Store, master_keys: MasterKeys) -> Self {
        Self {
            store,
            master_keys,
            known: Mutex::default(),
        }
    }

    /// The endpoints of this moment, oldest first, disabled ones too: their events are held. They are read when one of them
    /// has changed since the last time.
    pub(crate) async fn load(&self) -> Result<Arc<[Arc<LoadedEndpoint>]>, StoreError> {
        let version = self.store.endpoints().version().await?;
        {
            let known = self.known();
            if known.version == Some(version) {
                return Ok(Arc::clone(&known.all));
            }
        }
        let rows = self.store.endpoints().all().await?;
        let mut known = self.known();
        let mut before = std::mem::take(&mut known.by_id);
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let entry = match before.remove(&row.id) {
                Some((old, endpoint)) if is_same(&old, &row) => (old, endpoint),
                _ => {
                    let endpoint = Arc::new(self.open(&row));
                    (row, endpoint)
                }
            };
            all.push(Arc::clone(&entry.1));
            known.by_id.insert(entry.1.id, entry);
        }
        known.all = all.into();
        known.version = Some(version);
        Ok(Arc::clone(&known.all))
    }

    /// An endpoint as it was when the endpoints were last loaded, at most a sweep ago; `None` when it was not enabled.
    pub(crate) fn by_id(&self, id: EndpointId) -> Option<Arc<LoadedEndpoint>> {
        let known = self.known();
        let found = known.by_id.get(&id).map(|(_, endpoint)| endpoint);
        found.filter(|endpoint| endpoint.enabled).map(Arc::clone)
    }

    /// Not enabled any more, before the next load tells.
    pub(crate) fn forget(&self, id: EndpointId) {
        let mut known = self.known();
        known.by_id.remove(&id);
        known.version = None;
    }

    fn open(&self, row: &ActiveEndpoint) -> LoadedEndpoint {
        let credentials = self.credentials(row).inspect_err(|error| {
            tracing::error!(
                endpoint.id = %row.id,
                error = %telemetry::chain(error),
                "an endpoint cannot be sent to: give this service the master key that its secrets were sealed with; where that \
                 is lost, rotate its secret, and set its URL and headers again"
            );
        });
        LoadedEndpoint {
            id: row.id,
            origin: row.url.origin.clone(),
            subscription: subscription(row),
            catching_up: row.catching_up,
            enabled: row.enabled,
            ordered: row.ordered,
            coalesce: row.coalesce,
            format: row.format,
            audience: row.audience.clone(),
            app: row.sso_client_id,
            signals: row.signals.clone().unwrap_or_default(),
            per_second: row.rate_limit.and_then(|rate| u32::try_from(rate).ok()),
            credentials: credentials.ok(),
        }
    }

    fn credentials(&self, row: &ActiveEndpoint) -> Result<Credentials, UnusableSecrets> {
        let context = store::Endpoint::secret_context(row.id);
        let mut secrets = Vec::with_capacity(2);
        // What an app is sent is signed by the keys for apps.
        let own = row.sso_client_id.is_none().then_some(&row.sealed_secret);
        for sealed in own.into_iter().chain(&row.sealed_previous_secret) {
            let plain = self.master_keys.open(sealed, &context)?;
            secrets.push(Secret::parse(std::str::from_utf8(&plain)?)?);
        }
        let headers = match &row.sealed_headers {
            Some(sealed) => {
                let plain = self
                    .master_keys
                    .open(sealed, &store::Endpoint::headers_context(row.id))?;
                let pairs: HashMap<String, String> = serde_json::from_slice(&plain)?;
                CustomHeaders::new(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?
            }
            None => CustomHeaders::default(),
        };
        let previous_until = row.previous_secret_until.unwrap_or(Timestamp::from_millis(0));
        let identity = match &row.client_identity {
            Some(identity) => {
                let context = store::Endpoint::identity_context(row.id);
                let pem = self.master_keys.open(&identity.sealed, &context)?;
                Some(ClientIdentity::of_pem(std::str::from_utf8(&pem)?)?)
            }
            None => None,
        };
        let url = match &row.url.kept {
            KeptUrl::Sealed(sealed) => self
                .master_keys
                .open_text(sealed, &store::Endpoint::url_context(row.id))?,
            // Of an app, or of an earlier version; see `sealing`.
            KeptUrl::Plain(url) => url.as_str().into(),
        };
        Ok(Credentials {
            url,
            secrets,
            previous_until,
            headers,
            identity,
        })
    }

    fn known(&self) -> MutexGuard<'_, LoadedEndpoints> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn subscription(row: &ActiveEndpoint) -> EndpointSubscription {
    let mut subscription = EndpointSubscription {
        types: row.event_types.clone(),
        directories: row.directory_ids.clone(),
        organizations: row.selection.organization_ids.clone(),
        carries: match row.format {
            EndpointFormat::Standard => None,
            EndpointFormat::Set => Some(webhooks::set::carries as fn(_) -> _),
            EndpointFormat::LogoutToken => Some(is_logout),
            // What streams are told, and of whom, is said in `streams`.
            EndpointFormat::Signals => Some(is_told_otherwise),
        },
        app: row.sso_client_id,
        ..EndpointSubscription::default()
    };
    if let Some(filter) = &row.selection.filter {
        match Scope::parse(filter) {
            Ok(scope) => subscription.scope = Some(scope),
            Err(error) => broken(&mut subscription, row.id, &error.to_string()),
        }
    }
    if let Some(fields) = &row.selection.fields {
        match Fields::parse(fields.iter().map(String::as_str)) {
            Ok(fields) => subscription.fields = Some(fields),
            Err(error) => broken(&mut subscription, row.id, &error.to_string()),
        }
    }
    subscription
}

fn is_logout(kind: EventType) -> bool {
    kind == EventType::SessionEnded
}

fn is_told_otherwise(_: EventType) -> bool {
    false
}

/// The API takes no filter that cannot be read; another version of the program may have.
fn broken(subscription: &mut EndpointSubscription, id: EndpointId, reason: &str) {
    tracing::error!(endpoint.id = %id, reason, "an endpoint's filter cannot be read; it gets nothing");
    subscription.broken = true;
}

/// Whether nothing changed that the dispatcher keeps; how the endpoint fares is not kept.
fn is_same(a: &ActiveEndpoint, b: &ActiveEndpoint) -> bool {
    a.url == b.url
        && a.event_types == b.event_types
        && a.directory_ids == b.directory_ids
        && a.selection == b.selection
        && a.client_identity == b.client_identity
        && a.catching_up == b.catching_up
        && a.sealed_headers == b.sealed_headers
        && a.sealed_secret == b.sealed_secret
        && a.sealed_previous_secret == b.sealed_previous_secret
        && a.previous_secret_until == b.previous_secret_until
        && a.enabled == b.enabled
        && a.ordered == b.ordered
        && a.coalesce == b.coalesce
        && a.rate_limit == b.rate_limit
        && a.format == b.format
        && a.audience == b.audience
        && a.sso_client_id == b.sso_client_id
        && a.signals == b.signals
}
