//! Filter text into tokens.

use crate::error::Error;
use crate::path::{MAX_LENGTH, quoted};

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Lexeme<'a> {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// A JSON string, unescaped.
    Text(String),
    /// Anything else up to white space, a bracket or a quote: a path, a keyword, a number, a bare word.
    Word(&'a str),
}

/// A token and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: Lexeme<'a>,
    /// Byte offset of the first character.
    pub(super) at: usize,
}

const NUL: &str = "the character U+0000 is not allowed";

/// Tokens of `text` from byte `start` on.
pub(super) fn tokens(text: &str, start: usize) -> Result<Vec<Token<'_>>, Error> {
    if text.len() > MAX_LENGTH {
        return Err(Error::invalid_filter(format!(
            "filter is longer than {MAX_LENGTH} bytes"
        )));
    }
    // No stored value holds U+0000: PostgreSQL has no such text.
    if let Some(at) = text.find('\0') {
        return Err(fail(text, at, NUL));
    }
    let mut found = Vec::new();
    let mut at = start;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (kind, end) = match c {
            '(' => (Lexeme::Open, at + 1),
            ')' => (Lexeme::Close, at + 1),
            '[' => (Lexeme::OpenBracket, at + 1),
            ']' => (Lexeme::CloseBracket, at + 1),
            '"' => string(text, at)?,
            '\'' => return Err(fail(text, at, "a string stands in double quotes, not in single quotes")),
            _ => word(text, at),
        };
        found.push(Token { kind, at });
        at = end;
    }
    Ok(found)
}

/// An `invalidFilter` error at a byte offset; people count characters from 1.
pub(super) fn fail(text: &str, at: usize, what: &str) -> Error {
    let before = text.get(..at).unwrap_or(text);
    Error::invalid_filter(format!("filter, position {}: {what}", before.chars().count() + 1))
}

/// How a token is named in an error message.
pub(super) fn describe(kind: Option<&Lexeme<'_>>) -> String {
    match kind {
        None => "the end".to_owned(),
        Some(Lexeme::Open) => "\"(\"".to_owned(),
        Some(Lexeme::Close) => "\")\"".to_owned(),
        Some(Lexeme::OpenBracket) => "\"[\"".to_owned(),
        Some(Lexeme::CloseBracket) => "\"]\"".to_owned(),
        // The value may be personal data, and the position says which one it is.
        Some(Lexeme::Text(_)) => "a string".to_owned(),
        Some(Lexeme::Word(word)) => quoted(word),
    }
}

/// A JSON string with its escapes (R31): found by its closing quote, then read by the JSON parser.
fn string(text: &str, at: usize) -> Result<(Lexeme<'_>, usize), Error> {
    let mut escaped = false;
    for (offset, byte) in text.bytes().enumerate().skip(at + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                let end = offset + 1;
                let value: String = serde_json::from_str(&text[at..end]).map_err(|_| {
                    fail(
                        text,
                        at,
                        "the string has a control character or an escape that JSON lacks",
                    )
                })?;
                if value.contains('\0') {
                    return Err(fail(text, at, NUL));
                }
                return Ok((Lexeme::Text(value), end));
            }
            _ => {}
        }
    }
    Err(fail(text, at, "the string has no closing quote"))
}

fn word(text: &str, at: usize) -> (Lexeme<'_>, usize) {
    let rest = &text[at..];
    let length = rest
        .find(|c: char| c.is_whitespace() || "()[]\"".contains(c))
        .unwrap_or(rest.len());
    (Lexeme::Word(&rest[..length]), at + length)
}
