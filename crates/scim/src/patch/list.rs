//! The elements of one multi-valued attribute while operations change them, found by what they hold: the work is in
//! proportion to what was sent, and not to that times what is there.
//!
//! The index only narrows. It gives positions that may fit, and the caller holds each against the rule itself; so it
//! need not be exact, only never miss one. Positions stay what they are: an element that goes leaves a gap.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use serde_json::{Map, Value};

use crate::filter::{Filter, Literal, Operator};
use crate::schema::{Attribute, AttributeType};

/// Up to so many elements are looked at one by one.
const MOST_SCANNED_ELEMENTS: usize = 16;

/// The elements of an attribute.
#[derive(Debug)]
pub(super) struct List<'a> {
    /// What is known of the attribute; `None` where nobody declared it.
    facts: Option<&'a Attribute>,
    slots: Vec<Option<Value>>,
    /// The elements with `primary: true`.
    primaries: BTreeSet<usize>,
    /// Made when something is looked up among more than [`MOST_SCANNED_ELEMENTS`].
    index: Option<Index<'a>>,
}

impl<'a> List<'a> {
    pub(super) fn new(facts: Option<&'a Attribute>, elements: Vec<Value>) -> Self {
        let primaries = elements
            .iter()
            .enumerate()
            .filter(|(_, element)| is_primary(element))
            .map(|(at, _)| at)
            .collect();
        Self {
            facts,
            slots: elements.into_iter().map(Some).collect(),
            primaries,
            index: None,
        }
    }

    /// What is left, in order.
    pub(super) fn into_elements(self) -> Vec<Value> {
        self.slots.into_iter().flatten().collect()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Value> {
        self.slots.get(at).and_then(Option::as_ref)
    }

    /// All positions that hold an element.
    fn all(&self) -> Vec<usize> {
        (0..self.slots.len()).filter(|at| self.get(*at).is_some()).collect()
    }

    /// The first element that is the same as `value` by the rule of P9.
    pub(super) fn first_like(&mut self, value: &Value, is_same: impl Fn(&Value) -> bool) -> Option<usize> {
        self.index();
        let is_it = |at: &usize| self.get(*at).is_some_and(&is_same);
        match &self.index {
            None => (0..self.slots.len()).find(is_it),
            Some(index) => index.at(index.identity(value)).find(is_it),
        }
    }

    /// The first element before the one at `at` that is the same by the rule of P9.
    pub(super) fn first_like_before(&mut self, at: usize, is_same: impl Fn(&Value, &Value) -> bool) -> Option<usize> {
        self.index();
        let element = self.get(at)?;
        let is_it = |other: &usize| self.get(*other).is_some_and(|other| is_same(other, element));
        match &self.index {
            None => (0..at).find(is_it),
            Some(index) => index
                .at(index.identity(element))
                .take_while(|other| *other < at)
                .find(is_it),
        }
    }

    /// Where elements may be that are this very value, or hold all these parts of an object.
    pub(super) fn holding(&mut self, value: &Value, parts: &[(&str, &Value)]) -> Vec<usize> {
        let Some(index) = self.index() else { return self.all() };
        let keys = parts.iter().map(|(name, value)| index.part(name, value));
        let rarest = keys.min_by_key(|key| index.width(*key));
        index.positions(&[rarest.unwrap_or_else(|| index.identity(value))])
    }

    /// Where elements may be that a filter selects; all of them where it asks for anything but equality.
    pub(super) fn selected_by(&mut self, filter: Option<&Filter>) -> Vec<usize> {
        let (Some(filter), Some(index)) = (filter, self.index()) else {
            return self.all();
        };
        match index.narrow(filter) {
            Some(narrow) => index.positions_and_odd(&narrow.keys),
            None => self.all(),
        }
    }

    /// Appends an element; gives its position.
    pub(super) fn push(&mut self, element: Value) -> usize {
        let at = self.slots.len();
        if let Some(index) = &mut self.index {
            index.enter(at, &element);
        }
        if is_primary(&element) {
            self.primaries.insert(at);
        }
        self.slots.push(Some(element));
        at
    }

    /// Takes an element out.
    pub(super) fn remove(&mut self, at: usize) -> Option<Value> {
        let element = self.slots.get_mut(at)?.take()?;
        if let Some(index) = &mut self.index {
            index.leave(at, &element);
        }
        self.primaries.remove(&at);
        Some(element)
    }

    /// Puts another element in the place of one that is there.
    pub(super) fn replace(&mut self, at: usize, element: Value) {
        if self.remove(at).is_none() {
            return;
        }
        if let Some(index) = &mut self.index {
            index.enter(at, &element);
        }
        if is_primary(&element) {
            self.primaries.insert(at);
        }
        if let Some(slot) = self.slots.get_mut(at) {
            *slot = Some(element);
        }
    }

    /// Sets parts of an element; what is no object has none.
    pub(super) fn merge(&mut self, at: usize, parts: &Map<String, Value>) {
        let Some(Some(Value::Object(element))) = self.slots.get(at) else {
            return;
        };
        let differing = parts.iter().filter(|(name, value)| element.get(*name) != Some(value));
        let names: Vec<&str> = differing.map(|(name, _)| name.as_str()).collect();
        self.change(at, &names, |element| {
            for name in &names {
                if let Some(value) = parts.get(*name) {
                    element.insert((*name).to_owned(), value.clone());
                }
            }
        });
    }

    /// Takes a part of an element away.
    pub(super) fn unset(&mut self, at: usize, name: &str) {
        self.change(at, &[name], |element| drop(element.shift_remove(name)));
    }

    /// Changes the named parts of an element, in the index too.
    fn change(&mut self, at: usize, names: &[&str], change: impl FnOnce(&mut Map<String, Value>)) {
        let Some(Some(element)) = self.slots.get_mut(at) else {
            return;
        };
        if names.is_empty() || !element.is_object() {
            return;
        }
        // Without a value it is the whole element that tells it from others.
        let identifies = element.get("value").is_none() || names.iter().any(|name| matches!(*name, "value" | "type"));
        if let Some(index) = &mut self.index {
            index.leave_parts(at, element, names, identifies);
        }
        if let Value::Object(parts) = element {
            change(parts);
        }
        if let Some(index) = &mut self.index {
            index.enter_parts(at, element, names, identifies);
        }
        if is_primary(element) {
            self.primaries.insert(at);
        } else {
            self.primaries.remove(&at);
        }
    }

    pub(super) fn is_primary(&self, at: usize) -> bool {
        self.primaries.contains(&at)
    }

    /// P18: when the element at `at` is primary, no other is.
    pub(super) fn keep_primary(&mut self, at: usize) {
        if !self.primaries.contains(&at) {
            return;
        }
        let others: Vec<usize> = self.primaries.iter().copied().filter(|other| *other != at).collect();
        for other in others {
            self.change(other, &["primary"], |element| {
                element.insert("primary".to_owned(), Value::Bool(false));
            });
        }
    }

    fn index(&mut self) -> Option<&Index<'a>> {
        if self.index.is_none() && self.slots.len() > MOST_SCANNED_ELEMENTS {
            let mut index = Index::new(self.facts);
            for (at, element) in self.slots.iter().enumerate() {
                if let Some(element) = element {
                    index.enter(at, element);
                }
            }
            self.index = Some(index);
        }
        self.index.as_ref()
    }
}

fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

/// Hashes of what elements hold, with where they are.
#[derive(Debug)]
struct Index<'a> {
    facts: Option<&'a Attribute>,
    hashing: RandomState,
    positions: HashMap<u64, BTreeSet<usize>>,
    /// Elements from before their attribute was declared: names in another case, values of another type. Filters take
    /// them by rules of their own, so each is a candidate for every filter.
    odd: BTreeSet<usize>,
}

/// What equals by the facts has the same hash: see [`super::elements::equal`].
struct Same<'v> {
    facts: Option<&'v Attribute>,
    value: Option<&'v Value>,
}

impl Hash for Same<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.value {
            Some(Value::String(text)) if folds(self.facts) => (0u8, crate::fold(text)).hash(state),
            Some(Value::String(text)) => (0u8, text).hash(state),
            other => (1u8, other).hash(state),
        }
    }
}

/// Whether texts of an attribute are the same in any case.
pub(super) fn folds(facts: Option<&Attribute>) -> bool {
    facts.is_some_and(|facts| !facts.case_exact && facts.kind == AttributeType::String)
}

/// Keys of which an element that a filter selects has one, and how many elements have them.
struct Narrow {
    keys: Vec<u64>,
    width: usize,
}

impl<'a> Index<'a> {
    fn new(facts: Option<&'a Attribute>) -> Self {
        Self {
            facts,
            hashing: RandomState::new(),
            positions: HashMap::new(),
            odd: BTreeSet::new(),
        }
    }

    fn sub(&self, name: &str) -> Option<&'a Attribute> {
        self.facts.and_then(|facts| facts.sub(name))
    }

    /// What makes an element the same as another: its value and type, else the whole of it (P9).
    fn identity(&self, element: &Value) -> u64 {
        let same = |name: &str| Same {
            facts: self.sub(name),
            value: element.get(name),
        };
        match element {
            Value::Object(parts) if parts.get("value").is_some() => {
                self.hashing.hash_one(("value", same("value"), same("type")))
            }
            Value::Object(_) => self.hashing.hash_one(("whole", element)),
            _ => self.hashing.hash_one((
                "alone",
                Same {
                    facts: self.facts,
                    value: Some(element),
                },
            )),
        }
    }

    fn part(&self, name: &str, value: &Value) -> u64 {
        let same = Same {
            facts: self.sub(name),
            value: Some(value),
        };
        self.hashing.hash_one(("part", name, same))
    }

    fn width(&self, key: u64) -> usize {
        self.positions.get(&key).map_or(0, BTreeSet::len)
    }

    fn at(&self, key: u64) -> impl Iterator<Item = usize> {
        self.positions.get(&key).into_iter().flatten().copied()
    }

    fn positions(&self, keys: &[u64]) -> Vec<usize> {
        let mut positions: Vec<usize> = keys.iter().flat_map(|key| self.at(*key)).collect();
        if keys.len() > 1 {
            positions.sort_unstable();
            positions.dedup();
        }
        positions
    }

    fn positions_and_odd(&self, keys: &[u64]) -> Vec<usize> {
        let mut positions = self.positions(keys);
        if !self.odd.is_empty() {
            positions.extend(&self.odd);
            positions.sort_unstable();
            positions.dedup();
        }
        positions
    }

    fn add(&mut self, key: u64, at: usize) {
        self.positions.entry(key).or_default().insert(at);
    }

    fn take(&mut self, key: u64, at: usize) {
        if let Some(positions) = self.positions.get_mut(&key) {
            positions.remove(&at);
            if positions.is_empty() {
                self.positions.remove(&key);
            }
        }
    }

    fn enter(&mut self, at: usize, element: &Value) {
        self.add(self.identity(element), at);
        if let Value::Object(parts) = element {
            for (name, value) in parts {
                self.add(self.part(name, value), at);
                self.note_odd(at, name, value);
            }
        } else {
            self.odd.insert(at);
        }
    }

    fn leave(&mut self, at: usize, element: &Value) {
        self.take(self.identity(element), at);
        if let Value::Object(parts) = element {
            for (name, value) in parts {
                self.take(self.part(name, value), at);
            }
        }
        self.odd.remove(&at);
    }

    fn leave_parts(&mut self, at: usize, element: &Value, names: &[&str], identifies: bool) {
        if identifies {
            self.take(self.identity(element), at);
        }
        for name in names {
            if let Some(value) = element.get(*name) {
                self.take(self.part(name, value), at);
            }
        }
    }

    fn enter_parts(&mut self, at: usize, element: &Value, names: &[&str], identifies: bool) {
        if identifies {
            self.add(self.identity(element), at);
        }
        for name in names {
            if let Some(value) = element.get(*name) {
                self.add(self.part(name, value), at);
                self.note_odd(at, name, value);
            }
        }
    }

    fn note_odd(&mut self, at: usize, name: &str, value: &Value) {
        let Some(facts) = self.facts else { return };
        let is_as_declared = facts.sub(name).is_none_or(|sub| {
            sub.name == name
                && match sub.kind {
                    AttributeType::Boolean => value.is_boolean(),
                    _ => !has_keys(sub) || value.is_string(),
                }
        });
        if !is_as_declared {
            self.odd.insert(at);
        }
    }

    /// The keys of what a filter may select; `None` where no key tells.
    fn narrow(&self, filter: &Filter) -> Option<Narrow> {
        match filter {
            Filter::And(left, right) => match (self.narrow(left), self.narrow(right)) {
                (Some(left), Some(right)) => Some(if right.width < left.width { right } else { left }),
                (one, other) => one.or(other),
            },
            Filter::Or(left, right) => {
                let (mut left, right) = (self.narrow(left)?, self.narrow(right)?);
                left.keys.extend(right.keys);
                left.width += right.width;
                Some(left)
            }
            Filter::Compare(comparison) if comparison.op == Operator::Eq => {
                let sub = self.sub(&comparison.path.attribute)?;
                let value = match (&comparison.value, sub.kind) {
                    (Literal::String(text), _) if has_keys(sub) => Value::String(text.clone()),
                    (Literal::Boolean(flag), AttributeType::Boolean) => Value::Bool(*flag),
                    _ => return None,
                };
                let key = self.part(&sub.name, &value);
                Some(Narrow {
                    keys: vec![key],
                    width: self.width(key),
                })
            }
            _ => None,
        }
    }
}

/// Whether a filter finds texts of this part as the index does: in any case, or exactly.
fn has_keys(sub: &Attribute) -> bool {
    match sub.kind {
        AttributeType::String => !sub.multi_valued,
        AttributeType::Reference | AttributeType::Binary => sub.case_exact && !sub.multi_valued,
        _ => false,
    }
}
