//! What a body may look like, and everything about a body that does not fit.

use crate::Fault;
use crate::format::{self, quoted};
use crate::reading::pointer;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Below it each whole number has a floating-point form of its own.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;
/// Where a schema is, within the OpenAPI document, that another one refers to.
const NAMED: &str = "#/components/schemas/";

/// The schema of a body with all that it refers to: JSON Schema 2020-12 as the OpenAPI document shows it.
///
/// Of that language it understands what the types of this crate say: `type`, `enum`, `format`, `properties`, `required`,
/// `additionalProperties`, `items`, `oneOf`, `$ref` and limits of length and size.
#[derive(Debug)]
pub struct Shape {
    root: Value,
    named: Map<String, Value>,
}

/// The walk over one body.
struct Walk<'a> {
    shape: &'a Shape,
    faults: Vec<Fault>,
}

impl Shape {
    /// The shape of a type.
    ///
    /// # Panics
    /// Never: a schema is plain data, which can always be written as JSON.
    #[must_use]
    pub fn of<T: ToSchema>() -> Self {
        let as_json = |schema| serde_json::to_value(schema).unwrap_or_default();
        let mut named = Vec::new();
        T::schemas(&mut named);
        Self {
            root: as_json(T::schema()),
            named: named
                .into_iter()
                .map(|(name, schema)| (name, as_json(schema)))
                .collect(),
        }
    }

    /// Every fault of a body, in the order of the schema; what nobody knows comes first. Texts with limits of length lose
    /// the spaces around them.
    #[must_use]
    pub fn faults(&self, body: &mut Value) -> Vec<Fault> {
        let mut walk = Walk {
            shape: self,
            faults: Vec::new(),
        };
        walk.value(&self.root, body, "#");
        walk.faults
    }

    /// Where faults of this place stand among others, so that all can be sorted as [`Self::faults`] has them.
    pub(crate) fn rank(&self, place: &str) -> Vec<usize> {
        let mut schema = Some(&self.root);
        let names = place.split('/').skip(1);
        names
            .map(|name| {
                let own = schema.map(|schema| self.resolve(schema));
                let known = own.and_then(|own| own["properties"].as_object());
                let unescaped = name.replace("~1", "/").replace("~0", "~");
                let rank = match (name.parse(), known) {
                    (Ok(index), None) => index,
                    (_, Some(known)) => known
                        .keys()
                        .position(|known| *known == unescaped)
                        .map_or(0, |index| index + 1),
                    (Err(_), None) => 0,
                };
                schema = own.and_then(|own| match known {
                    Some(known) => known.get(&unescaped),
                    None => own.get("items"),
                });
                rank
            })
            .collect()
    }

    /// The schema behind a reference, and of alternatives the one that is not `null`.
    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|to| to.strip_prefix(NAMED)) {
            return self.named.get(name).map_or(schema, |named| self.resolve(named));
        }
        let alternatives = schema["oneOf"].as_array().into_iter().flatten();
        let mut others = alternatives.filter(|one| one["type"] != "null");
        match (others.next(), others.next()) {
            (Some(only), None) => self.resolve(only),
            _ => schema,
        }
    }
}

impl Walk<'_> {
    fn fault(&mut self, at: &str, detail: impl Into<String>) {
        self.faults.push(Fault::at(at, detail));
    }

    fn value(&mut self, schema: &Value, value: &mut Value, at: &str) {
        let schema = self.shape.resolve(schema);
        if let Some(alternatives) = schema["oneOf"].as_array() {
            let fitting = alternatives.iter().find(|one| is_of_type(one, value));
            if let Some(one) = fitting.or(alternatives.first()) {
                self.value(one, value, at);
            }
            return;
        }
        if let Some(words) = schema["enum"].as_array() {
            if !words.contains(value) {
                let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
                self.fault(at, format!("Must be one of: {}; {}.", words.join(", "), sent(value)));
            }
            return;
        }
        let types = types(schema);
        if types.contains(&"object") {
            self.object(schema, value, at);
        } else if types.contains(&"array") {
            self.list(schema, value, at);
        } else if types.contains(&"string") {
            self.text(schema, value, at);
        } else if types.contains(&"boolean") && !value.is_boolean() {
            self.fault(at, format!("Must be true or false; {}.", kind_sent(value)));
        } else if types.contains(&"integer") {
            self.integer(schema, value, at);
        }
    }

    fn object(&mut self, schema: &Value, value: &mut Value, at: &str) {
        let properties = schema["properties"].as_object();
        let names = || properties.into_iter().flat_map(Map::keys).map(String::as_str);
        let Value::Object(members) = value else {
            let detail = match properties {
                Some(_) => format!("Must be an object with {}; {}.", listed(names()), kind_sent(value)),
                None => format!("Must be an object of names and values; {}.", kind_sent(value)),
            };
            return self.fault(at, detail);
        };
        let Some(properties) = properties.or_else(|| (schema["additionalProperties"] == false).then_some(none()))
        else {
            let each = &schema["additionalProperties"];
            for (name, value) in members {
                self.value(each, value, &below(at, name));
            }
            return;
        };
        for name in members.keys().filter(|name| !properties.contains_key(*name)) {
            let detail = format!("Unknown field \"{name}\". Allowed here: {}.", listed(names()));
            self.faults.push(Fault::at(below(at, name), detail));
        }
        let required = schema["required"].as_array();
        for (name, schema) in properties {
            let is_required = required.is_some_and(|required| required.iter().any(|one| one == name));
            match members.get_mut(name) {
                None | Some(Value::Null) if is_required => {
                    self.fault(&below(at, name), format!("\"{name}\" is required."));
                }
                None => {}
                Some(Value::Null) if is_nullable(schema) => {}
                Some(Value::Null) => self.fault(&below(at, name), format!("\"{name}\" cannot be null.")),
                Some(value) => self.value(schema, value, &below(at, name)),
            }
        }
    }

    fn list(&mut self, schema: &Value, value: &mut Value, at: &str) {
        let Value::Array(values) = value else {
            return self.fault(at, format!("Must be a list; {}.", kind_sent(value)));
        };
        if let Some(most) = limit(schema, "maxItems") {
            let least = limit(schema, "minItems").unwrap_or_default();
            if !(least..=most).contains(&values.len()) {
                let sent = values.len();
                return self.fault(at, format!("Must have {least} to {most} elements; this has {sent}."));
            }
        }
        for (index, value) in values.iter_mut().enumerate() {
            self.value(&schema["items"], value, &format!("{at}/{index}"));
        }
    }

    fn text(&mut self, schema: &Value, value: &mut Value, at: &str) {
        let format = schema["format"].as_str().and_then(format::of);
        let Value::String(text) = value else {
            let expected = format.map_or("Must be a string.", |format| format.expected);
            let expected = expected.trim_end_matches('.');
            return self.fault(at, format!("{expected}; {}.", kind_sent(value)));
        };
        if let Some(most) = limit(schema, "maxLength") {
            let trimmed = text.trim();
            if let Some(index) = text.chars().position(char::is_control) {
                let place = index + 1;
                return self.fault(
                    at,
                    format!("Must not contain control characters; the character {place} is one."),
                );
            }
            let least = limit(schema, "minLength").unwrap_or_default();
            let sent = trimmed.chars().count();
            if !(least..=most).contains(&sent) {
                return self.fault(at, format!("Must have {least} to {most} characters; this has {sent}."));
            }
            if trimmed.len() < text.len() {
                *text = trimmed.to_owned();
            }
        }
        if let Some(Err(detail)) = format.map(|format| (format.check)(text)) {
            self.fault(at, detail);
        }
    }

    fn integer(&mut self, schema: &Value, value: &mut Value, at: &str) {
        // To JSON Schema a number is whole whatever it is written as: 27.0 is 27.
        let float = value.as_f64().filter(|_| value.is_f64());
        if let Some(float) = float.filter(|float| float.fract() == 0.0 && float.abs() < LARGEST_WHOLE) {
            *value = Value::from(float as i64);
        }
        let whole = |name| schema[name].as_i64();
        let limits = whole("minimum").unwrap_or(i64::MIN)..=whole("maximum").unwrap_or(i64::MAX);
        if !value.as_i64().is_some_and(|number| limits.contains(&number)) {
            let refusal = schema["format"].as_str().and_then(format::refusal_of_number);
            let refusal = refusal.unwrap_or(format::not_between);
            self.fault(at, refusal(value, &limits));
        }
    }
}

/// What was sent, as far as it may be told: numbers and words, but of longer texts only the beginning. Only for values that
/// have a list of words or a form, which secrets do not.
fn sent(value: &Value) -> String {
    match value {
        Value::String(text) => format!("this is {}", quoted(text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => format!("this is {value}"),
        Value::Array(_) | Value::Object(_) => kind_sent(value),
    }
}

/// What kind of value was sent; texts may be secrets.
fn kind_sent(value: &Value) -> String {
    match value {
        Value::String(_) => "this is a string".to_owned(),
        Value::Array(_) => "this is a list".to_owned(),
        Value::Object(_) => "this is an object".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => format!("this is {value}"),
    }
}

fn none() -> &'static Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    &NONE
}

fn below(at: &str, name: &str) -> String {
    format!("{at}{}", pointer(name))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// The names of the types that a schema allows.
fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_nullable(schema: &Value) -> bool {
    let alternatives = schema["oneOf"].as_array().into_iter().flatten();
    types(schema).contains(&"null") || alternatives.into_iter().any(|one| one["type"] == "null")
}

fn is_of_type(schema: &Value, value: &Value) -> bool {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    types(schema).contains(&name)
}

fn limit(schema: &Value, name: &str) -> Option<usize> {
    schema[name].as_u64().and_then(|limit| usize::try_from(limit).ok())
}
