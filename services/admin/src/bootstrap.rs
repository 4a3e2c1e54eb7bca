//! Keys made without the API: the set-up of a first start, and new admin keys on the command line.

use crate::setup::{SetUp, set_up};
use crate::state::scim_url;
use events::{AdminKeyId, DirectoryId, OrganizationId, Source, Timestamp};
use secrecy::SecretString;
use secrets::{Token, TokenKind};
use store::{AdminKey, AdminTx, Domain, NewDirectory, NewOrganization, Store, StoreError};

/// The domain of the organization that a first start makes.
const DOMAIN: &str = "example.com";

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
    let SetUp { token, .. } = set_up(&change, directory, lane, Source::System).await?;
    let (_, admin_key) = add_admin_key(&change, "first start", now).await?;
    change.commit().await?;
    Ok(Some(FirstStart {
        organization_id,
        directory_id: id,
        scim_url: scim_url(public_url, id),
        token,
        admin_key,
    }))
}

/// Makes an admin key; the secret is nowhere else: show it once.
///
/// # Errors
/// As any write.
pub async fn create_admin_key(store: &Store, name: &str) -> Result<(AdminKeyId, SecretString), StoreError> {
    let change = store.change(None).await?;
    let key = add_admin_key(&change, name, Timestamp::now()).await?;
    change.commit().await?;
    Ok(key)
}

async fn add_admin_key(change: &AdminTx, name: &str, now: Timestamp) -> Result<(AdminKeyId, SecretString), StoreError> {
    let id = AdminKeyId::new();
    let (token, hash) = Token::mint(TokenKind::Admin, id.uuid());
    let key = AdminKey {
        id,
        name: name.to_owned(),
        token_hash: *hash.as_bytes(),
        created_at: now,
        last_used_at: None,
    };
    change.create_admin_key(&key).await?;
    Ok((id, token))
}
