//! Comparing one SQL value with a literal. Every result is true or false, never NULL.

use crate::Dialect;
use crate::args::Args;
use scim::filter::{Literal, Operator, sortable_date_time};
use uuid::Uuid;

pub(super) const TRUE: &str = "TRUE";
pub(super) const FALSE: &str = "FALSE";

/// A value that a row has for an attribute, as SQL.
#[derive(Clone, Debug)]
pub(super) enum Scalar {
    /// Text, NULL when unassigned; `folded` tells that it was stored folded.
    Text { sql: String, folded: bool, is_column: bool },
    /// A column of ids, never NULL; compared as its hyphenated text.
    Id(String),
    /// A boolean that is never NULL and whether it is assigned.
    Boolean { is_true: String, is_set: String },
    /// A number, NULL when unassigned.
    Number(String),
    /// Milliseconds since the epoch, never NULL.
    Millis(String),
    /// An instant in the form of [`sortable_date_time`], NULL when unassigned.
    Instant(String),
    /// A text that is the same in every row.
    Constant { text: String, case_exact: bool },
}

impl Scalar {
    /// Text computed from the row, NULL when unassigned.
    pub(super) const fn text(sql: String, case_exact: bool) -> Self {
        Self::Text {
            sql,
            folded: !case_exact,
            is_column: false,
        }
    }

    /// A column of text that was stored folded unless it is case-exact.
    pub(super) fn column(name: &str, case_exact: bool) -> Self {
        Self::Text {
            sql: name.to_owned(),
            folded: !case_exact,
            is_column: true,
        }
    }

    /// Whether it is assigned (R29).
    pub(super) fn present(&self) -> String {
        match self {
            Self::Text { sql, .. } | Self::Number(sql) | Self::Instant(sql) => format!("({sql} IS NOT NULL)"),
            Self::Boolean { is_set, .. } => is_set.clone(),
            Self::Id(_) | Self::Millis(_) | Self::Constant { .. } => TRUE.to_owned(),
        }
    }

    /// `value op literal`.
    pub(super) fn compare(&self, args: &mut Args, op: Operator, literal: &Literal) -> String {
        match (op, literal) {
            (Operator::Eq, Literal::Null) => not(&self.present()),
            (Operator::Ne, Literal::Null) => self.present(),
            (_, Literal::Null) => FALSE.to_owned(),
            (Operator::Ne, _) => not(&self.holds(args, Operator::Eq, literal)),
            _ => self.holds(args, op, literal),
        }
    }

    /// For every operator but `ne`. A literal of another type equals nothing.
    fn holds(&self, args: &mut Args, op: Operator, literal: &Literal) -> String {
        match (self, literal) {
            (Self::Text { sql, folded, is_column }, Literal::String(text)) => {
                let text = if *folded { scim::fold(text) } else { text.clone() };
                let compared = text_holds(args, sql, op, &text);
                if *is_column {
                    format!("({sql} IS NOT NULL AND {compared})")
                } else {
                    or_false(&compared)
                }
            }
            (Self::Id(sql), Literal::String(text)) => id_holds(args, sql, op, text),
            (Self::Boolean { is_true, is_set }, literal) => match (op, boolean(literal)) {
                (Operator::Eq, Some(true)) => is_true.clone(),
                (Operator::Eq, Some(false)) => format!("({is_set} AND NOT {is_true})"),
                _ => FALSE.to_owned(),
            },
            (Self::Number(sql), Literal::Number(number)) => number_holds(args, sql, op, number),
            (Self::Millis(sql), Literal::String(text)) => match (nanos(text), order_sign(op)) {
                (Some(at), Some(_)) => millis_hold(args, sql, op, at),
                _ => FALSE.to_owned(),
            },
            (Self::Instant(sql), Literal::String(text)) => match (sortable_date_time(text), order_sign(op)) {
                (Some(at), Some(_)) => or_false(&text_holds(args, sql, op, &at)),
                _ => FALSE.to_owned(),
            },
            (Self::Constant { text, case_exact }, Literal::String(literal)) => {
                let holds = if *case_exact {
                    plain_holds(text, op, literal)
                } else {
                    plain_holds(&scim::fold(text), op, &scim::fold(literal))
                };
                truth(holds).to_owned()
            }
            _ => FALSE.to_owned(),
        }
    }
}

pub(super) fn not(condition: &str) -> String {
    match condition {
        TRUE => FALSE.to_owned(),
        FALSE => TRUE.to_owned(),
        _ => format!("(NOT {condition})"),
    }
}

pub(super) const fn truth(holds: bool) -> &'static str {
    if holds { TRUE } else { FALSE }
}

fn or_false(condition: &str) -> String {
    if condition == FALSE {
        FALSE.to_owned()
    } else {
        format!("COALESCE({condition}, FALSE)")
    }
}

const fn order_sign(op: Operator) -> Option<&'static str> {
    match op {
        Operator::Eq => Some("="),
        Operator::Gt => Some(">"),
        Operator::Ge => Some(">="),
        Operator::Lt => Some("<"),
        Operator::Le => Some("<="),
        Operator::Ne | Operator::Co | Operator::Sw | Operator::Ew => None,
    }
}

fn text_holds(args: &mut Args, sql: &str, op: Operator, text: &str) -> String {
    if let Some(sign) = order_sign(op) {
        let collation = match (op, args.dialect()) {
            (Operator::Eq, _) | (_, Dialect::Sqlite) => "",
            (_, Dialect::Postgres) => " COLLATE \"C\"",
        };
        return format!("{sql}{collation} {sign} {}", args.bind(text));
    }
    let length = i32::try_from(text.chars().count()).unwrap_or(i32::MAX);
    let part = args.bind(text);
    match (op, args.dialect()) {
        (Operator::Co, Dialect::Postgres) => format!("strpos({sql}, {part}) > 0"),
        (Operator::Co, Dialect::Sqlite) => format!("instr({sql}, {part}) > 0"),
        (Operator::Sw, Dialect::Postgres) => format!("starts_with({sql}, {part})"),
        (Operator::Sw, Dialect::Sqlite) => format!("substr({sql}, 1, {}) = {part}", args.bind(length)),
        (Operator::Ew, Dialect::Postgres) => format!("right({sql}, {}) = {part}", args.bind(length)),
        (Operator::Ew, Dialect::Sqlite) => {
            format!(
                "substr({sql}, max(length({sql}) - {} + 1, 1)) = {part}",
                args.bind(length)
            )
        }
        _ => FALSE.to_owned(),
    }
}

fn id_holds(args: &mut Args, sql: &str, op: Operator, text: &str) -> String {
    if op != Operator::Eq {
        let as_text = id_text(args.dialect(), sql);
        return text_holds(args, &as_text, op, text);
    }
    // Ids are case-exact: only the form in which they are shown is equal.
    match Uuid::parse_str(text) {
        Ok(id) if id.hyphenated().to_string() == text => format!("{sql} = {}", args.bind(id)),
        _ => FALSE.to_owned(),
    }
}

/// An id column as hyphenated text.
pub(super) fn id_text(dialect: Dialect, sql: &str) -> String {
    match dialect {
        Dialect::Postgres => format!("{sql}::text"),
        Dialect::Sqlite => format!(
            "lower(substr(hex({sql}), 1, 8) || '-' || substr(hex({sql}), 9, 4) || '-' || substr(hex({sql}), 13, 4) \
             || '-' || substr(hex({sql}), 17, 4) || '-' || substr(hex({sql}), 21))"
        ),
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

fn number_holds(args: &mut Args, sql: &str, op: Operator, number: &serde_json::Number) -> String {
    let Some(sign) = order_sign(op) else {
        return FALSE.to_owned();
    };
    // With its type in the text, because prepared statements are kept by their text.
    let (sql, value) = match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => (sql.to_owned(), format!("CAST({} AS bigint)", args.bind(whole))),
        (None, Some(float)) => {
            let sql = match args.dialect() {
                Dialect::Postgres => sql.to_owned(),
                // Left to itself it compares whole numbers with doubles digit by digit.
                Dialect::Sqlite => format!("CAST({sql} AS double precision)"),
            };
            (sql, format!("CAST({} AS double precision)", args.bind(float)))
        }
        (None, None) => return FALSE.to_owned(),
    };
    or_false(&format!("{sql} {sign} {value}"))
}

/// Nanoseconds since the epoch of a dateTime.
fn nanos(text: &str) -> Option<i128> {
    scim::filter::parse_date_time(text).map(|at| at.unix_timestamp_nanos())
}

/// Stored times are whole milliseconds, literals may be finer: 1.5 ms lies above 1 and below 2.
fn millis_hold(args: &mut Args, sql: &str, op: Operator, at: i128) -> String {
    const NANOS: i128 = 1_000_000;
    let floor = at.div_euclid(NANOS);
    let whole = at.rem_euclid(NANOS) == 0;
    let ceiling = if whole { floor } else { floor + 1 };
    let (sign, bound) = match op {
        Operator::Eq if whole => ("=", floor),
        Operator::Gt => (">", floor),
        Operator::Ge => (">=", ceiling),
        Operator::Lt => ("<", ceiling),
        Operator::Le => ("<=", floor),
        _ => return FALSE.to_owned(),
    };
    let bound = i64::try_from(bound).unwrap_or(if bound < 0 { i64::MIN } else { i64::MAX });
    format!("{sql} {sign} {}", args.bind(bound))
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
