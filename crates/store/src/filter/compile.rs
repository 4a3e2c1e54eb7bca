//! The walk over the tree.

use super::Target;
use super::resolve::{Located, Many, Source, has_email, locate};
use super::scalar::{FALSE, Scalar, not, truth};
use super::undeclared::{self, Undeclared};
use crate::Dialect;
use crate::args::Args;
use scim::filter::{Comparison, Filter, Literal, Operator};
use scim::path::AttributePath;
use scim::schema::{Attribute, AttributeType};

pub(super) struct Compiler<'a, 'b> {
    pub(super) args: &'b mut Args,
    pub(super) target: Target<'a>,
}

/// What the names in a filter are names of.
pub(super) enum Context<'c, 'a> {
    /// Attributes of the resource.
    Resource,
    /// Sub-attributes of a single-valued complex attribute, between its brackets.
    Part(&'c AttributePath),
    /// Sub-attributes of one element of a multi-valued attribute.
    Element(&'c Many<'a>),
    /// Members of one element of undeclared data.
    UndeclaredElement,
}

impl<'a> Compiler<'a, '_> {
    pub(super) fn filter(&mut self, filter: &Filter, context: &Context<'_, 'a>) -> String {
        match filter {
            Filter::And(left, right) => {
                let (left, right) = (self.filter(left, context), self.filter(right, context));
                format!("({left} AND {right})")
            }
            Filter::Or(left, right) => {
                let (left, right) = (self.filter(left, context), self.filter(right, context));
                format!("({left} OR {right})")
            }
            Filter::Not(inner) => not(&self.filter(inner, context)),
            Filter::Present(path) => self.present(path, context),
            Filter::Compare(Comparison {
                path,
                op: Operator::Eq,
                value: Literal::Null,
            }) => not(&self.present(path, context)),
            Filter::Compare(Comparison {
                path,
                op: Operator::Ne,
                value: Literal::Null,
            }) => self.present(path, context),
            Filter::Compare(Comparison {
                value: Literal::Null, ..
            }) => FALSE.to_owned(),
            Filter::Compare(term) => self.compare(term, context),
            Filter::ValuePath { path, filter } => match context {
                Context::Resource => self.value_path(path, filter),
                // Brackets do not nest.
                _ => FALSE.to_owned(),
            },
        }
    }

    fn present(&mut self, path: &AttributePath, context: &Context<'_, 'a>) -> String {
        match context {
            Context::Resource => self.present_in_resource(path),
            Context::Part(parent) => self.present_in_resource(&part(parent, path)),
            Context::Element(many) => self
                .of_element(many, path)
                .map_or_else(|| FALSE.to_owned(), |scalar| scalar.present()),
            Context::UndeclaredElement => undeclared::Member(&path.attribute).present(self.args),
        }
    }

    fn present_in_resource(&mut self, path: &AttributePath) -> String {
        match locate(self.args, self.target, path) {
            Located::One(scalar) => scalar.present(),
            Located::Whole { present, .. } => present,
            Located::Many { many, sub: None } => many.present(self.args),
            Located::Many { many, sub: Some(sub) } => match many.scalar(self.args, self.target, sub) {
                Some(scalar) => many.exists(self.args, &scalar.present()),
                None => FALSE.to_owned(),
            },
            Located::Schemas => truth(true).to_owned(),
            Located::Undeclared => Undeclared(path).present(self.args),
            Located::Nowhere => FALSE.to_owned(),
        }
    }

    fn compare(&mut self, term: &Comparison, context: &Context<'_, 'a>) -> String {
        match context {
            Context::Resource => self.compare_in_resource(&term.path, term.op, &term.value),
            Context::Part(parent) => self.compare_in_resource(&part(parent, &term.path), term.op, &term.value),
            Context::Element(many) => match self.of_element(many, &term.path) {
                Some(scalar) => scalar.compare(self.args, term.op, &term.value),
                None => without_value(term.op),
            },
            Context::UndeclaredElement => {
                undeclared::Member(&term.path.attribute).compare(self.args, term.op, &term.value)
            }
        }
    }

    fn compare_in_resource(&mut self, path: &AttributePath, op: Operator, literal: &Literal) -> String {
        match locate(self.args, self.target, path) {
            Located::One(scalar) => scalar.compare(self.args, op, literal),
            // A complex attribute is compared by its `value` (R27).
            Located::Whole { attribute, .. } if path.sub.is_none() && attribute.sub("value").is_some() => {
                let value = AttributePath {
                    sub: Some("value".to_owned()),
                    ..path.clone()
                };
                self.compare_in_resource(&value, op, literal)
            }
            Located::Whole { .. } | Located::Nowhere => without_value(op),
            Located::Many { many, sub } => self.compare_any(&many, sub, op, literal),
            Located::Schemas => self.compare_schemas(op, literal),
            Located::Undeclared => Undeclared(path).compare(self.args, op, literal),
        }
    }

    /// True if any value matches (R27); without any value only `ne` holds (R29).
    fn compare_any(&mut self, many: &Many<'a>, sub: Option<&'a Attribute>, op: Operator, literal: &Literal) -> String {
        let is_complex = many.attribute.kind == AttributeType::Complex;
        let sub = sub.or_else(|| many.attribute.sub("value"));
        if let (Source::Emails(_), Some("value"), Operator::Eq, Literal::String(text)) =
            (&many.source, sub.map(|sub| sub.name.as_str()), op, literal)
        {
            return has_email(self.args, self.target, text);
        }
        let scalar = match sub {
            Some(sub) if is_complex => many.scalar(self.args, self.target, sub),
            _ => many.plain(self.args),
        };
        let Some(scalar) = scalar else { return without_value(op) };
        let condition = scalar.compare(self.args, op, literal);
        match (op, literal) {
            (Operator::Ne, _) => {
                let present = scalar.present();
                let other = many.exists(self.args, &format!("{present} AND {condition}"));
                let any = many.exists(self.args, &present);
                format!("({other} OR NOT {any})")
            }
            (Operator::Eq, Literal::String(text)) if sub.is_some_and(|sub| sub.name == "value") => {
                many.exists_by_value(self.args, self.target, text, &condition)
            }
            _ => many.exists(self.args, &condition),
        }
    }

    /// The core schema and every extension that has data (R14).
    fn compare_schemas(&mut self, op: Operator, literal: &Literal) -> String {
        let core = Scalar::Constant {
            text: self.target.schema.core.id.clone(),
            case_exact: false,
        };
        let core = core.compare(self.args, op, literal);
        let (rows, key) = match self.args.dialect() {
            Dialect::Postgres => (
                "jsonb_each(r.search) AS e(k, v) WHERE lower(left(e.k, 4) COLLATE \"C\") = 'urn:' \
                 AND jsonb_typeof(e.v) = 'object' AND e.v <> '{}'::jsonb",
                "lower(e.k COLLATE \"C\")",
            ),
            Dialect::Sqlite => (
                "json_each(r.search) AS e WHERE lower(substr(e.key, 1, 4)) = 'urn:' \
                 AND e.type = 'object' AND e.value <> '{}'",
                "lower(e.key)",
            ),
        };
        let condition = Scalar::text(key.to_owned(), false).compare(self.args, op, literal);
        format!("({core} OR EXISTS (SELECT 1 FROM {rows} AND {condition}))")
    }

    fn value_path(&mut self, path: &AttributePath, filter: &Filter) -> String {
        match locate(self.args, self.target, path) {
            Located::Whole { present, .. } => {
                let inner = self.filter(filter, &Context::Part(path));
                format!("({present} AND {inner})")
            }
            Located::Many { many, sub: None } => self.element(&many, filter),
            Located::Undeclared => {
                let inner = self.filter(filter, &Context::UndeclaredElement);
                Undeclared(path).exists(self.args, &inner)
            }
            Located::One(_) | Located::Many { .. } | Located::Schemas | Located::Nowhere => FALSE.to_owned(),
        }
    }

    /// One single element satisfies the whole filter (R26).
    fn element(&mut self, many: &Many<'a>, filter: &Filter) -> String {
        let value = wanted_value(filter);
        if let (Source::Emails(_), Some(value), Filter::Compare(_)) = (&many.source, value, filter) {
            return has_email(self.args, self.target, value);
        }
        let inner = self.filter(filter, &Context::Element(many));
        match value {
            Some(value) => many.exists_by_value(self.args, self.target, value, &inner),
            None => many.exists(self.args, &inner),
        }
    }

    fn of_element(&mut self, many: &Many<'a>, path: &AttributePath) -> Option<Scalar> {
        match many.attribute.sub(&path.attribute) {
            Some(sub) => many.scalar(self.args, self.target, sub),
            None if path.attribute.eq_ignore_ascii_case("value") => many.plain(self.args),
            None => None,
        }
    }
}

/// The text that `value` must be equal to for the filter to hold.
fn wanted_value(filter: &Filter) -> Option<&str> {
    match filter {
        Filter::And(left, right) => wanted_value(left).or_else(|| wanted_value(right)),
        Filter::Compare(Comparison {
            path,
            op: Operator::Eq,
            value: Literal::String(text),
        }) if path.attribute.eq_ignore_ascii_case("value") => Some(text),
        _ => None,
    }
}

/// A path between the brackets of a single-valued attribute as a path of the resource.
fn part(parent: &AttributePath, path: &AttributePath) -> AttributePath {
    AttributePath {
        sub: Some(path.attribute.clone()),
        ..parent.clone()
    }
}

/// A comparison with an attribute that has no value (R29).
fn without_value(op: Operator) -> String {
    truth(op == Operator::Ne).to_owned()
}
