//! Setting up a directory with its first key: the same for `POST /directories` and for a first start.

use events::{DirectoryId, EventId, EventType, KeyId, Source, Timestamp};
use secrecy::SecretString;
use secrets::{Token, TokenKind};
use serde_json::{Value, json};
use store::{AdminTx, Directory, DirectoryState, EventDraft, KeyRecord, NewDirectory, NewKey, StoreError};

/// What the first key of a directory is called.
const FIRST_KEY: &str = "SCIM";

/// A directory that was just made.
pub(crate) struct SetUp {
    pub(crate) directory: Directory,
    pub(crate) key: KeyRecord,
    /// To be shown once.
    pub(crate) token: SecretString,
}

/// Stores a directory and a key for it, and announces both.
///
/// # Errors
/// As any write.
pub(crate) async fn set_up(
    change: &AdminTx,
    new: NewDirectory,
    lane: u16,
    source: Source,
) -> Result<SetUp, StoreError> {
    change.create_directory(&new, lane).await?;
    let (key, token) = mint_key(new.id, FIRST_KEY.to_owned(), new.at);
    change.create_key(&key).await?;
    let directory = Directory {
        id: new.id,
        organization_id: new.organization_id,
        name: new.name,
        provider: new.provider,
        state: DirectoryState::Active,
        held_at: None,
        released_until: None,
        settings: "{}".to_owned(),
        last_request_at: None,
        last_error: None,
        created_at: new.at,
        updated_at: new.at,
    };
    let created = json!({ "directory": directory.about() });
    let drafts = vec![
        draft(EventType::DirectoryCreated, &directory, source, new.at, created),
        draft(
            EventType::DirectoryKeyCreated,
            &directory,
            source,
            new.at,
            about_key(&directory, &key.record),
        ),
    ];
    change.append(lane, drafts).await?;
    Ok(SetUp {
        directory,
        key: key.record,
        token,
    })
}

/// A plain key for a directory, and its token.
pub(crate) fn mint_key(directory_id: DirectoryId, name: String, now: Timestamp) -> (NewKey, SecretString) {
    let id = KeyId::new();
    let (token, hash) = Token::mint(TokenKind::Directory, id.uuid());
    let record = KeyRecord {
        id,
        directory_id,
        name,
        description: None,
        sealed_token: None,
        expires_at: None,
        last_used_at: None,
        created_at: now,
        replaces: None,
        replaced_by: None,
    };
    (
        NewKey {
            record,
            token_hash: *hash.as_bytes(),
        },
        token,
    )
}

/// An event about a directory.
pub(crate) fn draft(kind: EventType, directory: &Directory, source: Source, now: Timestamp, data: Value) -> EventDraft {
    EventDraft {
        id: EventId::new(),
        kind,
        organization_id: directory.organization_id,
        directory_id: directory.id,
        source,
        subject_id: None,
        timestamp: now,
        traceparent: telemetry::traceparent(),
        data,
    }
}

/// The data of an event about a key.
pub(crate) fn about_key(directory: &Directory, key: &KeyRecord) -> Value {
    json!({
        "directory": { "id": directory.id, "name": directory.name },
        "key": {
            "id": key.id,
            "name": key.name,
            "description": key.description,
            "expires_at": key.expires_at,
            "created_at": key.created_at,
        },
    })
}
