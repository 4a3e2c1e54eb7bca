//! Connections: the way of the people of an organization to its identity provider.

use crate::operations::credential_ends::{CredentialKind, Owner};
use crate::tenancy::{List, ListPage, Listing};
use crate::{AdminTx, EventDraft, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::connections::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_all, fetch_one, look_up};
use events::{ConnectionId, DirectoryId, EventId, EventType, OrganizationId, Source, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use db::entity::connections::{ConnectionCredential, ConnectionState};

/// Connections of one organization or directory that are looked at when an app names it.
const MOST_SELECTED: u64 = 20;

/// A connection, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose people log in by it.
    pub organization_id: OrganizationId,
    /// The directory that they are in.
    pub directory_id: DirectoryId,
    /// What people call it.
    pub name: String,
    /// Whether people can log in by it.
    pub state: ConnectionState,
    /// The part of its redirect URIs that is its own.
    pub slug: String,
    /// The authority as it was entered.
    pub authority: String,
    /// What `iss` is, where the discovery document is elsewhere.
    pub expected_issuer: Option<String>,
    /// What the discovery document said, as JSON; `None` before it was fetched.
    pub metadata: Option<String>,
    /// When it was fetched.
    pub metadata_at: Option<Timestamp>,
    /// The application at the identity provider.
    pub client_id: String,
    /// The claim that is compared with `userName` at the first login.
    pub user_name_claim: String,
    /// How this installation proves itself.
    pub credential: ConnectionCredential,
    /// When the secret or the certificate ends.
    pub credential_expires_at: Option<Timestamp>,
    /// The certificate of its key, DER.
    pub certificate: Option<Vec<u8>>,
    /// The form of its assertions.
    pub assertion_form: String,
    /// Whether guests of the tenant may log in.
    pub allows_guests: bool,
    /// User names of the accounts that a test may log in with, as a JSON array.
    pub test_accounts: String,
    /// What went wrong the last time.
    pub last_error: Option<String>,
    /// Since when the identity provider refuses.
    pub failing_since: Option<Timestamp>,
    /// When a test login last succeeded.
    pub tested_at: Option<Timestamp>,
    /// What came of the last test login, as JSON: a [`ConnectionTest`].
    pub last_test: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What came of a test login. It names nobody: who is who is only on the page that the person saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionTest {
    /// When it was.
    pub at: Timestamp,
    /// What would have come of a login, for each kind of app; one for all where it did not come that far.
    pub decisions: Vec<TestDecision>,
}

/// What would have come of a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestDecision {
    /// To which kind of app; `None` for any.
    pub channel: Option<String>,
    /// Why not, as the audit log names it; `None` where the person gets in.
    pub code: Option<String>,
    /// What that means and how it is mended.
    pub detail: Option<String>,
}

impl ConnectionTest {
    /// Whether the person gets in to any kind of app.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.decisions.iter().any(|decision| decision.code.is_none())
    }
}

/// What a connection proves itself with, sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SealedCredential {
    /// The client secret.
    pub client_secret: Option<Vec<u8>>,
    /// The private key, PKCS#8.
    pub private_key: Option<Vec<u8>>,
}

/// Which connections to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConnectionFilter {
    /// Only of this organization.
    pub organization_id: Option<OrganizationId>,
    /// Only of this directory.
    pub directory_id: Option<DirectoryId>,
}

/// The connections, for reading.
#[derive(Clone, Debug)]
pub struct Connections {
    store: Store,
}

impl Store {
    /// The connections.
    #[must_use]
    pub fn connections(&self) -> Connections {
        Connections { store: self.clone() }
    }
}

impl Connections {
    /// One connection.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(&self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        let found: Option<Model> = look_up(self.store.sign_on(), Entity::find_by_id(id).as_query()).await?;
        Ok(found.map(connection))
    }

    /// The connection that redirect URIs with this part belong to.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_slug(&self, slug: &str) -> Result<Option<Connection>, StoreError> {
        let named = Entity::find().filter(Column::Slug.eq(slug));
        let found: Option<Model> = look_up(self.store.sign_on(), named.as_query()).await?;
        Ok(found.map(connection))
    }

    /// What a connection proves itself with.
    ///
    /// # Errors
    /// As any query.
    pub async fn credential(&self, id: ConnectionId) -> Result<SealedCredential, StoreError> {
        let found: Option<Model> = look_up(self.store.sign_on(), Entity::find_by_id(id).as_query()).await?;
        Ok(found.map_or_else(SealedCredential::default, |row| SealedCredential {
            client_secret: row.sealed_client_secret,
            private_key: row.sealed_private_key,
        }))
    }

    /// The connections of an organization, the oldest first, of which an app that names the organization may mean one.
    ///
    /// # Errors
    /// As any query.
    pub async fn of_organization(&self, organization: OrganizationId) -> Result<Vec<Connection>, StoreError> {
        let some = Entity::find()
            .filter(Column::OrganizationId.eq(Id(organization)))
            .order_by_asc(Column::OrganizationId)
            .order_by_asc(Column::Id)
            .limit(MOST_SELECTED);
        let found: Vec<Model> = fetch_all(self.store.read(), some.as_query()).await?;
        Ok(found.into_iter().map(connection).collect())
    }

    /// The connections, newest first.
    ///
    /// # Errors
    /// `BadParameter` for a foreign cursor; otherwise as any query.
    pub async fn list(&self, filter: ConnectionFilter, page: &ListPage) -> Result<List<Connection>, StoreError> {
        let list: List<Model> = Listing::new("connections", Entity::find())
            .with(Column::OrganizationId, filter.organization_id.map(OrganizationId::uuid))
            .with(Column::DirectoryId, filter.directory_id.map(DirectoryId::uuid))
            .sized([
                Column::Metadata,
                Column::TestAccounts,
                Column::LastError,
                Column::LastTest,
            ])
            .read(self.store.read(), page, self.store.page_bytes())
            .await?;
        Ok(list.map(connection))
    }

    /// Keeps what the discovery document of a connection says now.
    ///
    /// # Errors
    /// As any write.
    pub async fn keep_metadata(&self, id: ConnectionId, metadata: &str, now: Timestamp) -> Result<(), StoreError> {
        let kept = Entity::update_many()
            .col_expr(Column::Metadata, Expr::value(metadata))
            .col_expr(Column::MetadataAt, Expr::value(Millis::from(now)))
            .filter(Column::Id.eq(Id(id)));
        execute(self.store.write(), kept.as_query()).await?;
        Ok(())
    }

    /// Keeps which form of assertions the identity provider of a connection takes.
    ///
    /// # Errors
    /// As any write.
    pub async fn keep_assertion_form(&self, id: ConnectionId, form: &str) -> Result<(), StoreError> {
        let kept = Entity::update_many()
            .col_expr(Column::AssertionForm, Expr::value(form))
            .filter(Column::Id.eq(Id(id)));
        execute(self.store.write(), kept.as_query()).await?;
        Ok(())
    }

    /// Notes what came of a test login. One that succeeded makes a draft a connection that was tested.
    ///
    /// # Errors
    /// As any write.
    pub async fn note_test(&self, id: ConnectionId, test: &ConnectionTest) -> Result<(), StoreError> {
        let text = serde_json::to_string(test).map_err(|error| StoreError::Defect(error.to_string()))?;
        let mut noted = Entity::update_many().col_expr(Column::LastTest, Expr::value(text));
        if test.is_success() {
            let tested = Expr::case(
                Column::State.eq(ConnectionState::Draft),
                Expr::value(ConnectionState::Tested),
            )
            .finally(Expr::col(Column::State));
            noted = noted
                .col_expr(Column::TestedAt, Expr::value(Millis::from(test.at)))
                .col_expr(Column::State, tested.into());
        }
        let noted = noted.filter(Column::Id.eq(Id(id)));
        execute(self.store.write(), noted.as_query()).await?;
        Ok(())
    }
}

impl AdminTx {
    /// Makes a connection.
    ///
    /// # Errors
    /// As any write.
    pub async fn create_connection(&self, new: &Connection, credential: SealedCredential) -> Result<(), StoreError> {
        let made = Entity::insert(row(new, credential));
        execute(&self.tx, made.as_query()).await?;
        self.note_connection_end(new).await
    }

    /// One connection, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn connection(&self, id: ConnectionId) -> Result<Option<Connection>, StoreError> {
        let held = Entity::find_by_id(id).lock_exclusive();
        let found: Option<Model> = fetch_one(&self.tx, held.as_query()).await?;
        Ok(found.map(connection))
    }

    /// Writes a connection that was read in this change; its credential stays unless there is another.
    ///
    /// # Errors
    /// As any write.
    pub async fn update_connection(
        &self,
        changed: &Connection,
        credential: Option<SealedCredential>,
    ) -> Result<(), StoreError> {
        let mut row = row(changed, SealedCredential::default());
        match credential {
            Some(sealed) => {
                row.sealed_client_secret = Set(sealed.client_secret);
                row.sealed_private_key = Set(sealed.private_key);
            }
            None => {
                row.sealed_client_secret = sea_orm::NotSet;
                row.sealed_private_key = sea_orm::NotSet;
            }
        }
        row.id = sea_orm::NotSet;
        let written = Entity::update_many().set(row).filter(Column::Id.eq(Id(changed.id)));
        execute(&self.tx, written.as_query()).await?;
        self.note_connection_end(changed).await
    }

    /// Notes how the identity provider answered: `None` for well. Says whether that changed anything; when a connection
    /// begins to fail, `connection.failing` is appended to the log of its directory. `lane` is that of the directory, which
    /// the change was opened with.
    ///
    /// # Errors
    /// As any write.
    pub async fn note_connection_outcome(
        &self,
        lane: u16,
        of: &Connection,
        error: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let noted = Entity::update_many().filter(Column::Id.eq(Id(of.id)));
        let noted = match error {
            None => noted
                .col_expr(Column::State, Expr::value(ConnectionState::Active))
                .col_expr(Column::FailingSince, Expr::value(Option::<Millis>::None))
                .col_expr(Column::LastError, Expr::value(Option::<String>::None))
                .filter(Column::State.eq(ConnectionState::Failing)),
            Some(error) => noted
                .col_expr(Column::State, Expr::value(ConnectionState::Failing))
                .col_expr(Column::FailingSince, Expr::value(Millis::from(now)))
                .col_expr(Column::LastError, Expr::value(error))
                .filter(Column::State.eq(ConnectionState::Active)),
        };
        if execute(&self.tx, noted.as_query()).await? == 0 {
            return Ok(false);
        }
        if let Some(error) = error {
            self.append(lane, vec![failing(of, error, now)]).await?;
        }
        Ok(true)
    }

    /// Deletes a connection with its bindings, logins and sessions.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_connection(&self, id: ConnectionId) -> Result<(), StoreError> {
        let deleted = Entity::delete_many().filter(Column::Id.eq(Id(id)));
        execute(&self.tx, deleted.as_query()).await?;
        self.forget_end((CredentialKind::Connection, id.uuid())).await
    }

    async fn note_connection_end(&self, connection: &Connection) -> Result<(), StoreError> {
        let (of, owner) = (
            (CredentialKind::Connection, connection.id.uuid()),
            Owner::Directory(connection.directory_id),
        );
        self.note_end(of, owner, connection.credential_expires_at, connection.updated_at)
            .await
    }
}

/// The event of a connection that begins to fail.
fn failing(of: &Connection, error: &str, now: Timestamp) -> EventDraft {
    EventDraft {
        id: EventId::new(),
        kind: EventType::ConnectionFailing,
        organization_id: of.organization_id,
        directory_id: of.directory_id,
        source: Source::System,
        subject_id: None,
        timestamp: now,
        traceparent: None,
        data: json!({
            "connection": {
                "id": of.id,
                "name": of.name,
                "state": "failing",
                "failing_since": now,
                "last_error": error,
            },
        }),
    }
}

fn row(new: &Connection, credential: SealedCredential) -> ActiveModel {
    let new = new.clone();
    ActiveModel {
        id: Set(new.id.into()),
        organization_id: Set(new.organization_id.into()),
        directory_id: Set(new.directory_id.into()),
        name: Set(new.name),
        state: Set(new.state),
        slug: Set(new.slug),
        authority: Set(new.authority),
        expected_issuer: Set(new.expected_issuer),
        metadata: Set(new.metadata),
        metadata_at: Set(new.metadata_at.map(Millis::from)),
        client_id: Set(new.client_id),
        user_name_claim: Set(new.user_name_claim),
        credential: Set(new.credential),
        sealed_client_secret: Set(credential.client_secret),
        credential_expires_at: Set(new.credential_expires_at.map(Millis::from)),
        sealed_private_key: Set(credential.private_key),
        certificate: Set(new.certificate),
        assertion_form: Set(new.assertion_form),
        allows_guests: Set(new.allows_guests),
        test_accounts: Set(new.test_accounts),
        last_error: Set(new.last_error),
        failing_since: Set(new.failing_since.map(Millis::from)),
        tested_at: Set(new.tested_at.map(Millis::from)),
        last_test: Set(new.last_test),
        created_at: Set(new.created_at.into()),
        updated_at: Set(new.updated_at.into()),
    }
}

pub(super) fn connection(row: Model) -> Connection {
    Connection {
        id: row.id.0,
        organization_id: row.organization_id.0,
        directory_id: row.directory_id.0,
        name: row.name,
        state: row.state,
        slug: row.slug,
        authority: row.authority,
        expected_issuer: row.expected_issuer,
        metadata: row.metadata,
        metadata_at: row.metadata_at.map(Timestamp::from),
        client_id: row.client_id,
        user_name_claim: row.user_name_claim,
        credential: row.credential,
        credential_expires_at: row.credential_expires_at.map(Timestamp::from),
        certificate: row.certificate,
        assertion_form: row.assertion_form,
        allows_guests: row.allows_guests,
        test_accounts: row.test_accounts,
        last_error: row.last_error,
        failing_since: row.failing_since.map(Timestamp::from),
        tested_at: row.tested_at.map(Timestamp::from),
        last_test: row.last_test,
        created_at: row.created_at.into(),
        updated_at: row.updated_at.into(),
    }
}
