//! Taking a path apart: URN, attribute, sub-attribute.
//!
//! A URN holds both `:` and `.` (`…:core:2.0:User`), so the longest known schema URN is tried first (R17). For the URNs of
//! extensions that nobody declared, the place where the URN ends has to be guessed.

use super::AttributePath;

/// What a path without brackets names.
#[derive(Debug, PartialEq)]
pub(crate) enum SplitPath {
    /// A schema URN alone: in canonical case if known.
    Schema(String),
    /// An attribute.
    Attribute(AttributePath),
}

/// Splits `text`, trying the `known` URNs first. The error is half a sentence saying what is wrong.
pub(crate) fn split(text: &str, known: &[&str]) -> Result<SplitPath, String> {
    if let Some((urn, rest)) = strip_known(text, known) {
        return finish(Some(urn), rest);
    }
    if starts_with_urn(text) {
        let (urn, rest) = strip_unknown(text)?;
        if !urn
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b":.-_/%+~@$!*;=#".contains(&b))
        {
            return Err(format!("{} is not a URN", quoted(urn)));
        }
        return finish(Some(urn), rest);
    }
    finish(None, Some(text))
}

/// Whether `text` may name an attribute (R18): a letter or `$`, then letters, digits, `-`, `_`, `$`.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'$')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b"-_$".contains(&b))
}

/// A name or value for an error message: quoted, control characters escaped, cut at 100 characters.
pub(crate) fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(100).collect();
    if cut.len() < text.len() {
        format!("{cut:?}…")
    } else {
        format!("{cut:?}")
    }
}

fn finish(urn: Option<&str>, rest: Option<&str>) -> Result<SplitPath, String> {
    let (rest, urn) = match (urn, rest) {
        (Some(urn), None) => return Ok(SplitPath::Schema(urn.to_owned())),
        (urn, rest) => (rest.unwrap_or_default(), urn),
    };
    let (attribute, sub) = match rest.split_once('.') {
        Some((attribute, sub)) => (attribute, Some(sub)),
        None => (rest, None),
    };
    for name in std::iter::once(attribute).chain(sub) {
        if name.is_empty() {
            return Err("an attribute name is missing".to_owned());
        }
        if !is_name(name) {
            return Err(format!("{} is not an attribute name", quoted(name)));
        }
    }
    Ok(SplitPath::Attribute(AttributePath {
        urn: urn.map(str::to_owned),
        attribute: attribute.to_owned(),
        sub: sub.map(str::to_owned),
    }))
}

/// The longest known URN that `text` starts with, and what follows the `:` or `.` (R19) after it.
fn strip_known<'a>(text: &'a str, known: &[&'a str]) -> Option<(&'a str, Option<&'a str>)> {
    let mut best: Option<(&str, Option<&str>)> = None;
    for urn in known {
        let Some((start, rest)) = text.split_at_checked(urn.len()) else {
            continue;
        };
        if !start.eq_ignore_ascii_case(urn) || best.is_some_and(|(other, _)| other.len() >= urn.len()) {
            continue;
        }
        if rest.is_empty() {
            best = Some((urn, None));
        } else if let Some(rest) = rest.strip_prefix([':', '.']) {
            best = Some((urn, Some(rest)));
        }
    }
    best
}

fn starts_with_urn(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

/// Guesses where an undeclared URN ends. SCIM URNs end in a version and a resource type (`:2.0:User`); after such an
/// ending, `:` or `.` starts the attribute and nothing means the whole extension. Any other URN ends at the last `:`.
fn strip_unknown(text: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(name) = after_version(text) {
        let tail = &text[name..];
        if !tail.contains(':') {
            return Ok(match tail.find('.') {
                Some(dot) => (&text[..name + dot], Some(&tail[dot + 1..])),
                None => (text, None),
            });
        }
    }
    match text.rsplit_once(':') {
        Some((urn, rest)) if urn.len() > 4 => Ok((urn, Some(rest))),
        _ => Err(format!("{} is not a URN with an attribute", quoted(text))),
    }
}

/// Where the segment after the first version segment (`2.0`) starts.
fn after_version(text: &str) -> Option<usize> {
    let mut start = 0;
    for segment in text.split(':') {
        let next = start + segment.len() + 1;
        if is_version(segment) && next < text.len() {
            return Some(next);
        }
        start = next;
    }
    None
}

fn is_version(segment: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    segment
        .split_once('.')
        .is_some_and(|(major, minor)| digits(major) && digits(minor))
}
