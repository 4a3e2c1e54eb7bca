//! Places inside the `search` document and how each database reads them.

use super::scalar::{Scalar, coalesce};
use super::{ELEMENT, row};
use crate::Dialect;
use db::entity::users;
use db::expr::{call, text, truth};
use scim::schema::{Attribute, AttributeType};
use sea_orm::sea_query::extension::postgres::PgBinOper;
use sea_orm::sea_query::{BinOper, Expr, ExprTrait as _, Func, Query, SelectStatement, WindowStatement};

/// The columns of a JSON value taken apart as rows. Both databases have the first two; `type` is SQLite's.
pub(super) const KEY: &str = "key";
pub(super) const VALUE: &str = "value";
pub(super) const TYPE: &str = "type";

/// Where a value is.
#[derive(Clone, Debug)]
pub(super) enum ValuePlace<'a> {
    /// In a JSON document.
    At(DocumentPath<'a>),
    /// The element of an array of plain values, as named by [`DocumentPath::elements`].
    Element,
}

/// Members on the way down a JSON document, which is an SQL expression (or NULL).
#[derive(Clone, Debug)]
pub(super) struct DocumentPath<'a> {
    document: Expr,
    names: Vec<&'a str>,
}

impl<'a> DocumentPath<'a> {
    /// In the document of the resource.
    pub(super) fn of_resource(names: Vec<&'a str>) -> Self {
        Self {
            document: row(users::Column::Search),
            names,
        }
    }

    /// A member of an element that is an object.
    pub(super) fn of_element(dialect: Dialect, name: &'a str) -> Self {
        Self {
            document: match dialect {
                Dialect::Postgres => Expr::col((ELEMENT, VALUE)),
                Dialect::Sqlite => object_in(ELEMENT),
            },
            names: vec![name],
        }
    }

    pub(super) fn child(mut self, name: &'a str) -> Self {
        self.names.push(name);
        self
    }

    /// Whether there is anything; stored documents hold no nulls and no empty values.
    pub(super) fn present(&self, dialect: Dialect) -> Expr {
        match dialect {
            Dialect::Postgres => self.steps(PgBinOper::GetJsonField),
            Dialect::Sqlite => self.read_by("json_type"),
        }
        .is_not_null()
    }

    fn text(&self, dialect: Dialect) -> Expr {
        match dialect {
            Dialect::Postgres => self.steps(PgBinOper::CastJsonField),
            Dialect::Sqlite => self.read_by("json_extract"),
        }
    }

    pub(super) fn is_true(&self, dialect: Dialect) -> Expr {
        let is_true = match dialect {
            Dialect::Postgres => self.steps(PgBinOper::GetJsonField).eq(json("true")),
            Dialect::Sqlite => self.read_by("json_type").eq(text("true")),
        };
        coalesce(is_true, truth(false))
    }

    fn number(&self, dialect: Dialect) -> Expr {
        match dialect {
            Dialect::Postgres => numeric(self.steps(PgBinOper::GetJsonField)),
            Dialect::Sqlite => Expr::case(is_number(self.read_by("json_type")), self.read_by("json_extract")).into(),
        }
    }

    /// PostgreSQL: `document -> $1 -> $2`, with another operator for the last step.
    fn steps(&self, last: PgBinOper) -> Expr {
        let mut so_far = self.document.clone();
        for (n, name) in self.names.iter().enumerate() {
            let is_last = n + 1 == self.names.len();
            let operator = if is_last { last } else { PgBinOper::GetJsonField };
            so_far = so_far.binary(operator, Expr::val(*name));
        }
        so_far
    }

    /// SQLite: what a function says of the place.
    fn read_by(&self, function: &'static str) -> Expr {
        call(function, [self.document.clone(), self.sqlite_path()])
    }

    /// SQLite: `$."name"."givenName"`. Names come from schemas; one with a quote in it could leave its quotes, so it names
    /// nothing.
    fn sqlite_path(&self) -> Expr {
        if self.names.iter().any(|name| name.contains(['"', '\\'])) {
            return Expr::val("$.\"\".\"\"");
        }
        let names = self.names.iter();
        Expr::val(names.fold("$".to_owned(), |so_far, name| format!("{so_far}.\"{name}\"")))
    }

    /// The array at this place as rows [`ELEMENT`]: one for each element, none when there is no array.
    pub(super) fn elements(&self, dialect: Dialect) -> SelectStatement {
        let rows = match dialect {
            Dialect::Postgres => {
                let array = self.steps(PgBinOper::GetJsonField);
                let is_array = json_type(array.clone()).eq(text("array"));
                Func::cust("jsonb_array_elements").arg(Expr::case(is_array, array).finally(json("[]")))
            }
            Dialect::Sqlite => Func::cust("json_each").args([self.document.clone(), self.sqlite_path()]),
        };
        Query::select().from_function(rows, ELEMENT).take()
    }

    /// The same, with a column [`KEY`] that says in which order they stand in the array.
    pub(super) fn elements_in_order(&self, dialect: Dialect) -> SelectStatement {
        let mut elements = self.elements(dialect);
        match dialect {
            // `sea_query` has no WITH ORDINALITY. The function returns its rows in the order of the array.
            Dialect::Postgres => {
                let numbered = elements
                    .column((ELEMENT, VALUE))
                    .expr_window_as(Func::cust("row_number"), WindowStatement::new(), KEY)
                    .take();
                Query::select().from_subquery(numbered, ELEMENT).take()
            }
            Dialect::Sqlite => elements,
        }
    }
}

impl<'a> ValuePlace<'a> {
    /// A member of an element that is an object.
    pub(super) fn of_element(dialect: Dialect, name: &'a str) -> Self {
        Self::At(DocumentPath::of_element(dialect, name))
    }

    /// The value as something to compare, by the type that its attribute has.
    pub(super) fn scalar(&self, dialect: Dialect, attribute: &Attribute) -> Option<Scalar> {
        match attribute.kind {
            AttributeType::Complex => None,
            AttributeType::Boolean => Some(Scalar::Boolean {
                is_true: self.is_true(dialect),
                is_set: self.present(dialect),
            }),
            AttributeType::Integer | AttributeType::Decimal => Some(Scalar::Number(self.number(dialect))),
            AttributeType::DateTime => Some(Scalar::Instant(self.text(dialect))),
            AttributeType::Binary => Some(Scalar::text(self.text(dialect), true)),
            AttributeType::String | AttributeType::Reference => {
                Some(Scalar::text(self.text(dialect), attribute.case_exact))
            }
        }
    }

    fn present(&self, dialect: Dialect) -> Expr {
        match self {
            Self::At(path) => path.present(dialect),
            Self::Element => truth(true),
        }
    }

    /// The value as text, NULL when there is none.
    fn text(&self, dialect: Dialect) -> Expr {
        match (self, dialect) {
            (Self::At(path), _) => path.text(dialect),
            (Self::Element, Dialect::Postgres) => unquoted(Expr::col((ELEMENT, VALUE))),
            (Self::Element, Dialect::Sqlite) => Expr::col((ELEMENT, VALUE)),
        }
    }

    fn is_true(&self, dialect: Dialect) -> Expr {
        match (self, dialect) {
            (Self::At(path), _) => path.is_true(dialect),
            (Self::Element, Dialect::Postgres) => Expr::col((ELEMENT, VALUE)).eq(json("true")),
            (Self::Element, Dialect::Sqlite) => Expr::col((ELEMENT, TYPE)).eq(text("true")),
        }
    }

    /// The value as a number, NULL when it is none: a directory may have declared the attribute again with another type.
    fn number(&self, dialect: Dialect) -> Expr {
        match (self, dialect) {
            (Self::At(path), _) => path.number(dialect),
            (Self::Element, Dialect::Postgres) => numeric(Expr::col((ELEMENT, VALUE))),
            (Self::Element, Dialect::Sqlite) => {
                Expr::case(is_number(Expr::col((ELEMENT, TYPE))), Expr::col((ELEMENT, VALUE))).into()
            }
        }
    }
}

/// SQLite: the value of a row of `json_each` where it is an object. Other text, which need not be JSON, would be an error.
pub(super) fn object_in(row: &'static str) -> Expr {
    let is_object = Expr::col((row, TYPE)).eq(text("object"));
    Expr::case(is_object, Expr::col((row, VALUE))).into()
}

/// SQLite: whether this is the type of a number.
fn is_number(kind: Expr) -> Expr {
    kind.is_in([text("integer"), text("real")])
}

/// PostgreSQL: JSON that never changes.
pub(super) fn json(value: &'static str) -> Expr {
    text(value).cast_as("jsonb")
}

/// PostgreSQL: what kind of JSON a value is.
pub(super) fn json_type(value: Expr) -> Expr {
    call("jsonb_typeof", [value])
}

/// PostgreSQL: a value as text, a string without its quotes.
pub(super) fn unquoted(value: Expr) -> Expr {
    value.binary(BinOper::Custom("#>>"), text("{}"))
}

/// PostgreSQL: a value as a number, NULL when it is none.
pub(super) fn numeric(value: Expr) -> Expr {
    let is_number = json_type(value.clone()).eq(text("number"));
    Expr::case(is_number, value.cast_as("numeric")).into()
}
