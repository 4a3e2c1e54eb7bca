//! The token that Entra ID makes itself when an administrator leaves the field "Secret Token" empty (E5).
//!
//! It says that Entra ID, or any other application that asked the same tenant for a token of this well-known audience, is
//! calling: so it identifies a tenant and not the provisioning job, and Microsoft means it for tests. A directory takes it
//! only when its settings name `entra_token` among the ways of authentication, which no default does, and its federation
//! names the tenant. Then it is checked like an assertion, with the same keys.

use super::answer::reason;
use crate::auth::Access;
use crate::failure::Failure;
use crate::state::Inner;
use crate::tenant::Tenant;
use events::{KeyId, Timestamp};
use oidc::{ExpectedClaims, Jwt};
use store::Authentication;

/// The `aud` of such a token: the application that stands for all SCIM apps outside the gallery.
const AUDIENCE: &str = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621";

/// The bearer token of a request, when it is one that Entra ID made itself; nothing of it is verified yet.
pub(crate) fn token(authorization: Option<&[u8]>) -> Option<Jwt<'_>> {
    let header = std::str::from_utf8(authorization?).ok()?.trim();
    let (scheme, token) = header.split_once(' ')?;
    let token = Jwt::parse(token.trim()).ok()?;
    (scheme.eq_ignore_ascii_case("bearer") && token.is_for(AUDIENCE)).then_some(token)
}

/// The directory that such a token opens.
///
/// # Errors
/// 401 with one text for whatever is wrong, so that nobody learns which directories take such tokens; the reason goes to
/// the directory's log. 503 without the database.
pub(crate) async fn authorize(inner: &Inner, token: &Jwt<'_>, tenant: &Tenant) -> Result<Access, Failure> {
    let directory = inner.auth.directory(tenant).await?.ok_or(Failure::EntraToken)?;
    let refused = |reason: &str| {
        let reason = format!("a token of Entra ID's own was refused: {reason}");
        inner.usage.note_refusal(directory.id, reason);
        Failure::EntraToken
    };
    if !directory.authentication()?.contains(&Authentication::EntraToken) {
        return Err(refused(
            "entra_token is not among the directory's ways of authentication; enter a key as the Secret Token",
        ));
    }
    let federation = inner.auth.federation(directory.id).await?;
    let federation = federation.ok_or_else(|| refused("the directory's federation names no tenant"))?;
    let issuer = inner.entra.issuer(federation.tenant_id);
    let expected = ExpectedClaims {
        issuer: &format!("https://sts.windows.net/{}/", federation.tenant_id),
        tenant: Some(federation.tenant_id),
        audience: AUDIENCE,
        subject: None,
    };
    let verified = inner.tokens.verify(token, &issuer, &expected, Timestamp::now()).await;
    verified.map_err(|error| refused(reason(error)))?;
    Ok(Access {
        key_id: KeyId::from(directory.id.uuid()),
        directory: directory.as_ref().clone(),
    })
}
