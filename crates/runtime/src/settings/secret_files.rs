//! Secrets in files of their own: `ROLLCALL_ADMIN_KEY_FILE=/run/secrets/admin-key`, as orchestrators hand them over.

use super::definition::Definition;
use super::error::SettingsError;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};

/// No URL and no key is longer; what is, was named by mistake.
const LONGEST_BYTES: u64 = 65_536;

/// What the files hold, by the names of the settings.
pub(super) struct SecretFiles(BTreeMap<&'static str, SecretFile>);

struct SecretFile {
    path: String,
    text: Option<String>,
}

impl SecretFiles {
    /// Reads every file that a variable names.
    ///
    /// # Errors
    /// When a value is given, too, and when a file cannot be read or has nothing in it.
    pub(super) fn read(
        known: &'static [Definition],
        environment: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let set = |name: &str| environment(name).filter(|text| !text.is_empty());
        let mut files = BTreeMap::new();
        for definition in known.iter().filter(|definition| (definition.is_secret)()) {
            let file_variable = definition.file_variable();
            let Some(path) = set(&file_variable) else { continue };
            let variable = definition.variable();
            if set(&variable).is_some() {
                return Err(SettingsError::ValueAndFile {
                    variable,
                    file_variable,
                });
            }
            let text = text_of(&path).map_err(|reason| SettingsError::SecretFile {
                variable: file_variable,
                path: path.clone(),
                reason,
            })?;
            let file = SecretFile { path, text: Some(text) };
            files.insert(definition.name, file);
        }
        Ok(Self(files))
    }

    /// What the file of a setting holds; it is handed over once.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.get_mut(name)?.text.take()
    }

    /// The file of a setting.
    pub(super) fn path(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|file| file.path.as_str())
    }
}

/// The text of a file without the line end that editors and `echo` put after it.
fn text_of(path: &str) -> Result<String, String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST_BYTES + 1).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() as u64 > LONGEST_BYTES => Err(format!("has more than {LONGEST_BYTES} bytes")),
        Ok(_) if text.trim().is_empty() => Err("is empty".to_owned()),
        Ok(_) => Ok(text.trim_end_matches(['\n', '\r']).to_owned()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err("is no text in UTF-8".to_owned()),
        Err(error) => Err(format!("cannot be read: {error}")),
    }
}
