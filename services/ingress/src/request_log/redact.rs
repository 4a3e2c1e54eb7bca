//! Taking secrets out of what is logged: passwords and tokens by the names they stand under, and tokens wherever they
//! stand.

use secrets::{ACCESS_TOKEN_PREFIX, TokenKind};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";
/// Parts of names under which secrets stand, in lower case and without what separates words.
const NAMES: [&str; 9] = [
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "credential",
    "authorization",
    "assertion",
];
/// How deep JSON inside of texts is looked into.
const MOST_NESTED: u8 = 3;

/// Whether a name, or the last part of a path, is that of a secret.
fn is_secret(name: &str) -> bool {
    let last = name.rsplit([':', '.']).next().unwrap_or_default();
    let plain: String = last
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    plain == "pwd" || NAMES.iter().any(|part| plain.contains(part))
}

/// Takes the secrets out of a body.
pub(super) fn json(value: &mut Value) {
    nested(value, MOST_NESTED);
}

fn nested(value: &mut Value, left: u8) {
    match value {
        Value::Object(members) => object(members, left),
        Value::Array(items) => items.iter_mut().for_each(|item| nested(item, left)),
        Value::String(written) => {
            if let Some(hidden) = of_text(written, left) {
                *written = hidden;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn object(members: &mut Map<String, Value>, left: u8) {
    // An operation of a PATCH names in `path` what its `value` is of; a member of a list of names and values does so too.
    let names = |key: &str| {
        ["path", "name", "attribute", "key", "type"]
            .iter()
            .any(|name| key.eq_ignore_ascii_case(name))
    };
    let is_of_a_secret = members
        .iter()
        .any(|(key, value)| names(key) && value.as_str().is_some_and(is_secret));
    for (key, value) in members {
        let hides = is_secret(key) || (is_of_a_secret && key.eq_ignore_ascii_case("value"));
        match value {
            Value::Null => {}
            _ if hides => *value = HIDDEN.into(),
            Value::String(path) if key.eq_ignore_ascii_case("path") => *path = filter(path),
            value => nested(value, left),
        }
    }
}

/// A text without secrets, where it had any: JSON inside of it, and tokens.
fn of_text(written: &str, left: u8) -> Option<String> {
    if left > 0
        && written.trim_start().starts_with(['{', '['])
        && let Ok(mut inner) = serde_json::from_str::<Value>(written)
    {
        nested(&mut inner, left - 1);
        return Some(inner.to_string());
    }
    match text(written) {
        Cow::Owned(hidden) => Some(hidden),
        Cow::Borrowed(_) => None,
    }
}

/// A query without secrets, readable.
pub(super) fn query(parameters: &[(String, String)]) -> String {
    let shown = parameters.iter().map(|(name, value)| {
        let value = match is_secret(name) {
            true => HIDDEN.to_owned(),
            false => filter(value),
        };
        format!("{}={value}", text(name))
    });
    shown.collect::<Vec<_>>().join("&")
}

/// A filter, or a path with one, without the values that it compares a secret with.
fn filter(written: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || "_-:.$".contains(letter);
    // What stands in quotes is a value.
    let outside = written.split('"').step_by(2);
    let mut names = outside.flat_map(|part| part.split(|letter| !is_part(letter)));
    if !names.any(is_secret) {
        return text(written).into_owned();
    }
    let mut shown = String::with_capacity(written.len());
    for (place, part) in written.split('"').enumerate() {
        match place % 2 {
            0 => shown.push_str(part),
            _ => shown.push_str(&format!("\"{HIDDEN}\"")),
        }
    }
    text(&shown).into_owned()
}

/// A text without tokens: ours, by what they begin with, and JSON Web Tokens.
pub(super) fn text(written: &str) -> Cow<'_, str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    if !written.split(|letter| !is_part(letter)).any(holds_token) {
        return Cow::Borrowed(written);
    }
    let mut shown = String::with_capacity(written.len());
    let mut word = String::new();
    for letter in written.chars().map(Some).chain([None]) {
        match letter.filter(|letter| is_part(*letter)) {
            Some(letter) => word.push(letter),
            None => {
                shown.push_str(if holds_token(&word) { HIDDEN } else { &word });
                word.clear();
                shown.extend(letter);
            }
        }
    }
    Cow::Owned(shown)
}

/// Whether a word is a token, or has one in it. The beginnings alone are no secret: people write about them.
fn holds_token(word: &str) -> bool {
    /// Shorter ones are no tokens.
    const SHORTEST: usize = 20;
    let beginnings = TokenKind::ALL.map(TokenKind::prefix);
    let beginnings = beginnings.iter().chain([&ACCESS_TOKEN_PREFIX, &"whsec_"]);
    let mut ours = beginnings.filter_map(|beginning| word.find(beginning));
    let is_jwt = || word.starts_with("eyJ") && word.len() >= SHORTEST && word.contains('.');
    ours.any(|at| word.len() - at >= SHORTEST) || is_jwt()
}

#[cfg(test)]
mod tests {
    use super::{json, query, text};
    use serde_json::json;

    const SECRET: &str = "correct horse";

    #[test]
    fn secrets_go_from_every_form_of_a_body() {
        for mut body in [
            json!({ "userName": "ada", "password": SECRET }),
            json!({ "PassWord": { "value": SECRET } }),
            json!({ "urn:ietf:params:scim:schemas:core:2.0:User:password": SECRET }),
            json!({ "Operations": [{ "op": "replace", "value": SECRET, "path": "password" }] }),
            json!({ "Operations": [{ "op": "replace", "value": { "password": SECRET, "active": true } }] }),
            json!({ "Operations": [{ "op": "remove", "path": "x[password eq \"correct horse\"]" }] }),
            json!({ "Operations": [{ "method": "POST", "data": { "password": SECRET } }] }),
            json!({ "roles": [{ "value": "{\"client_secret\":\"correct horse\"}" }] }),
            json!({ "attributes": [{ "name": "api_key", "value": SECRET }] }),
        ] {
            json(&mut body);
            let shown = body.to_string();
            assert!(!shown.contains("correct"), "{shown}");
            assert!(shown.contains("***"), "{shown}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        let mut body =
            json!({ "userName": "ada", "emails": [{ "type": "work", "value": "ada@contoso.example" }], "n": 1 });
        let before = body.clone();
        json(&mut body);
        assert_eq!(body, before);
    }

    #[test]
    fn tokens_go_wherever_they_stand() {
        let token = format!("rcd_{}", "A".repeat(64));
        for written in [
            format!("Bearer {token}"),
            format!("x={token}&y"),
            format!("\"{token}\""),
            token,
        ] {
            assert!(!text(&written).contains("AAAA"), "{written}");
        }
        assert!(!text("see eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln here").contains("eyJ"));
        assert_eq!(text("a token begins with rcd_"), "a token begins with rcd_");
    }

    #[test]
    fn secrets_go_from_queries() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let shown = query(&[
            pair("filter", "password eq \"correct horse\" and userName eq \"ada\""),
            pair("access_token", SECRET),
            pair("count", "2"),
        ]);
        assert!(
            !shown.contains("correct") && shown.ends_with("&access_token=***&count=2"),
            "{shown}"
        );
        assert_eq!(
            query(&[pair("filter", "userName eq \"ada\"")]),
            "filter=userName eq \"ada\""
        );
    }
}
