//! Data of extensions that no schema declares: kept as sent, so nothing is known of it but the JSON itself.
//!
//! Names are matched in any case, arrays count as their elements, and a value is compared by its own type: text without
//! regard to case, numbers by value, an object by its member `value`.

use super::json::{KEY, TYPE, VALUE, json, json_type, numeric, object_in, unquoted};
use super::scalar::{Scalar, coalesce, not};
use super::{ELEMENT, row};
use crate::Dialect;
use db::entity::users;
use db::expr::{by_code_point, call, concat, number, text, truth};
use scim::filter::{Literal, Operator};
use scim::path::AttributePath;
use sea_orm::sea_query::extension::postgres::PgBinOper;
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, FunctionCall, Query, SelectStatement, UnionType};

/// A path of the resource: a URN that no schema has, a name, perhaps a member of that.
pub(super) struct Undeclared<'p>(pub(super) &'p AttributePath);

/// A member of an element, between brackets.
pub(super) struct Member<'p>(pub(super) &'p str);

/// The values of such a member.
const INNER: &str = "i";

impl Undeclared<'_> {
    pub(super) fn present(&self, dialect: Dialect) -> Expr {
        Expr::exists(self.rows(dialect))
    }

    pub(super) fn compare(&self, dialect: Dialect, op: Operator, literal: &Literal) -> Expr {
        compare_rows(dialect, &self.rows(dialect), ELEMENT, op, literal)
    }

    /// Whether one assigned element satisfies a condition over [`ELEMENT`].
    pub(super) fn exists(&self, dialect: Dialect, condition: Expr) -> Expr {
        Expr::exists(self.rows(dialect).and_where(condition).take())
    }

    /// The assigned values as rows [`ELEMENT`].
    fn rows(&self, dialect: Dialect) -> SelectStatement {
        let AttributePath { urn, attribute, sub } = self.0;
        let mut rows = Query::select();
        rows.expr(number(1))
            .from_function(members(dialect, row(users::Column::Search)), "u")
            .and_where(is_named(dialect, "u", urn.as_deref().unwrap_or_default()))
            .from_function(members_of(dialect, "u"), "a")
            .and_where(is_named(dialect, "a", attribute));
        match sub {
            None => rows.from_function(elements(dialect, "a"), ELEMENT),
            Some(sub) => rows
                .from_function(elements(dialect, "a"), "x")
                .from_function(members_of(dialect, "x"), "b")
                .and_where(is_named(dialect, "b", sub))
                .from_function(elements(dialect, "b"), ELEMENT),
        };
        rows.and_where(is_assigned(dialect, ELEMENT)).take()
    }
}

impl Member<'_> {
    pub(super) fn present(&self, dialect: Dialect) -> Expr {
        Expr::exists(self.rows(dialect))
    }

    pub(super) fn compare(&self, dialect: Dialect, op: Operator, literal: &Literal) -> Expr {
        compare_rows(dialect, &self.rows(dialect), INNER, op, literal)
    }

    /// The values of the member as rows [`INNER`]; the `value` of a plain element is the element itself.
    fn rows(&self, dialect: Dialect) -> SelectStatement {
        let mut member = Query::select();
        member
            .from_function(members_of(dialect, ELEMENT), "b")
            .from_function(elements(dialect, "b"), INNER)
            .and_where(is_named(dialect, "b", self.0))
            .and_where(is_assigned(dialect, INNER));
        if !self.0.eq_ignore_ascii_case("value") {
            return member.expr(number(1)).take();
        }
        let columns: &[&'static str] = match dialect {
            Dialect::Postgres => &[VALUE],
            Dialect::Sqlite => &[VALUE, TYPE],
        };
        // Without a table of its own: the one row is the element around it.
        let plain = Query::select()
            .columns(columns.iter().map(|column| (ELEMENT, *column)))
            .and_where(kind_of(dialect, ELEMENT).ne(text("object")))
            .take();
        let both = member
            .columns(columns.iter().map(|column| (INNER, *column)))
            .union(UnionType::All, plain)
            .take();
        Query::select().expr(number(1)).from_subquery(both, INNER).take()
    }
}

/// True if any value matches; without any value only `ne` holds.
fn compare_rows(
    dialect: Dialect,
    rows: &SelectStatement,
    alias: &'static str,
    op: Operator,
    literal: &Literal,
) -> Expr {
    let those = |condition: Expr| Expr::exists(rows.clone().and_where(condition).take());
    if op == Operator::Ne {
        let equal = value_holds(dialect, alias, Operator::Eq, literal);
        those(not(equal)).or(Expr::exists(rows.clone()).not())
    } else {
        those(value_holds(dialect, alias, op, literal))
    }
}

/// One value by its own type; an object by its member `value`.
fn value_holds(dialect: Dialect, alias: &'static str, op: Operator, literal: &Literal) -> Expr {
    let as_text = match literal {
        Literal::String(text) => text.clone(),
        Literal::Number(number) => number.to_string(),
        Literal::Boolean(flag) => flag.to_string(),
        Literal::Null => return truth(false),
    };
    let value = Json::of(dialect, alias);
    let is = |kind: &'static str| value.kind.clone().eq(text(kind));
    let wanted_number = match literal {
        Literal::Boolean(_) => None,
        _ => serde_json::from_str::<serde_json::Number>(as_text.trim()).ok(),
    };
    let wanted_flag = match (op, literal) {
        (Operator::Eq, Literal::String(_) | Literal::Boolean(_)) => as_text.trim().to_ascii_lowercase(),
        _ => String::new(),
    };
    let flag = match wanted_flag.as_str() {
        "true" => coalesce(is("true"), truth(false)),
        "false" => coalesce(is("false"), truth(false)),
        _ => truth(false),
    };
    let text = Scalar::text(value.text.clone(), false).compare(dialect, op, &Literal::String(as_text));
    let number = match wanted_number {
        Some(wanted) => Scalar::Number(value.number.clone()).compare(dialect, op, &Literal::Number(wanted)),
        None => truth(false),
    };
    Expr::case(is("text"), text)
        .case(is("number"), number)
        .finally(flag)
        .into()
}

/// A JSON value taken apart, as SQL: its kind (`text`, `number`, `true`, `false` or something else), and what it is as
/// text and as a number.
struct Json {
    kind: Expr,
    text: Expr,
    number: Expr,
}

impl Json {
    /// The value of a row, or for an object its member `value`.
    fn of(dialect: Dialect, alias: &'static str) -> Self {
        let own = Expr::col((alias, VALUE));
        let (own, inner) = match dialect {
            Dialect::Postgres => {
                let inner = own.clone().binary(PgBinOper::GetJsonField, text(VALUE));
                (Self::postgres(&own), Self::postgres(&inner))
            }
            Dialect::Sqlite => {
                let inner = |function| call(function, [object_in(alias), text("$.value")]);
                (
                    Self::sqlite(&Expr::col((alias, TYPE)), own),
                    Self::sqlite(&inner("json_type"), inner("json_extract")),
                )
            }
        };
        let is_object = kind_of(dialect, alias).eq(text("object"));
        let pick = |own: Expr, inner: Expr| Expr::case(is_object.clone(), inner).finally(own).into();
        Self {
            kind: pick(own.kind, inner.kind),
            text: pick(own.text, inner.text),
            number: pick(own.number, inner.number),
        }
    }

    fn postgres(value: &Expr) -> Self {
        let is = |kind: &'static str| json_type(value.clone()).eq(text(kind));
        Self {
            kind: Expr::case(is("string"), text("text"))
                .case(is("number"), text("number"))
                .case(is("boolean"), value.clone().cast_as("text"))
                .into(),
            text: unquoted(value.clone()),
            number: numeric(value.clone()),
        }
    }

    fn sqlite(kind: &Expr, value: Expr) -> Self {
        let is_number = kind.clone().is_in([text("integer"), text("real")]);
        Self {
            kind: Expr::case(is_number, text("number")).finally(kind.clone()).into(),
            text: value.clone(),
            number: value,
        }
    }
}

/// The kind of JSON in a row, as its database calls it.
fn kind_of(dialect: Dialect, row: &'static str) -> Expr {
    match dialect {
        Dialect::Postgres => json_type(Expr::col((row, VALUE))),
        Dialect::Sqlite => Expr::col((row, TYPE)),
    }
}

/// Whether a row of a member has this name: ASCII capitals are as good as small letters (R6).
fn is_named(dialect: Dialect, row: &'static str, name: &str) -> Expr {
    let key = by_code_point(dialect, Expr::col((row, KEY)));
    Expr::from(Func::lower(key)).eq(name.to_ascii_lowercase())
}

/// The members of an object as rows; `document` is one always.
fn members(dialect: Dialect, document: impl Into<Expr>) -> FunctionCall {
    let function = match dialect {
        Dialect::Postgres => "jsonb_each",
        Dialect::Sqlite => "json_each",
    };
    Func::cust(function).arg(document)
}

/// The members of the value of another row, none when it is no object.
fn members_of(dialect: Dialect, row: &'static str) -> FunctionCall {
    let is_object = kind_of(dialect, row).eq(text("object"));
    let none = match dialect {
        Dialect::Postgres => json("{}"),
        Dialect::Sqlite => text("{}"),
    };
    members(dialect, Expr::case(is_object, Expr::col((row, VALUE))).finally(none))
}

/// The elements of the value of another row, the value itself when it is no array.
fn elements(dialect: Dialect, row: &'static str) -> FunctionCall {
    let is_array = kind_of(dialect, row).eq(text("array"));
    let (function, alone) = match dialect {
        Dialect::Postgres => (
            "jsonb_array_elements",
            call("jsonb_build_array", [Expr::col((row, VALUE))]),
        ),
        Dialect::Sqlite => ("json_each", array_of(row)),
    };
    Func::cust(function).arg(Expr::case(is_array, Expr::col((row, VALUE))).finally(alone))
}

/// SQLite: the value of a row of `json_each` as JSON text again, alone in an array. Doubles are written by `quote`, which
/// keeps all their digits; as plain text they would have 15.
fn array_of(row: &'static str) -> Expr {
    let value = Expr::col((row, VALUE));
    let is = |kind: &'static str| Expr::col((row, TYPE)).eq(text(kind));
    let as_json = Expr::case(is("text"), call("json_quote", [value.clone()]))
        .case(is("true"), text("true"))
        .case(is("false"), text("false"))
        .case(is("null"), text("null"))
        .case(is("real"), call("quote", [value.clone()]))
        .finally(value);
    concat(concat(text("["), as_json.into()), text("]"))
}

/// Whether there is a value anywhere in it: null, `""`, `[]`, `{}` and nests of only those are none (R29).
fn is_assigned(dialect: Dialect, row: &'static str) -> Expr {
    const VALUE_ANYWHERE: &str = "strict $.** ? (@.type() == \"boolean\" || @.type() == \"number\" \
        || (@.type() == \"string\" && @ != \"\"))";
    match dialect {
        Dialect::Postgres => call("jsonb_path_exists", [Expr::col((row, VALUE)), text(VALUE_ANYWHERE)]),
        Dialect::Sqlite => {
            let kind = Expr::col(("t", TYPE));
            let kinds = ["true", "false", "integer", "real"].map(text);
            let is_text = kind.clone().eq(text("text")).and(Expr::col(("t", VALUE)).ne(text("")));
            let values = Query::select()
                .expr(number(1))
                .from_function(Func::cust("json_tree").arg(array_of(row)), "t")
                .and_where(kind.is_in(kinds).or(is_text))
                .take();
            Expr::exists(values)
        }
    }
}
