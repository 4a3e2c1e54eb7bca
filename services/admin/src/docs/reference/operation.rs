//! One operation as it is shown.

use crate::docs::json::{self, escaped};
use crate::docs::markdown;
use crate::docs::schema::{Field, Schemas};
use askama::Template;
use serde_json::Value;
use std::fmt::Write as _;

/// One operation.
#[derive(Debug, Template)]
#[template(path = "operation.html")]
pub(super) struct OperationView {
    pub(super) id: String,
    pub(super) method: &'static str,
    pub(super) path: String,
    /// The path as HTML, with its ids marked.
    shown_path: String,
    pub(super) summary: String,
    about: String,
    scope: String,
    /// With where each of them stands: in the path, the query string or a header.
    parameters: Vec<(String, Field)>,
    body: Option<Body>,
    answers: Vec<Answer>,
    refusals: Vec<Refusal>,
    curl: String,
}

/// What is sent.
#[derive(Debug)]
struct Body {
    field: Field,
    content_type: String,
    is_required: bool,
    example: String,
}

/// An answer to what was carried out.
#[derive(Debug)]
struct Answer {
    status: String,
    about: String,
    headers: Vec<Field>,
    content_type: String,
    field: Option<Field>,
    example: Option<String>,
}

/// An answer to what was not.
#[derive(Debug)]
struct Refusal {
    status: String,
    about: String,
}

impl OperationView {
    /// Makes it of what the document says.
    pub(super) fn new<'a>(
        schemas: Schemas<'a>,
        method: &str,
        path: &str,
        operation: &'a Value,
        public_url: &str,
    ) -> Self {
        let text = |name: &str| operation[name].as_str().unwrap_or_default().to_owned();
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let mut view = Self {
            id: text("operationId"),
            method: upper(method),
            path: path.to_owned(),
            shown_path: shown_path(path),
            summary: text("summary").trim_end_matches('.').to_owned(),
            about: markdown::short(&text("description")),
            scope: operation["security"][0]["admin_key"][0]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            parameters: parameters.map(|parameter| parameter_of(schemas, parameter)).collect(),
            body: body_of(schemas, &operation["requestBody"]),
            answers: Vec::new(),
            refusals: Vec::new(),
            curl: curl(schemas, method, path, operation, public_url),
        };
        for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
            match answer["$ref"].as_str() {
                Some(reference) => view.refusals.push(refusal_of(schemas, status, reference)),
                None => view.answers.push(answer_of(schemas, status, answer)),
            }
        }
        view
    }
}

fn upper(method: &str) -> &'static str {
    match method {
        "get" => "GET",
        "put" => "PUT",
        "post" => "POST",
        "patch" => "PATCH",
        "delete" => "DELETE",
        _ => "",
    }
}

fn shown_path(path: &str) -> String {
    let parts = path.split('/').map(|part| {
        let part = escaped(part);
        if part.starts_with('{') {
            format!("<var>{part}</var>")
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

fn parameter_of<'a>(schemas: Schemas<'a>, parameter: &'a Value) -> (String, Field) {
    let name = parameter["name"].as_str().unwrap_or_default();
    let is_required = parameter["required"] == true;
    let mut field = schemas.field(name, &parameter["schema"], is_required, &mut Vec::new());
    if let Some(about) = parameter["description"].as_str() {
        field.about = markdown::short(about);
    }
    let place = match parameter["in"].as_str() {
        Some("query") => "query string",
        Some("header") => "header",
        _ => "path",
    };
    (place.to_owned(), field)
}

/// The first kind of content, and what it is.
fn content(holder: &Value) -> Option<(&String, &Value)> {
    holder["content"].as_object()?.iter().next()
}

fn body_of<'a>(schemas: Schemas<'a>, body: &'a Value) -> Option<Body> {
    let (content_type, content) = content(body)?;
    let field = schemas.field("", &content["schema"], true, &mut Vec::new());
    // An empty object is nothing to send.
    if field.members.is_empty() && body["required"] != true {
        return None;
    }
    Some(Body {
        field,
        content_type: content_type.clone(),
        is_required: body["required"] == true,
        example: json::html(&schemas.example(&content["schema"])),
    })
}

fn answer_of<'a>(schemas: Schemas<'a>, status: &str, answer: &'a Value) -> Answer {
    let headers = answer["headers"].as_object().into_iter().flatten();
    let header = |(name, header): (&String, &'a Value)| {
        let mut field = schemas.field(name, &header["schema"], false, &mut Vec::new());
        field.about = markdown::short(header["description"].as_str().unwrap_or_default());
        field
    };
    let content = content(answer);
    Answer {
        status: status.to_owned(),
        about: markdown::short(answer["description"].as_str().unwrap_or_default()),
        headers: headers
            // The same with every answer: the overview tells of them.
            .filter(|(_, header)| header["$ref"].is_null())
            .map(header)
            .collect(),
        content_type: content.map(|(kind, _)| kind.clone()).unwrap_or_default(),
        field: content.map(|(_, content)| schemas.field("", &content["schema"], true, &mut Vec::new())),
        example: content
            .filter(|(kind, _)| kind.ends_with("json"))
            .map(|(_, content)| json::html(&schemas.example(&content["schema"]))),
    }
}

fn refusal_of(schemas: Schemas<'_>, status: &str, reference: &str) -> Refusal {
    let referred = reference
        .strip_prefix('#')
        .and_then(|pointer| schemas.0.pointer(pointer));
    let about = referred
        .and_then(|answer| answer["description"].as_str())
        .unwrap_or_default();
    Refusal {
        status: status.to_owned(),
        about: markdown::short(about),
    }
}

/// A line for a terminal that sends the example.
fn curl<'a>(schemas: Schemas<'a>, method: &str, path: &str, operation: &'a Value, public_url: &str) -> String {
    let mut line = String::from("curl");
    let upper = upper(method);
    if upper != "GET" {
        // Writing to a String cannot fail.
        let _ = write!(line, " -X {upper}");
    }
    let path: Vec<_> = path
        .split('/')
        .map(
            |part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some(name) => format!("${}", name.to_ascii_uppercase()),
                None => part.to_owned(),
            },
        )
        .collect();
    let _ = write!(
        line,
        " \"{public_url}{}\" \\\n  -H \"Authorization: Bearer $ADMIN_KEY\"",
        path.join("/")
    );
    if content(&operation["responses"]["200"]).is_some_and(|(kind, _)| kind == "text/event-stream") {
        line.insert_str(4, " -N");
    }
    let body = &operation["requestBody"];
    if let Some((kind, content)) = content(body) {
        let example = schemas.example(&content["schema"]);
        if example.as_object().is_some_and(|members| !members.is_empty()) {
            let example = example.to_string().replace('\'', "'\\''");
            let _ = write!(line, " \\\n  -H 'Content-Type: {kind}' \\\n  -d '{example}'");
        }
    }
    line
}
