//! What an administrator enters as the provider, in any of the forms that portals and guides show it in.

use super::AuthorityError;
use super::hosts::{self, Host};
use std::fmt;
use url::Url;
use uuid::Uuid;

/// Where the document is below an authority (OpenID Connect Discovery 1.0 §4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";
/// Authorities of Entra ID that are no tenant.
const SHARED: [&str; 3] = ["common", "organizations", "consumers"];

/// Which providers may be entered beside those of Microsoft's clouds.
#[derive(Clone, Debug)]
pub struct AuthorityRules {
    /// Where a tenant is that was entered without a host.
    pub default_base: Url,
    /// Further providers: everything below one of these URLs may be entered, with `http` when it has that.
    pub extra_bases: Vec<Url>,
}

impl AuthorityRules {
    /// The global cloud of Entra ID as the place of tenants without a host, and these providers beside.
    ///
    /// # Panics
    /// Never: the URL is a literal.
    #[must_use]
    pub fn new(extra_bases: Vec<Url>) -> Self {
        Self {
            default_base: Url::parse("https://login.microsoftonline.com/").expect("a literal, parsed by a test"),
            extra_bases,
        }
    }
}

impl Default for AuthorityRules {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// A kind of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityKind {
    /// A tenant of Entra ID.
    Entra,
    /// A tenant of Entra External ID.
    Ciam,
    /// A user flow of Azure AD B2C.
    B2c,
    /// A provider below an extra base that is not laid out like Entra ID.
    Other,
}

/// Which `iss` its document may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ExpectedIssuer {
    Exact(String),
    /// `{base}/{tenant id}/v2.0`: a domain was entered, and the issuer says which tenant it is.
    AnyTenant {
        base: String,
    },
    /// `https://{tenant id}.ciamlogin.com/{tenant id}/v2.0`.
    AnyCiamTenant,
    /// It cannot be known, so an administrator must say it.
    MustBeGiven,
}

/// A provider that was entered, in one spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    kind: AuthorityKind,
    /// Without a slash at the end.
    url: String,
    tenant: Option<Uuid>,
    issuer: ExpectedIssuer,
    discovery_url: String,
}

impl Authority {
    /// Reads what was entered: an id or a domain of a tenant, or a URL with or without `/v2.0`, a slash at the end or the
    /// well-known path.
    ///
    /// # Errors
    /// [`AuthorityError`], fit to be shown to the one who entered it.
    pub fn parse(text: &str, rules: &AuthorityRules) -> Result<Self, AuthorityError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AuthorityError::Empty);
        }
        if text.len() > AuthorityError::MAX_LENGTH {
            return Err(AuthorityError::TooLong);
        }
        if text.contains("://") {
            return Self::of_url(text, rules);
        }
        if text.contains('/') {
            return Self::of_url(&format!("https://{text}"), rules);
        }
        if hosts::host(&text.to_ascii_lowercase()) != Host::Unknown {
            return Err(AuthorityError::NoTenant);
        }
        Ok(Self::entra(base(&rules.default_base), &Tenant::parse(text)?))
    }

    /// With the issuer that an administrator expects: needed for B2C, whose issuer is no part of its URL.
    #[must_use]
    pub fn with_issuer(mut self, issuer: &str) -> Self {
        self.issuer = ExpectedIssuer::Exact(issuer.to_owned());
        self
    }

    /// With the keys of one application: those with claims mapping sign with keys of their own.
    #[must_use]
    pub fn with_application(mut self, client_id: &str) -> Self {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("appid", client_id)
            .finish();
        self.discovery_url = format!("{}{WELL_KNOWN}?{query}", self.url);
        self
    }

    /// What kind of provider it is.
    #[must_use]
    pub const fn kind(&self) -> AuthorityKind {
        self.kind
    }

    /// Whether its tokens lack the members that Entra ID always writes (`tid`, `oid`, `ver`): B2C, and what is not laid
    /// out like Entra ID.
    #[must_use]
    pub const fn is_b2c(&self) -> bool {
        matches!(self.kind, AuthorityKind::B2c | AuthorityKind::Other)
    }

    /// The tenant, when its id was entered; a domain becomes one when the document is read.
    #[must_use]
    pub const fn tenant(&self) -> Option<Uuid> {
        self.tenant
    }

    /// Where its document is.
    #[must_use]
    pub fn discovery_url(&self) -> &str {
        &self.discovery_url
    }

    pub(super) const fn expected_issuer(&self) -> &ExpectedIssuer {
        &self.issuer
    }

    fn of_url(text: &str, rules: &AuthorityRules) -> Result<Self, AuthorityError> {
        let url = Url::parse(text).map_err(|_| AuthorityError::Url)?;
        let host = url.host_str().ok_or(AuthorityError::Url)?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(AuthorityError::Url);
        }
        if let Some(found) = rules.extra_bases.iter().find_map(|base| below(base, &url)) {
            return Self::of_extra(&found?, &url);
        }
        if url.scheme() != "https" {
            return Err(AuthorityError::NotHttps);
        }
        let known = if url.port().is_none() {
            hosts::host(host)
        } else {
            Host::Unknown
        };
        let path = Path::of(&url)?;
        match known {
            Host::Entra(canonical) => Ok(Self::entra(format!("https://{canonical}"), &path.only_tenant()?)),
            Host::Ciam(name) => Self::ciam(host, name, &path),
            Host::B2c => Self::b2c(host, &path),
            Host::Unknown => Err(AuthorityError::UnknownHost {
                host: match url.port() {
                    Some(port) => format!("{host}:{port}"),
                    None => host.to_owned(),
                },
            }),
        }
    }

    fn entra(base: String, tenant: &Tenant) -> Self {
        let url = format!("{base}/{tenant}/v2.0");
        let issuer = match tenant {
            Tenant::Id(_) => ExpectedIssuer::Exact(url.clone()),
            Tenant::Domain(_) => ExpectedIssuer::AnyTenant { base },
        };
        Self::new(AuthorityKind::Entra, url, tenant.id(), issuer)
    }

    fn ciam(host: &str, name: &str, path: &Path) -> Result<Self, AuthorityError> {
        let tenant = if path.segments.is_empty() {
            Tenant::parse(name).or_else(|_| Tenant::parse(&format!("{name}.onmicrosoft.com")))?
        } else {
            path.only_tenant()?
        };
        let issuer = match tenant.id() {
            Some(id) => ExpectedIssuer::Exact(format!("https://{id}.ciamlogin.com/{id}/v2.0")),
            None => ExpectedIssuer::AnyCiamTenant,
        };
        let url = format!("https://{host}/{tenant}/v2.0");
        Ok(Self::new(AuthorityKind::Ciam, url, tenant.id(), issuer))
    }

    fn b2c(host: &str, path: &Path) -> Result<Self, AuthorityError> {
        let segments: Vec<&str> = path.segments.iter().map(String::as_str).collect();
        let (tenant, policy) = match (segments.as_slice(), path.policy.as_deref()) {
            (["tfp", tenant, policy] | [tenant, policy], None) => (*tenant, *policy),
            ([tenant], Some(policy)) => (*tenant, policy),
            ([], _) => return Err(AuthorityError::NoTenant),
            ([_], None) => return Err(AuthorityError::NoPolicy),
            _ => return Err(AuthorityError::Path),
        };
        let tenant = Tenant::parse(tenant)?;
        let url = format!("https://{host}/{tenant}/{policy}/v2.0");
        Ok(Self::new(
            AuthorityKind::B2c,
            url,
            tenant.id(),
            ExpectedIssuer::MustBeGiven,
        ))
    }

    /// Below a base that is not Microsoft's: like Entra ID when the path is a tenant, else whatever it is.
    fn of_extra(extra: &Extra, url: &Url) -> Result<Self, AuthorityError> {
        match extra.path.only_tenant() {
            Ok(tenant) => Ok(Self::entra(extra.base.clone(), &tenant)),
            Err(error @ AuthorityError::Shared { .. }) => Err(error),
            Err(_) if url.query().is_some() => Err(AuthorityError::Url),
            Err(_) => {
                let whole = url.as_str().trim_end_matches('/');
                let whole = whole.strip_suffix(WELL_KNOWN).unwrap_or(whole).trim_end_matches('/');
                let issuer = ExpectedIssuer::Exact(whole.to_owned());
                Ok(Self::new(AuthorityKind::Other, whole.to_owned(), None, issuer))
            }
        }
    }

    fn new(kind: AuthorityKind, url: String, tenant: Option<Uuid>, issuer: ExpectedIssuer) -> Self {
        Self {
            kind,
            discovery_url: format!("{url}{WELL_KNOWN}"),
            url,
            tenant,
            issuer,
        }
    }
}

impl fmt::Display for Authority {
    /// The URL below which the document is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// What stands for a tenant in a URL.
#[derive(Debug)]
enum Tenant {
    Id(Uuid),
    Domain(String),
}

impl Tenant {
    fn parse(text: &str) -> Result<Self, AuthorityError> {
        if let Some(name) = SHARED.iter().find(|shared| text.eq_ignore_ascii_case(shared)) {
            return Err(AuthorityError::Shared {
                name: (*name).to_owned(),
            });
        }
        if let Ok(id) = Uuid::parse_str(text) {
            return Ok(Self::Id(id));
        }
        match url::Host::parse(text) {
            Ok(url::Host::Domain(domain)) if domain.trim_matches('.').contains('.') => Ok(Self::Domain(domain)),
            _ => Err(AuthorityError::NotATenant),
        }
    }

    const fn id(&self) -> Option<Uuid> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Domain(_) => None,
        }
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Domain(domain) => f.write_str(domain),
        }
    }
}

/// The path of a URL without the parts that are the same for everybody.
#[derive(Debug)]
struct Path {
    segments: Vec<String>,
    /// The query `p`, in which older guides write the user flow of B2C.
    policy: Option<String>,
}

impl Path {
    fn of(url: &Url) -> Result<Self, AuthorityError> {
        let mut policy = None;
        for (name, value) in url.query_pairs() {
            match &*name {
                "p" if policy.is_none() => policy = Some(value.into_owned()),
                _ => return Err(AuthorityError::Url),
            }
        }
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix(WELL_KNOWN).unwrap_or(path);
        let mut segments: Vec<String> = path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect();
        if segments.last().is_some_and(|last| last == "v2.0") {
            segments.pop();
        }
        Ok(Self { segments, policy })
    }

    fn only_tenant(&self) -> Result<Tenant, AuthorityError> {
        match (self.segments.as_slice(), &self.policy) {
            ([tenant], None) => Tenant::parse(tenant),
            ([], _) => Err(AuthorityError::NoTenant),
            (_, Some(_)) => Err(AuthorityError::Url),
            _ => Err(AuthorityError::Path),
        }
    }
}

/// A URL below an extra base.
#[derive(Debug)]
struct Extra {
    /// Without a slash at the end.
    base: String,
    path: Path,
}

/// Whether the URL is at this base or below it.
fn below(base_url: &Url, url: &Url) -> Option<Result<Extra, AuthorityError>> {
    let base = base(base_url);
    let rest = url.path().strip_prefix(base_url.path().trim_end_matches('/'))?;
    let is_below = base_url.origin() == url.origin() && (rest.is_empty() || rest.starts_with('/'));
    let mut relative = url.clone();
    relative.set_path(rest);
    is_below.then(|| {
        let path = Path::of(&relative)?;
        Ok(Extra { base, path })
    })
}

fn base(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
