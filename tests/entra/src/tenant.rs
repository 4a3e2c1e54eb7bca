//! One tenant: its objects, and the log of everything that has happened to them.
//!
//! The log is only ever appended to. Each object knows its last entry and each entry the one before it of the same object, so
//! that the past of an object is found without reading the log ([`history`]). Rounds of delta queries go along the log by
//! position; nothing is copied for a request.

pub(crate) mod assigned;
pub(crate) mod changes;
pub(crate) mod history;
pub(crate) mod installed;

use crate::attributes::{Attributes, Kind};
use crate::clock::Moment;
use crate::faults::Faults;
use crate::graph::budget::Bucket;
use crate::graph::subscriptions::Subscription;
use crate::model::{Behaviour, Presence, TrueAssignment, TrueGroup, TrueUser, Truth};
use crate::seed;
use assigned::Principal;
use installed::Installed;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// An object, by its place in the tenant.
pub(crate) type Place = u32;

/// An object of the directory.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) attributes: Attributes,
    pub(crate) presence: Presence,
    pub(crate) manager: Option<Place>,
    pub(crate) members: BTreeSet<Place>,
    /// The position in the log where it was made.
    pub(crate) born: u32,
    /// The position of its last change.
    pub(crate) last: u32,
    /// When it was soft-deleted.
    pub(crate) deleted: Moment,
}

/// What happened, with what is needed to go back.
#[derive(Debug)]
pub(crate) enum What {
    Created,
    /// Values before; nothing where there was none.
    Properties(Box<[(&'static str, Option<Value>)]>),
    /// The manager before.
    Manager(Option<Place>),
    Members(Box<Members>),
    Presence(Presence),
}

#[derive(Debug)]
pub(crate) struct Members {
    pub(crate) added: Vec<Place>,
    pub(crate) removed: Vec<Place>,
}

/// An entry of the log. Its position counts from 1.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) at: Moment,
    pub(crate) object: Place,
    /// The position of the object's change before this one; 0 for the first.
    pub(crate) before: u32,
    pub(crate) what: What,
}

/// Who came to a group and who went between two positions.
#[derive(Debug)]
pub(crate) struct Difference {
    pub(crate) of: (Place, u32, u32),
    pub(crate) members: Arc<BTreeMap<Place, bool>>,
}

/// A tenant.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) id: Uuid,
    pub(crate) domain: String,
    pub(crate) seed: u64,
    pub(crate) objects: Vec<Object>,
    pub(crate) by_id: HashMap<Uuid, Place>,
    pub(crate) log: Vec<Change>,
    /// Soft-deleted objects, the oldest first.
    pub(crate) bin: BTreeSet<(Moment, Place)>,
    /// Places of users that were made by formula, in order of their numbers.
    pub(crate) by_formula: Vec<Place>,
    /// Places of all groups.
    pub(crate) groups: Vec<Place>,
    pub(crate) principals: BTreeMap<Place, Principal>,
    pub(crate) installed: HashMap<Uuid, Installed>,
    pub(crate) behaviour: Behaviour,
    pub(crate) faults: Faults,
    pub(crate) buckets: HashMap<Uuid, Bucket>,
    pub(crate) subscriptions: BTreeMap<Uuid, Subscription>,
    /// The log has been announced to subscriptions up to here.
    pub(crate) announced: usize,
    /// How many requests have been served; chances go by it.
    pub(crate) served: u64,
    pub(crate) users: u32,
    /// The last computed difference of a group's members: of this group, between these positions.
    pub(crate) difference: Option<Difference>,
}

impl State {
    pub(crate) fn new(id: Uuid, domain: &str, seed: u64) -> Self {
        Self {
            id,
            domain: domain.to_owned(),
            seed: seed::mix(&[seed, seed::number(&id.to_string())]),
            objects: Vec::new(),
            by_id: HashMap::new(),
            log: Vec::new(),
            bin: BTreeSet::new(),
            by_formula: Vec::new(),
            groups: Vec::new(),
            principals: BTreeMap::new(),
            installed: HashMap::new(),
            behaviour: Behaviour::default(),
            faults: Faults::default(),
            buckets: HashMap::new(),
            subscriptions: BTreeMap::new(),
            announced: 0,
            served: 0,
            users: 0,
            difference: None,
        }
    }

    pub(crate) fn object(&self, place: Place) -> &Object {
        &self.objects[place as usize]
    }

    pub(crate) fn object_mut(&mut self, place: Place) -> &mut Object {
        &mut self.objects[place as usize]
    }

    /// The place of an object of this kind, whether it is there or not.
    pub(crate) fn find(&self, id: Uuid, kind: Kind) -> Option<Place> {
        let place = *self.by_id.get(&id)?;
        (self.object(place).kind == kind).then_some(place)
    }

    /// A manager, unless they are gone for good: nobody goes through all users to say so.
    pub(crate) fn boss(&self, manager: Option<Place>) -> Option<Place> {
        manager.filter(|place| self.object(*place).presence != Presence::Purged)
    }

    /// Places are 32 bits wide.
    pub(crate) fn next_place(&self) -> Place {
        u32::try_from(self.objects.len()).unwrap_or(u32::MAX)
    }

    /// The position of the last entry.
    pub(crate) fn end(&self) -> u32 {
        u32::try_from(self.log.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn change(&self, position: u32) -> &Change {
        &self.log[position as usize - 1]
    }

    /// An id by the seed that nobody has.
    pub(crate) fn free_id(&self, kind: &str) -> Uuid {
        (0..)
            .map(|n| seed::guid(&[self.seed, seed::number(kind), self.objects.len() as u64, n]))
            .find(|id| !self.by_id.contains_key(id))
            .unwrap_or_default()
    }

    /// What is shown now: the last position that has been there for as long as changes take to be seen.
    pub(crate) fn visible(&self, now: Moment) -> u32 {
        let lag = std::time::Duration::from_secs(self.behaviour.lag_seconds);
        if lag.is_zero() {
            return self.end();
        }
        let horizon = now.minus(lag);
        u32::try_from(self.log.partition_point(|change| change.at <= horizon)).unwrap_or(u32::MAX)
    }

    /// Everything as it is.
    pub(crate) fn truth(&self) -> Truth {
        let of = |kind: Kind| self.objects.iter().filter(move |object| object.kind == kind);
        let user = |user: &Object| TrueUser {
            id: user.id,
            presence: user.presence,
            enabled: user.attributes.get("accountEnabled", &self.domain) == Some(Value::Bool(true)),
            properties: user.attributes.all(Kind::User, &self.domain),
            manager: self.boss(user.manager).map(|place| self.object(place).id),
        };
        let group = |group: &Object| TrueGroup {
            id: group.id,
            presence: group.presence,
            properties: group.attributes.all(Kind::Group, &self.domain),
            members: group.members.iter().map(|place| self.object(*place).id).collect(),
        };
        let assignments = self.principals.iter().flat_map(|(place, principal)| {
            let assigned = principal
                .assignments
                .iter()
                .filter(|assignment| assignment.ended.is_none());
            assigned.map(|assignment| TrueAssignment {
                service_principal: self.object(*place).id,
                principal_id: self.object(assignment.principal).id,
                principal_kind: self.object(assignment.principal).kind,
                app_role_id: assignment.role,
            })
        });
        Truth {
            users: of(Kind::User).map(user).collect(),
            groups: of(Kind::Group).map(group).collect(),
            assignments: assignments.collect(),
        }
    }
}
