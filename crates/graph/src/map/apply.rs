//! What a map makes of one answer about a person or a group.

use super::skip::{Guests, Skip};
use super::target::Target;
use super::transform::{convert, is_guest_name};
use super::{AttributeMap, Rule, Subject};
use crate::delta::{Given, Object};
use crate::map::MANAGER;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fmt;

/// What an attribute means that an answer does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is empty. For an object's first appearance in a full round, and for an object that was read by its id.
    Full,
    /// It is unchanged. For what changed, and for an object that comes again in a full round: large groups do, with members and
    /// little else.
    Changes,
}

/// Attributes of Graph that an answer may leave out and that rows with several attributes need, as they were last. To be stored
/// with the person, and handed in with the next answer.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kept(Map<String, Value>);

/// They are people's data.
impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kept").field(&self.0.keys().collect::<Vec<_>>()).finish()
    }
}

/// What an answer makes of a person or a group.
#[derive(Clone)]
pub struct Mapped {
    writes: Vec<Write>,
    /// Whether the account is enabled. `None` where the answer does not say, which changes nothing and enables nobody.
    pub enabled: Option<bool>,
    /// Whether it is a guest.
    pub is_guest: bool,
    /// To be stored, and handed in with the next answer.
    pub kept: Kept,
    /// Values that were left out, because they do not fit where they should go. What was there stays.
    pub unfit: Vec<Unfit>,
}

/// A value that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The number of the row, from one.
    pub row: usize,
    /// The SCIM path.
    pub path: String,
}

#[derive(Clone)]
struct Write {
    target: Target,
    /// None: what is there is taken away.
    values: Vec<Value>,
    primary: bool,
}

impl AttributeMap {
    /// What an answer makes of the object: what is set, what is cleared, and what must be left alone.
    ///
    /// # Errors
    /// Why the object is left out.
    pub fn apply(&self, object: &Object, mode: Mode, kept: &Kept) -> Result<Mapped, Skip> {
        if object.removed.is_some() {
            return Err(Skip::Removed);
        }
        let view = View { object, mode, kept };
        let is_guest = self.subject == Subject::User && view.is_guest();
        if is_guest && self.guests == Guests::Skip {
            return Err(Skip::Guest);
        }
        let mut mapped = Mapped {
            writes: Vec::with_capacity(self.rows.len()),
            enabled: object.attribute("accountEnabled").value().and_then(Value::as_bool),
            is_guest,
            kept: self.kept(&view),
            unfit: Vec::new(),
        };
        for rule in &self.rows {
            self.write(rule, &view, &mut mapped)?;
        }
        Ok(mapped)
    }

    fn write(&self, rule: &Rule, view: &View<'_>, mapped: &mut Mapped) -> Result<(), Skip> {
        let names: Vec<&String> = rule.row.graph.iter().collect();
        let said: Vec<Given<Value>> = names.iter().map(|name| view.said(name)).collect();
        if said.iter().all(|given| *given == Given::Absent) {
            return Ok(());
        }
        let known = names.iter().zip(said).map(|(name, given)| match given {
            Given::Absent => view.kept.0.get(name.as_str()).cloned(),
            given => given.value(),
        });
        let values: Vec<Value> = known.flatten().collect();
        let made = convert(rule.row.transform, &values.iter().collect::<Vec<_>>(), &rule.target);
        if rule.target.is("active") {
            // What is no answer to whether the account is enabled changes nothing.
            let Some(enabled) = mapped.enabled else { return Ok(()) };
            mapped.writes.push(Write::of(rule, vec![enabled.into()]));
            return Ok(());
        }
        let name = self.name_rule(rule);
        match (made, name) {
            (Ok(values), Some(empty)) if values.is_empty() => return Err(empty),
            (Ok(values), _) => mapped.writes.push(Write::of(rule, values)),
            (Err(_), Some(Skip::NoUserName)) => return Err(Skip::UnfitUserName),
            (Err(_), Some(skip)) => return Err(skip),
            (Err(_), None) => mapped.unfit.push(Unfit {
                row: rule.number,
                path: rule.target.to_string(),
            }),
        }
        Ok(())
    }

    /// Why an object is left out whose name the row would take away.
    fn name_rule(&self, rule: &Rule) -> Option<Skip> {
        match self.subject {
            Subject::User if rule.target.is("userName") => Some(Skip::NoUserName),
            Subject::Group if rule.target.is("displayName") => Some(Skip::NoDisplayName),
            _ => None,
        }
    }

    /// What has to be known of the object when the next answer comes.
    fn kept(&self, view: &View<'_>) -> Kept {
        let several = self.rows.iter().filter(|rule| rule.row.graph.count() > 1);
        let names = several.flat_map(|rule| rule.row.graph.iter()).map(String::as_str);
        let of_guests: &[&str] = match self.subject {
            Subject::User => &["userType", "userPrincipalName"],
            Subject::Group => &[],
        };
        let mut kept = Map::new();
        for name in names.chain(of_guests.iter().copied()).filter(|name| *name != MANAGER) {
            let value = match view.said(name) {
                Given::Value(value) => Some(value),
                Given::Null => None,
                Given::Absent => view.kept.0.get(name).cloned(),
            };
            kept.extend(value.map(|value| (name.to_owned(), value)));
        }
        Kept(kept)
    }
}

/// An answer, with what is known beside it.
struct View<'a> {
    object: &'a Object,
    mode: Mode,
    kept: &'a Kept,
}

impl View<'_> {
    /// What is said of an attribute; in a full round something is said of each.
    fn said(&self, name: &str) -> Given<Value> {
        if name == "id" {
            return Given::Value(self.object.id.to_string().into());
        }
        match (self.object.attribute(name), self.mode) {
            (Given::Value(value), _) => Given::Value(value.clone()),
            (Given::Null, _) | (Given::Absent, Mode::Full) => Given::Null,
            (Given::Absent, Mode::Changes) => Given::Absent,
        }
    }

    fn known(&self, name: &str) -> Option<Value> {
        match self.said(name) {
            Given::Absent => self.kept.0.get(name).cloned(),
            given => given.value(),
        }
    }

    fn is_guest(&self) -> bool {
        let is =
            |name: &str, holds: fn(&str) -> bool| self.known(name).as_ref().and_then(Value::as_str).is_some_and(holds);
        is("userType", |kind| kind.eq_ignore_ascii_case("Guest")) || is("userPrincipalName", is_guest_name)
    }
}

impl Write {
    fn of(rule: &Rule, values: Vec<Value>) -> Self {
        Self {
            target: rule.target.clone(),
            values,
            primary: rule.row.primary,
        }
    }
}

impl Mapped {
    /// The attributes of a new resource: everything that was set, and nobody enabled of whom it is not known.
    #[must_use]
    pub fn create(&self) -> Map<String, Value> {
        let mut resource = Map::new();
        self.apply_to(&mut resource);
        if self.writes.iter().any(|write| write.target.is("userName")) {
            resource.entry("active").or_insert(Value::Bool(false));
        }
        resource
    }

    /// Sets and clears what the answer says in the attributes of a stored resource, and leaves everything else as it is.
    /// Whether anything is different then.
    pub fn apply_to(&self, resource: &mut Map<String, Value>) -> bool {
        let before = resource.clone();
        for write in &self.writes {
            if write.values.is_empty() {
                write.target.clear(resource);
            } else {
                write.target.set(resource, &write.values, write.primary);
            }
        }
        *resource != before
    }

    /// The same as the body of a PATCH (RFC 7644 §3.5.2), which names only what differs in this resource; `None` where nothing
    /// does. Lists with elements of types are replaced as a whole.
    #[must_use]
    pub fn patch(&self, resource: &Map<String, Value>) -> Option<Value> {
        let mut after = resource.clone();
        self.apply_to(&mut after);
        let mut operations: Vec<Value> = Vec::new();
        for write in &self.writes {
            let path = write.target.whole();
            let is_named = operations.iter().any(|operation| operation["path"] == path);
            let (old, new) = (write.target.look(resource), write.target.look(&after));
            if is_named || old == new {
                continue;
            }
            operations.push(match new {
                Some(value) => json!({ "op": "replace", "path": path, "value": value }),
                None => json!({ "op": "remove", "path": path }),
            });
        }
        let body = || json!({ "schemas": [scim::urn::PATCH_OP], "Operations": operations });
        (!operations.is_empty()).then(body)
    }

    /// The SCIM paths that are set.
    pub fn set_paths(&self) -> impl Iterator<Item = String> {
        let set = self.writes.iter().filter(|write| !write.values.is_empty());
        set.map(|write| write.target.to_string())
    }

    /// The SCIM paths that are cleared, whether anything is there or not.
    pub fn cleared_paths(&self) -> impl Iterator<Item = String> {
        let cleared = self.writes.iter().filter(|write| write.values.is_empty());
        cleared.map(|write| write.target.to_string())
    }
}

/// Values are people's data.
impl fmt::Debug for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapped")
            .field("set", &self.set_paths().collect::<Vec<_>>())
            .field("cleared", &self.cleared_paths().collect::<Vec<_>>())
            .field("enabled", &self.enabled)
            .field("is_guest", &self.is_guest)
            .field("unfit", &self.unfit)
            .finish_non_exhaustive()
    }
}
