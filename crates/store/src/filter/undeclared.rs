//! Data of extensions that no schema declares: kept as sent, so nothing is known of it but the JSON itself.
//!
//! Names are matched in any case, arrays count as their elements, and a value is compared by its own type: text without
//! regard to case, numbers by value, an object by its member `value`.

use super::scalar::{FALSE, Scalar, not};
use crate::Dialect;
use crate::args::Args;
use scim::filter::{Literal, Operator};
use scim::path::AttributePath;

/// A path of the resource: a URN that no schema has, a name, perhaps a member of that.
pub(super) struct Undeclared<'p>(pub(super) &'p AttributePath);

/// A member of an element `e`, between brackets.
pub(super) struct Member<'p>(pub(super) &'p str);

impl Undeclared<'_> {
    pub(super) fn present(&self, args: &mut Args) -> String {
        let rows = self.rows(args);
        format!("EXISTS (SELECT 1 FROM {rows})")
    }

    pub(super) fn compare(&self, args: &mut Args, op: Operator, literal: &Literal) -> String {
        let rows = self.rows(args);
        compare_rows(args, &rows, "e", op, literal)
    }

    /// Whether one assigned element satisfies a condition over `e`.
    pub(super) fn exists(&self, args: &mut Args, condition: &str) -> String {
        let rows = self.rows(args);
        format!("EXISTS (SELECT 1 FROM {rows} AND {condition})")
    }

    /// `… WHERE …`: the assigned values as rows `e`.
    fn rows(&self, args: &mut Args) -> String {
        let AttributePath { urn, attribute, sub } = self.0;
        let urn = folded(args, urn.as_deref().unwrap_or_default());
        let name = folded(args, attribute);
        let (schema, member) = (members(args, "r.search", "u"), members_of(args, "u", "a"));
        let keys = format!("{} = {urn} AND {} = {name}", key(args, "u"), key(args, "a"));
        match sub {
            None => {
                let elements = elements(args, "a", "e");
                format!(
                    "{schema}, {member}, {elements} WHERE {keys} AND {}",
                    assigned(args, "e")
                )
            }
            Some(sub) => {
                let sub = folded(args, sub);
                let (outer, part, inner) = (
                    elements(args, "a", "x"),
                    members_of(args, "x", "b"),
                    elements(args, "b", "e"),
                );
                let keys = format!("{keys} AND {} = {sub}", key(args, "b"));
                format!(
                    "{schema}, {member}, {outer}, {part}, {inner} WHERE {keys} AND {}",
                    assigned(args, "e")
                )
            }
        }
    }
}

impl Member<'_> {
    pub(super) fn present(&self, args: &mut Args) -> String {
        let rows = self.rows(args);
        format!("EXISTS (SELECT 1 FROM {rows})")
    }

    pub(super) fn compare(&self, args: &mut Args, op: Operator, literal: &Literal) -> String {
        let rows = self.rows(args);
        compare_rows(args, &rows, "i", op, literal)
    }

    /// The values of the member as rows `i`; the `value` of a plain element is the element itself.
    fn rows(&self, args: &mut Args) -> String {
        let name = folded(args, self.0);
        let (part, inner) = (members_of(args, "e", "b"), elements(args, "b", "i"));
        let member = format!(
            "{part}, {inner} WHERE {} = {name} AND {}",
            key(args, "b"),
            assigned(args, "i")
        );
        if !self.0.eq_ignore_ascii_case("value") {
            return member;
        }
        let plain = match args.dialect() {
            Dialect::Postgres => "SELECT e.v WHERE jsonb_typeof(e.v) <> 'object'",
            Dialect::Sqlite => "SELECT e.type, e.value WHERE e.type <> 'object'",
        };
        match args.dialect() {
            Dialect::Postgres => format!("(SELECT i.v FROM {member} UNION ALL {plain}) AS i(v) WHERE TRUE"),
            Dialect::Sqlite => format!("(SELECT i.type, i.value FROM {member} UNION ALL {plain}) AS i WHERE TRUE"),
        }
    }
}

/// True if any value matches; without any value only `ne` holds.
fn compare_rows(args: &mut Args, rows: &str, alias: &str, op: Operator, literal: &Literal) -> String {
    let eq_or_other = if op == Operator::Ne { Operator::Eq } else { op };
    let holds = value_holds(args, alias, eq_or_other, literal);
    if op == Operator::Ne {
        format!(
            "(EXISTS (SELECT 1 FROM {rows} AND {}) OR NOT EXISTS (SELECT 1 FROM {rows}))",
            not(&holds)
        )
    } else {
        format!("EXISTS (SELECT 1 FROM {rows} AND {holds})")
    }
}

/// One value by its own type; an object by its member `value`.
fn value_holds(args: &mut Args, alias: &str, op: Operator, literal: &Literal) -> String {
    let as_text = match literal {
        Literal::String(text) => text.clone(),
        Literal::Number(number) => number.to_string(),
        Literal::Boolean(flag) => flag.to_string(),
        Literal::Null => return FALSE.to_owned(),
    };
    let Json { kind, text, number } = Json::of(args.dialect(), alias);
    let wanted_number = match literal {
        Literal::Boolean(_) => None,
        _ => serde_json::from_str::<serde_json::Number>(as_text.trim()).ok(),
    };
    let wanted_flag = match (op, literal) {
        (Operator::Eq, Literal::String(_) | Literal::Boolean(_)) => as_text.trim().to_ascii_lowercase(),
        _ => String::new(),
    };
    let flag = match wanted_flag.as_str() {
        flag @ ("true" | "false") => format!("COALESCE({kind} = '{flag}', FALSE)"),
        _ => FALSE.to_owned(),
    };
    let text = Scalar::text(text, false).compare(args, op, &Literal::String(as_text));
    let number = match wanted_number {
        Some(wanted) => Scalar::Number(number).compare(args, op, &Literal::Number(wanted)),
        None => FALSE.to_owned(),
    };
    format!("CASE WHEN {kind} = 'text' THEN {text} WHEN {kind} = 'number' THEN {number} ELSE {flag} END")
}

/// A JSON value taken apart, as SQL: its kind (`text`, `number`, `true`, `false` or something else), and what it is as
/// text and as a number.
struct Json {
    kind: String,
    text: String,
    number: String,
}

impl Json {
    /// The value of a row, or for an object its member `value`.
    fn of(dialect: Dialect, alias: &str) -> Self {
        let (is_object, own, inner) = match dialect {
            Dialect::Postgres => (
                format!("jsonb_typeof({alias}.v) = 'object'"),
                Self::postgres(&format!("{alias}.v")),
                Self::postgres(&format!("({alias}.v -> 'value')")),
            ),
            Dialect::Sqlite => {
                let object = format!("CASE {alias}.type WHEN 'object' THEN {alias}.value END");
                (
                    format!("{alias}.type = 'object'"),
                    Self::sqlite(&format!("{alias}.type"), format!("{alias}.value")),
                    Self::sqlite(
                        &format!("json_type({object}, '$.value')"),
                        format!("json_extract({object}, '$.value')"),
                    ),
                )
            }
        };
        let pick = |own: String, inner: String| format!("(CASE WHEN {is_object} THEN {inner} ELSE {own} END)");
        Self {
            kind: pick(own.kind, inner.kind),
            text: pick(own.text, inner.text),
            number: pick(own.number, inner.number),
        }
    }

    fn postgres(value: &str) -> Self {
        Self {
            kind: format!(
                "CASE jsonb_typeof({value}) WHEN 'string' THEN 'text' WHEN 'number' THEN 'number' \
                 WHEN 'boolean' THEN ({value})::text END"
            ),
            text: format!("({value} #>> '{{}}')"),
            number: format!("CASE jsonb_typeof({value}) WHEN 'number' THEN ({value})::numeric END"),
        }
    }

    fn sqlite(kind: &str, value: String) -> Self {
        let kind = format!("CASE {kind} WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' ELSE {kind} END");
        Self {
            kind,
            text: value.clone(),
            number: value,
        }
    }
}

/// A name in the form in which [`key`] gives keys: ASCII capitals made small, as names are compared (R6).
fn folded(args: &mut Args, name: &str) -> String {
    args.bind(name.to_ascii_lowercase())
}

fn key(args: &Args, alias: &str) -> String {
    match args.dialect() {
        Dialect::Postgres => format!("lower({alias}.k COLLATE \"C\")"),
        Dialect::Sqlite => format!("lower({alias}.key)"),
    }
}

/// The members of an object as rows; `document` is a column that always holds one.
fn members(args: &Args, document: &str, alias: &str) -> String {
    match args.dialect() {
        Dialect::Postgres => format!("jsonb_each({document}) AS {alias}(k, v)"),
        Dialect::Sqlite => format!("json_each({document}) AS {alias}"),
    }
}

/// The members of the value of another row, none when it is no object.
fn members_of(args: &Args, of: &str, alias: &str) -> String {
    match args.dialect() {
        Dialect::Postgres => {
            format!(
                "jsonb_each(CASE jsonb_typeof({of}.v) WHEN 'object' THEN {of}.v ELSE '{{}}'::jsonb END) AS {alias}(k, v)"
            )
        }
        Dialect::Sqlite => {
            format!("json_each(CASE {of}.type WHEN 'object' THEN {of}.value ELSE '{{}}' END) AS {alias}")
        }
    }
}

/// The elements of the value of another row, the value itself when it is no array.
fn elements(args: &Args, of: &str, alias: &str) -> String {
    match args.dialect() {
        Dialect::Postgres => format!(
            "jsonb_array_elements(CASE jsonb_typeof({of}.v) WHEN 'array' THEN {of}.v ELSE jsonb_build_array({of}.v) END) \
             AS {alias}(v)"
        ),
        Dialect::Sqlite => format!(
            "json_each(CASE {of}.type WHEN 'array' THEN {of}.value ELSE '[' || {} || ']' END) AS {alias}",
            json_of(of)
        ),
    }
}

/// The value of a row of SQLite's `json_each` as JSON text again. Doubles are written by `quote`, which keeps all their
/// digits; as plain text they would have 15.
fn json_of(of: &str) -> String {
    format!(
        "CASE {of}.type WHEN 'text' THEN json_quote({of}.value) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' \
         WHEN 'null' THEN 'null' WHEN 'real' THEN quote({of}.value) ELSE {of}.value END"
    )
}

/// Whether there is a value anywhere in it: null, `""`, `[]`, `{}` and nests of only those are none (R29).
fn assigned(args: &Args, alias: &str) -> String {
    match args.dialect() {
        Dialect::Postgres => format!(
            "jsonb_path_exists({alias}.v, \
             'strict $.** ? (@.type() == \"boolean\" || @.type() == \"number\" || (@.type() == \"string\" && @ != \"\"))')"
        ),
        Dialect::Sqlite => format!(
            "EXISTS (SELECT 1 FROM json_tree('[' || {} || ']') t WHERE t.type IN ('true', 'false', 'integer', 'real') \
             OR (t.type = 'text' AND t.value <> ''))",
            json_of(alias)
        ),
    }
}
