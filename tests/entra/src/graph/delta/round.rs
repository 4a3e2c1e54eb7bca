//! One page of a round.

use super::Cursor;
use crate::attributes::Kind;
use crate::graph::Call;
use crate::graph::answer::Answer;
use crate::graph::query::Selection;
use crate::model::{Behaviour, Presence};
use crate::seed;
use crate::tenant::history::{Past, Touched};
use crate::tenant::{Place, State};
use serde_json::{Map, Value, json};

/// At most so many objects come again on the next page, and in the next round.
const MOST_AGAIN: usize = 20;
/// At most so many former members are told in a first round.
const MOST_FORMER: usize = 100;

/// A page that is being made.
pub(super) struct Round<'a> {
    state: &'a mut State,
    cursor: Cursor,
    selection: Selection,
    behaviour: Behaviour,
    /// What happened up to here is shown.
    horizon: u32,
    /// How many members the page has room for.
    room: usize,
}

/// An object whose turn it is.
struct Turn {
    /// Its number in the order of the round.
    at: u32,
    place: Place,
    /// What has happened to it; nothing in the first round.
    touched: Option<Touched>,
}

impl<'a> Round<'a> {
    pub(super) fn new(call: &'a mut Call<'_>, cursor: Cursor) -> Result<Self, Answer> {
        let horizon = call.state.visible(call.now).max(cursor.to);
        let behaviour = call.state.behaviour;
        Ok(Self {
            selection: cursor.selection()?,
            room: behaviour.member_page_size.max(1) as usize,
            state: &mut *call.state,
            cursor,
            behaviour,
            horizon,
        })
    }

    fn happens(&self, chance: f64, what: &str, number: u32) -> bool {
        let of = [seed::number(what), u64::from(self.cursor.page), u64::from(number)];
        seed::happens(chance, &[self.state.seed, self.cursor.started.0, of[0], of[1], of[2]])
    }

    /// The page, and where the round goes on.
    pub(super) fn page(mut self) -> (Cursor, Vec<Value>) {
        let is_empty = self.happens(self.behaviour.empty_pages, "empty", 0) && self.next().is_some();
        let mut items = Vec::new();
        if !is_empty {
            self.tell_again(&mut items);
            self.tell(&mut items);
        }
        self.cursor.page += 1;
        self.cursor.is_over = !is_empty && self.next().is_none();
        if self.behaviour.shuffled {
            self.shuffle(&mut items);
        }
        (self.cursor, items)
    }

    fn shuffle(&self, items: &mut Vec<Value>) {
        let mut numbered: Vec<(u64, Value)> = Vec::new();
        for (number, item) in items.drain(..).enumerate() {
            numbered.push((
                seed::mix(&[self.state.seed, u64::from(self.cursor.page), number as u64]),
                item,
            ));
        }
        numbered.sort_by_key(|(order, _)| *order);
        items.extend(numbered.into_iter().map(|(_, item)| item));
    }

    /// What was on the page before, or in the round before.
    fn tell_again(&mut self, items: &mut Vec<Value>) {
        let mut again = std::mem::take(&mut self.cursor.repeat);
        if self.cursor.page == 0 {
            again.extend(std::mem::take(&mut self.cursor.replay));
        }
        for place in again {
            let past = self.state.past(place, self.horizon);
            let item = self.scalars(place, &past, None);
            items.push(Value::Object(item));
        }
    }

    fn tell(&mut self, items: &mut Vec<Value>) {
        let size = self.behaviour.page_size.max(1) as usize;
        let mut doubled = Vec::new();
        while items.len() < size
            && self.room > 0
            && let Some(turn) = self.next()
        {
            let (place, at) = (turn.place, turn.at);
            let is_first_time = self.cursor.after.is_none();
            let is_whole = self.show(&turn, items);
            if !is_whole {
                break;
            }
            self.cursor.at = at;
            self.cursor.after = None;
            if is_first_time
                && self.happens(self.behaviour.duplicates, "duplicate", place)
                && doubled.len() < MOST_AGAIN
            {
                doubled.push(place);
            }
            if self.happens(self.behaviour.replays, "replay", place) && self.cursor.replay.len() < MOST_AGAIN {
                self.cursor.replay.push(place);
            }
        }
        if self.next().is_some() {
            self.cursor.repeat = doubled;
        } else {
            for place in doubled {
                let past = self.state.past(place, self.horizon);
                items.push(Value::Object(self.scalars(place, &past, None)));
            }
        }
    }

    /// The next object that has something to tell.
    fn next(&self) -> Option<Turn> {
        match self.cursor.first {
            Some(total) => (self.cursor.at..total).find_map(|number| self.in_first(number, total)),
            None => (self.cursor.at + 1..=self.cursor.to).find_map(|position| self.in_log(position)),
        }
    }

    fn is_asked_for(&self, place: Place) -> bool {
        let object = self.state.object(place);
        object.kind == self.cursor.kind && (self.cursor.ids.is_empty() || self.cursor.ids.contains(&object.id))
    }

    fn in_first(&self, number: u32, total: u32) -> Option<Turn> {
        let place = if self.cursor.shuffled {
            seed::shuffled(number, total, self.state.seed)
        } else {
            number
        };
        let is_shown = || {
            let presence = self.state.presence(place, &self.state.past(place, self.horizon));
            presence == Presence::Live || self.behaviour.removed_in_first_round
        };
        (self.is_asked_for(place) && is_shown()).then(|| Turn {
            at: number + 1,
            place,
            touched: None,
        })
    }

    /// The object of this entry, if it is its last in the round, and shows something that is tracked.
    fn in_log(&self, position: u32) -> Option<Turn> {
        let place = self.state.change(position).object;
        if !self.is_asked_for(place) || self.state.last_until(place, self.cursor.to) != position {
            return None;
        }
        let touched = self.state.touched(place, self.cursor.from, self.cursor.to);
        let is_tracked = touched.created
            || touched.presence
            || self
                .selection
                .names
                .iter()
                .any(|name| touched.properties.contains(name))
            || self.selection.relation && (touched.manager.is_some() || touched.members);
        is_tracked.then_some(Turn {
            at: position,
            place,
            touched: Some(touched),
        })
    }

    /// Shows an object, or as much of it as there is room for. Whether that was all.
    fn show(&mut self, turn: &Turn, items: &mut Vec<Value>) -> bool {
        let past = self.state.past(turn.place, self.horizon);
        let mut item = self.scalars(turn.place, &past, turn.touched.as_ref());
        if self.state.presence(turn.place, &past) != Presence::Live || !self.selection.relation {
            items.push(Value::Object(item));
            return true;
        }
        if self.cursor.kind == Kind::User {
            if !item.contains_key("@half") {
                self.show_manager(turn, &past, &mut item);
            }
            item.remove("@half");
            items.push(Value::Object(item));
            return true;
        }
        let (members, is_whole) = self.slice(turn, &past);
        if !members.is_empty() {
            item.insert("members@delta".to_owned(), Value::Array(members));
        }
        items.push(Value::Object(item));
        is_whole
    }

    /// The object without its relation.
    fn scalars(&self, place: Place, past: &Past, touched: Option<&Touched>) -> Map<String, Value> {
        let object = self.state.object(place);
        let mut item = Map::new();
        item.insert("id".to_owned(), json!(object.id));
        let reason = match self.state.presence(place, past) {
            Presence::Live => None,
            Presence::Deleted => Some("changed"),
            Presence::Purged => Some("deleted"),
        };
        if let Some(reason) = reason {
            item.insert("@removed".to_owned(), json!({ "reason": reason }));
            return item;
        }
        let is_whole = touched.is_none_or(|touched| touched.created || touched.presence);
        let is_half = object.kind == Kind::User
            && touched.is_some_and(|touched| touched.created)
            && self.happens(self.behaviour.half_filled, "half", place);
        for name in &self.selection.names {
            let is_changed = touched.is_some_and(|touched| touched.properties.contains(name));
            if is_half && *name != "displayName" || self.cursor.minimal && !is_whole && !is_changed {
                continue;
            }
            match self.state.value(place, past, name) {
                // Only later rounds say that something was taken away.
                Some(Value::Null) if self.cursor.first.is_none() => {
                    item.insert((*name).to_owned(), Value::Null);
                }
                None | Some(Value::Null) => {}
                Some(value) => {
                    item.insert((*name).to_owned(), value);
                }
            }
        }
        if is_half && self.selection.relation {
            item.insert("@half".to_owned(), Value::Null);
        }
        item
    }

    fn reference(&self, place: Place) -> Map<String, Value> {
        let object = self.state.object(place);
        let mut reference = Map::new();
        reference.insert("@odata.type".to_owned(), json!(object.kind.odata_type()));
        reference.insert("id".to_owned(), json!(object.id));
        reference
    }

    fn gone(&self, place: Place) -> Value {
        let mut reference = self.reference(place);
        reference.insert("@removed".to_owned(), json!({ "reason": "deleted" }));
        Value::Object(reference)
    }

    /// The manager, where there is one in the first round or for somebody new, and else where it has changed.
    fn show_manager(&self, turn: &Turn, past: &Past, item: &mut Map<String, Value>) {
        let is = self.state.manager(turn.place, past);
        let is_whole = turn
            .touched
            .as_ref()
            .is_none_or(|touched| touched.created || touched.presence);
        let was = turn.touched.as_ref().and_then(|touched| touched.manager);
        if !is_whole && was.is_none() {
            return;
        }
        let mut delta = Vec::new();
        if let Some(Some(was)) = was
            && Some(was) != is
        {
            delta.push(self.gone(was));
        }
        delta.extend(is.map(|is| Value::Object(self.reference(is))));
        if !delta.is_empty() {
            item.insert("manager@delta".to_owned(), Value::Array(delta));
        }
    }

    fn is_purged(&self, place: Place) -> bool {
        self.state.presence(place, &self.state.past(place, self.horizon)) == Presence::Purged
    }

    /// The next members of a group, and whether they are the last.
    fn slice(&mut self, turn: &Turn, past: &Past) -> (Vec<Value>, bool) {
        let after = self.cursor.after;
        let all = turn
            .touched
            .as_ref()
            .is_none_or(|touched| touched.created || touched.presence);
        let limit = self.room + 1;
        let mut slice: Vec<(Place, bool)> = if all {
            let members = self.state.members_after(turn.place, past, after, limit);
            members.into_iter().map(|place| (place, true)).collect()
        } else {
            let changes = self.state.member_changes(turn.place, self.cursor.from, self.cursor.to);
            let from = after.map_or(0, |place| place.saturating_add(1));
            changes
                .range(from..)
                .take(limit)
                .map(|(place, is)| (*place, *is))
                .collect()
        };
        let is_whole = slice.len() < limit;
        slice.truncate(self.room);
        self.room -= slice.len();
        self.cursor.after = slice.last().map(|(place, _)| *place).or(after);
        // Whoever is purged is nobody's member, also where the log does not say so.
        slice.retain(|(place, is)| !is || !self.is_purged(*place));
        let show = |(place, is): &(Place, bool)| {
            if *is {
                Value::Object(self.reference(*place))
            } else {
                self.gone(*place)
            }
        };
        let mut members: Vec<Value> = slice.iter().map(show).collect();
        if turn.touched.is_none() && after.is_none() && self.behaviour.removed_in_first_round {
            let former = self.state.former_members(turn.place, MOST_FORMER);
            members.extend(former.into_iter().map(|place| self.gone(place)));
        }
        (members, is_whole)
    }
}
