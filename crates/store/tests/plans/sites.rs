//! Every place in the source of the store that sends a statement, and which of them the stories came by.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Ways to send a statement. What is called `query` of anything but a transaction builds one.
const CALLS: [&str; 9] = [
    "exec(",
    "query_all(",
    "query_one(",
    "execute(",
    "fetch_all(",
    "fetch_one(",
    "query_rows(",
    ".one(",
    "tx.query(",
];
/// Files that send statements of other kinds, or pass on those of others.
const PASSING: [&str; 7] = [
    "sql.rs",
    "send.rs",
    "session.rs",
    "lookups.rs",
    "searches.rs",
    "steady.rs",
    "projection.rs",
];

/// A place, told by its file and the function around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) file: String,
    pub(crate) function: String,
    pub(crate) line: u32,
}

/// All there are.
pub(crate) fn all() -> Vec<Site> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    find(&root, &mut files);
    files.sort();
    let mut sites = Vec::new();
    for file in files {
        let name = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let is_left_out = name.starts_with("testing")
            || name.starts_with("migration")
            || name.starts_with("links")
            || name.ends_with("tests.rs")
            || PASSING.contains(&name.as_str());
        if !is_left_out {
            sites.extend(of(&name, &std::fs::read_to_string(&file).unwrap()));
        }
    }
    sites
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn of(file: &str, text: &str) -> Vec<Site> {
    let mut function = String::new();
    let mut sites = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        if text.starts_with("#[cfg(test)]") {
            break;
        }
        let code = text.trim_start();
        if code.starts_with("//") {
            continue;
        }
        if let Some((_, rest)) = code.split_once("fn ")
            && (code.starts_with("fn ")
                || code.starts_with("pub")
                || code.starts_with("async ")
                || code.starts_with("const "))
        {
            rest.split(['(', '<'])
                .next()
                .unwrap_or_default()
                .clone_into(&mut function);
            continue;
        }
        if CALLS.iter().any(|call| calls(code, call)) {
            sites.push(Site {
                file: file.to_owned(),
                function: function.clone(),
                line,
            });
        }
    }
    sites
}

/// Whether the call stands there as a word.
fn calls(code: &str, call: &str) -> bool {
    code.match_indices(call).any(|(at, _)| {
        call.contains('.') || !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.')
    })
}

/// Those that nothing was sent from.
pub(crate) fn missed(reached: &BTreeSet<(String, u32)>) -> Vec<Site> {
    let is_reached = |site: &Site| reached.contains(&(site.file.clone(), site.line));
    all().into_iter().filter(|site| !is_reached(site)).collect()
}
