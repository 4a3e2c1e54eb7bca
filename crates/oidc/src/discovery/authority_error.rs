//! Why what was entered names no provider.

/// Why what was entered names no provider. Each says what is wrong and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// Nothing.
    #[error("enter the directory (tenant) ID from the overview page of Entra ID, or a domain of the tenant")]
    Empty,
    /// More than [`AuthorityError::MAX_LENGTH`] bytes.
    #[error(
        "this is longer than {} bytes: enter the directory (tenant) ID alone",
        Self::MAX_LENGTH
    )]
    TooLong,
    /// Neither an id, nor a domain, nor a URL.
    #[error(
        "this is no tenant: enter a directory (tenant) ID such as 5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10, a domain such as \
         fabrikam.com, or a URL that begins with https://"
    )]
    NotATenant,
    /// A URL that cannot be read, or one with a user name, a query or a fragment.
    #[error("the URL cannot be read: enter it without user name, query and fragment, as https://host/tenant/v2.0")]
    Url,
    /// Not `https`.
    #[error("the URL must begin with https://, so that nobody on the way can change what it answers")]
    NotHttps,
    /// A host that is no provider known here.
    #[error(
        "{host} is no sign-in host of Entra ID: enter the directory (tenant) ID alone, or ask the operator of this \
         installation to allow the host"
    )]
    UnknownHost {
        /// The host that was entered, with its port when it has one.
        host: String,
    },
    /// A host without a tenant.
    #[error("the URL names no tenant: add the directory (tenant) ID, as https://host/tenant/v2.0")]
    NoTenant,
    /// `common`, `organizations` or `consumers`.
    #[error(
        "\"{name}\" stands for every organization or for personal accounts, so anybody of any tenant could sign in: enter \
         the directory (tenant) ID of the one organization in its place"
    )]
    Shared {
        /// The word.
        name: String,
    },
    /// More than a tenant.
    #[error("the URL goes on behind the tenant: enter it up to the tenant or to /v2.0, as https://host/tenant/v2.0")]
    Path,
    /// A B2C URL without its user flow.
    #[error(
        "the URL of an Azure AD B2C tenant names its user flow, too: enter it as \
         https://name.b2clogin.com/name.onmicrosoft.com/user_flow/v2.0"
    )]
    NoPolicy,
}

impl AuthorityError {
    /// The longest text that is read, in bytes.
    pub const MAX_LENGTH: usize = 2_048;

    /// A name of the reason that stays the same.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::NotATenant => "not_a_tenant",
            Self::Url => "url_unreadable",
            Self::NotHttps => "not_https",
            Self::UnknownHost { .. } => "unknown_host",
            Self::NoTenant => "no_tenant",
            Self::Shared { .. } => "shared_authority",
            Self::Path => "path_too_long",
            Self::NoPolicy => "no_user_flow",
        }
    }
}
