//! Everything that can happen to the objects of a tenant.

use super::{Change, Members, Object, Place, State, What};
use crate::attributes::{Attributes, Kind};
use crate::clock::Moment;
use crate::error::ControlError;
use crate::model::{Bulk, BulkMade, MemberChange, NewObject, Presence};
use crate::seed;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;

/// How long what is soft-deleted can be restored.
const IN_THE_BIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl State {
    fn append(&mut self, at: Moment, object: Place, what: What) {
        let before = self.object(object).last;
        self.log.push(Change {
            at,
            object,
            before,
            what,
        });
        let end = self.end();
        self.object_mut(object).last = end;
    }

    fn insert(&mut self, now: Moment, id: Uuid, kind: Kind, attributes: Attributes) -> Place {
        let place = self.next_place();
        self.objects.push(Object {
            id,
            kind,
            attributes,
            presence: Presence::Live,
            manager: None,
            members: BTreeSet::new(),
            born: self.end().saturating_add(1),
            last: 0,
            deleted: Moment::default(),
        });
        self.by_id.insert(id, place);
        self.users += u32::from(kind == Kind::User);
        if kind == Kind::Group {
            self.groups.push(place);
        }
        self.append(now, place, What::Created);
        place
    }

    /// Makes an object. Users are enabled, members and of this domain, and groups are for security, unless it says otherwise.
    pub(crate) fn create(&mut self, now: Moment, kind: Kind, new: NewObject) -> Result<Uuid, ControlError> {
        let id = new.id.unwrap_or_else(|| self.free_id(kind.collection()));
        if self.by_id.contains_key(&id) {
            return Err(ControlError::Taken(id));
        }
        let mut values = self.first_values(kind, id, now);
        for (name, value) in known(kind, new.properties)? {
            if value.is_null() {
                values.remove(name);
            } else {
                values.insert(name, value);
            }
        }
        self.insert(now, id, kind, Attributes::Own(values));
        Ok(id)
    }

    fn first_values(&self, kind: Kind, id: Uuid, now: Moment) -> BTreeMap<&'static str, Value> {
        let name = format!("{}-{}", kind.collection(), &id.simple().to_string()[..8]);
        let mut values = BTreeMap::from([("displayName", json!(name))]);
        match kind {
            Kind::User => values.extend([
                ("accountEnabled", json!(true)),
                ("businessPhones", json!([])),
                ("createdDateTime", json!(now.text())),
                ("userPrincipalName", json!(format!("{name}@{}", self.domain))),
                ("userType", json!("Member")),
            ]),
            Kind::Group => values.extend([
                ("createdDateTime", json!(now.text())),
                ("groupTypes", json!([])),
                ("mailEnabled", json!(false)),
                ("mailNickname", json!(name)),
                ("securityEnabled", json!(true)),
            ]),
            Kind::Device | Kind::OrgContact | Kind::ServicePrincipal => {}
        }
        values
    }

    /// Sets properties; `null` takes one away. What stays as it is does not count as changed.
    pub(crate) fn update(
        &mut self,
        now: Moment,
        kind: Kind,
        id: Uuid,
        properties: Map<String, Value>,
    ) -> Result<(), ControlError> {
        let place = self.live(id, kind)?;
        let properties = known(kind, properties)?;
        self.set(now, place, properties);
        Ok(())
    }

    fn set(&mut self, now: Moment, place: Place, properties: Vec<(&'static str, Value)>) {
        let domain = self.domain.clone();
        let values = self.object_mut(place).attributes.own(&domain);
        let mut before = Vec::new();
        for (name, value) in properties {
            let was = values.get(name).cloned();
            if was.clone().unwrap_or_default() != value {
                before.push((name, was));
                values.insert(name, value);
            }
        }
        if !before.is_empty() {
            self.append(now, place, What::Properties(before.into()));
        }
    }

    /// Whom somebody reports to from now on.
    pub(crate) fn set_manager(&mut self, now: Moment, id: Uuid, manager: Option<Uuid>) -> Result<(), ControlError> {
        let place = self.live(id, Kind::User)?;
        let find = |id: Uuid| self.by_id.get(&id).copied().ok_or(ControlError::Object(id));
        let manager = manager.map(find).transpose()?;
        let before = std::mem::replace(&mut self.object_mut(place).manager, manager);
        if before != manager {
            self.append(now, place, What::Manager(before));
        }
        Ok(())
    }

    /// Adds and removes members.
    pub(crate) fn change_members(
        &mut self,
        now: Moment,
        group: Uuid,
        change: &MemberChange,
    ) -> Result<(), ControlError> {
        let place = self.live(group, Kind::Group)?;
        let find = |id: &Uuid| self.by_id.get(id).copied().ok_or(ControlError::Object(*id));
        let mut added = change.add.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let mut removed = change.remove.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        added.extend(self.by_formula.iter().take(change.add_first as usize));
        let members = &mut self.object_mut(place).members;
        added.retain(|member| members.insert(*member));
        removed.retain(|member| members.remove(member));
        if !added.is_empty() || !removed.is_empty() {
            self.append(now, place, What::Members(Box::new(Members { added, removed })));
        }
        Ok(())
    }

    /// Soft-deletes a user, or a group of Microsoft 365; other groups are gone at once.
    pub(crate) fn delete(&mut self, now: Moment, kind: Kind, id: Uuid) -> Result<(), ControlError> {
        let place = self.live(id, kind)?;
        let is_unified = |value: Value| value.as_array().is_some_and(|types| types.contains(&json!("Unified")));
        let types = self.object(place).attributes.get("groupTypes", &self.domain);
        if kind != Kind::User && !types.is_some_and(is_unified) {
            self.remove(now, place);
            return Ok(());
        }
        self.rename_in_bin(now, place, true);
        let object = self.object_mut(place);
        object.presence = Presence::Deleted;
        object.deleted = now;
        self.bin.insert((now, place));
        self.append(now, place, What::Presence(Presence::Live));
        Ok(())
    }

    /// In the bin a user's name begins with the id without dashes, so that the name is free.
    fn rename_in_bin(&mut self, now: Moment, place: Place, in_bin: bool) {
        let object = self.object(place);
        let prefix = object.id.simple().to_string();
        let name = object.attributes.get("userPrincipalName", &self.domain);
        let Some(name) = name.as_ref().and_then(Value::as_str) else {
            return;
        };
        let renamed = match name.strip_prefix(&prefix) {
            Some(rest) if !in_bin => rest.to_owned(),
            None if in_bin => format!("{prefix}{name}"),
            _ => return,
        };
        self.set(now, place, vec![("userPrincipalName", json!(renamed))]);
    }

    /// Takes an object back out of the bin.
    pub(crate) fn restore(&mut self, now: Moment, kind: Kind, id: Uuid) -> Result<(), ControlError> {
        let place = self.of(id, kind, Presence::Deleted)?;
        self.bin.remove(&(self.object(place).deleted, place));
        self.object_mut(place).presence = Presence::Live;
        self.append(now, place, What::Presence(Presence::Deleted));
        self.rename_in_bin(now, place, false);
        Ok(())
    }

    /// Removes an object for good, wherever it is.
    pub(crate) fn purge(&mut self, now: Moment, kind: Kind, id: Uuid) -> Result<(), ControlError> {
        let place = self.find(id, kind).ok_or(ControlError::Object(id))?;
        if self.object(place).presence == Presence::Purged {
            return Err(ControlError::Object(id));
        }
        self.remove(now, place);
        Ok(())
    }

    fn remove(&mut self, now: Moment, place: Place) {
        self.bin.remove(&(self.object(place).deleted, place));
        let before = std::mem::replace(&mut self.object_mut(place).presence, Presence::Purged);
        self.append(now, place, What::Presence(before));
        for group in self.groups.clone() {
            if self.object_mut(group).members.remove(&place) && !self.behaviour.purge_unmentioned {
                let gone = Members {
                    added: Vec::new(),
                    removed: vec![place],
                };
                self.append(now, group, What::Members(Box::new(gone)));
            }
        }
        for principal in self.principals.values_mut() {
            principal.end_all_of(place, now);
        }
    }

    /// Purges what has been in the bin for 30 days.
    pub(crate) fn empty_bin(&mut self, now: Moment) {
        while let Some((deleted, place)) = self.bin.first().copied()
            && deleted.plus(IN_THE_BIN) <= now
        {
            self.remove(
                deleted
                    .plus(IN_THE_BIN)
                    .max(self.log.last().map_or(now, |change| change.at)),
                place,
            );
        }
    }

    /// Makes many by formula.
    pub(crate) fn create_many(&mut self, now: Moment, bulk: Bulk) -> BulkMade {
        let first = u32::try_from(self.by_formula.len()).unwrap_or(u32::MAX);
        for number in first..first.saturating_add(bulk.users) {
            let id = seed::guid(&[self.seed, seed::number("bulk"), u64::from(number)]);
            let place = self.insert(now, id, Kind::User, Attributes::Formula(number));
            if bulk.managers && number > first {
                let manager = (number - first) / 10 + first;
                self.object_mut(place).manager = self.by_formula.get(manager as usize).copied();
            }
            self.by_formula.push(place);
        }
        let users = self.by_formula[first as usize..].to_vec();
        let groups = (0..bulk.groups).map(|number| self.create_group(now, number, bulk.members, &users));
        BulkMade {
            groups: groups.collect(),
            first_user: users.first().map(|place| self.object(*place).id),
        }
    }

    fn create_group(&mut self, now: Moment, number: u32, members: u32, users: &[Place]) -> Uuid {
        let id = self.free_id("bulk group");
        let mut values = self.first_values(Kind::Group, id, now);
        values.insert("displayName", json!(format!("Group {number}")));
        values.insert("mailNickname", json!(format!("group{number}")));
        values.insert("description", json!(format!("Made by formula, as number {number}")));
        let place = self.insert(now, id, Kind::Group, Attributes::Own(values));
        let start = number as usize * members as usize;
        let chosen = (0..(members as usize).min(users.len())).map(|n| users[(start + n) % users.len()]);
        self.object_mut(place).members = chosen.collect();
        id
    }

    fn live(&self, id: Uuid, kind: Kind) -> Result<Place, ControlError> {
        self.of(id, kind, Presence::Live)
    }

    fn of(&self, id: Uuid, kind: Kind, presence: Presence) -> Result<Place, ControlError> {
        self.find(id, kind)
            .filter(|place| self.object(*place).presence == presence)
            .ok_or(ControlError::Object(id))
    }
}

/// The properties with the one spelling of their names.
fn known(kind: Kind, properties: Map<String, Value>) -> Result<Vec<(&'static str, Value)>, ControlError> {
    properties
        .into_iter()
        .map(|(name, value)| match kind.property(&name) {
            Some(known) => Ok((known, value)),
            None => Err(ControlError::Property(name)),
        })
        .collect()
}
