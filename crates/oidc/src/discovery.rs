//! Where a provider is: what an administrator enters, and the document that the provider publishes about itself
//! (OpenID Connect Discovery 1.0).

mod authority;
mod authority_error;
mod hosts;
mod metadata;

pub use authority::{Authority, AuthorityKind, AuthorityRules};
pub use authority_error::AuthorityError;
pub use metadata::{MetadataError, ProviderMetadata};

pub(crate) use metadata::tenant_in_path;

use crate::FetchError;

/// Why nothing is known of a provider.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// Its document cannot be had.
    #[error("the document at {url} cannot be fetched")]
    Fetch {
        /// Where it should be.
        url: String,
        /// What happened.
        source: FetchError,
    },
    /// Its document does not say what it must.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

impl DiscoveryError {
    /// A name of the reason that stays the same.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Fetch { source, .. } => source.code(),
            Self::Metadata(error) => error.code(),
        }
    }
}
