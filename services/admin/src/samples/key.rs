//! The key that samples come with: made for one use, revoked after it, and over by itself where that fails.

use super::scim::ScimClient;
use crate::audit::Act;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::setup::{about_key, mint_key};
use ::events::{EventType, KeyId};
use secrecy::SecretString;
use std::time::Duration;
use store::{Directory, KeyRecord};

/// What the key is called.
const NAME: &str = "Sample people";
/// After so long it opens nothing, whatever happens to this process.
const LASTS: Duration = Duration::from_mins(5);

/// Does work with a fresh key.
///
/// # Errors
/// Those of the work; otherwise as the store.
pub(super) async fn with_key<T>(
    context: &AdminContext,
    directory: &Directory,
    work: impl AsyncFnOnce(ScimClient) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let (id, token) = make(context, directory).await?;
    let outcome = match ScimClient::new(context.scim_url(directory.id), token) {
        Ok(scim) => work(scim).await,
        Err(error) => Err(Problem::internal(&error)),
    };
    if let Err(problem) = revoke(context, directory, id).await {
        // It ends by itself within minutes.
        tracing::warn!(key.id = %id, error = %problem, "a key for sample people is not revoked yet");
    }
    outcome
}

async fn make(context: &AdminContext, directory: &Directory) -> Result<(KeyId, SecretString), Problem> {
    let lane = context.lane(directory.id);
    let change = context.change(Some(lane)).await?;
    let (mut key, token) = mint_key(directory.id, NAME.to_owned(), context.now);
    key.record = KeyRecord {
        expires_at: Some(context.now.plus(LASTS)),
        ..key.record
    };
    change.create_key(&key).await?;
    let about = about_key(directory, &key.record);
    change
        .append(
            lane,
            vec![context.draft(EventType::DirectoryKeyCreated, directory, about)],
        )
        .await?;
    let id = key.record.id;
    let act = Act::new("created", "key", id).within(directory).saying(NAME);
    change.commit(context, act).await?;
    Ok((id, token))
}

async fn revoke(context: &AdminContext, directory: &Directory, id: KeyId) -> Result<(), Problem> {
    let lane = context.lane(directory.id);
    let change = context.change(Some(lane)).await?;
    let Some(key) = change.key(directory.id, id).await? else {
        return Ok(());
    };
    change.revoke_key(&key, context.now).await?;
    let about = about_key(directory, &key);
    change
        .append(
            lane,
            vec![context.draft(EventType::DirectoryKeyRevoked, directory, about)],
        )
        .await?;
    let act = Act::new("revoked", "key", id).within(directory).saying(NAME);
    change.commit(context, act).await
}
