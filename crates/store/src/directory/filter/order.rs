//! Sorting by an attribute (R35).

use super::json::{DocumentPath, KEY};
use super::resolve::{ElementSource, Located, locate};
use super::scalar::{Scalar, id_text};
use super::{ELEMENT, FilterTarget};
use crate::Dialect;
use db::expr::{by_code_point, number};
use scim::path::AttributePath;
use scim::schema::AttributeType;
use sea_orm::sea_query::{Expr, Order};

/// What to order by. `None` when the attribute cannot be sorted by, which is to be ignored.
pub(crate) fn order(target: FilterTarget<'_>, path: &AttributePath) -> Option<Expr> {
    let dialect = target.dialect;
    match locate(target, path) {
        Located::One(scalar) => sortable(dialect, scalar),
        Located::Whole { attribute, .. } if path.sub.is_none() => {
            let value = attribute.sub("value")?.name.clone();
            let path = AttributePath {
                sub: Some(value),
                ..path.clone()
            };
            order(target, &path)
        }
        Located::Many { many, sub } => {
            let (ElementSource::Array(path) | ElementSource::Emails(path)) = &many.source else {
                return None;
            };
            let scalar = if many.attribute.kind == AttributeType::Complex {
                let sub = sub.or_else(|| many.attribute.sub("value"))?;
                many.scalar(target, sub)?
            } else {
                many.plain(dialect)?
            };
            Some(main_value(dialect, path, sortable(dialect, scalar)?))
        }
        Located::Whole { .. } | Located::Schemas | Located::Undeclared | Located::Nowhere => None,
    }
}

/// The value of the primary element, else of the first.
fn main_value(dialect: Dialect, path: &DocumentPath<'_>, value: Expr) -> Expr {
    let is_primary = DocumentPath::of_element(dialect, "primary").is_true(dialect);
    let rank = Expr::case(is_primary, number(0)).finally(number(1));
    path.elements_in_order(dialect)
        .expr(value)
        .order_by_expr(rank.into(), Order::Asc)
        .order_by((ELEMENT, KEY), Order::Asc)
        .limit(1)
        .take()
        .into()
}

/// The value as SQL that sorts the way its type asks for.
fn sortable(dialect: Dialect, scalar: Scalar) -> Option<Expr> {
    match scalar {
        Scalar::Text { value, .. } | Scalar::Instant(value) => Some(by_code_point(dialect, value)),
        Scalar::Id(id) => Some(id_text(dialect, &id)),
        Scalar::Boolean { is_true, is_set } => Some(Expr::case(is_set, is_true).into()),
        Scalar::Number(value) | Scalar::Millis(value) => Some(value),
        // The same in every row.
        Scalar::Constant { .. } => None,
    }
}
