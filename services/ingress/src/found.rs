//! A resource as it was read: its attributes are text, and stay text where nothing is left out of them.

use crate::context::ScimContext;
use crate::failure::Failure;
use crate::render;
use events::{GroupRef, MemberRef, ResourceId, ResourceKind, StoredResource, Timestamp};
use scim::projection::Projection;
use scim::resource::splice;
use store::{GroupRow, StoreError, UserRow};

/// A user or a group.
#[derive(Debug)]
pub(crate) struct FoundResource {
    pub(crate) id: ResourceId,
    pub(crate) version: i64,
    pub(crate) created_at: Timestamp,
    updated_at: Timestamp,
    /// The attributes as JSON.
    text: String,
    groups: Vec<GroupRef>,
    members: Option<Vec<MemberRef>>,
}

impl From<UserRow> for FoundResource {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            text: row.resource,
            groups: row.groups.unwrap_or_default(),
            members: None,
        }
    }
}

impl From<GroupRow> for FoundResource {
    fn from(row: GroupRow) -> Self {
        Self {
            id: row.id,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            text: row.resource,
            groups: Vec::new(),
            members: row.members,
        }
    }
}

impl FoundResource {
    /// As JSON, as the caller asked to see it.
    pub(crate) fn shown(
        self,
        context: &ScimContext,
        kind: ResourceKind,
        projection: &Projection,
    ) -> Result<String, Failure> {
        if projection.is_default()
            && let Some(text) = self.spliced(context, kind)
        {
            return Ok(text);
        }
        let resource = render::resource(context, kind, &self.into_stored()?, projection);
        serde_json::to_string(&resource).map_err(|error| Failure::Internal(StoreError::Defect(error.to_string())))
    }

    /// The short way. Members go the long one: not all that is known of them is shown by default.
    fn spliced(&self, context: &ScimContext, kind: ResourceKind) -> Option<String> {
        if self.members.is_some() {
            return None;
        }
        // Where groups are switched off, users have no such attribute.
        let has_groups = kind == ResourceKind::User && context.shows(ResourceKind::Group);
        let groups = has_groups.then(|| match self.groups.as_slice() {
            [] => "[]".to_owned(),
            groups => render::groups(context, groups).to_string(),
        });
        let times = render::Times::of(self.created_at, self.updated_at);
        let id = self.id.to_string();
        let location = render::location(context, kind, &id);
        let meta = times.meta(&id, self.version, &location);
        splice(context.resource_type(kind), &self.text, meta, groups.as_deref())
    }

    /// With the attributes as a JSON object.
    pub(crate) fn into_stored(self) -> Result<StoredResource, StoreError> {
        Ok(StoredResource {
            id: self.id,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            attributes: serde_json::from_str(&self.text)
                .map_err(|error| StoreError::Defect(format!("a stored resource is not readable: {error}")))?,
            groups: self.groups,
            members: self.members,
        })
    }
}
