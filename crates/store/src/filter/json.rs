//! Places inside the `search` document and how each database reads them.

use super::scalar::Scalar;
use crate::Dialect;
use crate::args::Args;
use scim::schema::{Attribute, AttributeType};

/// A place in a JSON document.
#[derive(Clone, Debug)]
pub(super) enum Place<'a> {
    /// Below a document: an SQL expression (or NULL) and the names of the members on the way down.
    Member(String, Vec<&'a str>),
    /// The element of an array of plain values, as named by [`Place::elements`].
    Element,
}

/// The alias of the elements of a multi-valued attribute.
const ELEMENT: &str = "e";

impl<'a> Place<'a> {
    pub(super) fn top(path: Vec<&'a str>) -> Self {
        Self::Member("r.search".to_owned(), path)
    }

    /// A member of an element that is an object.
    pub(super) fn of_element(args: &Args, name: &'a str) -> Self {
        let document = match args.dialect() {
            Dialect::Postgres => format!("{ELEMENT}.v"),
            // Text that is not JSON would be an error rather than a NULL.
            Dialect::Sqlite => format!("CASE {ELEMENT}.type WHEN 'object' THEN {ELEMENT}.value END"),
        };
        Self::Member(document, vec![name])
    }

    pub(super) fn child(mut self, name: &'a str) -> Self {
        if let Self::Member(_, path) = &mut self {
            path.push(name);
        }
        self
    }

    /// Whether there is anything at this place; stored documents hold no nulls and no empty values.
    pub(super) fn present(&self, args: &mut Args) -> String {
        match (self, args.dialect()) {
            (Self::Element, _) => "TRUE".to_owned(),
            (Self::Member(..), Dialect::Postgres) => format!("({} IS NOT NULL)", self.postgres(args, false)),
            (Self::Member(document, path), Dialect::Sqlite) => {
                let path = args.bind(sqlite_path(path));
                format!("(json_type({document}, {path}) IS NOT NULL)")
            }
        }
    }

    /// The value as something to compare, by the type that its attribute has.
    pub(super) fn scalar(&self, args: &mut Args, attribute: &Attribute) -> Option<Scalar> {
        match attribute.kind {
            AttributeType::Complex => None,
            AttributeType::Boolean => Some(Scalar::Boolean {
                is_true: self.is_true(args),
                is_set: self.present(args),
            }),
            AttributeType::Integer | AttributeType::Decimal => Some(Scalar::Number(self.number(args))),
            AttributeType::DateTime => Some(Scalar::Instant(self.text(args))),
            AttributeType::Binary => Some(Scalar::text(self.text(args), true)),
            AttributeType::String | AttributeType::Reference => {
                Some(Scalar::text(self.text(args), attribute.case_exact))
            }
        }
    }

    /// The value as text, NULL when there is none.
    fn text(&self, args: &mut Args) -> String {
        match (self, args.dialect()) {
            (Self::Element, Dialect::Postgres) => format!("({ELEMENT}.v #>> '{{}}')"),
            (Self::Element, Dialect::Sqlite) => format!("{ELEMENT}.value"),
            (Self::Member(..), Dialect::Postgres) => self.postgres(args, true),
            (Self::Member(document, path), Dialect::Sqlite) => {
                format!("json_extract({document}, {})", args.bind(sqlite_path(path)))
            }
        }
    }

    pub(super) fn is_true(&self, args: &mut Args) -> String {
        match (self, args.dialect()) {
            (Self::Element, Dialect::Postgres) => format!("({ELEMENT}.v = 'true'::jsonb)"),
            (Self::Element, Dialect::Sqlite) => format!("({ELEMENT}.type = 'true')"),
            (Self::Member(..), Dialect::Postgres) => {
                format!("COALESCE({} = 'true'::jsonb, FALSE)", self.postgres(args, false))
            }
            (Self::Member(document, path), Dialect::Sqlite) => {
                format!(
                    "COALESCE(json_type({document}, {}) = 'true', FALSE)",
                    args.bind(sqlite_path(path))
                )
            }
        }
    }

    /// The value as a number, NULL when it is none: a directory may have declared the attribute anew with another type.
    fn number(&self, args: &mut Args) -> String {
        match (self, args.dialect()) {
            (Self::Element, Dialect::Postgres) => numeric(&format!("{ELEMENT}.v")),
            (Self::Member(..), Dialect::Postgres) => numeric(&self.postgres(args, false)),
            (Self::Element, Dialect::Sqlite) => {
                format!("CASE WHEN {ELEMENT}.type IN ('integer', 'real') THEN {ELEMENT}.value END")
            }
            (Self::Member(document, path), Dialect::Sqlite) => {
                let path = args.bind(sqlite_path(path));
                format!(
                    "CASE WHEN json_type({document}, {path}) IN ('integer', 'real') \
                     THEN json_extract({document}, {path}) END"
                )
            }
        }
    }

    /// `document -> $1 -> $2`, the last step as text if wanted. Not for elements.
    fn postgres(&self, args: &mut Args, as_text: bool) -> String {
        let Self::Member(document, path) = self else {
            return format!("{ELEMENT}.v");
        };
        let last = path.len().saturating_sub(1);
        let steps = path.iter().enumerate().fold(document.clone(), |so_far, (n, name)| {
            let arrow = if as_text && n == last { "->>" } else { "->" };
            format!("{so_far} {arrow} {}", args.bind(*name))
        });
        format!("({steps})")
    }

    /// The rows of the array at this place, for a FROM: one for each element, none when there is no array.
    pub(super) fn elements(&self, args: &mut Args) -> String {
        match (self, args.dialect()) {
            (Self::Member(document, path), Dialect::Sqlite) => {
                format!("json_each({document}, {}) AS {ELEMENT}", args.bind(sqlite_path(path)))
            }
            (_, Dialect::Sqlite) => format!("json_each('[]') AS {ELEMENT}"),
            (_, Dialect::Postgres) => {
                let array = self.postgres(args, false);
                format!(
                    "jsonb_array_elements(CASE jsonb_typeof({array}) WHEN 'array' THEN {array} ELSE '[]'::jsonb END) \
                     WITH ORDINALITY AS {ELEMENT}(v, n)"
                )
            }
        }
    }

    /// The columns that order the rows of [`Self::elements`] as the elements stand in the array.
    pub(super) const fn element_order(dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Postgres => "e.n",
            Dialect::Sqlite => "e.key",
        }
    }
}

fn numeric(value: &str) -> String {
    format!("CASE jsonb_typeof({value}) WHEN 'number' THEN ({value})::numeric END")
}

/// `$."name"."givenName"`. Names come from schemas; one with a quote in it could leave its quotes, so it names nothing.
fn sqlite_path(path: &[&str]) -> String {
    if path.iter().any(|name| name.contains(['"', '\\'])) {
        return "$.\"\".\"\"".to_owned();
    }
    path.iter()
        .fold("$".to_owned(), |so_far, name| format!("{so_far}.\"{name}\""))
}
