//! The identity provider of a connection: what was entered, and what it says about itself.

use super::check::{fault_of_client_id, normal_client_id};
use crate::context::AdminContext;
use crate::entered::{are_swapped, swapped};
use crate::problem::Problem;
use crate::state::State;
use oidc::{Authority, ProviderMetadata};
use uuid::Uuid;

/// What was entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entered {
    /// The identity provider.
    pub(super) authority: String,
    /// The application there.
    pub(super) client_id: String,
    /// The issuer, where it does not follow.
    pub(super) expected_issuer: Option<String>,
}

/// What the provider says about itself, as JSON, or why that is not known.
pub(super) type Discovered = Result<String, String>;

impl Entered {
    /// What a connection has.
    pub(super) fn of(connection: &store::Connection) -> Self {
        Self {
            authority: connection.authority.clone(),
            client_id: connection.client_id.clone(),
            expected_issuer: connection.expected_issuer.clone(),
        }
    }

    /// The same in one spelling, and the provider that it names.
    ///
    /// # Errors
    /// 422 for what names none, and for an id of an application that cannot be one there.
    pub(super) fn read(self, state: &State) -> Result<(Self, Authority), Problem> {
        let authority = state.discovery().parse(&self.authority);
        let authority =
            authority.map_err(|error| Problem::invalid_at("#/authority", format!("Not accepted: {error}.")))?;
        if let Some(detail) = fault_of_client_id(&authority, &self.client_id) {
            return Err(Problem::invalid_at("#/client_id", detail));
        }
        let entered = Self {
            client_id: normal_client_id(&authority, &self.client_id),
            ..self
        };
        let authority = match &entered.expected_issuer {
            Some(issuer) => authority.with_issuer(issuer),
            None => authority,
        };
        Ok((entered, authority))
    }

    /// Asks the provider.
    ///
    /// # Errors
    /// 422 where tenant and application were entered the wrong way round.
    pub(super) async fn discover(&self, context: &AdminContext, authority: &Authority) -> Result<Discovered, Problem> {
        match context.discovery().ask(authority).await {
            Ok(metadata) => {
                let text = serde_json::to_string(&metadata).map_err(|error| Problem::internal(&error))?;
                Ok(Ok(text))
            }
            Err(why) if why.is_unknown_tenant && self.is_swapped(context, authority).await => {
                Err(Problem::invalid(swapped("authority", "client_id")))
            }
            Err(why) => Ok(Err(why.sentence)),
        }
    }

    async fn is_swapped(&self, context: &AdminContext, authority: &Authority) -> bool {
        match Uuid::parse_str(&self.client_id) {
            Ok(application) => are_swapped(context.discovery(), authority, application).await,
            Err(_) => false,
        }
    }
}

/// What a connection knows of its provider.
///
/// # Errors
/// When what is stored cannot be read.
pub(super) fn known(connection: &store::Connection) -> Result<Option<ProviderMetadata>, Problem> {
    let text = connection.metadata.as_deref();
    let read = text.map(serde_json::from_str).transpose();
    read.map_err(|error: serde_json::Error| Problem::internal(&error))
}
