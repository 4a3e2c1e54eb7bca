//! Users and groups of the directory as they are stored, read set by set.

use crate::work::Work;
use events::{ResourceId, ResourceKind};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use store::{GroupRow, StoreError, UserRow};

/// A user or group of the directory.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: ResourceId,
    pub(crate) attributes: Map<String, Value>,
}

impl TryFrom<UserRow> for Row {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let stored = row.into_stored()?;
        Ok(Self {
            id: stored.id,
            attributes: stored.attributes,
        })
    }
}

impl TryFrom<GroupRow> for Row {
    type Error = StoreError;

    fn try_from(row: GroupRow) -> Result<Self, StoreError> {
        let stored = row.into_stored()?;
        Ok(Self {
            id: stored.id,
            attributes: stored.attributes,
        })
    }
}

/// The attribute that is unique in a directory.
pub(crate) const fn name_of(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "userName",
        ResourceKind::Group => "displayName",
    }
}

impl Row {
    fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Value::as_str)
    }

    pub(crate) fn external_id(&self) -> Option<&str> {
        self.text("externalId")
    }

    /// The unique name as it is compared.
    pub(crate) fn key(&self, kind: ResourceKind) -> Option<String> {
        self.text(name_of(kind)).map(scim::fold)
    }
}

fn rows<R: TryInto<Row, Error = StoreError>>(found: Vec<R>) -> Result<Vec<Row>, StoreError> {
    found.into_iter().map(TryInto::try_into).collect()
}

/// Those of these that there are.
pub(crate) async fn by_ids(
    work: &Work,
    kind: ResourceKind,
    ids: &[ResourceId],
) -> Result<HashMap<ResourceId, Map<String, Value>>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let store = &work.inner.deps.store;
    let found = match kind {
        ResourceKind::User => rows(store.users(work.directory_id()).by_ids(ids, false).await?)?,
        ResourceKind::Group => rows(store.groups(work.directory_id()).by_ids(ids).await?)?,
    };
    Ok(found.into_iter().map(|row| (row.id, row.attributes)).collect())
}

/// Those with one of these ids of the identity provider.
pub(crate) async fn by_external_ids(work: &Work, kind: ResourceKind, texts: &[String]) -> Result<Vec<Row>, StoreError> {
    let store = &work.inner.deps.store;
    match kind {
        ResourceKind::User => rows(store.users(work.directory_id()).by_external_ids(texts).await?),
        ResourceKind::Group => rows(store.groups(work.directory_id()).by_external_ids(texts).await?),
    }
}

/// Those with one of these names, as names are compared.
pub(crate) async fn by_names(work: &Work, kind: ResourceKind, keys: &[String]) -> Result<Vec<Row>, StoreError> {
    let store = &work.inner.deps.store;
    match kind {
        ResourceKind::User => rows(store.users(work.directory_id()).by_names(keys).await?),
        ResourceKind::Group => rows(store.groups(work.directory_id()).by_names(keys).await?),
    }
}

/// Which of these users and groups there are.
pub(crate) async fn existing(work: &Work, ids: &[ResourceId]) -> Result<HashSet<ResourceId>, StoreError> {
    let users = by_ids(work, ResourceKind::User, ids).await?;
    let groups = by_ids(work, ResourceKind::Group, ids).await?;
    Ok(users.into_keys().chain(groups.into_keys()).collect())
}
