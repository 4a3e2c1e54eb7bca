//! An administrator's consent: the link that asks for it, and what comes back.
//!
//! Source: <https://learn.microsoft.com/entra/identity-platform/v2-admin-consent>.

mod state;

pub use state::{ConsentState, ConsentedFrom};

use crate::cloud::Endpoints;
use oidc::EntraError;
use std::fmt;
use url::Url;
use uuid::Uuid;

/// The longest query that is read of what comes back, in bytes.
const LONGEST_QUERY: usize = 16 << 10;
/// The longest name of an error that is kept, in bytes.
const LONGEST_ERROR: usize = 64;

/// The link to give to an administrator. `state` is the caller's: nobody else can make it, and it is bound to the connection;
/// see [`ConsentState`].
#[must_use]
pub fn consent_link(endpoints: &Endpoints, tenant: Uuid, client_id: Uuid, redirect_uri: &Url, state: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &client_id.to_string())
        .append_pair("state", state)
        .append_pair("redirect_uri", redirect_uri.as_str())
        .finish();
    format!("{}/{tenant}/adminconsent?{query}", endpoints.authority())
}

/// Why consent was not given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// The query is longer than what is read.
    #[error("the answer is longer than {LONGEST_QUERY} bytes")]
    TooLong,
    /// A parameter comes twice.
    #[error("the answer has {0} twice")]
    Twice(&'static str),
    /// It neither gives nor refuses consent.
    #[error("the answer says nothing of consent")]
    Nothing,
    /// The administrator, or Entra ID, refused.
    #[error("consent was refused: {error}")]
    Refused {
        /// `error`, such as `permission_denied`.
        error: String,
        /// What Entra ID says about it.
        entra: Option<EntraError>,
    },
    /// An administrator of another tenant consented, for that tenant.
    #[error("consent was given in another tenant")]
    OtherTenant,
}

/// What came back. Its `state` must be looked up and used up before anything else is believed.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentAnswer {
    state: Option<String>,
    tenant: Option<Uuid>,
    consented: bool,
    refused: Option<ConsentError>,
}

/// The state is as good as a password until it is used up.
impl fmt::Debug for ConsentAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsentAnswer")
            .field("tenant", &self.tenant)
            .field("consented", &self.consented)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl ConsentAnswer {
    /// Reads the query of the request that came back.
    ///
    /// # Errors
    /// [`ConsentError::TooLong`] and [`ConsentError::Twice`]; what it says is told by [`ConsentAnswer::granted`].
    pub fn parse(query: &str) -> Result<Self, ConsentError> {
        if query.len() > LONGEST_QUERY {
            return Err(ConsentError::TooLong);
        }
        let find = |name: &'static str| {
            let mut found = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
            let value = found.next().map(|(_, value)| value.into_owned());
            if found.next().is_some() {
                Err(ConsentError::Twice(name))
            } else {
                Ok(value)
            }
        };
        let description = find("error_description")?;
        let refused = find("error")?.map(|error| ConsentError::Refused {
            entra: description.as_deref().and_then(EntraError::from_description),
            error: name(&error),
        });
        let consented = find("admin_consent")?;
        Ok(Self {
            state: find("state")?,
            tenant: find("tenant")?.and_then(|tenant| Uuid::try_parse(&tenant).ok()),
            consented: consented.is_some_and(|value| value.eq_ignore_ascii_case("true")),
            refused,
        })
    }

    /// The state, by which the caller finds the connection.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// Whether consent was given in this tenant. A new token is needed before it shows.
    ///
    /// # Errors
    /// [`ConsentError`].
    pub fn granted(&self, tenant: Uuid) -> Result<(), ConsentError> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        match (self.consented, self.tenant) {
            (true, Some(consented)) if consented == tenant => Ok(()),
            (true, Some(_)) => Err(ConsentError::OtherTenant),
            _ => Err(ConsentError::Nothing),
        }
    }
}

/// Names of errors are words; anything else may say whatever a stranger likes.
fn name(error: &str) -> String {
    let is_name = error.len() <= LONGEST_ERROR && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_name {
        error.to_owned()
    } else {
        "unknown".to_owned()
    }
}
