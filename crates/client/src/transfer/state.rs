//! How far an import came: a small file beside the input.

use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// How far an import came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// SHA-256 of the file that is imported.
    pub(super) file_sha256: String,
    /// Up to and with this line everything is done.
    pub(super) last_line_done: u64,
    /// Whether that was the last line.
    pub(super) finished: bool,
    /// Users that were made.
    pub(super) created: u64,
    /// Users that were there, and were changed where the file says otherwise.
    pub(super) updated: u64,
    /// Lines that could not be read or were refused.
    pub(super) refused: u64,
    /// What makes this import another one than those of the same file before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) again: Option<String>,
}

/// Where the state of an import is.
pub(super) fn place(input: &Path, directory: &str) -> PathBuf {
    let mut name = input.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{directory}.import-state.json"));
    input.with_file_name(name)
}

impl State {
    /// The state of an earlier import of the same file.
    ///
    /// # Errors
    /// When the file is there and cannot be read. One that says something else is as good as none.
    pub(super) fn read(path: &Path, hash: &str) -> io::Result<Option<Self>> {
        match fs::read(path) {
            Ok(text) => {
                let state: Option<Self> = serde_json::from_slice(&text).ok();
                Ok(state.filter(|state| state.file_sha256 == hash))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the state as a whole: what is there afterwards is the old or the new one.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let draft = path.with_extension("json.part");
        let mut file = File::create(&draft)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&draft, path)
    }
}
