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
                format!("{schema}, {member}, {elements} WHERE {keys} AND {}", assigned(args, "e"))
            }
            Some(sub) => {
                let sub = folded(args, sub);
                let (outer, part, inner) = (elements(args, "a", "x"), members_of(args, "x", "b"), elements(args, "b", "e"));
                let keys = format!("{keys} AND {} = {sub}", key(args, "b"));
                format!("{schema}, {member}, {outer}, {part}, {inner} WHERE {keys} AND {}", assigned(args, "e"))
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
        let member = format!("{part}, {inner} WHERE {} = {name} AND {}", key(args, "b"), assigned(args, "i"));
        if !self.0.eq_ignore_ascii_case("value") {
            return member;
        }
        let (columns, own, is_plain) = match args.dialect() {
            Dialect::Postgres => ("i.v", "e.v", "jsonb_typeof(e.v) <> 'object'"),
            Dialect::Sqlite => ("i.type, i.value", "e.type, e.value", "e.type <> 'object'"),
        };
        let names = match args.dialect() {
            Dialect::Postgres => "(SELECT {columns} FROM {member} UNION ALL SELECT {own} WHERE {is_plain}) AS i(v) WHERE TRUE",
            Dialect::Sqlite => "(SELECT {columns} FROM {member} UNION ALL SELECT {own} WHERE {is_plain}) AS i WHERE TRUE",
        };
        names
            .replace("{columns}", columns)
            .replace("{member}", &member)
            .replace("{own}", own)
            .replace("{is_plain}", is_plain)
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
    let (kind, text, number) = match args.dialect() {
        Dialect::Postgres => {
            let own = Parts::postgres(&format!("{alias}.v"));
            let inner = Parts::postgres(&format!("({alias}.v -> 'value')"));
            let is_object = format!("jsonb_typeof({alias}.v) = 'object'");
            own.or(inner, &is_object)
        }
        Dialect::Sqlite => {
            let object = format!("CASE {alias}.type WHEN 'object' THEN {alias}.value END");
            let own = Parts { kind: format!("{alias}.type"), text: format!("{alias}.value"), number: format!("{alias}.value") };
            let value = format!("json_extract({object}, '$.value')");
            let inner = Parts { kind: format!("json_type({object}, '$.value')"), text: value.clone(), number: value };
            own.or(inner, &format!("{alias}.type = 'object'"))
        }
    };
    let as_text = match literal {
        Literal::String(text) => text.clone(),
        Literal::Number(number) => number.to_string(),
        Literal::Boolean(flag) => flag.to_string(),
        Literal::Null => return FALSE.to_owned(),
    };
    let texts = Scalar::text(text, false).compare(args, op, &Literal::String(as_text.clone()));
    let numbers = match literal {
        Literal::Boolean(_) => None,
        _ => serde_json::from_str::<serde_json::Number>(as_text.trim()).ok(),
    };
    let numbers = numbers.map_or_else(
        || FALSE.to_owned(),
        |wanted| Scalar::Number(number).compare(args, op, &Literal::Number(wanted)),
    );
    let flag = match (op, as_text.trim(), literal) {
        (_, _, Literal::Number(_)) => "none",
        (Operator::Eq, text, _) if text.eq_ignore_ascii_case("true") => "true",
        (Operator::Eq, text, _) if text.eq_ignore_ascii_case("false") => "false",
        _ => "none",
    };
    format!("CASE WHEN {kind} = 'text' THEN {texts} WHEN {kind} = 'number' THEN {numbers} ELSE COALESCE({kind} = '{flag}', FALSE) END")
}

/// A JSON value as `text`, `number`, `true`, `false` or something else, and what it is as each.
struct Parts {
    kind: String,
    text: String,
    number: String,
}

impl Parts {
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

    /// The parts of the value itself or, for an object, those of the value inside.
    fn or(self, inner: Self, is_object: &str) -> (String, String, String) {
        let pick = |own: &str, inner: &str| format!("(CASE WHEN {is_object} THEN {inner} ELSE {own} END)");
        let plain = |kind: &str| format!("(CASE {kind} WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' ELSE {kind} END)");
        let kind = plain(&pick(&self.kind, &inner.kind));
        (kind, pick(&self.text, &inner.text), pick(&self.number, &inner.number))
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
            format!("jsonb_each(CASE jsonb_typeof({of}.v) WHEN 'object' THEN {of}.v ELSE '{{}}'::jsonb END) AS {alias}(k, v)")
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
        Dialect::Sqlite => format!("json_each(CASE {of}.type WHEN 'array' THEN {of}.value ELSE '[' || {} || ']' END) AS {alias}", json_of(of)),
    }
}

/// The value of a row of SQLite's `json_each` as JSON text again.
fn json_of(of: &str) -> String {
    format!(
        "CASE {of}.type WHEN 'text' THEN json_quote({of}.value) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' \
         WHEN 'null' THEN 'null' ELSE {of}.value END"
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
