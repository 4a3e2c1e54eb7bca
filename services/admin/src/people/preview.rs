//! What a list of people and groups would do before it is sent: read, compared, and nothing written.

mod group_roles;
mod groups;
mod users;

use super::People;
use crate::context::AdminContext;
use crate::problem::Problem;
use api::{HistoryChange, Preview, PreviewEffect, PreviewRequest, UserPreview};
use scim::resource::{Mode, parse};
use scim::schema::ResourceType;
use serde_json::{Map, Value};

/// An element of a list with the attributes that it says, or why it would be refused.
struct Listed {
    name: Option<String>,
    read: Result<Map<String, Value>, String>,
}

impl Listed {
    /// Reads an element as the SCIM service would.
    fn of(kind: &ResourceType, naming: &str, element: Map<String, Value>) -> Self {
        let says_active = element.keys().any(|name| name.eq_ignore_ascii_case("active"));
        let element = Value::Object(element);
        let mut read = parse(kind, &element, Mode::Create).map_err(|error| error.detail);
        if let Ok(attributes) = &mut read
            && !says_active
        {
            // What a list does not say of a user stays.
            attributes.shift_remove("active");
        }
        let name = match &read {
            Ok(attributes) => attributes.get(naming).and_then(Value::as_str),
            Err(_) => element.get(naming).and_then(Value::as_str),
        };
        Self {
            name: name.map(str::to_owned),
            read,
        }
    }

    /// A text among its attributes.
    fn text(&self, name: &str) -> Option<&str> {
        self.read.as_ref().ok()?.get(name)?.as_str()
    }
}

impl People {
    /// What the list would do.
    ///
    /// # Errors
    /// As the store.
    pub(crate) async fn preview(&self, context: &AdminContext, list: PreviewRequest) -> Result<Preview, Problem> {
        let users = list.users.unwrap_or_default();
        let users = users
            .into_iter()
            .map(|user| Listed::of(self.policy.user_type(), "userName", user));
        let found = users::preview(self, context, &users.collect::<Vec<_>>()).await?;
        let groups = list.groups.unwrap_or_default();
        let groups = groups
            .into_iter()
            .map(|group| Listed::of(ResourceType::group(), "displayName", group));
        let groups = groups::preview(self, context, &groups.collect::<Vec<_>>()).await?;
        let missing = if list.complete.unwrap_or_default() {
            let id = self.directory.id;
            let counts = context.store().directories().counts(&[id]).await?;
            let active = counts.get(&id).map_or(0, |counts| counts.active_users);
            (active - found.matched_active).max(0)
        } else {
            0
        };
        let count = |effects: &[PreviewEffect]| {
            let is_one = |user: &&UserPreview| effects.contains(&user.effect);
            u32::try_from(found.users.iter().filter(is_one).count()).unwrap_or(u32::MAX)
        };
        Ok(Preview {
            created: count(&[PreviewEffect::Created]),
            changed: count(&[PreviewEffect::Changed, PreviewEffect::Reactivated]),
            deactivated: i64::from(count(&[PreviewEffect::Deactivated])) + missing,
            missing,
            users: found.users,
            groups,
        })
    }
}

/// What an update by these attributes changes: those that are not named stay.
fn changes(current: &Map<String, Value>, named: &Map<String, Value>) -> Vec<HistoryChange> {
    let mut after = current.clone();
    for (name, value) in named {
        match (after.get_mut(name), value) {
            (Some(Value::Object(known)), Value::Object(more)) => {
                known.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            (_, value) => drop(after.insert(name.clone(), value.clone())),
        }
    }
    let changes = scim::patch::changes(current, &after);
    let told = changes.into_iter().map(|change| HistoryChange {
        path: change.path,
        before: change.before,
        after: change.after,
    });
    told.collect()
}
