//! Tokens into a tree, by recursive descent: `or` binds loosest, then `and`, then `not` and the rest (R25).

use super::ast::{Comparison, Filter, Literal, Operator};
use super::compare::parse_number;
use super::lexer::{Lexeme, Token, describe, fail, tokens};
use super::{MAX_DEPTH, MAX_TERMS};
use crate::error::Error;
use crate::path::{AttributePath, SplitPath, is_name, quoted, split};

/// Parses a whole filter; `urns` are the schema URNs that names may be qualified with.
pub(super) fn parse(text: &str, urns: &[&str]) -> Result<Filter, Error> {
    let mut parser = Parser::new(text, 0, urns)?;
    if parser.tokens.is_empty() {
        return Err(Error::invalid_filter("the filter is empty"));
    }
    let filter = parser.any_of(FilterScope::Resource)?;
    match parser.peek() {
        None => Ok(filter),
        Some(_) => Err(parser.expected("\"and\" or \"or\" (a value with spaces stands in double quotes)")),
    }
}

/// Parses the value filter of a PATCH path, whose `[` is at byte `bracket`; returns it with what follows the `]`.
pub(crate) fn parse_bracket(text: &str, bracket: usize) -> Result<(Filter, &str), Error> {
    let mut parser = Parser::new(text, bracket, &[])?;
    parser.take();
    let filter = parser.any_of(FilterScope::Element)?;
    let Some(Token {
        kind: Lexeme::CloseBracket,
        at,
    }) = parser.peek()
    else {
        return Err(parser.expected("\"]\""));
    };
    Ok((filter, text[at + 1..].trim_start()))
}

/// What the names of a (sub-)filter belong to.
#[derive(Clone, Copy, PartialEq)]
enum FilterScope {
    /// A resource: any path.
    Resource,
    /// One element of a complex attribute: sub-attribute names only.
    Element,
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token<'a>>,
    next: usize,
    urns: &'a [&'a str],
    depth: usize,
    terms: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, start: usize, urns: &'a [&'a str]) -> Result<Self, Error> {
        Ok(Self {
            text,
            tokens: tokens(text, start)?,
            next: 0,
            urns,
            depth: 0,
            terms: 0,
        })
    }

    /// `a or b or c`
    fn any_of(&mut self, scope: FilterScope) -> Result<Filter, Error> {
        let mut left = self.all_of(scope)?;
        while self.take_keyword("or") {
            left = Filter::Or(Box::new(left), Box::new(self.all_of(scope)?));
        }
        Ok(left)
    }

    /// `a and b and c`
    fn all_of(&mut self, scope: FilterScope) -> Result<Filter, Error> {
        let mut left = self.one(scope)?;
        while self.take_keyword("and") {
            left = Filter::And(Box::new(left), Box::new(self.one(scope)?));
        }
        Ok(left)
    }

    /// `(…)`, `not (…)`, or a term.
    fn one(&mut self, scope: FilterScope) -> Result<Filter, Error> {
        if self.kind_at(0) == Some(&Lexeme::Open) {
            return self.group(scope);
        }
        if self.is_keyword("not") {
            match self.kind_at(1) {
                Some(Lexeme::Open) => {
                    self.take();
                    return Ok(Filter::Not(Box::new(self.group(scope)?)));
                }
                // An attribute may be called "not".
                Some(Lexeme::Word(word)) if is_operator(word) => {}
                _ => {
                    self.take();
                    return Err(self.expected("\"(\" after \"not\""));
                }
            }
        }
        self.term(scope)
    }

    fn group(&mut self, scope: FilterScope) -> Result<Filter, Error> {
        self.enter()?;
        self.take();
        let inner = self.any_of(scope)?;
        self.close(&Lexeme::Close, "\")\", \"and\" or \"or\"")?;
        self.depth -= 1;
        Ok(inner)
    }

    /// `path pr`, `path op value`, `path[…]`, `path[…].sub op value`.
    fn term(&mut self, scope: FilterScope) -> Result<Filter, Error> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(self.here(&format!("a filter may have at most {MAX_TERMS} comparisons")));
        }
        let path = self.path(scope)?;
        if self.kind_at(0) != Some(&Lexeme::OpenBracket) {
            return self.comparison(path);
        }
        if scope == FilterScope::Element {
            return Err(self.here("brackets do not nest"));
        }
        if path.sub.is_some() {
            return Err(self.here("brackets follow an attribute, not a sub-attribute"));
        }
        self.enter()?;
        self.take();
        let mut inner = self.any_of(FilterScope::Element)?;
        self.close(&Lexeme::CloseBracket, "\"]\", \"and\" or \"or\"")?;
        self.depth -= 1;
        if let Some(sub) = self.take_sub()? {
            let joined = self.comparison(AttributePath::name(sub))?;
            inner = Filter::And(Box::new(inner), Box::new(joined));
        }
        Ok(Filter::ValuePath {
            path,
            filter: Box::new(inner),
        })
    }

    fn path(&mut self, scope: FilterScope) -> Result<AttributePath, Error> {
        let Some(Lexeme::Word(word)) = self.kind_at(0) else {
            return Err(self.expected("an attribute name"));
        };
        let path = match split(word, self.urns) {
            Ok(SplitPath::Attribute(path)) => path,
            Ok(SplitPath::Schema(_)) => {
                return Err(self.here(&format!("{} names a schema, not an attribute", quoted(word))));
            }
            Err(why) => return Err(self.here(&why)),
        };
        if scope == FilterScope::Element && (path.urn.is_some() || path.sub.is_some()) {
            return Err(self.expected("the name of a sub-attribute"));
        }
        self.take();
        Ok(path)
    }

    /// The `.sub` after a bracket.
    fn take_sub(&mut self) -> Result<Option<String>, Error> {
        let Some(Lexeme::Word(word)) = self.kind_at(0) else {
            return Ok(None);
        };
        let Some(name) = word.strip_prefix('.') else {
            return Ok(None);
        };
        if !is_name(name) {
            return Err(self.expected("the name of a sub-attribute after the bracket"));
        }
        let name = name.to_owned();
        self.take();
        Ok(Some(name))
    }

    fn comparison(&mut self, path: AttributePath) -> Result<Filter, Error> {
        if self.take_keyword("pr") {
            return Ok(Filter::Present(path));
        }
        let op = match self.kind_at(0) {
            Some(Lexeme::Word(word)) => Operator::from_keyword(word),
            _ => None,
        };
        let Some(op) = op else {
            return Err(self.expected("an operator (eq, ne, co, sw, ew, gt, ge, lt, le, pr)"));
        };
        self.take();
        let value = match self.kind_at(0) {
            Some(Lexeme::Text(text)) => Literal::String(text.clone()),
            Some(Lexeme::Word(word)) => bare(word),
            _ => return Err(self.expected("a value")),
        };
        self.take();
        Ok(Filter::Compare(Comparison { path, op, value }))
    }

    fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.here(&format!("parentheses and brackets may nest at most {MAX_DEPTH} deep")));
        }
        Ok(())
    }

    fn close(&mut self, kind: &Lexeme<'_>, expected: &str) -> Result<(), Error> {
        if self.kind_at(0) != Some(kind) {
            return Err(self.expected(expected));
        }
        self.take();
        Ok(())
    }

    fn peek(&self) -> Option<&Token<'a>> {
        self.tokens.get(self.next)
    }

    fn kind_at(&self, ahead: usize) -> Option<&Lexeme<'a>> {
        self.tokens.get(self.next + ahead).map(|token| &token.kind)
    }

    fn take(&mut self) {
        self.next += 1;
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self.kind_at(0), Some(Lexeme::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(keyword);
        if found {
            self.take();
        }
        found
    }

    fn here(&self, what: &str) -> Error {
        fail(self.text, self.peek().map_or(self.text.len(), |token| token.at), what)
    }

    fn expected(&self, what: &str) -> Error {
        self.here(&format!("expected {what}, found {}", describe(self.kind_at(0))))
    }
}

fn is_operator(word: &str) -> bool {
    word.eq_ignore_ascii_case("pr") || Operator::from_keyword(word).is_some()
}

/// A value without quotes: a JSON scalar, or any other word as a string (R31).
fn bare(word: &str) -> Literal {
    match word {
        "true" => return Literal::Boolean(true),
        "false" => return Literal::Boolean(false),
        "null" => return Literal::Null,
        _ => {}
    }
    match parse_number(word) {
        // An integer beyond 64 bits is an identifier rather than a quantity; as a float it would lose digits.
        Some(number) if number.is_f64() && !word.contains(['.', 'e', 'E']) => Literal::String(word.to_owned()),
        Some(number) => Literal::Number(number),
        None => Literal::String(word.to_owned()),
    }
}
