//! How much SQL the crates of the database have as text: statements are built from the entities, and one that no builder can say stands in a file
//! `postgres.rs` or `sqlite.rs` with the reason.

#![allow(clippy::unwrap_used, reason = "a test that cannot do its part fails")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The crates that speak to the database.
const CRATES: [&str; 2] = ["db", "store"];
/// Texts of SQL that they may have together, migrations and tests apart. The number only goes down.
const MOST: usize = 10;
/// Those of them that may stand in other files than [`HOMES`]. The number only goes down.
const MOST_ELSEWHERE: usize = 6;
/// What is of one database only.
const HOMES: [&str; 2] = ["postgres.rs", "sqlite.rs"];
/// Pieces for the builder, of what it has no word for.
const PIECES: [&str; 1] = ["expr.rs"];
/// Words that SQL has and messages for people do not, in capital letters.
const WORDS: [&str; 13] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "FROM",
    "WHERE",
    "VALUES",
    "RETURNING",
    "TRUNCATE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "PRAGMA",
];

#[test]
fn sql_stands_as_text_in_few_places_and_in_files_of_one_database() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut all, mut elsewhere) = (0_usize, 0_usize);
    let mut report = String::new();
    for path in CRATES.iter().flat_map(|name| sources(&crates.join(name).join("src"))) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if PIECES.contains(&name) {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for (line, text) in texts(&code_of(&source)) {
            if !is_sql(&text) {
                continue;
            }
            all += 1;
            if !HOMES.contains(&name) {
                elsewhere += 1;
            }
            let path = path.strip_prefix(crates).unwrap().display();
            let beginning: String = text.chars().take(60).collect();
            let _ = writeln!(report, "{path}:{line}: {beginning}");
        }
    }
    let too_many = (all.saturating_sub(MOST), elsewhere.saturating_sub(MOST_ELSEWHERE));
    assert_eq!(
        too_many,
        (0, 0),
        "{all} texts of SQL, {elsewhere} of them in files that are not of one database; allowed are {MOST} and \
         {MOST_ELSEWHERE}:\n{report}"
    );
}

/// All sources but migrations, and what only tests have.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !["migration", "testing"].contains(&name) {
                found.extend(sources(&path));
            }
        } else if name.ends_with(".rs") && !["tests.rs", "testing.rs"].contains(&name) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What comes before the tests of a file.
fn code_of(source: &str) -> String {
    let is_code = |line: &&str| !line.starts_with("#[cfg(test)]");
    source.lines().take_while(is_code).collect::<Vec<_>>().join("\n")
}

/// The texts of the code, each with its line.
fn texts(code: &str) -> Vec<(usize, String)> {
    let mut texts = Vec::new();
    let mut rest = code;
    while let Some(character) = rest.chars().next() {
        let line = 1 + code[..code.len() - rest.len()].matches('\n').count();
        if rest.starts_with("//") {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some((text, after)) = raw_text(rest).or_else(|| text(rest)) {
            texts.push((line, text.to_owned()));
            rest = after;
        } else if let Some(after) = ["'\"'", "'\\\"'", "'\\''"]
            .iter()
            .find_map(|quote| rest.strip_prefix(quote))
        {
            rest = after;
        } else {
            rest = &rest[character.len_utf8()..];
        }
    }
    texts
}

/// A text in quotes at the beginning, and what follows.
fn text(code: &str) -> Option<(&str, &str)> {
    let code = code.strip_prefix('"')?;
    let mut is_escaped = false;
    let end = code.find(|character| {
        let is_end = character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        is_end
    })?;
    Some((&code[..end], &code[end + 1..]))
}

/// The same without escapes, between `r#"` and `"#`, with any number of `#`.
fn raw_text(code: &str) -> Option<(&str, &str)> {
    let code = code.strip_prefix('r')?;
    let hashes = code.len() - code.trim_start_matches('#').len();
    let text = code[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", &code[..hashes]);
    text.split_once(&end)
}

fn is_sql(text: &str) -> bool {
    let mut words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    words.any(|word| WORDS.contains(&word))
}

#[test]
fn texts_are_found_in_code_and_not_in_comments_and_tests() {
    let code = r##"
        // "SELECT 1"
        let a = "SELECT \"x\" FROM y"; let b = '"'; let c = r#"DELETE "x""#;
        let d = "nothing from the selection";
#[cfg(test)]
        let e = "UPDATE";"##;
    let found = texts(&code_of(code));
    let sql: Vec<(usize, bool)> = found.iter().map(|(line, text)| (*line, is_sql(text))).collect();
    assert_eq!(sql, [(3, true), (3, true), (4, false)]);
}
