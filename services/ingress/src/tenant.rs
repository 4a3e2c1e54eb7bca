//! Which directory a URL names, and by which base URL it is reached.

use crate::failure::Failure;
use crate::path::{Parts, decoded, is_scim_word};
use actix_web::HttpRequest;
use events::DirectoryId;

/// How a URL names a directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tenant {
    /// `/directories/{id}/…`.
    Directory(DirectoryId),
    /// `/org/{domain}/…`.
    Domain(String),
}

/// What is wrong with a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TenantError {
    /// No directory is named at all: the answer says where in the URL it goes.
    #[error(
        "there is nothing at this path: SCIM URLs begin with the tenant URL of a directory, \
         {0}/directories/<id>/scim/v2 or {0}/org/<domain>/scim/v2, which stands where the directory was made, and as \
         scim_url in the management API (GET /api/v1/directories)"
    )]
    NoTenant(String),
    /// No directory can have this name.
    #[error("no such directory")]
    UnknownTenant,
    /// The tenant URL was mistyped; `0` is the right one.
    #[error("this is not a SCIM base URL; the tenant URL to enter in the identity provider is {0}")]
    NotScim(String),
    /// A protocol version that is not served.
    #[error("SCIM version \"{version}\" is not served here; use {base}")]
    Version {
        /// What was asked for.
        version: String,
        /// What is served.
        base: String,
    },
}

impl Tenant {
    /// The directory that the URL of a request names.
    pub(crate) fn of(request: &HttpRequest, public_url: &str) -> Result<Self, TenantError> {
        let parts = Parts::of(request.path());
        Self::named(parts.form, parts.name.unwrap_or_default(), public_url)
    }

    fn named(form: &str, name: &str, public_url: &str) -> Result<Self, TenantError> {
        let name = decoded(name);
        // Where `scim` follows at once, the name was forgotten.
        if name.is_empty() || is_scim_word(&name) {
            return Err(TenantError::NoTenant(public_url.to_owned()));
        }
        match form {
            "directories" => Ok(Self::Directory(name.parse().map_err(|_| TenantError::UnknownTenant)?)),
            _ => Ok(Self::Domain(name.to_lowercase())),
        }
    }

    /// The absolute base URL, in the form that the client uses and as it should be written.
    pub(crate) fn base_url(&self, public_url: &str) -> String {
        match self {
            Self::Directory(id) => format!("{public_url}/directories/{id}/scim/v2"),
            Self::Domain(domain) => format!("{public_url}/org/{domain}/scim/v2"),
        }
    }
}

/// What is wrong with a path below `/directories` or `/org` that leads to no base URL.
pub(crate) fn mistake(path: &str, public_url: &str) -> TenantError {
    let parts = Parts::of(path);
    let base = match Tenant::named(parts.form, parts.name.unwrap_or_default(), public_url) {
        Ok(tenant) => tenant.base_url(public_url),
        Err(error) => return error,
    };
    match parts.version {
        Some(version) if parts.is_scim => TenantError::Version {
            version: decoded(version).into_owned(),
            base,
        },
        _ => TenantError::NotScim(base),
    }
}

impl From<TenantError> for Failure {
    /// A directory that cannot exist is answered as one that the key does not open.
    fn from(error: TenantError) -> Self {
        let detail = error.to_string();
        match error {
            TenantError::UnknownTenant => Self::Unauthorized,
            TenantError::NoTenant(_) | TenantError::NotScim(_) => scim::Error::status(404, detail).into(),
            TenantError::Version { .. } => scim::Error::new(scim::ScimType::InvalidVers, detail).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Tenant, TenantError, mistake};
    use events::DirectoryId;

    const PUBLIC: &str = "https://scim.example";

    #[test]
    fn both_forms_of_the_base_url_are_understood() {
        let id = DirectoryId::new();
        let tenant = Tenant::named("directories", &id.to_string(), PUBLIC).unwrap();
        assert_eq!(tenant, Tenant::Directory(id));
        assert_eq!(tenant.base_url(PUBLIC), format!("{PUBLIC}/directories/{id}/scim/v2"));
        let tenant = Tenant::named("org", "Example.COM", PUBLIC).unwrap();
        assert_eq!(tenant, Tenant::Domain("example.com".to_owned()));
        assert_eq!(tenant.base_url(PUBLIC), "https://scim.example/org/example.com/scim/v2");
    }

    #[test]
    fn a_mistyped_base_url_is_answered_with_the_right_one() {
        let error = mistake("/org/a.test/Users", PUBLIC);
        assert_eq!(error, TenantError::NotScim(format!("{PUBLIC}/org/a.test/scim/v2")));
        let error = mistake("/org/a.test/scim/v1/Users", PUBLIC);
        assert!(matches!(error, TenantError::Version { version, .. } if version == "v1"));
        assert_eq!(mistake("/directories/7/scim/v2", PUBLIC), TenantError::UnknownTenant);
    }

    #[test]
    fn a_url_without_a_directory_is_told_apart_from_one_with_an_unknown_one() {
        for path in ["/org", "/directories/", "/directories/scim/v2/Users", "/org/SCIM/v2"] {
            let no_tenant = TenantError::NoTenant(PUBLIC.to_owned());
            assert_eq!(mistake(path, PUBLIC), no_tenant, "{path}");
        }
    }
}
