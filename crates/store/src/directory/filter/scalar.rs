//! Comparing one SQL value with a literal. Every result is true or false, never NULL.

use crate::Dialect;
use db::expr::{by_code_point, call, concat, number, text, truth};
use scim::filter::{Literal, Operator, sortable_date_time};
use sea_orm::sea_query::{BinOper, Expr, ExprTrait as _, Func};
use uuid::Uuid;

/// A value that a row has for an attribute, as SQL.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    /// Text, NULL when unassigned; `folded` tells that it was stored folded.
    Text { value: Expr, folded: bool },
    /// A column of ids, never NULL; compared as its hyphenated text.
    Id(Expr),
    /// A boolean that is never NULL and whether it is assigned.
    Boolean { is_true: Expr, is_set: Expr },
    /// A number, NULL when unassigned.
    Number(Expr),
    /// Milliseconds since the epoch, never NULL.
    Millis(Expr),
    /// An instant in the form of [`sortable_date_time`], NULL when unassigned.
    Instant(Expr),
    /// A text that is the same in every row.
    Constant { text: String, case_exact: bool },
}

impl Scalar {
    /// Text, NULL when unassigned, that was stored folded unless it is case-exact.
    pub(super) const fn text(value: Expr, case_exact: bool) -> Self {
        Self::Text {
            value,
            folded: !case_exact,
        }
    }

    /// Whether it is assigned (R29).
    pub(super) fn present(&self) -> Expr {
        match self {
            Self::Text { value, .. } | Self::Number(value) | Self::Instant(value) => value.clone().is_not_null(),
            Self::Boolean { is_set, .. } => is_set.clone(),
            Self::Id(_) | Self::Millis(_) | Self::Constant { .. } => truth(true),
        }
    }

    /// `value op literal`.
    pub(super) fn compare(&self, dialect: Dialect, op: Operator, literal: &Literal) -> Expr {
        match (op, literal) {
            (Operator::Eq, Literal::Null) => not(self.present()),
            (Operator::Ne, Literal::Null) => self.present(),
            (_, Literal::Null) => truth(false),
            (Operator::Ne, _) => not(self.holds(dialect, Operator::Eq, literal)),
            _ => self.holds(dialect, op, literal),
        }
    }

    /// For every operator but `ne`. A literal of another type equals nothing.
    fn holds(&self, dialect: Dialect, op: Operator, literal: &Literal) -> Expr {
        match (self, literal) {
            (Self::Text { value, folded }, Literal::String(text)) => {
                let text = if *folded { scim::fold(text) } else { text.clone() };
                let compared = text_holds(dialect, value.clone(), op, text);
                match value {
                    // An index of the column can be searched by this, and not by what COALESCE makes of it.
                    Expr::Column(_) => value.clone().is_not_null().and(compared),
                    _ => or_false(compared),
                }
            }
            (Self::Id(id), Literal::String(text)) => id_holds(dialect, id, op, text),
            (Self::Boolean { is_true, is_set }, literal) => match (op, boolean(literal)) {
                (Operator::Eq, Some(true)) => is_true.clone(),
                (Operator::Eq, Some(false)) => is_set.clone().and(is_true.clone().not()),
                _ => truth(false),
            },
            (Self::Number(value), Literal::Number(number)) => number_holds(dialect, value, op, number),
            (Self::Millis(value), Literal::String(text)) => {
                nanos(text).map_or_else(|| truth(false), |at| millis_hold(value, op, at))
            }
            (Self::Instant(value), Literal::String(text)) => match (sortable_date_time(text), order_sign(op)) {
                (Some(at), Some(_)) => or_false(text_holds(dialect, value.clone(), op, at)),
                _ => truth(false),
            },
            (Self::Constant { text, case_exact }, Literal::String(literal)) => truth(if *case_exact {
                plain_holds(text, op, literal)
            } else {
                plain_holds(&scim::fold(text), op, &scim::fold(literal))
            }),
            _ => truth(false),
        }
    }
}

/// The opposite of a condition.
pub(super) fn not(condition: Expr) -> Expr {
    match constant(&condition) {
        Some(holds) => truth(!holds),
        None => condition.not(),
    }
}

/// What a condition is, if it is the same for every row.
fn constant(condition: &Expr) -> Option<bool> {
    [true, false].into_iter().find(|holds| *condition == truth(*holds))
}

fn or_false(condition: Expr) -> Expr {
    match constant(&condition) {
        Some(_) => condition,
        None => coalesce(condition, truth(false)),
    }
}

/// A value, or another where it is NULL.
pub(super) fn coalesce(value: Expr, other: Expr) -> Expr {
    Func::coalesce([value, other]).into()
}

const fn order_sign(op: Operator) -> Option<BinOper> {
    match op {
        Operator::Eq => Some(BinOper::Equal),
        Operator::Gt => Some(BinOper::GreaterThan),
        Operator::Ge => Some(BinOper::GreaterThanOrEqual),
        Operator::Lt => Some(BinOper::SmallerThan),
        Operator::Le => Some(BinOper::SmallerThanOrEqual),
        Operator::Ne | Operator::Co | Operator::Sw | Operator::Ew => None,
    }
}

/// May be NULL where the value is.
fn text_holds(dialect: Dialect, value: Expr, op: Operator, text: String) -> Expr {
    let length = Expr::val(i32::try_from(text.chars().count()).unwrap_or(i32::MAX));
    let part = Expr::val(text);
    match (op, order_sign(op), dialect) {
        // Whatever the collation, equal texts have the same code points.
        (Operator::Eq, ..) => value.eq(part),
        (_, Some(sign), _) => by_code_point(dialect, value).binary(sign, part),
        (Operator::Co, _, Dialect::Postgres) => call("strpos", [value, part]).gt(number(0)),
        (Operator::Co, _, Dialect::Sqlite) => call("instr", [value, part]).gt(number(0)),
        (Operator::Sw, _, Dialect::Postgres) => call("starts_with", [value, part]),
        (Operator::Sw, _, Dialect::Sqlite) => call("substr", [value, number(1), length]).eq(part),
        (Operator::Ew, _, Dialect::Postgres) => call("right", [value, length]).eq(part),
        (Operator::Ew, _, Dialect::Sqlite) => {
            let start = call("length", [value.clone()]).sub(length).add(number(1));
            call("substr", [value, call("max", [start, number(1)])]).eq(part)
        }
        _ => truth(false),
    }
}

fn id_holds(dialect: Dialect, id: &Expr, op: Operator, text: &str) -> Expr {
    if op != Operator::Eq {
        return text_holds(dialect, id_text(dialect, id), op, text.to_owned());
    }
    // Ids are case-exact: only the form in which they are shown is equal.
    match Uuid::parse_str(text) {
        Ok(wanted) if wanted.hyphenated().to_string() == text => id.clone().eq(wanted),
        _ => truth(false),
    }
}

/// An id column as hyphenated text.
pub(super) fn id_text(dialect: Dialect, id: &Expr) -> Expr {
    match dialect {
        Dialect::Postgres => id.clone().cast_as("text"),
        Dialect::Sqlite => {
            let digits = |from: i64, many: i64| {
                let hex = call("hex", [id.clone()]);
                call("substr", [hex, number(from), number(many)])
            };
            let parts = [(9, 4), (13, 4), (17, 4), (21, 12)].into_iter();
            let text = parts.fold(digits(1, 8), |so_far, (from, many)| {
                concat(concat(so_far, text("-")), digits(from, many))
            });
            Func::lower(text).into()
        }
    }
}

/// A boolean literal, also as the text that Entra ID makes of it.
pub(super) fn boolean(literal: &Literal) -> Option<bool> {
    match literal {
        Literal::Boolean(flag) => Some(*flag),
        Literal::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Literal::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// With the type of the literal in the text, because prepared statements are kept by their text.
fn number_holds(dialect: Dialect, value: &Expr, op: Operator, number: &serde_json::Number) -> Expr {
    const DOUBLE: &str = "double precision";
    let Some(sign) = order_sign(op) else {
        return truth(false);
    };
    let value = value.clone();
    let (value, wanted) = match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => (value, Expr::val(whole).cast_as("bigint")),
        (None, Some(float)) => {
            let value = match dialect {
                Dialect::Postgres => value,
                // Left to itself it compares whole numbers with doubles digit by digit.
                Dialect::Sqlite => value.cast_as(DOUBLE),
            };
            (value, Expr::val(float).cast_as(DOUBLE))
        }
        (None, None) => return truth(false),
    };
    or_false(value.binary(sign, wanted))
}

/// Nanoseconds since the epoch of a dateTime.
fn nanos(text: &str) -> Option<i128> {
    scim::filter::parse_date_time(text).map(|at| at.unix_timestamp_nanos())
}

/// Stored times are whole milliseconds, literals may be finer: 1.5 ms lies above 1 and below 2.
fn millis_hold(value: &Expr, op: Operator, at: i128) -> Expr {
    const NANOS_OF_MILLI: i128 = 1_000_000;
    let floor = at.div_euclid(NANOS_OF_MILLI);
    let whole = at.rem_euclid(NANOS_OF_MILLI) == 0;
    let ceiling = if whole { floor } else { floor + 1 };
    let (sign, bound) = match op {
        Operator::Eq if whole => (BinOper::Equal, floor),
        Operator::Gt => (BinOper::GreaterThan, floor),
        Operator::Ge => (BinOper::GreaterThanOrEqual, ceiling),
        Operator::Lt => (BinOper::SmallerThan, ceiling),
        Operator::Le => (BinOper::SmallerThanOrEqual, floor),
        _ => return truth(false),
    };
    let bound = i64::try_from(bound).unwrap_or(if bound < 0 { i64::MIN } else { i64::MAX });
    value.clone().binary(sign, bound)
}

fn plain_holds(value: &str, op: Operator, literal: &str) -> bool {
    match op {
        Operator::Eq => value == literal,
        Operator::Ne => value != literal,
        Operator::Co => value.contains(literal),
        Operator::Sw => value.starts_with(literal),
        Operator::Ew => value.ends_with(literal),
        Operator::Gt => value > literal,
        Operator::Ge => value >= literal,
        Operator::Lt => value < literal,
        Operator::Le => value <= literal,
    }
}
