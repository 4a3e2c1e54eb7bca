//! Keys made without the API: the set-up of a first start, and new admin keys on the command line.

use crate::audit::Act;
use crate::setup::{SetUp, set_up};
use crate::state::scim_url;
use crate::v1::about_admin_key;
use events::{AdminKeyId, DirectoryId, OrganizationId, Source, Timestamp};
use secrecy::SecretString;
use secrets::{Token, TokenKind};
use serde_json::json;
use store::{AdminKey, AdminScope, AdminTx, AuditActor, Domain, NewDirectory, NewOrganization, Store, StoreError};

/// The domain of the organization that a first start makes.
const DOMAIN: &str = "example.com";
/// What the audit log calls the program at its first start; also the name of the key that it makes.
const FIRST_START: &str = "first start";
/// What the audit log calls the program when a command is run.
const COMMAND_LINE: &str = "command line";

/// What a first start made. The secrets are nowhere else: show them once.
#[derive(Debug)]
pub struct FirstStart {
    /// The organization `example.com`.
    pub organization_id: OrganizationId,
    /// Its directory.
    pub directory_id: DirectoryId,
    /// The tenant URL for the identity provider.
    pub scim_url: String,
    /// The secret token for the identity provider.
    pub token: SecretString,
    /// A key of the management API.
    pub admin_key: SecretString,
}

/// Sets up an empty database: one organization, one directory, one directory key and one admin key, all or nothing.
/// `None` when there is an organization already.
///
/// # Errors
/// As any write; then nothing was made.
pub async fn bootstrap(store: &Store, public_url: &str, partitions: u16) -> Result<Option<FirstStart>, StoreError> {
    if !store.organizations().is_empty().await? {
        return Ok(None);
    }
    let (now, id) = (Timestamp::now(), DirectoryId::new());
    let domain: Domain = DOMAIN
        .parse()
        .map_err(|error| StoreError::Defect(format!("{DOMAIN}: {error}")))?;
    let organization = NewOrganization {
        id: OrganizationId::new(),
        name: DOMAIN.to_owned(),
        domains: vec![domain.clone()],
        at: now,
    };
    let lane = events::lane_of(id, partitions);
    let change = store.change(Some(lane)).await?;
    let organization_id = change.organization_of_domain(&organization, &domain).await?;
    if organization_id != organization.id {
        // Another process starts for the first time too, and was quicker.
        return Ok(None);
    }
    let directory = NewDirectory {
        id,
        organization_id,
        name: "Microsoft Entra ID".to_owned(),
        provider: "entra_id".to_owned(),
        at: now,
    };
    let SetUp { token, directory, .. } = set_up(&change, directory, lane, Source::System).await?;
    let key = AdminKeyWish::named(FIRST_START);
    let (_, admin_key) = add_admin_key(&change, FIRST_START, &key, now).await?;
    let about = json!({ "name": organization.name, "domains": [DOMAIN] });
    let made = Act::created("organization", organization_id, &about).of(Some(organization_id));
    audit(&change, FIRST_START, made, now).await?;
    let made = Act::created("directory", id, &directory.about()).within(&directory);
    audit(&change, FIRST_START, made, now).await?;
    change.commit().await?;
    Ok(Some(FirstStart {
        organization_id,
        directory_id: id,
        scim_url: scim_url(public_url, id),
        token,
        admin_key,
    }))
}

/// What a key made on the command line may do, and for whom.
#[derive(Clone, Debug)]
pub struct AdminKeyWish {
    /// What people call it.
    pub name: String,
    /// What it may do; everything, where nothing is named.
    pub scopes: Vec<AdminScope>,
    /// The one organization that it is for.
    pub organization_id: Option<OrganizationId>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

impl AdminKeyWish {
    /// A key that may do everything, for ever.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            scopes: Vec::new(),
            organization_id: None,
            expires_at: None,
        }
    }
}

/// Makes an admin key that may do everything; the secret is nowhere else: show it once.
///
/// # Errors
/// As any write.
pub async fn create_admin_key(store: &Store, name: &str) -> Result<(AdminKeyId, SecretString), StoreError> {
    let change = store.change(None).await?;
    let wish = AdminKeyWish::named(name);
    let key = add_admin_key(&change, COMMAND_LINE, &wish, Timestamp::now()).await?;
    change.commit().await?;
    Ok(key)
}

/// Makes an admin key as it is wished for. `None` when there is no such organization.
///
/// # Errors
/// As any write.
pub async fn create_admin_key_as(
    store: &Store,
    wish: &AdminKeyWish,
) -> Result<Option<(AdminKeyId, SecretString)>, StoreError> {
    let change = store.change(None).await?;
    if let Some(id) = wish.organization_id
        && change.organization(id).await?.is_none()
    {
        return Ok(None);
    }
    let key = add_admin_key(&change, COMMAND_LINE, wish, Timestamp::now()).await?;
    change.commit().await?;
    Ok(Some(key))
}

async fn add_admin_key(
    change: &AdminTx,
    by: &str,
    wish: &AdminKeyWish,
    now: Timestamp,
) -> Result<(AdminKeyId, SecretString), StoreError> {
    let (mut key, token) = mint_admin_key(wish.name.clone(), now);
    if !wish.scopes.is_empty() {
        key.scopes.clone_from(&wish.scopes);
    }
    key.organization_id = wish.organization_id;
    key.expires_at = wish.expires_at;
    change.create_admin_key(&key).await?;
    let (id, organization) = (key.id, key.organization_id);
    let made = Act::created("admin_key", id, &about_admin_key(key)).of(organization);
    audit(change, by, made, now).await?;
    Ok((id, token))
}

/// The entry about something that the program itself did.
async fn audit(change: &AdminTx, by: &str, act: Act, now: Timestamp) -> Result<(), StoreError> {
    let entry = act.entry(AuditActor::System(by.to_owned()), None, now);
    change.audit(entry).await
}

/// An admin key that may do everything, and its token.
pub(crate) fn mint_admin_key(name: String, now: Timestamp) -> (AdminKey, SecretString) {
    let id = AdminKeyId::new();
    let (token, hash) = Token::mint(TokenKind::Admin, id.uuid());
    let key = AdminKey {
        id,
        name,
        token_hash: *hash.as_bytes(),
        scopes: AdminScope::WIDEST.to_vec(),
        organization_id: None,
        expires_at: None,
        created_at: now,
        last_used_at: None,
    };
    (key, token)
}
