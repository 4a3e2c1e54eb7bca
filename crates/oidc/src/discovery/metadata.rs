//! What a provider says about itself (OpenID Connect Discovery 1.0 §3).

use super::authority::{Authority, AuthorityKind, ExpectedIssuer};
use crate::Issuer;
use crate::members::{MemberError, Members};
use serde::{Deserialize, Serialize};
use url::{Host, Url};
use uuid::Uuid;

/// The largest document, in bytes.
const MAX_DOCUMENT: usize = 1 << 20;

/// What is needed of the document of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderMetadata {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The tenant of Entra ID that it is; `None` for B2C and other providers.
    pub tenant: Option<Uuid>,
    /// Where people sign in.
    pub authorization_endpoint: String,
    /// Where codes are redeemed.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where people sign out.
    pub end_session_endpoint: Option<String>,
    /// Where an access token gives the claims of its person.
    pub userinfo_endpoint: Option<String>,
    /// How clients may prove who they are at the token endpoint; empty when it does not say.
    pub token_endpoint_auth_methods: Vec<String>,
    /// Whether it names itself in `iss` of its callback (RFC 9207).
    pub iss_parameter: bool,
}

/// Why a document is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Longer than 1 MiB.
    #[error("the provider's document is longer than {MAX_DOCUMENT} bytes")]
    TooLarge,
    /// No JSON object, or one with a name that comes twice.
    #[error("the provider's document is no JSON object: check the URL, which may be that of a page for people")]
    Unreadable,
    /// A member that must be there is not.
    #[error("the provider's document lacks \"{0}\": check the URL, which may be that of another service")]
    Missing(&'static str),
    /// A member is not what it must be.
    #[error("\"{0}\" of the provider's document is not what OpenID Connect Discovery says that it is")]
    Type(&'static str),
    /// An address is not `https`.
    #[error("\"{0}\" of the provider's document is no https URL, so anybody on the way could read what is sent there")]
    NotHttps(&'static str),
    /// It is another issuer.
    #[error(
        "the provider's document names the issuer {found}, and {expected} was expected: check the tenant and its cloud"
    )]
    Issuer {
        /// What follows from what was entered.
        expected: String,
        /// What the document says, cut to 256 characters.
        found: String,
    },
    /// Its issuer names no tenant.
    #[error("the issuer {found} of the provider's document names no tenant: enter the directory (tenant) ID")]
    NoTenant {
        /// What the document says, cut to 256 characters.
        found: String,
    },
    /// The issuer must be entered, too.
    #[error("the provider's document names the issuer {found}: enter it as the expected issuer if it is the right one")]
    IssuerNotGiven {
        /// What the document says, cut to 256 characters.
        found: String,
    },
    /// The provider does not know the code flow.
    #[error("the provider gives no authorization codes (\"response_types_supported\" lacks \"code\")")]
    NoCodeFlow,
    /// The provider does not sign with RS256.
    #[error("the provider does not sign ID tokens with RS256 (\"id_token_signing_alg_values_supported\")")]
    NoRs256,
}

impl MetadataError {
    /// A name of the reason that stays the same.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "document_too_large",
            Self::Unreadable => "document_unreadable",
            Self::Missing(_) => "member_missing",
            Self::Type(_) => "member_wrong",
            Self::NotHttps(_) => "endpoint_not_https",
            Self::Issuer { .. } => "issuer_mismatch",
            Self::NoTenant { .. } => "issuer_without_tenant",
            Self::IssuerNotGiven { .. } => "issuer_not_given",
            Self::NoCodeFlow => "no_code_flow",
            Self::NoRs256 => "no_rs256",
        }
    }
}

impl From<MemberError> for MetadataError {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::Unreadable | MemberError::Duplicate => Self::Unreadable,
            MemberError::Missing(name) => Self::Missing(name),
            MemberError::Type(name) => Self::Type(name),
        }
    }
}

impl ProviderMetadata {
    /// Reads the document that [`Authority::discovery_url`] answers.
    ///
    /// # Errors
    /// [`MetadataError`].
    pub fn read(document: &[u8], authority: &Authority) -> Result<Self, MetadataError> {
        if document.len() > MAX_DOCUMENT {
            return Err(MetadataError::TooLarge);
        }
        let members = Members::read(document)?;
        let issuer = members.needed_text("issuer")?.to_owned();
        let tenant = tenant(&issuer, authority)?;
        let addresses = Addresses {
            members: &members,
            may_be_http: is_local_http(authority.discovery_url()),
        };
        let metadata = Self {
            tenant,
            authorization_endpoint: addresses.needed("authorization_endpoint")?,
            token_endpoint: addresses.needed("token_endpoint")?,
            jwks_uri: addresses.needed("jwks_uri")?,
            end_session_endpoint: addresses.optional("end_session_endpoint")?,
            userinfo_endpoint: addresses.optional("userinfo_endpoint")?,
            token_endpoint_auth_methods: members.texts("token_endpoint_auth_methods_supported")?,
            iss_parameter: members.0.get("authorization_response_iss_parameter_supported") == Some(&true.into()),
            issuer,
        };
        let offers = |name, wanted: &str| -> Result<bool, MetadataError> {
            let offered = members.texts(name)?;
            Ok(offered.is_empty() || offered.iter().any(|one| one == wanted))
        };
        if !offers("response_types_supported", "code")? {
            return Err(MetadataError::NoCodeFlow);
        }
        if !offers("id_token_signing_alg_values_supported", "RS256")? {
            return Err(MetadataError::NoRs256);
        }
        Ok(metadata)
    }

    /// The provider as who signs tokens.
    #[must_use]
    pub fn issuer(&self) -> Issuer {
        Issuer {
            name: self.issuer.clone(),
            keys_url: self.jwks_uri.clone(),
            tenant: self.tenant,
        }
    }
}

/// The tenant of an issuer that is the expected one.
fn tenant(issuer: &str, authority: &Authority) -> Result<Option<Uuid>, MetadataError> {
    let found = || -> String { issuer.chars().take(256).collect() };
    let mismatch = |expected: &str| MetadataError::Issuer {
        expected: expected.to_owned(),
        found: found(),
    };
    let without_tenant = || MetadataError::NoTenant { found: found() };
    match authority.expected_issuer() {
        ExpectedIssuer::MustBeGiven => return Err(MetadataError::IssuerNotGiven { found: found() }),
        ExpectedIssuer::Exact(expected) if expected != issuer => return Err(mismatch(expected)),
        ExpectedIssuer::Exact(_) => {}
        ExpectedIssuer::AnyTenant { base } => {
            let id = tenant_in_path(issuer).ok_or_else(without_tenant)?;
            if issuer != format!("{base}/{id}/v2.0") {
                return Err(mismatch(&format!("{base}/(tenant ID)/v2.0")));
            }
        }
        ExpectedIssuer::AnyCiamTenant => {
            let id = tenant_in_path(issuer).ok_or_else(without_tenant)?;
            if issuer != format!("https://{id}.ciamlogin.com/{id}/v2.0") {
                return Err(mismatch("https://(tenant ID).ciamlogin.com/(tenant ID)/v2.0"));
            }
        }
    }
    match authority.kind() {
        AuthorityKind::B2c | AuthorityKind::Other => Ok(None),
        AuthorityKind::Entra | AuthorityKind::Ciam => {
            let id = tenant_in_path(issuer).ok_or_else(without_tenant)?;
            match authority.tenant() {
                Some(entered) if entered != id => Err(mismatch(&entered.to_string())),
                _ => Ok(Some(id)),
            }
        }
    }
}

/// The GUID in `…/{guid}/v2.0`, the path of every v2.0 issuer of Entra ID.
pub(crate) fn tenant_in_path(issuer: &str) -> Option<Uuid> {
    let (_, tenant) = issuer.strip_suffix("/v2.0")?.rsplit_once('/')?;
    Uuid::try_parse(tenant).ok()
}

/// The addresses in a document.
struct Addresses<'m> {
    members: &'m Members,
    /// A provider on this machine, for development, has no certificate.
    may_be_http: bool,
}

impl Addresses<'_> {
    fn needed(&self, name: &'static str) -> Result<String, MetadataError> {
        self.optional(name)?.ok_or(MetadataError::Missing(name))
    }

    fn optional(&self, name: &'static str) -> Result<Option<String>, MetadataError> {
        let Some(text) = self.members.text(name)? else {
            return Ok(None);
        };
        let url = Url::parse(text).map_err(|_| MetadataError::Type(name))?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(MetadataError::Type(name));
        }
        if url.scheme() == "https" || self.may_be_http && is_local_http(text) {
            return Ok(Some(text.to_owned()));
        }
        Err(MetadataError::NotHttps(name))
    }
}

/// Whether it is an `http` URL of this machine.
fn is_local_http(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else {
        return false;
    };
    let is_local = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "http" && is_local
}
