//! Named servers with their keys: `~/.config/rollcall/config.toml`.

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The mode of the file: it holds keys.
const MODE: u32 = 0o600;
/// The longest file that is read.
const LONGEST_BYTES: u64 = 1024 * 1024;

/// A server and a key to it. `Debug` shows no key.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The URL of the server.
    pub url: String,
    /// An admin key.
    pub api_key: SecretString,
}

/// All profiles of a person.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    /// The one that is used where none is named.
    pub default: Option<String>,
    profiles: BTreeMap<String, Profile>,
}

/// Why the profiles cannot be read or written. No message has a key in it.
#[derive(Debug, thiserror::Error)]
pub enum ProfilesError {
    /// The file cannot be read or written.
    #[error("{} cannot be used", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// It is not what this program writes.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// The file as it is written.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, WrittenProfile>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenProfile {
    url: String,
    api_key: String,
}

impl Profiles {
    /// Where the profiles are: `$ROLLCALL_CLI_CONFIG`, else `rollcall/config.toml` in `$XDG_CONFIG_HOME`, else in
    /// `~/.config`. `None` without a home.
    pub fn place(environment: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
        let set = |name: &str| environment(name).filter(|text| !text.is_empty()).map(PathBuf::from);
        let folder = || set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")));
        set("ROLLCALL_CLI_CONFIG").or_else(|| Some(folder()?.join("rollcall").join("config.toml")))
    }

    /// Reads the file; one that is not there has no profiles.
    ///
    /// # Errors
    /// See [`ProfilesError`].
    pub fn read(path: &Path) -> Result<Self, ProfilesError> {
        let failed = |error| ProfilesError::File(path.to_owned(), error);
        let size = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            other => other.map_err(failed)?.len(),
        };
        let wrong = |reason: String| ProfilesError::Content {
            path: path.to_owned(),
            reason,
        };
        if size > LONGEST_BYTES {
            return Err(wrong(format!("has more than {LONGEST_BYTES} bytes")));
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        // The message alone: what follows it quotes the line, and with it perhaps a key.
        let written: Written = toml::from_str(&text).map_err(|error| wrong(error.message().to_owned()))?;
        let profiles = written.profiles.into_iter().map(|(name, profile)| {
            let profile = Profile {
                url: profile.url,
                api_key: profile.api_key.into(),
            };
            (name, profile)
        });
        Ok(Self {
            default: written.default,
            profiles: profiles.collect(),
        })
    }

    /// What is wrong with the mode of the file, if others than its owner may read it.
    #[must_use]
    pub fn warning(path: &Path) -> Option<String> {
        let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
        (mode & 0o077 != 0).then(|| {
            let path = path.display();
            format!("{path} holds keys and has the mode {mode:04o}: others may read it; run: chmod 600 {path}")
        })
    }

    /// The profile of a name, else the default one, else the only one.
    #[must_use]
    pub fn get(&self, name: Option<&str>) -> Option<(&str, &Profile)> {
        let only = || self.profiles.keys().next().filter(|_| self.profiles.len() == 1);
        let name = name
            .or(self.default.as_deref())
            .or_else(|| only().map(String::as_str))?;
        self.profiles
            .get_key_value(name)
            .map(|(name, profile)| (name.as_str(), profile))
    }

    /// The names of all profiles.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// Adds a profile, or replaces the one of the same name. The first one becomes the default.
    pub fn put(&mut self, name: &str, profile: Profile) {
        if self.profiles.is_empty() {
            self.default.get_or_insert_with(|| name.to_owned());
        }
        self.profiles.insert(name.to_owned(), profile);
    }

    /// Takes a profile away; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        if self.default.as_deref() == Some(name) {
            self.default = None;
        }
        self.profiles.remove(name).is_some()
    }

    /// Writes the file as a whole, for its owner only.
    ///
    /// # Errors
    /// See [`ProfilesError`].
    pub fn write(&self, path: &Path) -> Result<(), ProfilesError> {
        let failed = |error| ProfilesError::File(path.to_owned(), error);
        let written = Written {
            default: self.default.clone(),
            profiles: self
                .profiles
                .iter()
                .map(|(name, profile)| (name.clone(), shown(profile)))
                .collect(),
        };
        let text = toml::to_string(&written).map_err(|error| ProfilesError::Content {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        let draft = path.with_extension(format!("toml.{}", std::process::id()));
        let replaced = write_private(&draft, &text).and_then(|()| fs::rename(&draft, path));
        if replaced.is_err() {
            // The draft holds keys; that it cannot be removed is the lesser trouble.
            let _ = fs::remove_file(&draft);
        }
        replaced.map_err(failed)
    }
}

fn shown(profile: &Profile) -> WrittenProfile {
    WrittenProfile {
        url: profile.url.clone(),
        api_key: profile.api_key.expose_secret().to_owned(),
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(MODE)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(url: &str) -> Profile {
        Profile {
            url: url.to_owned(),
            api_key: "rca_secret".into(),
        }
    }

    #[test]
    fn what_was_written_is_read_again_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("config.toml");
        let mut profiles = Profiles::read(&path).unwrap();
        assert!(profiles.get(None).is_none());
        profiles.put("main", profile("https://a.example"));
        profiles.put("test", profile("https://b.example"));
        profiles.write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(Profiles::warning(&path).is_none());
        let read = Profiles::read(&path).unwrap();
        assert_eq!(read.get(None).unwrap().0, "main", "the first is the default");
        assert_eq!(read.get(Some("test")).unwrap().1.url, "https://b.example");
        assert!(read.get(Some("none")).is_none());
        assert!(!format!("{read:?}").contains("rca_secret"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Profiles::warning(&path).unwrap().contains("chmod 600"));
    }

    #[test]
    fn a_file_that_is_not_understood_is_told_without_its_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        for text in [
            "[profiles.a]\nurl = 1\napi_key = \"hush\"",
            "[profiles.a]\napi_key = \"hush\n",
        ] {
            fs::write(&path, text).unwrap();
            let error = Profiles::read(&path).unwrap_err().to_string();
            assert!(error.contains("config.toml") && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn the_place_follows_the_environment() {
        let place = |set: &[(&str, &str)]| {
            let set: BTreeMap<String, String> = set.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            Profiles::place(|name| set.get(name).cloned()).map(|path| path.display().to_string())
        };
        assert_eq!(place(&[("HOME", "/h")]).unwrap(), "/h/.config/rollcall/config.toml");
        assert_eq!(
            place(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]).unwrap(),
            "/x/rollcall/config.toml"
        );
        assert_eq!(place(&[("ROLLCALL_CLI_CONFIG", "/c.toml")]).unwrap(), "/c.toml");
        assert_eq!(place(&[]), None);
    }
}
