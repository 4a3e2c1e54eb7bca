//! Everything that is stored sealed: the one list of it, and the way through it when the master key changes.
//!
//! Nothing is opened here: sealed values come out and go in as they are. A value begins with what names its key, so whoever
//! goes through all of them reads the beginnings, and only those values as a whole that are to be sealed again.

use crate::{Store, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::entity::{connections, dead_letters, directory_keys, endpoints, graph_credentials, idempotency_keys, sso_keys};
use db::expr::{call, number};
use db::rows::{Columns, Rows, ValueKind, is_one_of, list};
use db::send::{execute, query_rows};
use sea_orm::sea_query::{DynIden, Expr, ExprTrait as _, IntoIden as _, Order, Query};
use sea_orm::{QueryResult, Value};
use std::fmt::{self, Display};
use std::sync::LazyLock;
use uuid::Uuid;

/// Bytes of a value that are read to see which key sealed it; more than name the key.
const HEAD: i64 = 18;
/// The same of a value in base64.
const HEAD_TEXT: i64 = HEAD / 3 * 4;
const NEW: &str = "r";

/// New values, by the type of the row's key.
static OF_IDS: LazyLock<Columns> = LazyLock::new(|| columns(ValueKind::Id, ValueKind::Bytes));
static OF_TEXTS: LazyLock<Columns> = LazyLock::new(|| columns(ValueKind::Text, ValueKind::Text));

fn columns(row: ValueKind, value: ValueKind) -> Columns {
    Columns::default().and("row", row).and("old", value).and("new", value)
}

/// A column with sealed values. Whatever is sealed anywhere is sealed for a place in one of these ([`SealedColumn::context`]):
/// a new kind of secret is added here, or a change of the master key loses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SealedColumn {
    /// The signing secret of an endpoint: `whsec_…` as text.
    EndpointSecret,
    /// The one before it, while both sign. Sealed as the secret that it was.
    EndpointPreviousSecret,
    /// The headers of an endpoint: a JSON object of texts.
    EndpointHeaders,
    /// The client certificate of an endpoint with its key: PEM.
    EndpointClientIdentity,
    /// The URL of an endpoint: text.
    EndpointUrl,
    /// The token of a directory key that may be read back: text.
    DirectoryKeyToken,
    /// A command that could not be processed: JSON.
    DeadLetterBody,
    /// The client secret of a connection: text.
    ConnectionClientSecret,
    /// The private key of a connection: PKCS#8.
    ConnectionPrivateKey,
    /// The secret of a directory for Microsoft Graph: text.
    GraphSecret,
    /// The private key of its certificate there: PKCS#8.
    GraphPrivateKey,
    /// A key that signs for apps: PKCS#8.
    SsoKey,
    /// The answer to a request with an `Idempotency-Key`, which may show a secret: JSON.
    IdempotentAnswer,
}

/// Where a column is, and how its values are stored.
struct Place {
    table: DynIden,
    key: DynIden,
    value: DynIden,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Bytes, in rows with a UUID.
    Bytes,
    /// Base64, in rows with a text as their key; empty for no value.
    Text,
}

impl SealedColumn {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::EndpointSecret,
        Self::EndpointPreviousSecret,
        Self::EndpointHeaders,
        Self::EndpointClientIdentity,
        Self::EndpointUrl,
        Self::DirectoryKeyToken,
        Self::DeadLetterBody,
        Self::ConnectionClientSecret,
        Self::ConnectionPrivateKey,
        Self::GraphSecret,
        Self::GraphPrivateKey,
        Self::SsoKey,
        Self::IdempotentAnswer,
    ];

    /// The context that the value of a row is sealed under: it does not open in another place.
    #[must_use]
    pub fn context(self, row: &impl Display) -> String {
        match self {
            // One becomes the other as it is.
            Self::EndpointSecret | Self::EndpointPreviousSecret => format!("endpoint/{row}/secret"),
            Self::EndpointHeaders => format!("endpoint/{row}/headers"),
            Self::EndpointClientIdentity => format!("endpoint/{row}/client-identity"),
            Self::EndpointUrl => format!("endpoint/{row}/url"),
            Self::DirectoryKeyToken => format!("directory-key/{row}/token"),
            Self::DeadLetterBody => format!("dead-letter/{row}/body"),
            Self::ConnectionClientSecret => format!("connection/{row}/client-secret"),
            Self::ConnectionPrivateKey => format!("connection/{row}/private-key"),
            Self::GraphSecret => format!("graph-credential/{row}/secret"),
            Self::GraphPrivateKey => format!("graph-credential/{row}/private-key"),
            Self::SsoKey => format!("sso-key/{row}"),
            Self::IdempotentAnswer => format!("idempotency/{row}"),
        }
    }

    /// Table and column.
    #[must_use]
    pub fn name(self) -> String {
        let place = self.place();
        format!("{}.{}", place.table, place.value)
    }

    fn place(self) -> Place {
        match self {
            Self::EndpointSecret => of_endpoint(endpoints::Column::SealedSecret),
            Self::EndpointPreviousSecret => of_endpoint(endpoints::Column::SealedPreviousSecret),
            Self::EndpointHeaders => of_endpoint(endpoints::Column::SealedHeaders),
            Self::EndpointClientIdentity => of_endpoint(endpoints::Column::SealedClientIdentity),
            Self::EndpointUrl => of_endpoint(endpoints::Column::SealedUrl),
            Self::DirectoryKeyToken => Place {
                table: directory_keys::Entity.into_iden(),
                key: directory_keys::Column::Id.into_iden(),
                value: directory_keys::Column::SealedToken.into_iden(),
                form: Form::Bytes,
            },
            Self::DeadLetterBody => Place {
                table: dead_letters::Entity.into_iden(),
                key: dead_letters::Column::Id.into_iden(),
                value: dead_letters::Column::Body.into_iden(),
                form: Form::Bytes,
            },
            Self::ConnectionClientSecret => of_connection(connections::Column::SealedClientSecret),
            Self::ConnectionPrivateKey => of_connection(connections::Column::SealedPrivateKey),
            Self::GraphSecret => of_graph(graph_credentials::Column::SealedSecret),
            Self::GraphPrivateKey => of_graph(graph_credentials::Column::SealedPrivateKey),
            Self::SsoKey => Place {
                table: sso_keys::Entity.into_iden(),
                key: sso_keys::Column::Id.into_iden(),
                value: sso_keys::Column::SealedKey.into_iden(),
                form: Form::Bytes,
            },
            Self::IdempotentAnswer => Place {
                table: idempotency_keys::Entity.into_iden(),
                key: idempotency_keys::Column::Key.into_iden(),
                value: idempotency_keys::Column::Body.into_iden(),
                form: Form::Text,
            },
        }
    }
}

fn of_endpoint(value: endpoints::Column) -> Place {
    Place {
        table: endpoints::Entity.into_iden(),
        key: endpoints::Column::Id.into_iden(),
        value: value.into_iden(),
        form: Form::Bytes,
    }
}

fn of_connection(value: connections::Column) -> Place {
    Place {
        table: connections::Entity.into_iden(),
        key: connections::Column::Id.into_iden(),
        value: value.into_iden(),
        form: Form::Bytes,
    }
}

fn of_graph(value: graph_credentials::Column) -> Place {
    Place {
        table: graph_credentials::Entity.into_iden(),
        key: graph_credentials::Column::Id.into_iden(),
        value: value.into_iden(),
        form: Form::Bytes,
    }
}

/// The row of a value, by its primary key. Rows of one column are in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealedRow {
    /// Of most tables.
    Id(Uuid),
    /// Of requests with an `Idempotency-Key`: a hash.
    Text(String),
}

impl Display for SealedRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl From<SealedRow> for Value {
    fn from(row: SealedRow) -> Self {
        match row {
            SealedRow::Id(id) => id.into(),
            SealedRow::Text(text) => text.into(),
        }
    }
}

/// The beginning of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedHead {
    /// Its row.
    pub row: SealedRow,
    /// What names its key; `None` where the row has no value.
    pub head: Option<Vec<u8>>,
    /// How long the value is, in bytes as they are stored.
    pub length: u64,
}

/// A value that is sealed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// Its row.
    pub row: SealedRow,
    /// As it was read.
    pub old: Vec<u8>,
    /// As it is to be.
    pub new: Vec<u8>,
}

/// All sealed values.
#[derive(Clone, Debug)]
pub struct SealedValues {
    store: Store,
}

impl Store {
    /// Everything that is stored sealed.
    #[must_use]
    pub fn sealed_values(&self) -> SealedValues {
        SealedValues { store: self.clone() }
    }
}

impl SealedValues {
    /// The beginnings of the values of a column, in the order of their rows: at most `most`, after `after`. Rows without a
    /// value are among them, so a call looks at no more rows than it returns.
    ///
    /// # Errors
    /// As any query.
    pub async fn heads(
        &self,
        column: SealedColumn,
        after: Option<&SealedRow>,
        most: u64,
    ) -> Result<Vec<SealedHead>, StoreError> {
        let place = column.place();
        let first = match place.form {
            Form::Bytes => SealedRow::Id(Uuid::nil()),
            Form::Text => SealedRow::Text(String::new()),
        };
        let value = || Expr::col(place.value.clone());
        let head = match place.form {
            Form::Bytes => HEAD,
            Form::Text => HEAD_TEXT,
        };
        let heads = Query::select()
            .expr_as(Expr::col(place.key.clone()), "row")
            .expr_as(call("substr", [value(), number(1), number(head)]), "head")
            .expr_as(call("length", [value()]).cast_as("bigint"), "length")
            .from(place.table)
            .and_where(Expr::col(place.key.clone()).gt(after.unwrap_or(&first).clone()))
            .order_by(place.key, Order::Asc)
            .limit(most)
            .take();
        let rows = query_rows(self.store.read(), &heads).await?;
        let head = |row: &QueryResult| {
            let length: Option<i64> = row.try_get("", "length")?;
            Ok::<_, StoreError>(SealedHead {
                row: place.form.row(row)?,
                head: place.form.value(row, "head")?,
                length: length.and_then(|length| length.try_into().ok()).unwrap_or_default(),
            })
        };
        rows.iter().map(head).collect()
    }

    /// The values of some rows, as many as there are still.
    ///
    /// # Errors
    /// As any query.
    pub async fn read(
        &self,
        column: SealedColumn,
        rows: Vec<SealedRow>,
    ) -> Result<Vec<(SealedRow, Vec<u8>)>, StoreError> {
        let place = column.place();
        let dialect = self.store.dialect();
        let kind = match place.form {
            Form::Bytes => ValueKind::Id,
            Form::Text => ValueKind::Text,
        };
        let wanted = Expr::val(list(dialect, kind, rows));
        let values = Query::select()
            .expr_as(Expr::col(place.key.clone()), "row")
            .expr_as(Expr::col(place.value), "value")
            .from(place.table)
            .and_where(is_one_of(dialect, Expr::col(place.key), kind, wanted))
            .take();
        let mut found = Vec::new();
        for row in query_rows(self.store.read(), &values).await? {
            if let Some(value) = place.form.value(&row, "value")? {
                found.push((place.form.row(&row)?, value));
            }
        }
        Ok(found)
    }

    /// Puts values in the place of those that are still as they were read, all in one transaction; how many. What was changed
    /// meanwhile stays.
    ///
    /// # Errors
    /// As any write; then none is replaced.
    pub async fn replace(&self, column: SealedColumn, values: Vec<Resealed>) -> Result<u64, StoreError> {
        let place = column.place();
        let mut rows = Rows::new(match place.form {
            Form::Bytes => &OF_IDS,
            Form::Text => &OF_TEXTS,
        });
        for Resealed { row, old, new } in values {
            rows.push([row.into(), place.form.stored(old), place.form.stored(new)]);
        }
        if rows.is_empty() {
            return Ok(0);
        }
        let of_row = |column: DynIden| Expr::col((place.table.clone(), column));
        let replacing = Query::update()
            .table(place.table.clone())
            .value(place.value.clone(), Expr::col((NEW, "new")))
            .from(rows.table(self.store.dialect(), NEW))
            .and_where(of_row(place.key.clone()).equals((NEW, "row")))
            .and_where(of_row(place.value.clone()).equals((NEW, "old")))
            .take();
        execute(self.store.write(), &replacing).await
    }
}

impl Form {
    fn row(self, row: &QueryResult) -> Result<SealedRow, StoreError> {
        Ok(match self {
            Self::Bytes => SealedRow::Id(row.try_get("", "row")?),
            Self::Text => SealedRow::Text(row.try_get("", "row")?),
        })
    }

    /// What was stored, or as much of it as was asked for.
    fn value(self, row: &QueryResult, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let text: Option<String> = match self {
            Self::Bytes => {
                let bytes: Option<Vec<u8>> = row.try_get("", name)?;
                // Endpoints of apps have no secret.
                return Ok(bytes.filter(|bytes| !bytes.is_empty()));
            }
            Self::Text => row.try_get("", name)?,
        };
        // What is no base64 is no sealed value either, and is told as that.
        let read = |text: String| STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes());
        Ok(text.filter(|text| !text.is_empty()).map(read))
    }

    fn stored(self, value: Vec<u8>) -> Value {
        match self {
            Self::Bytes => value.into(),
            Self::Text => STANDARD.encode(value).into(),
        }
    }
}
