//! What commands do to users.

use crate::apply::{Announcement, DirectoryRows, changes, precondition};
use crate::brake::Departure;
use crate::refusal::Refusal;
use crate::{User, domains, normalized_user, required};
use events::{Command, EventType, Outcome, ResourceId, Timestamp};
use scim::patch::Patch;
use serde_json::{Map, Value, json};
use std::collections::HashSet;

impl DirectoryRows {
    pub(crate) fn create_user(
        &mut self,
        id: ResourceId,
        attributes: &Map<String, Value>,
        now: Timestamp,
        events: &mut Vec<Announcement>,
    ) -> Result<Outcome, Refusal> {
        let user = User {
            id,
            attributes: attributes.clone(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        self.limits
            .check_stored(self.policy.user_type(), None, &user.attributes)?;
        required::check(self.policy.required(), &user.attributes)?;
        let key = self.claim_user_name(&user)?;
        domains::check(&self.policy, &user, None)?;
        self.claim_emails(&user, None)?;
        self.note_emails(&user);
        self.note_manager(&user);
        self.memberships.know_groups_of(id);
        self.user_names.insert(key, id);
        events.push(self.user_event(EventType::UserCreated, &user, &[]));
        let stored = user.stored(Vec::new());
        self.users.insert(id, user);
        self.dirty_users.insert(id);
        Ok(Outcome::Stored {
            created: true,
            resource: Box::new(stored),
        })
    }

    pub(crate) fn replace_user(
        &mut self,
        command: &Command,
        incoming: &Map<String, Value>,
        now: Timestamp,
        events: &mut Vec<Announcement>,
    ) -> Result<Outcome, Refusal> {
        let current = self.existing_user(command)?;
        let users = self.policy.user_type();
        let attributes = scim::resource::replace(users, &current.attributes, incoming.clone())?;
        self.check_required(&attributes)?;
        self.update_user(command.resource_id, attributes, now, events)
    }

    pub(crate) fn patch_user(
        &mut self,
        command: &Command,
        body: &Value,
        now: Timestamp,
        events: &mut Vec<Announcement>,
    ) -> Result<Outcome, Refusal> {
        let mut attributes = self.existing_user(command)?.attributes.clone();
        let users = self.policy.user_type();
        Patch::parse(users, body)?.apply(users, &mut attributes)?;
        self.check_required(&attributes)?;
        self.update_user(command.resource_id, attributes, now, events)
    }

    pub(crate) fn delete_user(
        &mut self,
        command: &Command,
        now: Timestamp,
        events: &mut Vec<Announcement>,
    ) -> Result<Outcome, Refusal> {
        let user = self.existing_user(command)?;
        let leaving = Departure {
            is_active: user.is_active(),
            created_at: user.created_at,
        };
        self.brake.pass(leaving)?;
        let id = command.resource_id;
        if let Some(user) = self.users.remove(&id) {
            events.push(self.user_event(EventType::UserDeleted, &user, &[]));
            self.user_names.remove(&user.user_name_key());
            self.forget_emails(&user);
        }
        self.leave_all_groups(id, now);
        self.dirty_users.remove(&id);
        if self.stored_names.contains_key(&id) {
            self.deleted_users.insert(id);
        }
        self.drop_manager(id, now, events)?;
        Ok(Outcome::Deleted)
    }

    /// Nobody keeps a deleted manager (R54): each report changes, and says so.
    fn drop_manager(
        &mut self,
        manager: ResourceId,
        now: Timestamp,
        events: &mut Vec<Announcement>,
    ) -> Result<(), Refusal> {
        let manager = manager.to_string();
        for report in self.reports.remove(&manager).unwrap_or_default() {
            let Some(user) = self.users.get(&report) else { continue };
            if user.manager_id() != Some(manager.as_str()) {
                continue;
            }
            let mut attributes = user.attributes.clone();
            let mut empty = false;
            if let Some(extension) = attributes
                .get_mut(scim::urn::ENTERPRISE_USER)
                .and_then(Value::as_object_mut)
            {
                extension.remove("manager");
                empty = extension.is_empty();
            }
            if empty {
                attributes.remove(scim::urn::ENTERPRISE_USER);
            }
            self.update_user(report, attributes, now, events)?;
        }
        Ok(())
    }

    fn existing_user(&self, command: &Command) -> Result<&User, Refusal> {
        let id = command.resource_id;
        let user = self
            .users
            .get(&id)
            .ok_or_else(|| Refusal::not_found("User", &id.to_string()))?;
        precondition(command, user.version)?;
        Ok(user)
    }

    /// Stores new attributes of a user, unless they are the old ones (R12).
    fn update_user(
        &mut self,
        id: ResourceId,
        attributes: Map<String, Value>,
        now: Timestamp,
        events: &mut Vec<Announcement>,
    ) -> Result<Outcome, Refusal> {
        let groups = self.group_refs_of(id);
        let Some(before) = self.users.get(&id) else {
            return Err(Refusal::not_found("User", &id.to_string()));
        };
        if before.attributes == attributes {
            return Ok(Outcome::Stored {
                created: false,
                resource: Box::new(before.stored(groups)),
            });
        }
        self.limits
            .check_stored(self.policy.user_type(), Some(&before.attributes), &attributes)?;
        let after = User {
            id,
            attributes,
            version: before.version + 1,
            created_at: before.created_at,
            updated_at: now,
        };
        let kind = match (before.is_active(), after.is_active()) {
            (true, false) => EventType::UserDeactivated,
            (false, true) => EventType::UserReactivated,
            _ => EventType::UserUpdated,
        };
        let before_key = before.user_name_key();
        let differences = changes(&before.attributes, &after.attributes);
        let key = self.claim_user_name(&after)?;
        domains::check(&self.policy, &after, Some(before))?;
        self.claim_emails(&after, Some(before))?;
        if kind == EventType::UserDeactivated {
            // The last that can refuse: from here on everything is done.
            let leaving = Departure {
                is_active: true,
                created_at: after.created_at,
            };
            self.brake.pass(leaving)?;
        }
        if let Some(before) = self.users.remove(&id) {
            self.forget_emails(&before);
        }
        self.note_emails(&after);
        self.note_manager(&after);
        self.user_names.remove(&before_key);
        self.user_names.insert(key, id);
        events.push(self.user_event(kind, &after, &differences));
        let stored = after.stored(groups);
        self.users.insert(id, after);
        self.dirty_users.insert(id);
        Ok(Outcome::Stored {
            created: false,
            resource: Box::new(stored),
        })
    }

    /// The folded name, if no other user has it (R53: the same user may change its case).
    fn claim_user_name(&self, user: &User) -> Result<String, Refusal> {
        let key = user.user_name_key();
        if key.is_empty() {
            return Err(Refusal::invalid_value("userName is required and must not be empty"));
        }
        match self.user_names.get(&key) {
            Some(owner) if *owner != user.id => Err(Refusal::uniqueness(format!(
                "userName \"{}\" is already taken by another user of this directory; user names are compared without regard to case",
                user.user_name()
            ))),
            _ => Ok(key),
        }
    }

    /// A change must leave what is required in place, unless it leaves the user inactive: nobody keeps access because
    /// some attribute of theirs is missing.
    fn check_required(&self, attributes: &Map<String, Value>) -> Result<(), Refusal> {
        if attributes.get("active").and_then(Value::as_bool) != Some(true) {
            return Ok(());
        }
        required::check(self.policy.required(), attributes)
    }

    /// Where addresses are unique, no other user has the ones that are new with this change. Duplicates from the time
    /// before the rule stay until one of their owners changes them.
    fn claim_emails(&self, user: &User, before: Option<&User>) -> Result<(), Refusal> {
        if !self.policy.unique_emails {
            return Ok(());
        }
        let kept: HashSet<String> = before.into_iter().flat_map(User::emails).map(scim::fold).collect();
        for email in user.emails() {
            let key = scim::fold(email);
            if kept.contains(&key) {
                continue;
            }
            let owners = self.email_owners.get(&key).into_iter().flatten();
            let mut others = owners.filter(|owner| **owner != user.id);
            if let Some(owner) = others.find_map(|owner| self.users.get(owner)) {
                return Err(Refusal::uniqueness(format!(
                    "emails \"{email}\" is already the address of user \"{}\", and addresses are unique in this directory; \
                     change the address of one of them, or the attribute that Entra's mapping sends as emails",
                    owner.user_name()
                )));
            }
        }
        Ok(())
    }

    /// Keeps in mind who has which address, where that matters.
    pub(crate) fn note_emails(&mut self, user: &User) {
        if self.policy.unique_emails {
            for email in user.emails() {
                self.email_owners.entry(scim::fold(email)).or_default().insert(user.id);
            }
        }
    }

    /// Forgets that this user has these addresses.
    fn forget_emails(&mut self, user: &User) {
        if self.policy.unique_emails {
            for email in user.emails() {
                let key = scim::fold(email);
                if let Some(owners) = self.email_owners.get_mut(&key) {
                    owners.remove(&user.id);
                    if owners.is_empty() {
                        self.email_owners.remove(&key);
                    }
                }
            }
        }
    }

    /// Keeps in mind whose manager is who.
    pub(crate) fn note_manager(&mut self, user: &User) {
        if let Some(manager) = user.manager_id() {
            self.reports.entry(manager.to_owned()).or_default().insert(user.id);
        }
    }

    fn user_event(&self, kind: EventType, user: &User, changes: &[Value]) -> Announcement {
        let groups = self.group_refs_of(user.id);
        let normalized = normalized_user(user, self.owner, &groups, &self.policy);
        Announcement {
            kind,
            subject_id: user.id,
            data: json!({ "user": normalized, "changes": changes }),
        }
    }
}
