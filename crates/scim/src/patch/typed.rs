//! From an operation on an attribute of the schema to a step with values of the attribute's type (P7–P17, P19).

use serde_json::{Map, Value};

use super::members;
use super::reader::{Reader, Request, clip};
use super::step::{AttributePlace, ElementChange, PatchStep, PatchVerb, SelectedChange};
use crate::Error;
use crate::filter::Filter;
use crate::leniency::{Leniency, note};
use crate::lenient::{self, MEMBERS, ValuePath, member};
use crate::schema::{Attribute, AttributeType, Mutability};

/// An attribute an operation aims at.
pub(super) struct PatchTarget<'a> {
    pub(super) urn: Option<&'a str>,
    pub(super) attribute: &'a Attribute,
    pub(super) sub: Option<&'a Attribute>,
    pub(super) filter: Option<Filter>,
}

impl PatchTarget<'_> {
    fn place(&self) -> AttributePlace {
        AttributePlace {
            urn: self.urn.map(str::to_owned),
            name: self.attribute.name.clone(),
        }
    }

    /// The target for details of errors: as the client wrote it, with the URN where it left that out.
    fn at<'r>(&'r self, request: &Request<'r>) -> ValuePath<'r> {
        let is_qualified = request
            .written
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
        ValuePath::of(self.urn.filter(|_| !is_qualified), request.written)
    }

    fn is_members(&self) -> bool {
        self.urn.is_none() && self.attribute.name == MEMBERS
    }
}

impl Reader<'_> {
    pub(super) fn aim(&mut self, request: &Request<'_>, aim: PatchTarget<'_>) -> Result<(), Error> {
        let locked = |attribute: &Attribute| attribute.mutability == Mutability::ReadOnly;
        if locked(aim.attribute) || aim.sub.is_some_and(locked) {
            return self.read_only(request);
        }
        if aim.attribute.mutability == Mutability::WriteOnly {
            // R61: accepted and dropped.
            note(Leniency::PasswordDropped);
            return Ok(());
        }
        if aim.is_members() {
            let target = members::Target {
                sub: aim.sub,
                filter: aim.filter,
            };
            let op = members::read(aim.attribute, request.verb, request.value, target)?;
            self.member_ops.extend(op);
            return Ok(());
        }
        if aim.attribute.multi_valued {
            return self.multi(request, aim);
        }
        if aim.filter.is_some() {
            return Err(Error::invalid_path(format!(
                "{}: only multi-valued attributes take a filter",
                clip(request.written)
            )));
        }
        self.single(request, &aim)
    }

    fn single(&mut self, request: &Request<'_>, aim: &PatchTarget<'_>) -> Result<(), Error> {
        let attribute = aim.sub.unwrap_or(aim.attribute);
        let mut value = match (request.verb, request.value) {
            (PatchVerb::Remove, _) | (_, None) => None,
            (_, Some(value)) => {
                let unpacked = lenient::unpacked(attribute, value)?;
                let value = unpacked.as_ref().unwrap_or(value);
                if attribute.kind == AttributeType::Complex
                    && let Some(members) = merges(attribute, value)
                {
                    return self.merge(request, aim, members);
                }
                lenient::attribute(attribute, value.clone(), aim.at(request))?
            }
        };
        if value.is_none() {
            if attribute.required && aim.sub.is_none() {
                return Err(cannot_be_empty(request.verb, ValuePath::of(aim.urn, &attribute.name)));
            }
            if aim.urn.is_none() && attribute.name == "active" {
                if request.verb != PatchVerb::Remove {
                    return Ok(());
                }
                // R50: it always has a value, and removing something must never let anybody back in.
                value = Some(Value::Bool(false));
            }
        }
        let sub = aim.sub.map(|sub| sub.name.clone());
        self.steps.push(PatchStep::Write {
            place: aim.place(),
            sub,
            value,
        });
        Ok(())
    }

    /// P8: the parts given are written one by one, others stay.
    fn merge(
        &mut self,
        request: &Request<'_>,
        aim: &PatchTarget<'_>,
        members: &Map<String, Value>,
    ) -> Result<(), Error> {
        for (key, value) in members {
            let Some(sub) = aim.attribute.sub(key) else { continue };
            if sub.mutability == Mutability::ReadOnly {
                continue;
            }
            let part = PatchTarget {
                urn: aim.urn,
                attribute: aim.attribute,
                sub: Some(sub),
                filter: None,
            };
            let written = format!("{}.{}", request.written, sub.name);
            self.single(
                &Request {
                    verb: request.verb,
                    value: Some(value),
                    written: &written,
                    is_key: true,
                },
                &part,
            )?;
        }
        Ok(())
    }

    fn multi(&mut self, request: &Request<'_>, aim: PatchTarget<'_>) -> Result<(), Error> {
        if aim.sub.is_some() || aim.filter.is_some() {
            let change = element_change(request, &aim)?;
            let place = aim.place();
            let filter = aim.filter.filter(|filter| !is_untyped(aim.attribute, filter));
            let written = request.written.to_owned();
            self.steps.push(PatchStep::Select(SelectedChange {
                place,
                filter,
                change,
                written,
            }));
            return Ok(());
        }
        let place = aim.place();
        let step = match (request.verb, request.value) {
            (PatchVerb::Add, Some(value)) => PatchStep::Append {
                place,
                values: lenient::elements(aim.attribute, value.clone(), aim.at(request))?,
            },
            (PatchVerb::Replace, Some(value)) => {
                let values = match lenient::attribute(aim.attribute, value.clone(), aim.at(request))? {
                    Some(Value::Array(values)) => values,
                    _ => Vec::new(),
                };
                PatchStep::Assign { place, values }
            }
            (PatchVerb::Remove, Some(value)) => PatchStep::Discard {
                place,
                listed: listed(&aim, value, request)?,
            },
            (_, None) => PatchStep::Assign {
                place,
                values: Vec::new(),
            },
        };
        if aim.attribute.required && matches!(&step, PatchStep::Assign { values, .. } if values.is_empty()) {
            return Err(cannot_be_empty(
                request.verb,
                ValuePath::of(aim.urn, &aim.attribute.name),
            ));
        }
        self.steps.push(step);
        Ok(())
    }
}

/// The parts to merge into a complex attribute, unless the value stands for the whole of it: one that names what it
/// points to (`manager.value`) must not keep parts that described the former one.
fn merges<'v>(attribute: &Attribute, value: &'v Value) -> Option<&'v Map<String, Value>> {
    let Value::Object(members) = value else { return None };
    let points = attribute.sub("value").is_some() && member(members, "value").is_some();
    (!points).then_some(members)
}

fn element_change(request: &Request<'_>, aim: &PatchTarget<'_>) -> Result<ElementChange, Error> {
    let (PatchVerb::Add | PatchVerb::Replace, Some(value)) = (request.verb, request.value) else {
        return Ok(aim
            .sub
            .map_or(ElementChange::Remove, |sub| ElementChange::Unset(sub.name.clone())));
    };
    if let Some(sub) = aim.sub {
        return Ok(match lenient::attribute(sub, value.clone(), aim.at(request))? {
            Some(value) => ElementChange::Merge(Map::from_iter([(sub.name.clone(), value)])),
            None => ElementChange::Unset(sub.name.clone()),
        });
    }
    let mut values = lenient::elements(aim.attribute, value.clone(), aim.at(request))?;
    // A bare value is that of the element, and says nothing about its other parts.
    let is_bare = lenient::is_bare(aim.attribute, value)?;
    match (values.pop(), values.is_empty()) {
        (None, _) => Ok(ElementChange::Remove),
        (Some(_), false) => Err(Error::invalid_value(format!(
            "{} takes one element, not several",
            clip(request.written)
        ))),
        (Some(Value::Object(parts)), true) if request.verb == PatchVerb::Add || is_bare => {
            Ok(ElementChange::Merge(parts))
        }
        (Some(value), true) => Ok(ElementChange::Overwrite(value)),
    }
}

/// P17: what a `remove` lists; never nothing, which a sender may have meant in either way.
fn listed(aim: &PatchTarget<'_>, value: &Value, request: &Request<'_>) -> Result<Vec<Value>, Error> {
    let listed = lenient::elements(aim.attribute, value.clone(), aim.at(request))?;
    if listed.is_empty() {
        return Err(Error::invalid_value(format!(
            "remove {} with a value must list the elements to remove; omit the value to remove all",
            clip(request.written)
        )));
    }
    Ok(listed)
}

/// Leniency 12: a client that found no `type` in the schema still selects by `type eq "untyped"`.
fn is_untyped(attribute: &Attribute, filter: &Filter) -> bool {
    let Filter::Compare(comparison) = filter else {
        return false;
    };
    let is_untyped = comparison.path.attribute.eq_ignore_ascii_case("type") && attribute.sub("type").is_none();
    if is_untyped {
        note(Leniency::UntypedBracket);
    }
    is_untyped
}

fn cannot_be_empty(verb: PatchVerb, name: ValuePath<'_>) -> Error {
    match verb {
        PatchVerb::Remove => Error::mutability(format!("{name} is required and cannot be removed")),
        _ => Error::invalid_value(format!("{name} is required and must not be empty")),
    }
}
