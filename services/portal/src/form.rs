//! Forms: what was filled in, and what is wrong with it.

use crate::fault::Fault;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use api::Problem;
use futures_util::future::LocalBoxFuture;

/// The longest form that is read, in bytes.
const LONGEST: usize = 256 * 1024;

/// What was filled in, in the order of the page. A field may come more than once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// The text of a field, without white space around it; empty where there is no such field.
    pub(crate) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// The text of a field that says something.
    pub(crate) fn some(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Whether a box was ticked.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// All texts of a field that say something.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of = self.0.iter().filter(move |(known, _)| known == name);
        of.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// The lines of a field that say something.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let lines = self.text(name).lines().map(str::trim);
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// The words of a field: separated by commas, spaces or lines.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        let words = self
            .text(name)
            .split(|letter: char| letter.is_whitespace() || letter == ',');
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }
}

impl FromRequest for Form {
    type Error = Fault;
    type Future = LocalBoxFuture<'static, Result<Self, Fault>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let body = body.await.map_err(|error| Fault::BadForm(error.to_string()))?;
            if body.len() > LONGEST {
                return Err(Fault::BadForm(format!("it is longer than {LONGEST} bytes")));
            }
            Ok(Self(url::form_urlencoded::parse(&body).into_owned().collect()))
        })
    }
}

/// What is wrong with a form: a sentence, and what belongs to a field.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors {
    /// What is wrong as a whole; empty where the form is fine, or was not sent yet.
    pub(crate) summary: String,
    /// What is wrong with a field.
    pub(crate) fields: Vec<FieldError>,
}

/// What is wrong with a field.
#[derive(Clone, Debug)]
pub(crate) struct FieldError {
    /// The name of the field.
    pub(crate) field: String,
    /// What is wrong and what would be right.
    pub(crate) message: String,
}

impl Errors {
    /// What the management API says. A fault in a list or an object belongs to the field that it is written in.
    pub(crate) fn of(problem: Problem) -> Self {
        let fields = problem.errors.into_iter().map(|fault| {
            let pointer = fault.pointer.unwrap_or_default();
            let field = pointer.trim_start_matches("#/").split('/').next();
            FieldError {
                field: fault.parameter.unwrap_or_else(|| field.unwrap_or_default().to_owned()),
                message: fault.detail,
            }
        });
        Self {
            summary: problem.detail,
            fields: fields.collect(),
        }
    }

    /// The same for a form that shows the members of an object one by one: `brand.name` is the field `brand_name`.
    pub(crate) fn of_members(problem: Problem, object: &str) -> Self {
        let mut flat = problem;
        for fault in &mut flat.errors {
            let below = format!("#/{object}/");
            let name = fault
                .pointer
                .as_deref()
                .and_then(|pointer| pointer.strip_prefix(&below));
            if let Some(name) = name {
                fault.pointer = Some(format!("#/{object}_{name}"));
            }
        }
        Self::of(flat)
    }

    /// One error about one field.
    pub(crate) fn one(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            summary: message.clone(),
            fields: vec![FieldError {
                field: field.to_owned(),
                message,
            }],
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.summary.is_empty()
    }

    /// What is wrong with a field; empty where nothing is.
    pub(crate) fn at(&self, field: &str) -> &str {
        let found = self.fields.iter().find(|error| error.field == field);
        found.map_or("", |error| &error.message)
    }
}
