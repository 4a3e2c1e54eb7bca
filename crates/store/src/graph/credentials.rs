//! What a directory proves itself with to Graph: at most one that is used, one that is to be proved, and those before.

use crate::operations::credential_ends::{CredentialKind, Owner};
use crate::{AdminTx, Store, StoreError};
use db::entity::column::{Id, Millis};
use db::entity::graph_credentials::{ActiveModel, Column, Entity, Model};
use db::send::{execute, fetch_all, fetch_one};
use events::{DirectoryId, GraphCredentialId, Timestamp};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Set,
};
use std::fmt;

pub use db::entity::graph_credentials::{GraphCredentialKind, GraphCredentialState};

/// Credentials that are read of a directory, and that are forgotten at a time.
const MOST: u64 = 100;

/// A credential, without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphCredential {
    /// Its id.
    pub id: GraphCredentialId,
    /// The directory that proves itself with it.
    pub directory_id: DirectoryId,
    /// What it is.
    pub kind: GraphCredentialKind,
    /// Whether it is used.
    pub state: GraphCredentialState,
    /// The certificate, DER.
    pub certificate: Option<Vec<u8>>,
    /// What people recognize it by; never the secret.
    pub hint: String,
    /// The form of its assertions.
    pub assertion_form: String,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was seen to work.
    pub proved_at: Option<Timestamp>,
    /// When it is forgotten, where another is used.
    pub retires_at: Option<Timestamp>,
}

/// The secrets of a credential, sealed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SealedGraphCredential {
    /// The secret.
    pub secret: Option<Vec<u8>>,
    /// The private key, PKCS#8.
    pub private_key: Option<Vec<u8>>,
}

impl fmt::Debug for SealedGraphCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedGraphCredential").finish_non_exhaustive()
    }
}

/// The credentials of a directory.
#[derive(Clone, Debug)]
pub struct GraphCredentials {
    store: Store,
    directory: DirectoryId,
}

impl Store {
    /// The credentials of a directory for Microsoft Graph.
    #[must_use]
    pub fn graph_credentials(&self, directory: DirectoryId) -> GraphCredentials {
        GraphCredentials {
            store: self.clone(),
            directory,
        }
    }

    /// Forgets credentials in whose place another is used for long enough, a bounded number of them.
    ///
    /// # Errors
    /// As any write.
    pub async fn forget_retired_graph_credentials(&self, now: Timestamp) -> Result<u64, StoreError> {
        let over = Entity::find()
            .filter(Column::RetiresAt.lte(Millis::from(now)))
            .order_by_asc(Column::RetiresAt)
            .limit(MOST);
        let over: Vec<Model> = fetch_all(self.read(), over.as_query()).await?;
        let forgotten = Entity::delete_many()
            .filter(db::rows::is_one_of_ids(
                self.dialect(),
                Expr::col(Column::Id),
                over.iter().map(|row| row.id.0),
            ))
            .filter(Column::State.eq(GraphCredentialState::Retiring));
        execute(self.write(), forgotten.as_query()).await
    }
}

impl GraphCredentials {
    /// All of them, the newest first.
    ///
    /// # Errors
    /// As any query.
    pub async fn all(&self) -> Result<Vec<GraphCredential>, StoreError> {
        let all = Entity::find()
            .filter(Column::DirectoryId.eq(Id(self.directory)))
            .order_by_desc(Column::DirectoryId)
            .order_by_desc(Column::Id)
            .limit(MOST);
        let found: Vec<Model> = fetch_all(self.store.read(), all.as_query()).await?;
        Ok(found.into_iter().map(credential).collect())
    }

    /// The one that is used, with its secrets.
    ///
    /// # Errors
    /// As any query.
    pub async fn active(&self) -> Result<Option<(GraphCredential, SealedGraphCredential)>, StoreError> {
        let active = Entity::find()
            .filter(Column::DirectoryId.eq(Id(self.directory)))
            .filter(Column::State.eq(GraphCredentialState::Active));
        let found: Option<Model> = fetch_one(self.store.read(), active.as_query()).await?;
        Ok(found.map(with_secrets))
    }

    /// One of them, with its secrets.
    ///
    /// # Errors
    /// As any query.
    pub async fn by_id(
        &self,
        id: GraphCredentialId,
    ) -> Result<Option<(GraphCredential, SealedGraphCredential)>, StoreError> {
        let one = Entity::find_by_id(id).filter(Column::DirectoryId.eq(Id(self.directory)));
        let found: Option<Model> = fetch_one(self.store.read(), one.as_query()).await?;
        Ok(found.map(with_secrets))
    }

    /// Keeps which form of assertions is taken.
    ///
    /// # Errors
    /// As any write.
    pub async fn keep_assertion_form(&self, id: GraphCredentialId, form: &str) -> Result<(), StoreError> {
        let kept = Entity::update_many()
            .col_expr(Column::AssertionForm, Expr::value(form))
            .filter(Column::Id.eq(Id(id)))
            .filter(Column::DirectoryId.eq(Id(self.directory)));
        execute(self.store.write(), kept.as_query()).await?;
        Ok(())
    }
}

impl AdminTx {
    /// Adds a credential to a directory that is pulled.
    ///
    /// # Errors
    /// `Conflict` for a second one that is used; otherwise as any write.
    pub async fn add_graph_credential(
        &self,
        new: &GraphCredential,
        sealed: SealedGraphCredential,
    ) -> Result<(), StoreError> {
        let made = Entity::insert(row(new, sealed));
        execute(&self.tx, made.as_query()).await?;
        let of = (kind_of(new.kind), new.id.uuid());
        let owner = Owner::Directory(new.directory_id);
        self.note_end(of, owner, new.expires_at, new.created_at).await
    }

    /// Has a credential used that was seen to work. The one before is kept until then, and its end is told to nobody any more.
    /// Whether the directory has such a credential, and does not use it yet.
    ///
    /// # Errors
    /// As any write.
    pub async fn activate_graph_credential(
        &self,
        directory: DirectoryId,
        id: GraphCredentialId,
        retires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let all = Entity::find()
            .filter(Column::DirectoryId.eq(Id(directory)))
            .limit(MOST)
            .lock_exclusive();
        let all: Vec<Model> = fetch_all(&self.tx, all.as_query()).await?;
        let is_active = |row: &&Model| row.state == GraphCredentialState::Active;
        let new = all.iter().find(|row| row.id.0 == id);
        let Some(new) = new.filter(|row| !is_active(row)) else {
            return Ok(false);
        };
        if let Some(before) = all.iter().find(is_active) {
            let retiring = Entity::update_many()
                .col_expr(Column::State, Expr::value(GraphCredentialState::Retiring))
                .col_expr(Column::RetiresAt, Expr::value(Millis::from(retires_at)))
                .filter(Column::Id.eq(before.id));
            execute(&self.tx, retiring.as_query()).await?;
            self.forget_end((kind_of(before.kind), before.id.0.uuid())).await?;
        }
        let used = Entity::update_many()
            .col_expr(Column::State, Expr::value(GraphCredentialState::Active))
            .col_expr(Column::ProvedAt, Expr::value(Millis::from(now)))
            .col_expr(Column::RetiresAt, Expr::value(Option::<Millis>::None))
            .filter(Column::Id.eq(new.id));
        execute(&self.tx, used.as_query()).await?;
        let (of, owner) = ((kind_of(new.kind), id.uuid()), Owner::Directory(directory));
        self.note_end(of, owner, new.expires_at.map(Timestamp::from), now)
            .await?;
        Ok(true)
    }

    /// Removes a credential. Whether the directory had it.
    ///
    /// # Errors
    /// As any write.
    pub async fn remove_graph_credential(
        &self,
        directory: DirectoryId,
        id: GraphCredentialId,
    ) -> Result<bool, StoreError> {
        let removed = Entity::delete_many()
            .filter(Column::Id.eq(Id(id)))
            .filter(Column::DirectoryId.eq(Id(directory)));
        if execute(&self.tx, removed.as_query()).await? == 0 {
            return Ok(false);
        }
        for kind in [CredentialKind::GraphCertificate, CredentialKind::GraphSecret] {
            self.forget_end((kind, id.uuid())).await?;
        }
        Ok(true)
    }
}

const fn kind_of(kind: GraphCredentialKind) -> CredentialKind {
    match kind {
        GraphCredentialKind::Certificate => CredentialKind::GraphCertificate,
        GraphCredentialKind::Secret => CredentialKind::GraphSecret,
    }
}

fn with_secrets(row: Model) -> (GraphCredential, SealedGraphCredential) {
    let sealed = SealedGraphCredential {
        secret: row.sealed_secret.clone(),
        private_key: row.sealed_private_key.clone(),
    };
    (credential(row), sealed)
}

fn credential(row: Model) -> GraphCredential {
    GraphCredential {
        id: row.id.0,
        directory_id: row.directory_id.0,
        kind: row.kind,
        state: row.state,
        certificate: row.certificate,
        hint: row.hint,
        assertion_form: row.assertion_form,
        expires_at: row.expires_at.map(Timestamp::from),
        created_at: row.created_at.into(),
        proved_at: row.proved_at.map(Timestamp::from),
        retires_at: row.retires_at.map(Timestamp::from),
    }
}

fn row(new: &GraphCredential, sealed: SealedGraphCredential) -> ActiveModel {
    let new = new.clone();
    ActiveModel {
        id: Set(new.id.into()),
        directory_id: Set(new.directory_id.into()),
        kind: Set(new.kind),
        state: Set(new.state),
        sealed_secret: Set(sealed.secret),
        sealed_private_key: Set(sealed.private_key),
        certificate: Set(new.certificate),
        hint: Set(new.hint),
        assertion_form: Set(new.assertion_form),
        expires_at: Set(new.expires_at.map(Millis::from)),
        created_at: Set(new.created_at.into()),
        proved_at: Set(new.proved_at.map(Millis::from)),
        retires_at: Set(new.retires_at.map(Millis::from)),
    }
}
