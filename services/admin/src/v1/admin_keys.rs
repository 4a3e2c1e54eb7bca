//! `/admin-keys`: the bearer tokens of this API.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod get;
pub(super) mod list;

use crate::principal;
use api::AdminKey;

/// A key as the API shows it: never with its token.
pub(crate) fn shown(key: store::AdminKey) -> AdminKey {
    AdminKey {
        id: key.id,
        name: key.name,
        scopes: key.scopes.into_iter().map(principal::shown).collect(),
        organization_id: key.organization_id,
        expires_at: key.expires_at,
        last_used_at: key.last_used_at,
        created_at: key.created_at,
        token: None,
    }
}
