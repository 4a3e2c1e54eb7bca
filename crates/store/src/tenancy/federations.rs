//! Federations: which workload of which Entra tenant may ask for access tokens with an assertion instead of a secret.

use super::Change;
use crate::sql::{Row, exec, query_one};
use crate::{Store, StoreError};
use events::{DirectoryId, Timestamp};
use sea_orm::QueryResult;
use uuid::Uuid;

/// What an assertion must say to be taken. A directory has one federation or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Federation {
    /// The directory that the workload may use.
    pub directory_id: DirectoryId,
    /// The tenant whose keys sign the assertions.
    pub tenant_id: Uuid,
    /// Their `aud`.
    pub audience: String,
    /// Their `sub`.
    pub subject: String,
    /// When it was first set.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

const SELECT: &str = "SELECT directory_id, tenant_id, audience, subject, created_at, updated_at \
                      FROM directory_federations WHERE directory_id = $1";

impl Store {
    /// The federation of a directory.
    ///
    /// # Errors
    /// As any query.
    pub async fn federation(&self, directory: DirectoryId) -> Result<Option<Federation>, StoreError> {
        query_one(self.keys(), SELECT, vec![directory.uuid().into()])
            .await?
            .as_ref()
            .map(federation)
            .transpose()
    }
}

impl Change {
    /// The federation of a directory, held until this change ends.
    ///
    /// # Errors
    /// As any query.
    pub async fn federation(&self, directory: DirectoryId) -> Result<Option<Federation>, StoreError> {
        let sql = format!("{SELECT}{}", self.for_update());
        query_one(&self.tx, &sql, vec![directory.uuid().into()])
            .await?
            .as_ref()
            .map(federation)
            .transpose()
    }

    /// Sets the federation of a directory; the time at which it was first set stays.
    ///
    /// # Errors
    /// As any write.
    pub async fn save_federation(&self, federation: &Federation) -> Result<(), StoreError> {
        let sql = "INSERT INTO directory_federations \
                   (directory_id, tenant_id, audience, subject, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (directory_id) DO UPDATE SET tenant_id = excluded.tenant_id, \
                   audience = excluded.audience, subject = excluded.subject, updated_at = excluded.updated_at";
        let values = vec![
            federation.directory_id.uuid().into(),
            federation.tenant_id.into(),
            federation.audience.as_str().into(),
            federation.subject.as_str().into(),
            federation.created_at.millis().into(),
            federation.updated_at.millis().into(),
        ];
        exec(&self.tx, sql, values).await.map(|_| ())
    }

    /// Ends the federation of a directory: access tokens that came of it are not good any more.
    ///
    /// # Errors
    /// As any write.
    pub async fn delete_federation(&self, directory: DirectoryId) -> Result<(), StoreError> {
        let sql = "DELETE FROM directory_federations WHERE directory_id = $1";
        exec(&self.tx, sql, vec![directory.uuid().into()]).await.map(|_| ())
    }
}

fn federation(row: &QueryResult) -> Result<Federation, StoreError> {
    Ok(Federation {
        directory_id: row.id("directory_id")?,
        tenant_id: row.get("tenant_id")?,
        audience: row.get("audience")?,
        subject: row.get("subject")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
