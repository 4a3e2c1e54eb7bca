//! What a table of roles by group would do to people.

use crate::context::AdminContext;
use crate::people::People;
use crate::problem::Problem;
use ::directory::{GroupRole, MOST_ROLE_CHANGES, role_effects};
use ::events::ResourceId;
use api::{Fault, GroupRoleEffect, GroupRolesPreview, GroupRolesPreviewRequest};
use serde_json::Value;
use std::collections::HashMap;

impl People {
    /// What these rules would do instead of those that hold. Where the groups have more people than are told of one by one,
    /// nobody is counted.
    ///
    /// # Errors
    /// 422 with a fault for each rule whose group is missing; otherwise as the store.
    pub(crate) async fn preview_group_roles(
        &self,
        context: &AdminContext,
        wanted: GroupRolesPreviewRequest,
    ) -> Result<GroupRolesPreview, Problem> {
        let mut after = self.policy.clone();
        let rules = wanted.group_roles.iter().map(|rule| GroupRole {
            group_id: rule.group_id,
            role: rule.role.clone(),
        });
        after.group_roles = rules.collect();
        let names = self.names_of(context, &wanted).await?;
        let rules = self.policy.group_roles.iter().chain(&after.group_roles);
        let mut groups: Vec<ResourceId> = rules.map(|rule| rule.group_id).collect();
        groups.sort_unstable();
        groups.dedup();
        let change = context.change(None).await?;
        let people = change.people_in(self.directory.id, &groups, MOST_ROLE_CHANGES).await?;
        drop(change);
        let effects = people.map(|people| role_effects(&people, &self.policy, &after));
        let rules = wanted.group_roles.into_iter().enumerate().map(|(index, rule)| {
            let effect = effects.as_ref().and_then(|effects| effects.by_rule.get(index));
            GroupRoleEffect {
                display_name: names.get(&rule.group_id).cloned(),
                group_id: rule.group_id,
                role: rule.role,
                people: effect.map(|effect| effect.people),
                changed: effect.map(|effect| effect.changed),
            }
        });
        Ok(GroupRolesPreview {
            rules: rules.collect(),
            losing: effects.as_ref().map(|effects| effects.losing),
        })
    }

    /// What the groups of the rules are called.
    async fn names_of(
        &self,
        context: &AdminContext,
        wanted: &GroupRolesPreviewRequest,
    ) -> Result<HashMap<ResourceId, String>, Problem> {
        let ids: Vec<ResourceId> = wanted.group_roles.iter().map(|rule| rule.group_id).collect();
        let mut names = HashMap::new();
        for row in context.store().groups(self.directory.id).by_ids(&ids).await? {
            let (id, attributes) = (row.id, row.into_stored()?.attributes);
            let name = attributes.get("displayName").and_then(Value::as_str);
            names.insert(id, name.unwrap_or_default().to_owned());
        }
        let missing = ids.iter().enumerate().filter(|(_, id)| !names.contains_key(id));
        let faults: Vec<Fault> = missing
            .map(|(index, id)| {
                let detail =
                    format!("There is no group {id} in this directory; take the \"id\" that SCIM shows of it.");
                Fault::at(format!("#/group_roles/{index}/group_id"), detail)
            })
            .collect();
        if faults.is_empty() {
            Ok(names)
        } else {
            Err(Problem::invalid(faults))
        }
    }
}
