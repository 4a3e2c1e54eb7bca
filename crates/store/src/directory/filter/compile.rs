//! The walk over the tree.

use super::json::{KEY, TYPE, VALUE, json, json_type};
use super::resolve::{ElementSource, Located, Many, has_email, locate};
use super::scalar::{Scalar, not};
use super::undeclared::{self, Undeclared};
use super::{ELEMENT, FilterTarget, row};
use crate::Dialect;
use db::entity::users;
use db::expr::{by_code_point, call, number, text, truth};
use scim::filter::{Comparison, Filter, Literal, Operator};
use scim::path::AttributePath;
use scim::schema::{Attribute, AttributeType};
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, Query};

/// Compiles filters over one target.
#[derive(Clone, Copy)]
pub(super) struct Compiler<'a>(pub(super) FilterTarget<'a>);

/// What the names in a filter are names of.
pub(super) enum NameContext<'c, 'a> {
    /// Attributes of the resource.
    Resource,
    /// Sub-attributes of a single-valued complex attribute, between its brackets.
    Part(&'c AttributePath),
    /// Sub-attributes of one element of a multi-valued attribute.
    Element(&'c Many<'a>),
    /// Members of one element of undeclared data.
    UndeclaredElement,
}

impl<'a> Compiler<'a> {
    const fn dialect(self) -> Dialect {
        self.0.dialect
    }

    pub(super) fn filter(self, filter: &Filter, context: &NameContext<'_, 'a>) -> Expr {
        match filter {
            Filter::And(left, right) => self.filter(left, context).and(self.filter(right, context)),
            Filter::Or(left, right) => self.filter(left, context).or(self.filter(right, context)),
            Filter::Not(inner) => not(self.filter(inner, context)),
            Filter::Present(path) => self.present(path, context),
            Filter::Compare(Comparison {
                path,
                op: Operator::Eq,
                value: Literal::Null,
            }) => not(self.present(path, context)),
            Filter::Compare(Comparison {
                path,
                op: Operator::Ne,
                value: Literal::Null,
            }) => self.present(path, context),
            Filter::Compare(Comparison {
                value: Literal::Null, ..
            }) => truth(false),
            Filter::Compare(term) => self.compare(term, context),
            Filter::ValuePath { path, filter } => match context {
                NameContext::Resource => self.value_path(path, filter),
                // Brackets do not nest.
                _ => truth(false),
            },
        }
    }

    fn present(self, path: &AttributePath, context: &NameContext<'_, 'a>) -> Expr {
        match context {
            NameContext::Resource => self.present_in_resource(path),
            NameContext::Part(parent) => self.present_in_resource(&part(parent, path)),
            NameContext::Element(many) => self
                .of_element(many, path)
                .map_or_else(|| truth(false), |scalar| scalar.present()),
            NameContext::UndeclaredElement => undeclared::Member(&path.attribute).present(self.dialect()),
        }
    }

    fn present_in_resource(self, path: &AttributePath) -> Expr {
        match locate(self.0, path) {
            Located::One(scalar) => scalar.present(),
            Located::Whole { present, .. } => present,
            Located::Many { many, sub: None } => many.present(self.dialect()),
            Located::Many { many, sub: Some(sub) } => match many.scalar(self.0, sub) {
                Some(scalar) => many.exists(self.dialect(), scalar.present()),
                None => truth(false),
            },
            Located::Schemas => truth(true),
            Located::Undeclared => Undeclared(path).present(self.dialect()),
            Located::Nowhere => truth(false),
        }
    }

    fn compare(self, term: &Comparison, context: &NameContext<'_, 'a>) -> Expr {
        match context {
            NameContext::Resource => self.compare_in_resource(&term.path, term.op, &term.value),
            NameContext::Part(parent) => self.compare_in_resource(&part(parent, &term.path), term.op, &term.value),
            NameContext::Element(many) => match self.of_element(many, &term.path) {
                Some(scalar) => scalar.compare(self.dialect(), term.op, &term.value),
                None => without_value(term.op),
            },
            NameContext::UndeclaredElement => {
                undeclared::Member(&term.path.attribute).compare(self.dialect(), term.op, &term.value)
            }
        }
    }

    fn compare_in_resource(self, path: &AttributePath, op: Operator, literal: &Literal) -> Expr {
        match locate(self.0, path) {
            Located::One(scalar) => scalar.compare(self.dialect(), op, literal),
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
            Located::Undeclared => Undeclared(path).compare(self.dialect(), op, literal),
        }
    }

    /// True if any value matches (R27); without any value only `ne` holds (R29).
    fn compare_any(self, many: &Many<'a>, sub: Option<&'a Attribute>, op: Operator, literal: &Literal) -> Expr {
        let is_complex = many.attribute.kind == AttributeType::Complex;
        let sub = sub.or_else(|| many.attribute.sub("value"));
        if let (ElementSource::Emails(_), Some("value"), Operator::Eq, Literal::String(text)) =
            (&many.source, sub.map(|sub| sub.name.as_str()), op, literal)
        {
            return has_email(self.0, text);
        }
        let scalar = match sub {
            Some(sub) if is_complex => many.scalar(self.0, sub),
            _ => many.plain(self.dialect()),
        };
        let Some(scalar) = scalar else { return without_value(op) };
        let condition = scalar.compare(self.dialect(), op, literal);
        match (op, literal) {
            (Operator::Ne, _) => {
                let present = scalar.present();
                let other = many.exists(self.dialect(), present.clone().and(condition));
                let any = many.exists(self.dialect(), present);
                other.or(any.not())
            }
            (Operator::Eq, Literal::String(text)) if sub.is_some_and(|sub| sub.name == "value") => {
                many.exists_by_value(self.0, text, condition)
            }
            _ => many.exists(self.dialect(), condition),
        }
    }

    /// The core schema and every extension that has data (R14).
    fn compare_schemas(self, op: Operator, literal: &Literal) -> Expr {
        let dialect = self.dialect();
        let core = Scalar::Constant {
            text: self.0.schema.core.id.clone(),
            case_exact: false,
        };
        let (key, value) = (Expr::col((ELEMENT, KEY)), Expr::col((ELEMENT, VALUE)));
        let (members, start, kind, none) = match dialect {
            Dialect::Postgres => (
                "jsonb_each",
                call("left", [key.clone(), number(4)]),
                json_type(value.clone()),
                json("{}"),
            ),
            Dialect::Sqlite => (
                "json_each",
                call("substr", [key.clone(), number(1), number(4)]),
                Expr::col((ELEMENT, TYPE)),
                text("{}"),
            ),
        };
        let lower = |value: Expr| Expr::from(Func::lower(by_code_point(dialect, value)));
        let extensions = Query::select()
            .expr(number(1))
            .from_function(Func::cust(members).arg(row(users::Column::Search)), ELEMENT)
            .and_where(lower(start).eq(text("urn:")))
            .and_where(kind.eq(text("object")))
            .and_where(value.ne(none))
            .and_where(Scalar::text(lower(key), false).compare(dialect, op, literal))
            .take();
        core.compare(dialect, op, literal).or(Expr::exists(extensions))
    }

    fn value_path(self, path: &AttributePath, filter: &Filter) -> Expr {
        match locate(self.0, path) {
            Located::Whole { present, .. } => present.and(self.filter(filter, &NameContext::Part(path))),
            Located::Many { many, sub: None } => self.element(&many, filter),
            Located::Undeclared => {
                let inner = self.filter(filter, &NameContext::UndeclaredElement);
                Undeclared(path).exists(self.dialect(), inner)
            }
            Located::One(_) | Located::Many { .. } | Located::Schemas | Located::Nowhere => truth(false),
        }
    }

    /// One single element satisfies the whole filter (R26).
    fn element(self, many: &Many<'a>, filter: &Filter) -> Expr {
        let value = wanted_value(filter);
        if let (ElementSource::Emails(_), Some(value), Filter::Compare(_)) = (&many.source, value, filter) {
            return has_email(self.0, value);
        }
        let inner = self.filter(filter, &NameContext::Element(many));
        match value {
            Some(value) => many.exists_by_value(self.0, value, inner),
            None => many.exists(self.dialect(), inner),
        }
    }

    fn of_element(self, many: &Many<'a>, path: &AttributePath) -> Option<Scalar> {
        match many.attribute.sub(&path.attribute) {
            Some(sub) => many.scalar(self.0, sub),
            None if path.attribute.eq_ignore_ascii_case("value") => many.plain(self.dialect()),
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
fn without_value(op: Operator) -> Expr {
    truth(op == Operator::Ne)
}
