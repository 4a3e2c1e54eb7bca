//! Which ways of authentication a directory takes: the member `authentication` of its settings.

use super::Directory;
use crate::StoreError;
use serde_json::{Map, Value};

/// A way for an identity provider to authenticate itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// A directory key as bearer token.
    Bearer,
    /// A directory key as the password of HTTP Basic.
    Basic,
    /// An access token for the id and secret of an OAuth client.
    OauthClientCredentials,
    /// An access token for an assertion that an identity provider signed.
    WorkloadIdentity,
    /// A token that Entra ID makes itself where no secret was entered: for tests, as it proves a tenant and no more.
    EntraToken,
}

const MEMBER: &str = "authentication";

impl Authentication {
    /// Every way there is.
    pub const ALL: [Self; 5] = [
        Self::Bearer,
        Self::Basic,
        Self::OauthClientCredentials,
        Self::WorkloadIdentity,
        Self::EntraToken,
    ];

    /// Those that are on unless the settings say otherwise.
    pub const DEFAULT: [Self; 4] = [
        Self::Bearer,
        Self::Basic,
        Self::OauthClientCredentials,
        Self::WorkloadIdentity,
    ];

    /// The name on the wire and in the settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::OauthClientCredentials => "oauth_client_credentials",
            Self::WorkloadIdentity => "workload_identity",
            Self::EntraToken => "entra_token",
        }
    }
}

impl Directory {
    /// The ways of authentication that are on.
    ///
    /// # Errors
    /// `Internal` when the stored settings cannot be read: then none may be taken for on.
    pub fn authentication(&self) -> Result<Vec<Authentication>, StoreError> {
        let corrupt = || StoreError::corrupt("the settings of a directory cannot be read".to_owned());
        let settings = members(&self.settings)?;
        let Some(listed) = settings.get(MEMBER) else {
            return Ok(Authentication::DEFAULT.to_vec());
        };
        let listed = listed.as_array().ok_or_else(corrupt)?;
        Ok(Authentication::ALL
            .into_iter()
            .filter(|way| listed.iter().any(|name| name == way.as_str()))
            .collect())
    }

    /// Says which ways of authentication are on; `None` brings the default back.
    ///
    /// # Errors
    /// `Internal` when the stored settings cannot be read.
    pub fn set_authentication(&mut self, ways: Option<&[Authentication]>) -> Result<(), StoreError> {
        let mut settings = members(&self.settings)?;
        match ways {
            Some(ways) => settings.insert(MEMBER.to_owned(), ways.iter().map(|way| way.as_str()).collect()),
            // The other settings keep their order.
            None => settings.shift_remove(MEMBER),
        };
        self.settings = Value::Object(settings).to_string();
        Ok(())
    }
}

/// The settings as a JSON object.
///
/// # Errors
/// `Internal` when they are none.
pub(super) fn members(settings: &str) -> Result<Map<String, Value>, StoreError> {
    if settings.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(settings)
        .map_err(|error| StoreError::corrupt(format!("the settings of a directory cannot be read: {error}")))
}
