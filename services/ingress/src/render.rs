//! Resources as answers: what is stored, addressed the way the caller reached us.

use crate::context::{ScimContext, resource_type};
use events::{GroupRef, MemberRef, ResourceKind, StoredResource, Timestamp};
use scim::projection::Projection;
use scim::resource::{Meta, render};
use serde_json::{Map, Value, json};

/// The absolute URL of a resource.
pub(crate) fn location(context: &ScimContext, kind: ResourceKind, id: &str) -> String {
    format!("{}{}/{id}", context.base_url, resource_type(kind).endpoint)
}

/// A stored resource as the caller asked to see it.
pub(crate) fn resource(
    context: &ScimContext,
    kind: ResourceKind,
    stored: &StoredResource,
    projection: &Projection,
) -> Map<String, Value> {
    let id = stored.id.to_string();
    let location = location(context, kind, &id);
    let times = Times::of(stored.created_at, stored.updated_at);
    let meta = times.meta(&id, stored.version, &location);
    // Where groups are switched off, users have no such attribute.
    let has_groups = kind == ResourceKind::User && context.shows(ResourceKind::Group);
    let groups = has_groups.then(|| groups(context, &stored.groups));
    let members = stored.members.as_deref().map(|members| self::members(context, members));
    let rendered = render(context.resource_type(kind), &stored.attributes, meta, groups, members);
    projection.apply(context.resource_type(kind), rendered)
}

/// When a resource was made and last changed, as text.
pub(crate) struct Times {
    created: String,
    /// `None` where it was never changed.
    changed: Option<String>,
}

impl Times {
    pub(crate) fn of(created: Timestamp, changed: Timestamp) -> Self {
        Self {
            created: created.to_string(),
            changed: (changed != created).then(|| changed.to_string()),
        }
    }

    pub(crate) fn meta<'a>(&'a self, id: &'a str, version: i64, location: &'a str) -> Meta<'a> {
        Meta {
            id,
            version,
            created: &self.created,
            last_modified: self.changed.as_ref().unwrap_or(&self.created),
            location,
        }
    }
}

/// The computed groups of a user (R60).
pub(crate) fn groups(context: &ScimContext, groups: &[GroupRef]) -> Value {
    let group = |group: &GroupRef| {
        let id = group.id.to_string();
        json!({ "value": id, "$ref": location(context, ResourceKind::Group, &id), "display": group.display_name, "type": "direct" })
    };
    groups.iter().map(group).collect()
}

/// The members of a group (R59).
fn members(context: &ScimContext, members: &[MemberRef]) -> Value {
    let member = |member: &MemberRef| {
        let id = member.id.to_string();
        let mut shown = Map::with_capacity(4);
        shown.insert("value".to_owned(), id.as_str().into());
        shown.insert("$ref".to_owned(), location(context, member.kind, &id).into());
        shown.insert("type".to_owned(), resource_type(member.kind).name.into());
        if let Some(display) = &member.display {
            shown.insert("display".to_owned(), display.as_str().into());
        }
        Value::Object(shown)
    };
    members.iter().map(member).collect()
}
