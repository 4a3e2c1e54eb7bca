//! Where the master key comes from: the setting, or on SQLite a file of its own, made at the first start.

use crate::settings::Settings;
use secrecy::ExposeSecret;
use secrets::{MasterKey, MasterKeyError};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

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
}

/// The master key of this installation. On SQLite without the setting it is read from `<data-dir>/master.key`, which is
/// made when missing, readable by its owner only.
///
/// # Errors
/// See [`MasterKeyProblem`].
pub fn master_key(settings: &Settings) -> Result<MasterKey, MasterKeyProblem> {
    if let Some(key) = &settings.master_key {
        return MasterKey::from_base64(key.expose_secret())
            .map_err(|error| MasterKeyProblem::Invalid("ROLLCALL_MASTER_KEY".to_owned(), error));
    }
    if !settings.database_is_sqlite() {
        return Err(MasterKeyProblem::Unset);
    }
    let path = settings.master_key_file();
    let text = read_or_create(settings, &path).map_err(|error| MasterKeyProblem::File(path.clone(), error))?;
    MasterKey::from_base64(&text).map_err(|error| MasterKeyProblem::Invalid(path.display().to_string(), error))
}

/// Makes the data folder, for its owner only, when it is missing.
///
/// # Errors
/// When it cannot be made.
pub fn create_data_dir(settings: &Settings) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(&settings.data_dir)
}

fn read_or_create(settings: &Settings, path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_data_dir(settings)?;
            create(path)?;
            fs::read_to_string(path)
        }
        Ok(text) => {
            store::keep_private(path);
            Ok(text)
        }
        Err(error) => Err(error),
    }
}

/// The whole key appears at once under its name, or not at all: a crash leaves no half key, and of two programs that
/// start together the slower one takes the key of the other.
fn create(path: &Path) -> io::Result<()> {
    let draft = path.with_extension(format!("key.{}", uuid::Uuid::new_v4().simple()));
    let written = write_draft(&draft).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    });
    let removed = fs::remove_file(&draft);
    written?;
    removed?;
    // The name must survive a power cut as surely as what is sealed with the key.
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn write_draft(draft: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(draft)?;
    writeln!(file, "{}", MasterKey::generate().to_base64().expose_secret())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Flags;
    use std::os::unix::fs::PermissionsExt;

    fn settings(folder: &Path, more: Flags) -> Settings {
        let flags = more.with("data_dir", folder.join("data").to_str().unwrap());
        Settings::load(&flags, |_| None, None).unwrap()
    }

    #[test]
    fn the_first_start_makes_a_key_file_for_its_owner_only_and_later_ones_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Flags::default());
        let sealed = master_key(&settings).unwrap().seal(b"value", "place");
        assert_eq!(master_key(&settings).unwrap().open(&sealed, "place").unwrap(), b"value");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&settings.master_key_file()), 0o600);
        assert_eq!(mode(&settings.data_dir), 0o700);
        assert_eq!(fs::read_dir(&settings.data_dir).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_key_file_that_others_could_read_is_narrowed() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Flags::default());
        master_key(&settings).unwrap();
        let file = settings.master_key_file();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        master_key(&settings).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn programs_that_start_together_get_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Flags::default());
        let keys: Vec<MasterKey> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| master_key(&settings).unwrap())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let sealed = keys[0].seal(b"value", "place");
        assert!(keys.iter().all(|key| key.open(&sealed, "place").is_ok()));
    }

    #[test]
    fn another_database_than_sqlite_needs_the_setting() {
        let folder = tempfile::tempdir().unwrap();
        let flags = Flags::default().with("database_url", "postgres://localhost/x");
        let error = master_key(&settings(folder.path(), flags)).unwrap_err();
        assert!(error.to_string().contains("openssl rand -base64 32"), "{error}");
        assert!(!folder.path().join("data").exists());
    }

    #[test]
    fn a_damaged_key_file_is_named_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path(), Flags::default());
        create_data_dir(&settings).unwrap();
        fs::write(settings.master_key_file(), "half").unwrap();
        let error = master_key(&settings).unwrap_err();
        assert!(error.to_string().contains("master.key"), "{error}");
        assert_eq!(fs::read_to_string(settings.master_key_file()).unwrap(), "half");
    }
}
