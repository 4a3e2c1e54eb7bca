//! Where templates and code say a message.

use std::collections::BTreeSet;

/// How a message is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Markup,
}

/// A place where a message is said.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) kind: Kind,
    pub(super) key: String,
    /// The names of what is put in.
    pub(super) arguments: BTreeSet<String>,
    /// The names of the links.
    pub(super) links: BTreeSet<String>,
}

/// The calls of a source: `text("key")`, `markup("key")` and `TextKey("key")`, each with what is put in after it.
pub(super) fn of(source: &str) -> Vec<Call> {
    let starts = [
        ("text(\"", Kind::Text),
        ("markup(\"", Kind::Markup),
        ("TextKey(\"", Kind::Text),
    ];
    let calls = starts.into_iter().flat_map(|(start, kind)| {
        let places = source.match_indices(start).filter(|(place, _)| is_word(source, *place));
        places.filter_map(move |(place, _)| call(kind, &source[place + start.len()..]))
    });
    calls.collect()
}

/// Whether a name begins here, and is not one of a method.
fn is_word(source: &str, place: usize) -> bool {
    let before = source[..place].chars().next_back();
    before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_' && letter != '.')
}

fn call(kind: Kind, from_key: &str) -> Option<Call> {
    let (key, mut rest) = from_key.split_once("\")")?;
    let mut call = Call {
        kind,
        key: key.to_owned(),
        arguments: BTreeSet::new(),
        links: BTreeSet::new(),
    };
    loop {
        let method = rest
            .trim_start()
            .strip_prefix('.')
            .and_then(|rest| rest.split_once('('));
        let Some((method, after)) = method else { break };
        let name = after
            .trim_start()
            .strip_prefix('"')
            .and_then(|after| after.split_once('"'));
        let (set, Some((name, _))) = (
            if method == "link" {
                &mut call.links
            } else {
                &mut call.arguments
            },
            name,
        ) else {
            break;
        };
        if !["with", "count", "when", "link"].contains(&method) {
            break;
        }
        set.insert(name.to_owned());
        rest = after_parenthesis(after);
    }
    Some(call)
}

/// What comes after the end of a parenthesis that has begun.
fn after_parenthesis(inside: &str) -> &str {
    let (mut depth, mut is_quoted, mut is_escaped) = (1, false, false);
    for (place, letter) in inside.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &inside[place + 1..];
        }
    }
    ""
}

#[test]
fn a_call_is_read_with_all_that_is_put_in() {
    let source = "{{ crate::markup(\"a-b\").with(\"x\", f(\")\"))\n  .link(\"go\", \"/a\" ~ (b)).when(\"at\", c) }} form.text(\"no\") \
                  {% call ui::text(errors, \"name\", crate::text(\"c\"), 1) %}";
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let call = |kind, key: &str, arguments, links| Call {
        kind,
        key: key.to_owned(),
        arguments,
        links,
    };
    assert_eq!(
        of(source),
        [
            call(Kind::Text, "c", set(&[]), set(&[])),
            call(Kind::Markup, "a-b", set(&["x", "at"]), set(&["go"])),
        ]
    );
}
