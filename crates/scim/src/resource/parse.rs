//! Bodies of POST and PUT (R50–R52).

use serde_json::{Map, Value};
use std::collections::HashMap;

use super::{check, check_extensions, check_immutable};
use crate::Error;
use crate::leniency::{Leniency, note, note_left_out};
use crate::lenient::{self, MEMBERS, Name, ObjectKeys, ValuePath, find_key, resolve};
use crate::schema::{Attribute, Mutability, ResourceType};

/// What the body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// POST: defaults are filled in.
    Create,
    /// PUT: what the body omits is settled by [`replace`].
    Replace,
}

/// Reads the body of a POST or PUT into the attributes to store, in the order they were sent.
///
/// Names are brought to their canonical case (R6) and notation (dotted and URN-qualified keys, bare enterprise
/// attributes); types are mended where the meaning is plain. Read-only attributes and `password` are dropped (R50,
/// R61). Attributes that no schema has are ignored, as RFC 7643 §2.1 lets a server do, so that a body with one word too
/// many still provisions; undeclared extensions under a `urn:` key are kept. `schemas` may be missing and may name
/// anything (R14): what a resource is follows from its endpoint, and the validators of one vendor leave it out. Of
/// several `primary` elements the last one stays primary (R16).
///
/// For groups a `members` key that was sent stays in the result, emptied or not; see
/// [`take_members`](super::take_members).
///
/// # Errors
/// `invalidSyntax` when the body is not an object or `schemas` not an array of strings; `invalidValue` naming the
/// attribute when a type does not fit, a required attribute has no value, a text carries control characters, or an
/// indexed one is longer than [`MAX_INDEXED_BYTES`](super::MAX_INDEXED_BYTES).
pub fn parse(rt: &ResourceType, body: &Value, mode: Mode) -> Result<Map<String, Value>, Error> {
    lenient::sane(body)?;
    let Value::Object(body) = body else {
        return Err(Error::invalid_syntax(format!(
            "the body must be a JSON object, a {}",
            rt.name
        )));
    };
    let mut parser = Parser {
        rt,
        attributes: Map::new(),
        top: ObjectKeys::default(),
        inside: HashMap::new(),
    };
    let mut has_schemas = false;
    for (key, value) in body {
        if key.eq_ignore_ascii_case("schemas") {
            has_schemas = true;
            check_schemas(rt, value)?;
        } else {
            parser.place(key, value)?;
        }
    }
    if !has_schemas {
        note(Leniency::SchemasMissing);
    }
    let mut attributes = parser.attributes;
    attributes.retain(|key, value| key == MEMBERS || !lenient::is_unassigned(value));
    if mode == Mode::Create && has_active(rt) && !attributes.contains_key("active") {
        attributes.insert("active".to_owned(), Value::Bool(true));
    }
    check(rt, &attributes)?;
    check_extensions(rt, None, &attributes)?;
    Ok(attributes)
}

/// What a PUT makes of the current attributes (R51, R52): omitted attributes are cleared, except `active`, which is
/// kept, so that a profile-only PUT never re-enables anybody, and those only the server may write or that were settable
/// only once. Members of groups are not part of either map; the caller keeps them when [`take_members`] found none.
///
/// [`take_members`]: super::take_members
///
/// # Errors
/// `mutability` when an immutable attribute that has a value would get another one.
pub fn replace(
    rt: &ResourceType,
    current: &Map<String, Value>,
    incoming: Map<String, Value>,
) -> Result<Map<String, Value>, Error> {
    let mut next = incoming;
    if has_active(rt) && !next.contains_key("active") {
        let kept = current.get("active").cloned().unwrap_or(Value::Bool(false));
        next.insert("active".to_owned(), kept);
    }
    for (urn, attribute) in all_attributes(rt) {
        if !matches!(attribute.mutability, Mutability::ReadOnly | Mutability::Immutable) {
            continue;
        }
        let kept = match urn {
            None => current.get(&attribute.name),
            Some(urn) => current.get(urn).and_then(|extension| extension.get(&attribute.name)),
        };
        if let Some(kept) = kept
            && let Some(place) = container(&mut next, urn)
        {
            place.entry(attribute.name.clone()).or_insert_with(|| kept.clone());
        }
    }
    check_immutable(rt, current, &next)?;
    Ok(next)
}

fn has_active(rt: &ResourceType) -> bool {
    rt.core.attributes.iter().any(|attribute| attribute.name == "active")
}

/// Every top-level attribute with the URN of its extension.
fn all_attributes(rt: &ResourceType) -> impl Iterator<Item = (Option<&str>, &Attribute)> {
    let core = rt.core.attributes.iter().map(|attribute| (None, attribute));
    let extensions = rt.extensions.iter().flat_map(|schema| {
        schema
            .attributes
            .iter()
            .map(|attribute| (Some(schema.id.as_str()), attribute))
    });
    core.chain(extensions)
}

/// The object that holds the attributes of an extension (created when missing), or the resource itself. `None` only
/// when something else than an object stands in its place.
fn container<'m>(map: &'m mut Map<String, Value>, urn: Option<&str>) -> Option<&'m mut Map<String, Value>> {
    match urn {
        None => Some(map),
        Some(urn) => {
            let key = find_key(map, urn);
            object_at(map, key)
        }
    }
}

/// The object under a key, made when missing; `None` when something else stands there.
fn object_at(map: &mut Map<String, Value>, key: String) -> Option<&mut Map<String, Value>> {
    map.entry(key)
        .or_insert_with(|| Value::Object(Map::new()))
        .as_object_mut()
}

fn check_schemas(rt: &ResourceType, value: &Value) -> Result<(), Error> {
    let fits = match value {
        Value::Array(urns) => {
            if !urns.iter().filter_map(Value::as_str).all(|urn| rt.knows(urn)) {
                note(Leniency::UnknownSchemas);
            }
            urns.iter().all(Value::is_string)
        }
        Value::Null | Value::String(_) => true,
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(Error::invalid_syntax("schemas must be an array of URNs"))
    }
}

struct Parser<'a> {
    rt: &'a ResourceType,
    attributes: Map<String, Value>,
    /// The keys of the attributes.
    top: ObjectKeys,
    /// The keys of undeclared extensions, by the key of each.
    inside: HashMap<String, ObjectKeys>,
}

impl Parser<'_> {
    fn place(&mut self, key: &str, value: &Value) -> Result<(), Error> {
        match resolve(self.rt, key, value.is_object()) {
            Name::Common => {
                note(Leniency::ReadOnlyIgnored);
                Ok(())
            }
            Name::Unknown => {
                note_left_out(key);
                Ok(())
            }
            Name::Core => self.place_all("", value),
            Name::Extension(schema) => self.place_all(&schema.id.clone(), value),
            Name::Attribute {
                urn,
                attribute,
                sub,
                bare,
            } => {
                let value = match sub {
                    Some(sub) => {
                        note(Leniency::DottedKey);
                        Value::Object(Map::from_iter([(sub.name.clone(), value.clone())]))
                    }
                    None => value.clone(),
                };
                self.place_attribute(urn, attribute, value, sub.is_some(), bare)
            }
            Name::Foreign { urn, attribute: None } => {
                if let Value::Object(members) = value {
                    for (name, value) in members {
                        self.place_foreign(&urn, name, None, value);
                    }
                }
                Ok(())
            }
            Name::Foreign {
                urn,
                attribute: Some((name, sub)),
            } => {
                self.place_foreign(&urn, &name, sub.as_deref(), value);
                Ok(())
            }
        }
    }

    /// The members of a schema's object: each under the name it would have at the top.
    fn place_all(&mut self, urn: &str, value: &Value) -> Result<(), Error> {
        match value {
            Value::Object(members) => members.iter().try_for_each(|(key, value)| {
                if urn.is_empty() {
                    self.place(key, value)
                } else {
                    self.place(&format!("{urn}:{key}"), value)
                }
            }),
            Value::Null => Ok(()),
            Value::String(text) if text.is_empty() => Ok(()),
            other => Err(Error::invalid_value(format!(
                "{urn} must be an object; {} was sent",
                lenient::kind_of(other)
            ))),
        }
    }

    fn place_attribute(
        &mut self,
        urn: Option<&str>,
        attribute: &Attribute,
        value: Value,
        is_part: bool,
        is_bare: bool,
    ) -> Result<(), Error> {
        if attribute.mutability == Mutability::WriteOnly {
            note(Leniency::PasswordDropped);
            return Ok(());
        }
        let stored = lenient::attribute(attribute, value, ValuePath::of(urn, &attribute.name))?;
        let is_members = attribute.name == MEMBERS && urn.is_none();
        let place = match urn {
            None => Some(&mut self.attributes),
            Some(urn) => {
                let key = self.top.find(&self.attributes, urn);
                object_at(&mut self.attributes, key)
            }
        };
        let Some(place) = place else { return Ok(()) };
        match stored {
            // The key itself says something: members were sent, and there are none (R52).
            None if is_members => drop(place.insert(attribute.name.clone(), Value::Array(Vec::new()))),
            None => {}
            Some(stored) if is_bare => drop(place.entry(attribute.name.clone()).or_insert(stored)),
            Some(Value::Object(parts)) if is_part => {
                let slot = place
                    .entry(attribute.name.clone())
                    .or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(slot) = slot {
                    slot.extend(parts);
                }
            }
            Some(stored) => drop(place.insert(attribute.name.clone(), stored)),
        }
        Ok(())
    }

    fn place_foreign(&mut self, urn: &str, name: &str, sub: Option<&str>, value: &Value) {
        if lenient::is_unassigned(value) {
            return;
        }
        let value = value.clone();
        let urn = self.top.find(&self.attributes, urn);
        let keys = self.inside.entry(urn.clone()).or_default();
        let Some(place) = object_at(&mut self.attributes, urn) else {
            return;
        };
        let key = keys.find(place, name);
        match sub {
            None => drop(place.insert(key, value)),
            Some(sub) => {
                let slot = place.entry(key).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(slot) = slot {
                    slot.insert(sub.to_owned(), value);
                }
            }
        }
    }
}
