//! The past of an object: as it was at a position of the log, and what has happened to it between two.

use super::{Difference, Place, State, What};
use crate::model::Presence;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How an object differed from what it is now.
#[derive(Debug, Default)]
pub(crate) struct Past {
    values: BTreeMap<&'static str, Option<Value>>,
    manager: Option<Option<Place>>,
    presence: Option<Presence>,
    /// Members by whether they were there.
    members: BTreeMap<Place, bool>,
}

/// What has happened to an object between two positions.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub(crate) created: bool,
    pub(crate) presence: bool,
    pub(crate) properties: BTreeSet<&'static str>,
    /// The manager at the beginning, if there is another now.
    pub(crate) manager: Option<Option<Place>>,
    pub(crate) members: bool,
}

impl State {
    /// The object's last change up to this position; 0 if there is none.
    pub(crate) fn last_until(&self, place: Place, until: u32) -> u32 {
        let mut position = self.object(place).last;
        while position > until {
            position = self.change(position).before;
        }
        position
    }

    /// The object as it was at this position.
    pub(crate) fn past(&self, place: Place, at: u32) -> Past {
        let mut past = Past::default();
        let mut position = self.object(place).last;
        while position > at {
            let change = self.change(position);
            match &change.what {
                What::Created => {}
                What::Properties(before) => past.values.extend(before.iter().cloned()),
                What::Manager(before) => past.manager = Some(*before),
                What::Members(members) => {
                    past.members.extend(members.added.iter().map(|place| (*place, false)));
                    past.members.extend(members.removed.iter().map(|place| (*place, true)));
                }
                What::Presence(before) => past.presence = Some(*before),
            }
            position = change.before;
        }
        past
    }

    /// What has happened after `from` and up to `until`.
    pub(crate) fn touched(&self, place: Place, from: u32, until: u32) -> Touched {
        let mut touched = Touched::default();
        let mut position = self.last_until(place, until);
        while position > from {
            let change = self.change(position);
            match &change.what {
                What::Created => touched.created = true,
                What::Properties(before) => touched.properties.extend(before.iter().map(|(name, _)| name)),
                What::Manager(before) => touched.manager = Some(*before),
                What::Members(_) => touched.members = true,
                What::Presence(_) => touched.presence = true,
            }
            position = change.before;
        }
        touched
    }

    /// Members that came or went after `from` and up to `until`, by whether they are there at the end. The last answer is kept,
    /// since all pages of a large group ask the same.
    pub(crate) fn member_changes(&mut self, place: Place, from: u32, until: u32) -> Arc<BTreeMap<Place, bool>> {
        let key = (place, from, until);
        if let Some(known) = &self.difference
            && known.of == key
        {
            return Arc::clone(&known.members);
        }
        let mut difference = BTreeMap::new();
        let mut position = self.last_until(place, until);
        while position > from {
            let change = self.change(position);
            if let What::Members(members) = &change.what {
                for member in &members.added {
                    difference.entry(*member).or_insert(true);
                }
                for member in &members.removed {
                    difference.entry(*member).or_insert(false);
                }
            }
            position = change.before;
        }
        let members = Arc::new(difference);
        self.difference = Some(Difference {
            of: key,
            members: Arc::clone(&members),
        });
        members
    }

    /// Members at a past moment: the next `limit` after one of them.
    pub(crate) fn members_after(&self, place: Place, past: &Past, after: Option<Place>, limit: usize) -> Vec<Place> {
        let from = after.map_or(0, |place| place.saturating_add(1));
        let is = self.object(place).members.range(from..).copied();
        let mut members: Vec<Place> = is
            .filter(|place| past.members.get(place) != Some(&false))
            .take(limit)
            .collect();
        let was = past.members.range(from..).filter(|(_, was)| **was).take(limit);
        members.extend(was.map(|(place, _)| *place));
        members.sort_unstable();
        members.dedup();
        members.truncate(limit);
        members
    }

    /// Some who were members once and are not any more.
    pub(crate) fn former_members(&self, place: Place, limit: usize) -> Vec<Place> {
        let mut former = BTreeSet::new();
        let mut position = self.object(place).last;
        while position > 0 && former.len() < limit {
            let change = self.change(position);
            if let What::Members(members) = &change.what {
                let gone = members
                    .removed
                    .iter()
                    .filter(|place_of| !self.object(place).members.contains(place_of));
                former.extend(gone.take(limit).copied());
            }
            position = change.before;
        }
        former.into_iter().collect()
    }

    pub(crate) fn value(&self, place: Place, past: &Past, name: &str) -> Option<Value> {
        match past.values.get(name) {
            Some(before) => before.clone(),
            None => self.object(place).attributes.get(name, &self.domain),
        }
    }

    pub(crate) fn manager(&self, place: Place, past: &Past) -> Option<Place> {
        self.boss(past.manager.unwrap_or_else(|| self.object(place).manager))
    }

    pub(crate) fn presence(&self, place: Place, past: &Past) -> Presence {
        past.presence.unwrap_or_else(|| self.object(place).presence)
    }
}
