//! Where the master keys come from: the settings, or on SQLite files of their own, the first made at the first start.

use crate::key_files::KeyFiles;
use crate::settings::Settings;
use secrecy::{ExposeSecret, SecretString};
use secrets::{MasterKey, MasterKeyError, MasterKeys};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyProblem {
    /// The setting is required, and unset.
    #[error(
        "ROLLCALL_MASTER_KEY must be set when the database is not SQLite; make one with: openssl rand -base64 32 \
         and give the same one to every service"
    )]
    Unset,
    /// The setting or the file holds something else.
    #[error("{0} holds no master key")]
    Invalid(String, #[source] MasterKeyError),
    /// The file cannot be read or made.
    #[error("the master key file {} cannot be used", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The key before the last change is the key.
    #[error(
        "ROLLCALL_MASTER_KEY_PREVIOUS is the same key as ROLLCALL_MASTER_KEY; set it to the key that was used before, or unset \
         it"
    )]
    Same,
    /// Two keys are said to be the one before.
    #[error(
        "ROLLCALL_MASTER_KEY_PREVIOUS is set, and {} holds a previous key, too; one change must end before the next begins: \
         unset it, and run `rollcall rotate-master-key`",
        .0.display()
    )]
    TwoPrevious(PathBuf),
    /// Somebody else is at it.
    #[error("another `rollcall rotate-master-key` works in {}", .0.display())]
    Busy(PathBuf),
}

/// The master keys of this installation. On SQLite without the setting they are read from `<data-dir>/master.key`, which is
/// made when missing, readable by its owner only, and `<data-dir>/master.key.previous`, which is there while the key is
/// being changed. A program that has them from there notices that they are changed, and is known to have them until it ends
/// (see [`crate::KeyChange`]).
///
/// # Errors
/// See [`MasterKeyProblem`].
pub fn master_keys(settings: &Settings) -> Result<MasterKeys, MasterKeyProblem> {
    if !settings.keeps_its_master_key() {
        return of_settings(settings);
    }
    let files = Arc::new(KeyFiles::of(settings));
    let path = files.current().to_owned();
    let make = || {
        create_data_dir(settings)?;
        files.create()
    };
    if !path.exists() {
        make().map_err(|error| MasterKeyProblem::File(path.clone(), error))?;
    }
    store::keep_private(&path);
    store::keep_private(files.previous());
    let given = given_previous(settings)?;
    let read = move || with_previous(&files, parse(&path, &files.hold(&path)?)?, given.clone());
    let keys = read()?;
    Ok(keys.looking_again(move || {
        let read = read()
            .inspect_err(|error| tracing::error!(error = %telemetry::chain(error), "the master key cannot be read"));
        read.ok()
    }))
}

/// The same for a look from outside: nothing is made, narrowed or held.
///
/// # Errors
/// See [`MasterKeyProblem`].
pub fn existing_master_keys(settings: &Settings) -> Result<MasterKeys, MasterKeyProblem> {
    if !settings.keeps_its_master_key() {
        return of_settings(settings);
    }
    let files = KeyFiles::of(settings);
    let current = read_key(files.current())?;
    with_previous(&files, current, given_previous(settings)?)
}

fn of_settings(settings: &Settings) -> Result<MasterKeys, MasterKeyProblem> {
    let current = settings.master_key.as_ref().ok_or(MasterKeyProblem::Unset)?;
    let current = named("ROLLCALL_MASTER_KEY", current)?;
    let previous = given_previous(settings)?;
    if previous.as_ref().is_some_and(|previous| previous.id() == current.id()) {
        return Err(MasterKeyProblem::Same);
    }
    Ok(MasterKeys::new(current, previous))
}

fn given_previous(settings: &Settings) -> Result<Option<MasterKey>, MasterKeyProblem> {
    let given = settings.master_key_previous.as_ref();
    given.map(|key| named("ROLLCALL_MASTER_KEY_PREVIOUS", key)).transpose()
}

/// With the key before the last change: that of its file, or a given one.
fn with_previous(
    files: &KeyFiles,
    current: MasterKey,
    given: Option<MasterKey>,
) -> Result<MasterKeys, MasterKeyProblem> {
    let path = files.previous();
    let kept = match read_key(path) {
        Ok(key) => Some(key).filter(|key| key.id() != current.id()),
        Err(MasterKeyProblem::File(_, error)) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    match (given, kept) {
        (Some(_), Some(_)) => Err(MasterKeyProblem::TwoPrevious(path.to_owned())),
        (Some(given), None) if given.id() == current.id() => Err(MasterKeyProblem::Same),
        (given, kept) => Ok(MasterKeys::new(current, given.or(kept))),
    }
}

fn named(variable: &str, key: &SecretString) -> Result<MasterKey, MasterKeyProblem> {
    MasterKey::from_base64(key.expose_secret()).map_err(|error| MasterKeyProblem::Invalid(variable.to_owned(), error))
}

/// The key of a file.
pub(crate) fn read_key(path: &Path) -> Result<MasterKey, MasterKeyProblem> {
    let text = std::fs::read_to_string(path).map_err(|error| MasterKeyProblem::File(path.to_owned(), error));
    parse(path, &text?.into())
}

fn parse(path: &Path, text: &SecretString) -> Result<MasterKey, MasterKeyProblem> {
    MasterKey::from_base64(text.expose_secret())
        .map_err(|error| MasterKeyProblem::Invalid(path.display().to_string(), error))
}

/// Makes the data folder, for its owner only, when it is missing.
///
/// # Errors
/// When it cannot be made.
pub fn create_data_dir(settings: &Settings) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(&settings.data_dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Flags;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn settings(folder: &Path, more: Flags) -> Settings {
        let flags = more.with("data_dir", folder.join("data").to_str().unwrap());
        Settings::load(&flags, |_| None, None).unwrap()
    }

    #[test]
    fn the_first_start_makes_a_key_file_for_its_owner_only_and_later_ones_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Flags::default());
        let sealed = master_keys(&settings).unwrap().seal(b"value", "place");
        for keys in [master_keys(&settings), existing_master_keys(&settings)] {
            assert_eq!(keys.unwrap().open(&sealed, "place").unwrap(), b"value");
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&settings.master_key_file()), 0o600);
        assert_eq!(mode(&settings.data_dir), 0o700);
        assert_eq!(fs::read_dir(&settings.data_dir).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_key_file_that_others_could_read_is_narrowed() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Flags::default());
        master_keys(&settings).unwrap();
        let file = settings.master_key_file();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        master_keys(&settings).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn programs_that_start_together_get_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Flags::default());
        let keys: Vec<MasterKeys> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| master_keys(&settings).unwrap()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let sealed = keys[0].seal(b"value", "place");
        assert!(keys.iter().all(|key| key.open(&sealed, "place").is_ok()));
    }

    #[test]
    fn another_database_than_sqlite_needs_the_setting() {
        let folder = tempfile::tempdir().unwrap();
        let flags = Flags::default().with("database_url", "postgres://localhost/x");
        let error = master_keys(&settings(folder.path(), flags)).unwrap_err();
        assert!(error.to_string().contains("openssl rand -base64 32"), "{error}");
        assert!(!folder.path().join("data").exists());
    }

    #[test]
    fn a_look_from_outside_makes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Flags::default());
        let error = existing_master_keys(&settings).unwrap_err();
        assert!(error.to_string().contains("master.key"), "{error}");
        assert!(!settings.data_dir.exists());
    }

    #[test]
    fn a_damaged_key_file_is_named_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Flags::default());
        create_data_dir(&settings).unwrap();
        fs::write(settings.master_key_file(), "half").unwrap();
        let error = master_keys(&settings).unwrap_err();
        assert!(error.to_string().contains("master.key"), "{error}");
        assert_eq!(fs::read_to_string(settings.master_key_file()).unwrap(), "half");
    }

    #[test]
    fn the_previous_key_of_the_settings_opens_and_must_be_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (MasterKey::generate(), MasterKey::generate());
        let text = |key: &MasterKey| key.to_base64().expose_secret().to_owned();
        let with = |previous: &MasterKey| {
            let flags = Flags::default()
                .with("master_key", text(&new))
                .with("master_key_previous", text(previous));
            master_keys(&settings(folder.path(), flags))
        };
        let sealed = old.seal(b"value", "place");
        let keys = with(&old).unwrap();
        assert_eq!(keys.open(&sealed, "place").unwrap(), b"value");
        assert_eq!(keys.current().id(), new.id());
        let error = with(&new).unwrap_err().to_string();
        assert!(
            error.contains("ROLLCALL_MASTER_KEY_PREVIOUS is the same key"),
            "{error}"
        );
    }
}
