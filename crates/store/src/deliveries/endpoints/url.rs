//! Where an endpoint is: its URL, sealed, and as much of it as anybody may see.
//!
//! Receivers put secrets into paths and queries, so a URL is kept as headers and secrets are. Rows of earlier versions have
//! it as plain text until [`Endpoints::seal_urls`] has come by.

use super::{Endpoint, Endpoints};
use crate::{Dialect, SealedColumn, StoreError};
use db::entity::column::Id;
use db::entity::endpoints::{self, Entity};
use db::rows::{Columns, Rows, ValueKind};
use db::send::{execute, fetch_all};
use events::EndpointId;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query, UpdateStatement};
use sea_orm::{
    ColumnTrait as _, DerivePartialModel, EntityTrait as _, PartialModelTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _,
};
use std::fmt;
use std::sync::LazyLock;
use url::{Position, Url};

/// Rows that are looked at in one transaction.
const PORTION: u64 = 500;

/// What is written of endpoints, and its rows in a statement.
static SEALED: LazyLock<Columns> = LazyLock::new(|| {
    use endpoints::Column::{Id, SealedUrl, Url, UrlOrigin, UrlPathLength};
    Columns::of([Id, Url, UrlOrigin, UrlPathLength]).and(SealedUrl, ValueKind::Bytes)
});
const NEW: &str = "r";

/// The URL of an endpoint. `Debug` shows no more than lists do.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl {
    /// Scheme, host and port: the part that others than its owner may see.
    pub origin: String,
    /// How many characters come after that: path and query.
    pub path_length: i64,
    /// All of it.
    pub kept: KeptUrl,
}

/// How a URL is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum KeptUrl {
    /// Encrypted, under [`Endpoint::url_context`].
    Sealed(Vec<u8>),
    /// As an earlier version wrote it, or of an app, which shows it anyway.
    Plain(String),
}

impl EndpointUrl {
    /// A URL with its sealed form.
    #[must_use]
    pub fn sealed(url: &str, sealed: Vec<u8>) -> Self {
        let (origin, path_length) = parts(url);
        Self {
            origin,
            path_length,
            kept: KeptUrl::Sealed(sealed),
        }
    }

    /// A URL that is no secret of the endpoint.
    pub(super) fn plain(url: String) -> Self {
        let (origin, path_length) = parts(&url);
        Self {
            origin,
            path_length,
            kept: KeptUrl::Plain(url),
        }
    }

    /// From the columns of a row.
    pub(super) fn read(sealed: Option<Vec<u8>>, plain: String, origin: String, path_length: i64) -> Self {
        match sealed {
            Some(sealed) => Self {
                origin,
                path_length,
                kept: KeptUrl::Sealed(sealed),
            },
            None => Self::plain(plain),
        }
    }

    /// What the columns `url` and `sealed_url` hold; the first of them cannot be without a value.
    pub(super) fn columns(&self) -> (&str, Option<Vec<u8>>) {
        match &self.kept {
            KeptUrl::Sealed(sealed) => ("", Some(sealed.clone())),
            KeptUrl::Plain(url) => (url, None),
        }
    }
}

impl fmt::Debug for KeptUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sealed(_) => "Sealed(..)",
            Self::Plain(_) => "Plain(..)",
        })
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointUrl({} and {} more)", self.origin, self.path_length)
    }
}

/// Origin, and the length of what follows. No endpoint is made of a text that is no URL.
fn parts(url: &str) -> (String, i64) {
    match Url::parse(url) {
        Ok(url) => (
            url.origin().ascii_serialization(),
            i64::try_from(url[Position::BeforePath..].len()).unwrap_or(i64::MAX),
        ),
        Err(_) => (String::new(), i64::try_from(url.len()).unwrap_or(i64::MAX)),
    }
}

impl Endpoint {
    /// The context that the URL of an endpoint is sealed under. What is sealed is its text.
    #[must_use]
    pub fn url_context(id: EndpointId) -> String {
        SealedColumn::EndpointUrl.context(&id)
    }
}

impl Endpoints {
    /// Seals URLs that an earlier version left as plain text: those of the next endpoints after `after`, in one transaction,
    /// however many there are. `seal` gives the sealed form of a URL, or `None` to leave it, and is shown the endpoint's
    /// sealed secret, by which it can tell whether it has the right key. Returns where to go on; `None` at the end.
    ///
    /// A change of the URL meanwhile wins; several programs may do this at the same time.
    ///
    /// # Errors
    /// As any write.
    pub async fn seal_urls(
        &self,
        after: Option<EndpointId>,
        seal: impl Fn(EndpointId, &str, &[u8]) -> Option<Vec<u8>>,
    ) -> Result<Option<EndpointId>, StoreError> {
        let after = after.unwrap_or_else(|| EndpointId::from(uuid::Uuid::nil()));
        let unsealed = Entity::find()
            .filter(endpoints::Column::SealedUrl.is_null())
            .filter(endpoints::Column::SsoClientId.is_null())
            .filter(endpoints::Column::Id.gt(Id(after)))
            .order_by_asc(endpoints::Column::Id)
            .limit(PORTION)
            .select_only();
        let found: Vec<Unsealed> = fetch_all(self.store.read(), Unsealed::select_cols(unsealed).as_query()).await?;
        let (mut rows, mut last) = (Rows::new(&SEALED), None);
        for Unsealed {
            id: Id(id),
            url,
            sealed_secret,
        } in &found
        {
            last = Some(*id);
            if let Some(sealed) = seal(*id, url, sealed_secret) {
                let (origin, path_length) = parts(url);
                rows.push([
                    Id(*id).into(),
                    url.as_str().into(),
                    origin.into(),
                    path_length.into(),
                    sealed.into(),
                ]);
            }
        }
        if !rows.is_empty() {
            execute(self.store.write(), &sealing(self.store.dialect(), rows)).await?;
        }
        let is_full = u64::try_from(found.len()).is_ok_and(|found| found >= PORTION);
        Ok(last.filter(|_| is_full))
    }
}

/// What an earlier version left to be sealed.
#[derive(DerivePartialModel)]
#[sea_orm(entity = "Entity")]
struct Unsealed {
    id: Id<EndpointId>,
    url: String,
    sealed_secret: Vec<u8>,
}

/// Puts sealed URLs in the place of plain ones that are still the same.
fn sealing(dialect: Dialect, sealed: Rows) -> UpdateStatement {
    use endpoints::Column::{Id as EndpointId, SealedUrl, Url, UrlOrigin, UrlPathLength};
    let set = [SealedUrl, UrlOrigin, UrlPathLength].map(|column| (column, Expr::col((NEW, column))));
    Query::update()
        .table(Entity)
        .value(Url, "")
        .values(set)
        .from(sealed.table(dialect, NEW))
        .and_where(EndpointId.into_expr().equals((NEW, EndpointId)))
        .and_where(Url.into_expr().equals((NEW, Url)))
        .and_where(SealedUrl.is_null())
        .take()
}

#[cfg(test)]
mod tests {
    use super::EndpointUrl;

    #[test]
    fn of_a_url_origin_and_length_can_be_seen_and_debug_shows_no_more() {
        for (url, origin, length) in [
            ("https://hooks.example.com/a/b?key=c", "https://hooks.example.com", 10),
            ("https://hooks.example.com", "https://hooks.example.com", 1),
            ("http://127.0.0.1:9000/hook", "http://127.0.0.1:9000", 5),
            ("https://hooks.example.com:443/\u{e9}", "https://hooks.example.com", 7),
        ] {
            let sealed = EndpointUrl::sealed(url, vec![1]);
            assert_eq!((sealed.origin.as_str(), sealed.path_length), (origin, length), "{url}");
            let plain = EndpointUrl::plain(url.to_owned());
            assert_eq!(format!("{plain:?}"), format!("EndpointUrl({origin} and {length} more)"));
        }
    }
}
