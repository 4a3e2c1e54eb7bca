//! Sorting by an attribute (R35).

use super::Target;
use super::json::Place;
use super::resolve::{Located, Source, locate};
use super::scalar::{Scalar, id_text};
use crate::Dialect;
use crate::args::Args;
use scim::path::AttributePath;
use scim::schema::AttributeType;

/// An item for ORDER BY: resources without a value come last, first when descending. `None` when the attribute cannot
/// be sorted by, which is to be ignored.
pub(crate) fn order(args: &mut Args, target: Target<'_>, path: &AttributePath, descending: bool) -> Option<String> {
    let value = match locate(args, target, path) {
        Located::One(scalar) => sortable(args.dialect(), &scalar)?,
        Located::Whole { attribute, .. } if path.sub.is_none() => {
            let value = attribute.sub("value")?.name.clone();
            let path = AttributePath {
                sub: Some(value),
                ..path.clone()
            };
            return order(args, target, &path, descending);
        }
        Located::Many { many, sub } => {
            let (Source::Array(place) | Source::Emails(place)) = &many.source else {
                return None;
            };
            let scalar = if many.attribute.kind == AttributeType::Complex {
                let sub = sub.or_else(|| many.attribute.sub("value"))?;
                many.scalar(args, target, sub)?
            } else {
                many.plain(args)?
            };
            let value = sortable(args.dialect(), &scalar)?;
            main_value(args, place, &value)
        }
        Located::Whole { .. } | Located::Schemas | Located::Undeclared | Located::Nowhere => return None,
    };
    Some(format!(
        "{value} {}",
        if descending {
            "DESC NULLS FIRST"
        } else {
            "ASC NULLS LAST"
        }
    ))
}

/// The value of the primary element, else of the first.
fn main_value(args: &mut Args, place: &Place<'_>, value: &str) -> String {
    let primary = Place::of_element(args, "primary").is_true(args);
    let elements = place.elements(args);
    let order = Place::element_order(args.dialect());
    format!("(SELECT {value} FROM {elements} ORDER BY CASE WHEN {primary} THEN 0 ELSE 1 END, {order} LIMIT 1)")
}

/// The value as SQL that sorts the way its type asks for.
fn sortable(dialect: Dialect, scalar: &Scalar) -> Option<String> {
    match scalar {
        Scalar::Text { sql, .. } | Scalar::Instant(sql) => Some(match dialect {
            Dialect::Postgres => format!("{sql} COLLATE \"C\""),
            Dialect::Sqlite => sql.clone(),
        }),
        Scalar::Id(sql) => Some(id_text(dialect, sql)),
        Scalar::Boolean { is_true, is_set } => Some(format!("CASE WHEN {is_set} THEN {is_true} END")),
        Scalar::Number(sql) | Scalar::Millis(sql) => Some(sql.clone()),
        // The same in every row.
        Scalar::Constant { .. } => None,
    }
}
