//! Which attributes an answer carries (R20–R23).

use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::Error;
use crate::lenient::{Name, resolve};
use crate::schema::{Attribute, ResourceType, Returned};

/// The `attributes` and `excludedAttributes` of one request, looked up.
#[derive(Clone, Debug)]
pub struct Projection {
    selection: Selection,
}

#[derive(Clone, Debug)]
enum Selection {
    /// What is returned by default.
    Default,
    /// These and what is always returned (R20).
    Only(Names),
    /// The default without these (R21).
    Without(Names),
}

/// The names of a request by what they are names of, so that an attribute is not held against each of them. Compared in
/// lower case.
#[derive(Clone, Debug, Default)]
struct Names {
    /// Extensions as a whole.
    extensions: HashSet<String>,
    /// Attributes by the extension they belong to; the empty text for the core.
    attributes: HashMap<String, HashMap<String, Parts>>,
}

/// What was named of one attribute.
#[derive(Clone, Debug, Default)]
struct Parts {
    /// The whole of it.
    whole: bool,
    subs: HashSet<String>,
}

impl Names {
    fn new(list: &[String], rt: &ResourceType) -> Self {
        let mut names = Self::default();
        for name in list {
            if let Some(named) = named(rt, name) {
                names.add(named);
            }
        }
        names
    }

    fn add(&mut self, named: RequestedName) {
        let urn = named.urn.unwrap_or_default().to_ascii_lowercase();
        let Some(attribute) = named.attribute else {
            self.extensions.insert(urn);
            return;
        };
        let attributes = self.attributes.entry(urn).or_default();
        let parts = attributes.entry(attribute.to_ascii_lowercase()).or_default();
        match named.sub {
            None => parts.whole = true,
            Some(sub) => drop(parts.subs.insert(sub.to_ascii_lowercase())),
        }
    }

    /// What was named of an attribute; `None` for nothing.
    fn of(&self, urn: Option<&str>, attribute: &str) -> Option<Cow<'_, Parts>> {
        let urn = urn.unwrap_or_default().to_ascii_lowercase();
        if self.extensions.contains(&urn) {
            return Some(Cow::Owned(Parts {
                whole: true,
                subs: HashSet::new(),
            }));
        }
        let parts = self.attributes.get(&urn)?.get(&attribute.to_ascii_lowercase())?;
        Some(Cow::Borrowed(parts))
    }
}

impl Parts {
    fn names(&self, sub: &str) -> bool {
        self.subs.contains(&sub.to_ascii_lowercase())
    }
}

/// A name from the request in canonical case.
#[derive(Clone, Debug, PartialEq)]
struct RequestedName {
    /// The extension; `None` for core and common attributes.
    urn: Option<String>,
    /// The attribute; `None` for a whole extension.
    attribute: Option<String>,
    sub: Option<String>,
}

impl Projection {
    /// Looks the names up. Unknown ones are ignored (R21); asking for unknown ones only gives what is always returned.
    ///
    /// # Errors
    /// `invalidValue` when both lists name something: they exclude each other (R22).
    pub fn new(attributes: &[String], excluded: &[String], rt: &ResourceType) -> Result<Self, Error> {
        let names = |list: &[String]| Names::new(list, rt);
        let selection = match (attributes.is_empty(), excluded.is_empty()) {
            (false, false) => {
                return Err(Error::invalid_value(
                    "attributes and excludedAttributes exclude each other; send one",
                ));
            }
            (false, true) => Selection::Only(names(attributes)),
            (true, false) => Selection::Without(names(excluded)),
            (true, true) => Selection::Default,
        };
        Ok(Self { selection })
    }

    /// The projection of a request that names nothing.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            selection: Selection::Default,
        }
    }

    /// Whether nothing was named: what is returned by default is the answer.
    #[must_use]
    pub const fn is_default(&self) -> bool {
        matches!(self.selection, Selection::Default)
    }

    /// Whether any part of a core attribute is in the answer, so that `members` and `groups` need not be loaded for
    /// nothing (R23). The name is in canonical case.
    #[must_use]
    pub fn wants(&self, attribute: &str) -> bool {
        match &self.selection {
            Selection::Default => true,
            Selection::Only(names) => names.of(None, attribute).is_some(),
            Selection::Without(names) => !names.of(None, attribute).is_some_and(|parts| parts.whole),
        }
    }

    /// The resource as the request wants it; `id` and `schemas` are always there.
    #[must_use]
    pub fn apply(&self, rt: &ResourceType, resource: Map<String, Value>) -> Map<String, Value> {
        let mut projected = Map::with_capacity(resource.len());
        for (key, value) in resource {
            let kept = if is_urn(&key) {
                self.extension(rt, &key, value)
            } else {
                let common = ResourceType::common().iter().find(|attribute| attribute.name == key);
                let facts = rt.core.attribute(&key).or(common);
                self.attribute(None, &key, facts, value)
            };
            if let Some(kept) = kept {
                projected.insert(key, kept);
            }
        }
        projected
    }

    fn extension(&self, rt: &ResourceType, urn: &str, value: Value) -> Option<Value> {
        let Value::Object(members) = value else {
            return self.attribute(Some(urn), "", None, value);
        };
        let schema = rt.extension(urn);
        let mut projected = Map::with_capacity(members.len());
        for (name, value) in members {
            let facts = schema.and_then(|schema| schema.attribute(&name));
            if let Some(kept) = self.attribute(Some(urn), &name, facts, value) {
                projected.insert(name, kept);
            }
        }
        if projected.is_empty() {
            None
        } else {
            Some(Value::Object(projected))
        }
    }

    fn attribute(&self, urn: Option<&str>, name: &str, facts: Option<&Attribute>, value: Value) -> Option<Value> {
        let returned = facts.map_or(Returned::Default, |facts| facts.returned);
        match returned {
            Returned::Never => return None,
            Returned::Always => return Some(value),
            Returned::Default | Returned::Request => {}
        }
        match &self.selection {
            Selection::Default if returned == Returned::Request => None,
            Selection::Default => parts(facts, value, &mut |_, kind| kind != Returned::Request),
            Selection::Only(names) => {
                let named = names.of(urn, name)?;
                if named.whole {
                    return Some(value);
                }
                parts(facts, value, &mut |sub, kind| {
                    kind == Returned::Always || named.names(sub)
                })
            }
            Selection::Without(names) => {
                let named = names.of(urn, name);
                if returned == Returned::Request || named.as_ref().is_some_and(|named| named.whole) {
                    return None;
                }
                let is_named = |sub: &str| named.as_ref().is_some_and(|named| named.names(sub));
                parts(facts, value, &mut |sub, kind| {
                    kind == Returned::Always || (kind == Returned::Default && !is_named(sub))
                })
            }
        }
    }
}

/// The value with the parts of its objects that `keep` lets through; `None` when nothing is left of them.
fn parts(facts: Option<&Attribute>, value: Value, keep: &mut dyn FnMut(&str, Returned) -> bool) -> Option<Value> {
    match value {
        Value::Object(mut members) => {
            let was_empty = members.is_empty();
            members.retain(|name, _| {
                let kind = facts
                    .and_then(|facts| facts.sub(name))
                    .map_or(Returned::Default, |sub| sub.returned);
                kind != Returned::Never && keep(name, kind)
            });
            (was_empty || !members.is_empty()).then_some(Value::Object(members))
        }
        Value::Array(items) => {
            let was_empty = items.is_empty();
            let items: Vec<Value> = items.into_iter().filter_map(|item| parts(facts, item, keep)).collect();
            (was_empty || !items.is_empty()).then_some(Value::Array(items))
        }
        scalar => Some(scalar),
    }
}

fn named(rt: &ResourceType, name: &str) -> Option<RequestedName> {
    let common = |name: &str| {
        let (attribute, sub) = name
            .split_once('.')
            .map_or((name, None), |(head, tail)| (head, Some(tail)));
        let facts = ResourceType::common()
            .iter()
            .find(|facts| facts.name.eq_ignore_ascii_case(attribute))?;
        Some(RequestedName {
            urn: None,
            attribute: Some(facts.name.clone()),
            sub: sub.map(str::to_owned),
        })
    };
    match resolve(rt, name, false) {
        Name::Common => common(name.trim().rsplit(':').next().unwrap_or_default()),
        Name::Core | Name::Unknown => None,
        Name::Extension(schema) => Some(RequestedName {
            urn: Some(schema.id.clone()),
            attribute: None,
            sub: None,
        }),
        Name::Attribute {
            urn, attribute, sub, ..
        } => Some(RequestedName {
            urn: urn.map(str::to_owned),
            attribute: Some(attribute.name.clone()),
            sub: sub.map(|sub| sub.name.clone()),
        }),
        Name::Foreign { urn, attribute } => {
            let (attribute, sub) = attribute.map_or((None, None), |(name, sub)| (Some(name), sub));
            Some(RequestedName {
                urn: Some(urn),
                attribute,
                sub,
            })
        }
    }
}

fn is_urn(key: &str) -> bool {
    key.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:"))
}
