//! That pages, code and the files of messages agree, and that no page has words of its own.

mod calls;
mod messages;
mod words;

use super::language::FILES;
use super::markup::ELEMENTS;
use calls::{Call, Kind};
use messages::Messages;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the portal is.
fn portal() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder whose names end like this, by their path.
fn files(folder: &str, endings: &[&str]) -> Vec<(PathBuf, String)> {
    let (mut folders, mut found) = (vec![portal().join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if path.is_dir() {
                folders.push(path);
            } else if endings.contains(&ending) {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no files");
    found
}

/// What templates and code say, beside their tests.
fn all_calls() -> Vec<(PathBuf, Call)> {
    let sources = files("templates", &["html", "svg"])
        .into_iter()
        .chain(files("src", &["rs"]));
    let calls = sources.flat_map(|(path, text)| {
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let calls = calls::of(code);
        calls.into_iter().map(move |call| (path.clone(), call))
    });
    calls
        .filter(|(path, _)| !path.components().any(|part| part.as_os_str() == "checks"))
        .collect()
}

fn english() -> Messages {
    Messages::read(FILES[0].1).unwrap()
}

#[test]
fn every_message_that_is_said_stands_in_the_file_with_what_is_put_into_it() {
    let english = english();
    let mut wrong = Vec::new();
    for (path, call) in all_calls() {
        let place = format!("{}: {}", path.strip_prefix(portal()).unwrap().display(), call.key);
        let Some(message) = english.get(&call.key) else {
            wrong.push(format!("{place}: there is no such message"));
            continue;
        };
        if message.arguments != call.arguments {
            wrong.push(format!(
                "{place}: takes {:?}, is given {:?}",
                message.arguments, call.arguments
            ));
        }
        let is_own = |tag: &&String| ELEMENTS.iter().any(|(name, ..)| name == tag);
        let links: BTreeSet<String> = message.tags.iter().filter(|tag| !is_own(tag)).cloned().collect();
        match call.kind {
            Kind::Markup if links != call.links => {
                wrong.push(format!("{place}: has the links {links:?}, is given {:?}", call.links));
            }
            Kind::Text if message.tags.iter().any(|tag| is_own(&tag)) => {
                wrong.push(format!("{place}: has elements, and is said as plain text"));
            }
            Kind::Markup | Kind::Text => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_message_stands_in_the_file_that_nobody_says() {
    let said: BTreeSet<String> = all_calls().into_iter().map(|(_, call)| call.key).collect();
    let unsaid: Vec<String> = english().keys().filter(|key| !said.contains(*key)).cloned().collect();
    assert!(unsaid.is_empty(), "{}", unsaid.join("\n"));
}

#[test]
fn every_translation_has_the_messages_of_the_english_file_and_they_take_the_same() {
    let english = english();
    for (name, file) in &FILES[1..] {
        let wrong = english.differences(file);
        assert!(wrong.is_empty(), "{name}.ftl:\n{}", wrong.join("\n"));
    }
}

#[test]
fn what_a_translation_lacks_or_has_too_much_is_noticed() {
    let english =
        Messages::read("a = One <b>{ $number }</b>\nb = Two\nc = { $n ->\n    [one] x\n   *[other] { $n } y\n}\n")
            .unwrap();
    assert_eq!(
        english.differences("c = { $n ->\n   *[other] { $n } z\n}\na = <b>Eins</b> { $number }\nb = Zwei\n"),
        [""; 0]
    );
    for (file, said) in [
        ("a = <b>{ $number }</b>\nc = { $n }", "b: is missing"),
        (
            "a = <b>{ $number }</b>\nb = Zwei\nc = { $n }\nd = Drei",
            "d: is no message of the English file",
        ),
        (
            "a = <b>{ $zahl }</b>\nb = Zwei\nc = { $n }",
            "a: takes {\"zahl\"} instead of {\"number\"}",
        ),
        (
            "a = { $number }\nb = Zwei\nc = { $n }",
            "a: has the elements {} instead of {\"b\"}",
        ),
        ("a = { $number\nb = Zwei\nc = { $n }", "cannot be read"),
    ] {
        let wrong = english.differences(file);
        assert!(wrong.iter().any(|wrong| wrong.contains(said)), "{file}: {wrong:?}");
    }
}

#[test]
fn every_file_of_messages_is_one_of_the_languages() {
    let stored = files("texts", &["ftl"]).into_iter();
    let stored: BTreeSet<String> = stored
        .map(|(path, _)| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let known: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(stored, known);
}

#[test]
fn no_page_has_words_of_its_own() {
    let mut own = Vec::new();
    for (path, text) in files("templates", &["html", "svg"]) {
        let path = path.strip_prefix(portal()).unwrap().display().to_string();
        own.extend(
            words::of_its_own(&text)
                .into_iter()
                .map(|words| format!("{path}: {words}")),
        );
    }
    assert!(own.is_empty(), "{}", own.join("\n"));
}
