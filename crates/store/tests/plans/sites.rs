//! Every place in the source of the crates of the database that sends a statement, and which of them the stories came by.

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
    "db/sql.rs",
    "db/send.rs",
    "db/session.rs",
    "db/lookups.rs",
    "db/searches.rs",
    "db/steady.rs",
    "store/directory/projection.rs",
];

/// A place, told by its file (`store/event_log/append.rs`) and the function around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) file: String,
    pub(crate) function: String,
    pub(crate) line: u32,
}

/// All there are.
pub(crate) fn all() -> Vec<Site> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for name in ["db", "store"] {
        find(&crates.join(name).join("src"), &mut files);
    }
    files.sort();
    let mut sites = Vec::new();
    for file in files {
        let name = name_of(file.to_str().unwrap()).unwrap();
        let is_left_out = ["db/testing", "db/migration", "db/links", "store/testing"]
            .iter()
            .any(|folder| name.starts_with(folder))
            || name.ends_with("tests.rs")
            || PASSING.contains(&name.as_str());
        if !is_left_out {
            sites.extend(of(&name, &std::fs::read_to_string(&file).unwrap()));
        }
    }
    sites
}

/// The name of a file of these crates.
pub(crate) fn name_of(path: &str) -> Option<String> {
    let (before, file) = path.rsplit_once("/src/")?;
    Some(format!("{}/{file}", before.rsplit('/').next()?))
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
