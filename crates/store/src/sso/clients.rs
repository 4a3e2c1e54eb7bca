//! Apps that people log in to.

use crate::tenancy::{List, ListPage, Listing, TokenDigest};
use crate::{AdminTx, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::sso_clients::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_one, look_up};
use events::{OrganizationId, SsoClientId, Timestamp};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _, Set};
use uuid::uuid;

pub use db::entity::sso_clients::{ApplicationType, ClientAuthentication};

/// An app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SsoClient {
    /// Its `client_id`.
    pub id: SsoClientId,
    /// The one organization whose people log in to it; `None` for all.
    pub organization_id: Option<OrganizationId>,
    /// What people call it.
    pub name: String,
    /// How it proves itself.
    pub authentication: ClientAuthentication,
    /// Where it runs.
    pub application_type: ApplicationType,
    /// Hash of its secret; compare it in constant time.
    pub secret_hash: Option<TokenDigest>,
    /// From when on the secret is not good.
    pub secret_expires_at: Option<Timestamp>,
    /// Its JWK set.
    pub jwks: Option<String>,
    /// Where people may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after they logged out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it is told that sessions ended.
    pub backchannel_logout_uri: Option<String>,
    /// Where a login begins that was started at the identity provider.
    pub initiate_login_uri: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The console of this installation as an app that people log in to. It is in the database as others are, so that their
/// sessions are; it is public and proves itself by PKCE, so there is no secret of it.
#[must_use]
pub fn console_client() -> SsoClientId {
    uuid!("00000000-0000-7000-8000-00636f6e736f").into()
}

/// The apps, for reading.
#[derive(Clone, Debug)]
pub struct SsoClients {
    store: Store,
}

impl Store {
    /// The apps that people log in to.
    #[must_use]
    pub fn sso_clients(&self) -> SsoClients {
        SsoClients { store: self.clone() }
    }
}

impl SsoClients {
    /// One app.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: SsoClientId) -> Result<Option<SsoClient>, StoreError> {
        let found: Option<Model> = look_up(self.store.sign_on(), Entity::find_by_id(id).as_query()).await?;
        found.map(client).transpose()
    }

    /// The console as an app, whose one redirect URI is this one. It is made when it is first needed, and follows the public
    /// URL of the installation.
    ///
    /// # Errors
    /// As any write.
    pub async fn console(&self, redirect_uri: &str, now: Timestamp) -> Result<SsoClientId, StoreError> {
        let id = console_client();
        let known = self.by_id(id).await?;
        let is_same =
            |known: SsoClient| known.redirect_uris == [redirect_uri] && known.application_type == ApplicationType::Web;
        if known.is_some_and(is_same) {
            return Ok(id);
        }
        let followed = OnConflict::column(Column::Id)
            .update_columns([Column::ApplicationType, Column::RedirectUris, Column::UpdatedAt])
            .to_owned();
        let kept = Entity::insert(row(&SsoClient {
            id,
            organization_id: None,
            name: "Console".to_owned(),
            authentication: ClientAuthentication::None,
            application_type: ApplicationType::Web,
            secret_hash: None,
            secret_expires_at: None,
            jwks: None,
            redirect_uris: vec![redirect_uri.to_owned()],
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            initiate_login_uri: None,
            created_at: now,
            updated_at: now,
        })?)
        .on_conflict(followed);
        execute(self.store.write(), kept.as_query()).await?;
        Ok(id)
    }

    /// The apps, newest first; of one organization where one is given. The console is not among them.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(
        &self,
        organization: Option<OrganizationId>,
        page: &ListPage,
    ) -> Result<List<SsoClient>, StoreError> {
        let list: List<Model> = Listing::new(
            "sso_clients",
            Entity::find().filter(Column::Id.ne(Id(console_client()))),
        )
        .with(Column::OrganizationId, organization.map(OrganizationId::uuid))
        .sized([Column::RedirectUris, Column::PostLogoutRedirectUris, Column::Jwks])
        .read(self.store.read(), page, self.store.page_bytes())
        .await?;
        list.try_map(client)
    }
}

impl AdminTx {
    /// Makes an app, with the endpoint that its logout tokens go to, where it has an address for them.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_sso_client(&self, new: &SsoClient) -> Result<(), StoreError> {
        execute(&self.tx, Entity::insert(row(new)?).as_query()).await?;
        self.follow_sso_client(new).await
    }

    /// One app, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn sso_client(&self, id: SsoClientId) -> Result<Option<SsoClient>, StoreError> {
        let held = Entity::find_by_id(id).lock_exclusive();
        let found: Option<Model> = fetch_one(&self.tx, held.as_query()).await?;
        found.map(client).transpose()
    }

    /// Writes an app that was read in this change, and brings its endpoint and its streams in step.
    ///
    /// # Errors
    /// As any write.
    pub async fn update_sso_client(&self, changed: &SsoClient) -> Result<(), StoreError> {
        let mut row = row(changed)?;
        row.id = sea_orm::NotSet;
        let written = Entity::update_many().set(row).filter(Column::Id.eq(Id(changed.id)));
        execute(&self.tx, written.as_query()).await?;
        self.streams_follow(changed).await?;
        self.follow_sso_client(changed).await
    }

    /// Deletes an app with its logins, sessions and streams, and the endpoint of its logout tokens with its deliveries.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_sso_client(&self, id: SsoClientId) -> Result<(), StoreError> {
        self.delete_endpoint_of_app(id).await?;
        self.delete_streams_of_app(id).await?;
        let deleted = Entity::delete_many().filter(Column::Id.eq(Id(id)));
        execute(&self.tx, deleted.as_query()).await?;
        Ok(())
    }
}

fn row(new: &SsoClient) -> Result<ActiveModel, StoreError> {
    let list = |uris: &[String]| serde_json::to_string(uris).map_err(|error| StoreError::Defect(error.to_string()));
    Ok(ActiveModel {
        id: Set(new.id.into()),
        organization_id: Set(new.organization_id.map(Id)),
        name: Set(new.name.clone()),
        authentication: Set(new.authentication),
        application_type: Set(new.application_type),
        secret_hash: Set(new.secret_hash.map(|hash| hash.to_vec())),
        secret_expires_at: Set(new.secret_expires_at.map(Millis::from)),
        jwks: Set(new.jwks.clone()),
        redirect_uris: Set(list(&new.redirect_uris)?),
        post_logout_redirect_uris: Set(list(&new.post_logout_redirect_uris)?),
        backchannel_logout_uri: Set(new.backchannel_logout_uri.clone()),
        initiate_login_uri: Set(new.initiate_login_uri.clone()),
        created_at: Set(new.created_at.into()),
        updated_at: Set(new.updated_at.into()),
    })
}

fn client(row: Model) -> Result<SsoClient, StoreError> {
    let list = |text: &str| serde_json::from_str(text).map_err(StoreError::corrupt);
    let hash = |hash: Vec<u8>| {
        hash.try_into()
            .map_err(|_| StoreError::corrupt("a hash of another length"))
    };
    Ok(SsoClient {
        id: row.id.0,
        organization_id: row.organization_id.map(|id| id.0),
        name: row.name,
        authentication: row.authentication,
        application_type: row.application_type,
        secret_hash: row.secret_hash.map(hash).transpose()?,
        secret_expires_at: row.secret_expires_at.map(Timestamp::from),
        jwks: row.jwks,
        redirect_uris: list(&row.redirect_uris)?,
        post_logout_redirect_uris: list(&row.post_logout_redirect_uris)?,
        backchannel_logout_uri: row.backchannel_logout_uri,
        initiate_login_uri: row.initiate_login_uri,
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
    })
}
