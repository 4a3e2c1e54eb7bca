//! `/directories/{id}/keys`: the bearer tokens that identity providers carry.

pub(super) mod create;
pub(super) mod list;
pub(super) mod revoke;
pub(super) mod rotate;
pub(super) mod token;
pub(super) mod update;

use crate::body::Body;
use crate::context::{AdminContext, path_id};
use crate::problem::Problem;
use ::events::{DirectoryId, KeyId, Timestamp};
use api::{Key, KeyRotation, RotationState};
use std::collections::HashMap;
use store::{KeyRecord, OtherKey, SealedColumn};

/// What is known of the other keys of rotations.
type OtherKeys = HashMap<KeyId, OtherKey>;

/// A key as the API shows it: never with its token.
fn shown(key: KeyRecord, others: &OtherKeys) -> Key {
    Key {
        rotation: rotation(&key, others),
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

/// The rotation that a key is part of: as the older one, or else as the newer one.
fn rotation(key: &KeyRecord, others: &OtherKeys) -> Option<KeyRotation> {
    let seen = |last_used_at: Option<Timestamp>| match last_used_at {
        Some(_) => RotationState::Seen,
        None => RotationState::New,
    };
    if let Some(newer) = key.replaced_by {
        let state = seen(others.get(&newer).and_then(|newer| newer.last_used_at));
        return Some(KeyRotation {
            state,
            replaces: None,
            replaced_by: Some(newer),
        });
    }
    let older = key.replaces?;
    let is_over = others.get(&older).is_none_or(|older| older.is_revoked);
    let state = if is_over {
        RotationState::Revoked
    } else {
        seen(key.last_used_at)
    };
    Some(KeyRotation {
        state,
        replaces: Some(older),
        replaced_by: None,
    })
}

/// What is known of the other keys of the rotations that keys are part of.
async fn others(context: &AdminContext, keys: &[KeyRecord], directory: DirectoryId) -> Result<OtherKeys, Problem> {
    Ok(context.store().directory_keys(directory).others(keys).await?)
}

/// The ids of a path to one key.
fn ids(path: &(String, String)) -> Result<(DirectoryId, KeyId), Problem> {
    Ok((path_id("directory", &path.0)?, path_id("key", &path.1)?))
}

/// Binds an encrypted token to its row.
fn token_context(id: KeyId) -> String {
    SealedColumn::DirectoryKeyToken.context(&id)
}

/// Makes it a fault of `expires_at` not to lie in the future.
pub(super) fn check_expiry<T: api::Body>(context: &AdminContext, body: &mut Body<T>) {
    let expires_at: Option<Timestamp> = body.sound("expires_at");
    if expires_at.is_some_and(|at| at <= context.now) {
        body.fault("/expires_at", "Must lie in the future.");
    }
}
