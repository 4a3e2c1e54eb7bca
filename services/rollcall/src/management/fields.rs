//! Members of bodies and parameters of queries, as flags.

use serde_json::{Map, Value};

/// Where a schema of the document is that another one refers to.
const NAMED: &str = "#/components/schemas/";

/// What a value looks like on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Truth,
    /// One of these words.
    Word(Vec<String>),
    /// Several texts, or several of these words.
    Several(Vec<String>),
    /// Names and texts: `name=value`, several times.
    Pairs,
    /// Anything else, as JSON.
    Json,
}

/// One member or parameter.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    pub(super) is_nullable: bool,
}

impl Field {
    pub(super) fn of_parameter(document: &Value, parameter: &Value) -> Self {
        let schema = &parameter["schema"];
        Self {
            name: text(&parameter["name"]),
            about: text(&parameter["description"]),
            kind: kind(document, schema),
            is_required: parameter["required"] == true,
            is_nullable: false,
        }
    }

    /// Its flag, without dashes.
    pub(super) fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// What was given, as the API takes it.
    ///
    /// # Errors
    /// What would be right.
    pub(super) fn value<'a>(&self, mut given: impl Iterator<Item = &'a str>) -> Result<Value, String> {
        let flag = self.flag();
        match &self.kind {
            Kind::Several(_) => Ok(given.map(Value::from).collect()),
            Kind::Pairs => given
                .map(|pair| match pair.split_once('=') {
                    Some((name, value)) => Ok((name.trim().to_owned(), Value::from(value))),
                    None => Err(format!("--{flag}: must be NAME=VALUE")),
                })
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
            single => {
                let text = given.next().unwrap_or_default();
                match single {
                    Kind::Whole => text
                        .parse::<i64>()
                        .map(Value::from)
                        .map_err(|_| format!("--{flag}: must be a whole number")),
                    Kind::Truth => Ok(Value::Bool(text == "true")),
                    Kind::Json => {
                        serde_json::from_str(text).map_err(|error| format!("--{flag}: must be JSON: {error}"))
                    }
                    _ => Ok(Value::from(text)),
                }
            }
        }
    }
}

/// The members of a body.
pub(super) fn fields(document: &Value, schema: &Value) -> Vec<Field> {
    let schema = resolved(document, only_alternative(schema));
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    let members = schema["properties"].as_object().into_iter().flatten();
    members
        .map(|(name, schema)| Field {
            name: name.clone(),
            about: about(document, schema),
            kind: kind(document, schema),
            is_required: is_required(name),
            is_nullable: is_nullable(schema),
        })
        .collect()
}

/// The schema behind references.
pub(super) fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = only_alternative(schema);
    match schema["$ref"].as_str().and_then(|to| to.strip_prefix(NAMED)) {
        Some(name) => resolved(document, &document["components"]["schemas"][name]),
        None => schema,
    }
}

/// Of alternatives the only one that is not `null`.
pub(super) fn only_alternative(schema: &Value) -> &Value {
    let alternatives = schema["oneOf"].as_array().into_iter().flatten();
    let mut others = alternatives.filter(|one| one["type"] != "null");
    match (others.next(), others.next()) {
        (Some(only), None) => only,
        _ => schema,
    }
}

fn about(document: &Value, schema: &Value) -> String {
    let places = [schema, only_alternative(schema), resolved(document, schema)];
    let told = places.iter().find_map(|place| place["description"].as_str());
    told.unwrap_or_default().to_owned()
}

fn kind(document: &Value, schema: &Value) -> Kind {
    let schema = resolved(document, schema);
    if let Some(words) = words(schema) {
        return Kind::Word(words);
    }
    let is = |name: &str| match &schema["type"] {
        Value::String(one) => one == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    };
    if is("string") {
        return Kind::Text;
    }
    if is("integer") {
        return Kind::Whole;
    }
    if is("boolean") {
        return Kind::Truth;
    }
    if is("array") {
        let element = resolved(document, &schema["items"]);
        return match (words(element), element["type"] == "string") {
            (Some(words), _) => Kind::Several(words),
            (None, true) => Kind::Several(Vec::new()),
            (None, false) => Kind::Json,
        };
    }
    let each = resolved(document, &schema["additionalProperties"]);
    if is("object") && schema["properties"].is_null() && each["type"] == "string" {
        return Kind::Pairs;
    }
    Kind::Json
}

fn words(schema: &Value) -> Option<Vec<String>> {
    let words = schema["enum"].as_array()?;
    Some(words.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn is_nullable(schema: &Value) -> bool {
    let of_type = schema["type"]
        .as_array()
        .is_some_and(|types| types.iter().any(|one| one == "null"));
    let alternatives = schema["oneOf"].as_array().into_iter().flatten();
    of_type || alternatives.into_iter().any(|one| one["type"] == "null")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
