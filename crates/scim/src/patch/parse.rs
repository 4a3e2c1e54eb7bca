//! From the body to steps (P2–P6, P19, L1–L3).

use serde_json::{Map, Value};

use super::Patch;
use super::path::PatchPath;
use super::reader::{Reader, Request, clip};
use super::step::{AttributePlace, PatchStep, PatchVerb};
use super::typed::PatchTarget;
use crate::leniency::{Leniency, note, note_left_out};
use crate::lenient::{self, Name, member, resolve};
use crate::schema::ResourceType;
use crate::{Error, urn};

/// So many names that no schema has are listed, and no more.
const MOST_NAMES: usize = 20;

pub(super) fn parse(rt: &ResourceType, body: &Value) -> Result<Patch, Error> {
    let Value::Object(body) = body else {
        return Err(Error::invalid_syntax("the body must be a JSON object with Operations"));
    };
    let operations = match member(body, "Operations") {
        Some(Value::Array(operations)) if !operations.is_empty() => operations,
        _ => {
            return Err(Error::invalid_syntax(
                "Operations must be an array of at least one operation",
            ));
        }
    };
    let mut reader = Reader {
        rt,
        steps: Vec::new(),
        member_ops: Vec::new(),
        left_out: Vec::new(),
    };
    for operation in operations {
        lenient::sane(operation)?;
        reader.operation(operation)?;
    }
    Ok(Patch {
        steps: reader.steps,
        member_ops: reader.member_ops,
        left_out: reader.left_out,
    })
}

impl Reader<'_> {
    fn operation(&mut self, operation: &Value) -> Result<(), Error> {
        let Value::Object(operation) = operation else {
            return Err(Error::invalid_syntax("every operation must be a JSON object"));
        };
        let verb = verb(member(operation, "op"))?;
        let value = member(operation, "value");
        if verb == PatchVerb::Remove && value.is_some_and(|value| !value.is_null()) {
            note(Leniency::RemoveWithValue);
        }
        if verb != PatchVerb::Remove && value.is_none() {
            return Err(Error::invalid_value("add and replace need a value"));
        }
        let path = match member(operation, "path") {
            None | Some(Value::Null) => "",
            Some(Value::String(path)) => path.trim(),
            Some(_) => return Err(Error::invalid_path("path must be a string")),
        };
        if !path.is_empty() {
            return self.target(&Request {
                verb,
                value,
                written: path,
                is_key: false,
            });
        }
        match (verb, value) {
            (PatchVerb::Remove, _) => Err(Error::no_target("remove needs a path")),
            (_, Some(Value::Object(members))) => self.members_of_value(verb, members, ""),
            _ => Err(Error::invalid_value(
                "without a path the value must be an object of attributes",
            )),
        }
    }

    /// P6: each key is an operation of its own with the key as path.
    fn members_of_value(&mut self, verb: PatchVerb, members: &Map<String, Value>, prefix: &str) -> Result<(), Error> {
        members.iter().try_for_each(|(key, value)| {
            // P3: some clients repeat `schemas` inside an extension; it follows from the data there too.
            if !prefix.is_empty() && key.eq_ignore_ascii_case("schemas") {
                return Ok(());
            }
            let key = key.trim();
            let written = if prefix.is_empty() {
                key.to_owned()
            } else {
                format!("{prefix}:{key}")
            };
            self.target(&Request {
                verb,
                value: Some(value),
                written: &written,
                is_key: true,
            })
        })
    }

    fn target(&mut self, request: &Request<'_>) -> Result<(), Error> {
        let rt = self.rt;
        if let Some((name, _)) = request.written.split_once('[') {
            if request.is_key && names_nothing(rt, name, request.written) {
                return self.unknown(request);
            }
            let parsed = PatchPath::parse(request.written, rt)?;
            let name = match &parsed.path.urn {
                Some(urn) => format!("{urn}:{}", parsed.path.attribute),
                None => parsed.path.attribute.clone(),
            };
            let Name::Attribute { urn, attribute, .. } = resolve(rt, &name, false) else {
                return self.unknown(request);
            };
            let sub = match &parsed.path.sub {
                Some(sub) => match attribute.sub(sub) {
                    Some(sub) => Some(sub),
                    None => return self.unknown(request),
                },
                None => None,
            };
            return self.aim(
                request,
                PatchTarget {
                    urn,
                    attribute,
                    sub,
                    filter: parsed.filter,
                },
            );
        }
        let name = resolve(rt, request.written, request.value.is_some_and(Value::is_object));
        if name.is_read_only() {
            return self.read_only(request);
        }
        match name {
            Name::Common | Name::Unknown => self.unknown(request),
            Name::Core => self.schema(request, ""),
            Name::Extension(schema) => self.schema(request, &schema.id),
            Name::Attribute {
                urn, attribute, sub, ..
            } => {
                if request.is_key && sub.is_some() {
                    note(Leniency::DottedKey);
                }
                self.aim(
                    request,
                    PatchTarget {
                        urn,
                        attribute,
                        sub,
                        filter: None,
                    },
                )
            }
            Name::Foreign { urn, attribute: None } => self.foreign_schema(request, urn),
            Name::Foreign {
                urn,
                attribute: Some((name, sub)),
            } => {
                self.foreign(request, AttributePlace { urn: Some(urn), name }, sub);
                Ok(())
            }
        }
    }

    /// What no schema has. As a path it is an error (P5). As one of many keys of a value it is left out, as it is in a POST
    /// and a PUT: a mapping with one name too many must not keep a leaver active.
    fn unknown(&mut self, request: &Request<'_>) -> Result<(), Error> {
        if !request.is_key {
            return Err(unknown(self.rt, request.written));
        }
        note_left_out(request.written);
        if self.left_out.len() < MOST_NAMES {
            self.left_out.push(clip(request.written));
        }
        Ok(())
    }

    /// A whole schema as target: its members are operations of their own.
    fn schema(&mut self, request: &Request<'_>, urn: &str) -> Result<(), Error> {
        match request.value {
            _ if request.verb == PatchVerb::Remove && urn.is_empty() => {
                Err(Error::mutability("the core schema cannot be removed"))
            }
            _ if request.verb == PatchVerb::Remove => {
                self.steps.push(PatchStep::DropExtension { urn: urn.to_owned() });
                Ok(())
            }
            Some(Value::Object(members)) => self.members_of_value(request.verb, members, urn),
            Some(value) if lenient::is_unassigned(value) && !urn.is_empty() => {
                self.steps.push(PatchStep::DropExtension { urn: urn.to_owned() });
                Ok(())
            }
            _ => Err(Error::invalid_value(format!(
                "{} needs an object of attributes",
                clip(request.written)
            ))),
        }
    }

    fn foreign_schema(&mut self, request: &Request<'_>, urn: String) -> Result<(), Error> {
        match request.value {
            Some(Value::Object(members)) if request.verb != PatchVerb::Remove => {
                for (name, value) in members {
                    let request = Request {
                        verb: request.verb,
                        value: Some(value),
                        written: name,
                        is_key: true,
                    };
                    self.foreign(
                        &request,
                        AttributePlace {
                            urn: Some(urn.clone()),
                            name: name.clone(),
                        },
                        None,
                    );
                }
                Ok(())
            }
            Some(value) if request.verb != PatchVerb::Remove && !lenient::is_unassigned(value) => Err(
                Error::invalid_value(format!("{} needs an object of attributes", clip(request.written))),
            ),
            _ => {
                self.steps.push(PatchStep::DropExtension { urn });
                Ok(())
            }
        }
    }

    /// An attribute nobody described: an array is taken for a multi-valued one, all else for a single one.
    fn foreign(&mut self, request: &Request<'_>, place: AttributePlace, sub: Option<String>) {
        let value = request.value.filter(|value| !lenient::is_unassigned(value)).cloned();
        let step = match (request.verb, value) {
            (PatchVerb::Add, Some(Value::Array(values))) if sub.is_none() => PatchStep::Append { place, values },
            (PatchVerb::Remove, Some(Value::Array(listed))) if sub.is_none() => PatchStep::Discard { place, listed },
            (PatchVerb::Remove, _) => PatchStep::Write {
                place,
                sub,
                value: None,
            },
            (_, value) => PatchStep::Write { place, sub, value },
        };
        self.steps.push(step);
    }
}

/// Whether a path with a filter names an attribute, or a part of one, that no schema has; `name` is what stands before the
/// filter.
fn names_nothing(rt: &ResourceType, name: &str, written: &str) -> bool {
    match resolve(rt, name, false) {
        Name::Common | Name::Unknown => true,
        Name::Attribute { attribute, .. } => written
            .rsplit_once("].")
            .is_some_and(|(_, sub)| attribute.sub(sub).is_none()),
        _ => false,
    }
}

fn verb(op: Option<&Value>) -> Result<PatchVerb, Error> {
    let op = op.and_then(Value::as_str).map(str::trim).unwrap_or_default();
    [
        ("add", PatchVerb::Add),
        ("replace", PatchVerb::Replace),
        ("remove", PatchVerb::Remove),
    ]
    .into_iter()
    .find(|(name, _)| op.eq_ignore_ascii_case(name))
    .map(|(name, verb)| {
        if op != name {
            note(Leniency::OperationCase);
        }
        verb
    })
    .ok_or_else(|| Error::invalid_syntax("op must be add, replace or remove"))
}

fn unknown(rt: &ResourceType, written: &str) -> Error {
    let extension = if rt.core.id == urn::CORE_USER {
        " (attributes of an extension need its URN)"
    } else {
        ""
    };
    Error::invalid_path(format!(
        "{} is not an attribute of a {}{extension}",
        clip(written),
        rt.name
    ))
}
