//! `/directories/{id}/keys`: the bearer tokens that identity providers carry.

pub(super) mod create;
pub(super) mod list;
pub(super) mod revoke;
pub(super) mod token;
pub(super) mod update;

use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::{DirectoryId, KeyId, Timestamp};
use api::Key;
use store::KeyRecord;

/// A key as the API shows it: never with its token.
fn shown(key: KeyRecord) -> Key {
    Key {
        id: key.id,
        name: key.name,
        description: key.description,
        expires_at: key.expires_at,
        retrievable: key.sealed_token.is_some(),
        last_used_at: key.last_used_at,
        created_at: key.created_at,
        token: None,
    }
}

/// The ids of a path to one key.
fn ids(path: &(String, String)) -> Result<(DirectoryId, KeyId), Problem> {
    Ok((path_id("directory", &path.0)?, path_id("key", &path.1)?))
}

/// Binds an encrypted token to its row.
fn token_context(id: KeyId) -> String {
    format!("directory-key/{id}/token")
}

/// Makes it a fault of `expires_at` not to lie in the future.
pub(super) fn check_expiry<T: api::Body>(context: &AdminContext, body: &mut Body<T>) {
    let expires_at: Option<Timestamp> = body.sound("expires_at");
    if expires_at.is_some_and(|at| at <= context.now) {
        body.fault("/expires_at", "Must lie in the future.");
    }
}
