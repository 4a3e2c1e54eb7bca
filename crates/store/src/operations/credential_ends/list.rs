//! The list of all that ends, the next end first.
//!
//! Each kind is read by itself along its index, and the parts are put together: so no kind that there are many of is gone
//! through for one that there are few of.

use super::{CredentialEnd, CredentialEnds, CredentialKind};
use crate::{Dialect, List, ListPage, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::entity::column::{Id, Millis};
use db::entity::credentials::{Column, Entity, Model};
use db::entity::{admin_keys, connections, directory_keys, endpoints, graph_credentials, oauth_clients};
use db::rows::is_one_of_ids;
use db::send::fetch_all;
use events::{DirectoryId, OrganizationId, Timestamp};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, EntityTrait, FromQueryResult, Iterable as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _,
};
use std::collections::HashMap;
use uuid::Uuid;

/// What every cursor of this list begins with.
const NAME: &[u8] = b"credentials";

/// Which credentials are asked for.
#[derive(Clone, Debug)]
pub struct CredentialFilter {
    /// Only those for this organization.
    pub organization_id: Option<OrganizationId>,
    /// Only those for this directory.
    pub directory_id: Option<DirectoryId>,
    /// Only those of these kinds.
    pub kinds: Vec<CredentialKind>,
    /// Only those that end before this time.
    pub ends_before: Option<Timestamp>,
}

/// A place in the list.
type Place = (Millis, Uuid, CredentialKind);

fn place(row: &Model) -> Place {
    (row.ends_at, row.id, row.kind)
}

impl CredentialEnds {
    /// A part of the list, the next end first; also what has ended and is not revoked.
    ///
    /// # Errors
    /// `BadParameter` for a cursor that this list did not give out; otherwise as any query.
    pub async fn list(&self, filter: &CredentialFilter, page: &ListPage) -> Result<List<CredentialEnd>, StoreError> {
        let after = page.cursor.as_deref().map(read).transpose()?;
        let limit = usize::from(Ord::max(page.limit, 1));
        let mut rows = Vec::new();
        for kind in CredentialKind::iter().filter(|kind| filter.kinds.contains(kind)) {
            rows.extend(self.of_kind(kind, filter, after, limit).await?);
        }
        rows.sort_unstable_by_key(place);
        let goes_on = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| goes_on).map(|last| written(place(last)));
        let faces = faces(self.store.read(), self.store.dialect(), &rows).await?;
        let data = rows.into_iter().map(|row| {
            let face = faces.get(&(row.kind, row.id));
            CredentialEnd {
                kind: row.kind,
                id: row.id,
                organization_id: row.organization_id.map(|id| id.0),
                directory_id: row.directory_id.map(|id| id.0),
                name: face.map(|face| face.name.clone()).unwrap_or_default(),
                ends_at: row.ends_at.into(),
                last_used_at: face.and_then(|face| face.last_used_at).map(Timestamp::from),
            }
        });
        Ok(List {
            data: data.collect(),
            next_cursor,
        })
    }

    /// One more than asked for tells whether the list goes on.
    async fn of_kind(
        &self,
        kind: CredentialKind,
        filter: &CredentialFilter,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<Model>, StoreError> {
        let mut rows = Entity::find().filter(Column::Kind.eq(kind));
        // In the order of the index that is walked.
        if let Some(id) = filter.directory_id {
            rows = rows
                .filter(Column::DirectoryId.eq(Id(id)))
                .order_by_asc(Column::DirectoryId);
            if let Some(id) = filter.organization_id {
                rows = rows.filter(Column::OrganizationId.eq(Id(id)));
            }
        } else if let Some(id) = filter.organization_id {
            rows = rows
                .filter(Column::OrganizationId.eq(Id(id)))
                .order_by_asc(Column::OrganizationId);
        }
        if let Some(before) = filter.ends_before {
            rows = rows.filter(Column::EndsAt.lt(Millis::from(before)));
        }
        if let Some((ends_at, id, of)) = after {
            let here = Expr::tuple([Expr::col(Column::EndsAt), Expr::col(Column::Id)]);
            let there = Expr::tuple([Expr::value(ends_at), Expr::value(id)]);
            // Of two that end at the same time and have the same id, the one of the later kind comes later.
            rows = rows.filter(if kind > of { here.gte(there) } else { here.gt(there) });
        }
        let rows = rows
            .order_by_asc(Column::Kind)
            .order_by_asc(Column::EndsAt)
            .order_by_asc(Column::Id)
            .limit(limit as u64 + 1);
        fetch_all(self.store.read(), rows.as_query()).await
    }
}

/// What the table of its kind says of a credential.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Face {
    id: Uuid,
    pub(crate) name: String,
    pub(super) last_used_at: Option<Millis>,
}

/// What the tables of their kinds say of credentials: a statement for each kind that is among them.
pub(crate) async fn faces<C: ConnectionTrait>(
    connection: &C,
    dialect: Dialect,
    rows: &[Model],
) -> Result<HashMap<(CredentialKind, Uuid), Face>, StoreError> {
    let mut faces = HashMap::new();
    for kind in CredentialKind::iter() {
        let ids: Vec<Uuid> = rows.iter().filter(|row| row.kind == kind).map(|row| row.id).collect();
        if ids.is_empty() {
            continue;
        }
        let these = |id: Expr| is_one_of_ids(dialect, id, ids.iter().copied());
        macro_rules! of {
            ($table:ident, $name:ident, $used:expr) => {
                $table::Entity::find()
                    .select_only()
                    .column($table::Column::Id)
                    .column_as($table::Column::$name, "name")
                    .expr_as($used, "last_used_at")
                    .filter(these(Expr::col($table::Column::Id)))
                    .into_query()
            };
        }
        let query = match kind {
            CredentialKind::DirectoryKey => of!(directory_keys, Name, Expr::col(directory_keys::Column::LastUsedAt)),
            CredentialKind::OauthClient => of!(oauth_clients, Name, Expr::col(oauth_clients::Column::LastUsedAt)),
            CredentialKind::AdminKey => of!(admin_keys, Name, Expr::col(admin_keys::Column::LastUsedAt)),
            CredentialKind::ClientCertificate | CredentialKind::PreviousSecret => {
                of!(endpoints, UrlOrigin, db::expr::null("bigint"))
            }
            CredentialKind::Connection => of!(connections, Name, db::expr::null("bigint")),
            CredentialKind::GraphCertificate | CredentialKind::GraphSecret => {
                of!(graph_credentials, Hint, db::expr::null("bigint"))
            }
        };
        let found: Vec<Face> = fetch_all(connection, &query).await?;
        faces.extend(found.into_iter().map(|face| ((kind, face.id), face)));
    }
    Ok(faces)
}

fn written((ends_at, id, kind): Place) -> String {
    let rank = CredentialKind::iter().position(|one| one == kind).unwrap_or_default();
    let mut bytes = ends_at.0.to_be_bytes().to_vec();
    bytes.extend_from_slice(id.as_bytes());
    bytes.push(u8::try_from(rank).unwrap_or_default());
    bytes.extend_from_slice(NAME);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read(cursor: &str) -> Result<Place, StoreError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).unwrap_or_default();
    let place = || {
        let (ends_at, rest) = bytes.split_first_chunk::<8>()?;
        let (id, rest) = rest.split_first_chunk::<16>()?;
        let (rank, name) = rest.split_first()?;
        let kind = CredentialKind::iter().nth(usize::from(*rank))?;
        (name == NAME).then(|| (Millis(i64::from_be_bytes(*ends_at)), Uuid::from_bytes(*id), kind))
    };
    place().ok_or_else(StoreError::foreign_cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_good_for_this_list_only() {
        let place = (Millis(1_800_000_000_000), Uuid::now_v7(), CredentialKind::AdminKey);
        assert_eq!(read(&written(place)).unwrap(), place);
        assert!(read("").is_err() && read("%%%").is_err());
        let id = URL_SAFE_NO_PAD.encode([Uuid::now_v7().as_bytes().as_slice(), b"portal_links"].concat());
        assert!(read(&id).is_err());
    }
}
