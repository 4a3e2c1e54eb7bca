//! The parts of what is entered: a tenant, and where it stands in a URL.

use super::AuthorityError;
use std::fmt;
use url::Url;
use uuid::Uuid;

/// Where the document is below an authority (OpenID Connect Discovery 1.0 §4).
pub(super) const WELL_KNOWN: &str = "/.well-known/openid-configuration";
/// Authorities of Entra ID that are no tenant.
const SHARED: [&str; 3] = ["common", "organizations", "consumers"];

/// What stands for a tenant in a URL.
#[derive(Debug)]
pub(super) enum Tenant {
    Id(Uuid),
    Domain(String),
}

impl Tenant {
    pub(super) fn parse(text: &str) -> Result<Self, AuthorityError> {
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

    pub(super) const fn id(&self) -> Option<Uuid> {
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
pub(super) struct Path {
    pub(super) segments: Vec<String>,
    /// The query `p`, in which older guides write the user flow of B2C.
    pub(super) policy: Option<String>,
}

impl Path {
    pub(super) fn of(url: &Url) -> Result<Self, AuthorityError> {
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

    pub(super) fn only_tenant(&self) -> Result<Tenant, AuthorityError> {
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
pub(super) struct Extra {
    /// Without a slash at the end.
    pub(super) base: String,
    pub(super) path: Path,
}

/// Whether the URL is at this base or below it.
pub(super) fn below(base_url: &Url, url: &Url) -> Option<Result<Extra, AuthorityError>> {
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

/// A URL without a slash at the end.
pub(super) fn base(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
