//! The master key in files of the data dir, and how one takes the place of another.
//!
//! `master.key` is the key that seals. A change gives the same file a second name, `master.key.previous`, and puts a new
//! file in its place. Programs hold the file that they read their key from, by a shared lock, until they end. So whoever can
//! lock the previous file for itself knows that nobody seals with that key any more, and only then may it go.

use crate::master_key::{MasterKeyProblem, read_key};
use crate::settings::Settings;
use secrecy::{ExposeSecret, SecretString};
use secrets::{MasterKey, MasterKeys};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The two files.
#[derive(Debug)]
pub(crate) struct KeyFiles {
    current: PathBuf,
    previous: PathBuf,
    /// What this program has read its key from.
    held: Mutex<Vec<File>>,
}

impl KeyFiles {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            current: settings.master_key_file(),
            previous: settings.previous_master_key_file(),
            held: Mutex::default(),
        }
    }

    pub(crate) fn current(&self) -> &Path {
        &self.current
    }

    pub(crate) fn previous(&self) -> &Path {
        &self.previous
    }

    /// Makes the first key, unless somebody else does. The whole key appears at once under its name, or not at all: a crash
    /// leaves no half key, and of two programs that start together the slower one takes the key of the other.
    pub(crate) fn create(&self) -> io::Result<()> {
        let draft = self
            .current
            .with_extension(format!("key.{}", uuid::Uuid::new_v4().simple()));
        let written = write_draft(&draft).and_then(|()| match fs::hard_link(&draft, &self.current) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            result => result,
        });
        let removed = fs::remove_file(&draft);
        written?;
        removed?;
        self.sync_names()
    }

    /// What the key file has, which is held from now on.
    pub(crate) fn hold(&self, path: &Path) -> Result<SecretString, MasterKeyProblem> {
        let held = self
            .try_hold()
            .map_err(|error| MasterKeyProblem::File(path.to_owned(), error));
        held.map(SecretString::from)
    }

    fn try_hold(&self) -> io::Result<String> {
        loop {
            let mut file = File::open(&self.current)?;
            match file.lock_shared() {
                // Such a file system cannot tell who holds a file; a change then keeps the previous one.
                Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
                locked => locked?,
            }
            // Another one may have taken its place before it was held.
            if identity(&file.metadata()?) != identity(&fs::metadata(&self.current)?) {
                continue;
            }
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            self.held.lock().unwrap_or_else(PoisonError::into_inner).push(file);
            return Ok(text);
        }
    }

    /// The names must survive a power cut as surely as what is sealed with the key.
    fn sync_names(&self) -> io::Result<()> {
        match self.current.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }
}

/// What tells a file from others, whatever it is called.
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
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

/// A change of the master key that is kept in the data dir, from its beginning or going on. One at a time.
#[derive(Debug)]
pub struct KeyChange {
    files: KeyFiles,
    keys: MasterKeys,
    is_new: bool,
    _alone: File,
}

impl KeyChange {
    /// Makes a new key, and keeps the one before as the previous one; or goes on where there is a previous one already. A
    /// crash at any moment leaves either the old key or the new one beside the old one.
    ///
    /// # Errors
    /// [`MasterKeyProblem::Busy`] while another change is under way; otherwise as [`crate::master_keys`], and without a key
    /// that could be changed.
    pub fn begin(settings: &Settings) -> Result<Self, MasterKeyProblem> {
        let files = KeyFiles::of(settings);
        let failed = |error| MasterKeyProblem::File(files.current.clone(), error);
        let alone = File::open(&settings.data_dir).map_err(failed)?;
        match alone.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(MasterKeyProblem::Busy(settings.data_dir.clone())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let keys = crate::existing_master_keys(settings)?;
        let is_new = keys.previous().is_none();
        let keys = if is_new {
            files.replace().map_err(failed)?;
            MasterKeys::new(read_key(&files.current)?, Some(keys.current()))
        } else {
            keys
        };
        Ok(Self {
            files,
            keys,
            is_new,
            _alone: alone,
        })
    }

    /// The new key and the one before.
    #[must_use]
    pub const fn keys(&self) -> &MasterKeys {
        &self.keys
    }

    /// Whether it began now.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// Where the previous key is.
    #[must_use]
    pub fn previous_file(&self) -> &Path {
        &self.files.previous
    }

    /// The previous key, if no program that runs seals with it; and as long as this is held, none does.
    ///
    /// # Errors
    /// When the file cannot be opened, or the file system has no locks.
    pub fn unused_previous(&self) -> io::Result<Option<UnusedKey>> {
        let file = File::open(&self.files.previous)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(UnusedKey(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Removes the previous key, with which nothing is sealed any more: for good.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove_previous(self, unused: UnusedKey) -> io::Result<()> {
        fs::remove_file(&self.files.previous)?;
        drop(unused);
        self.files.sync_names()
    }
}

/// A key that no program seals with.
#[derive(Debug)]
pub struct UnusedKey(#[allow(dead_code, reason = "it is the lock that counts")] File);

impl KeyFiles {
    /// A new key in the place of the current one, which gets the name of the previous one.
    fn replace(&self) -> io::Result<()> {
        let draft = self.current.with_extension("key.next");
        // What a crash left of an earlier try was never used.
        for left in [&draft, &self.previous] {
            match fs::remove_file(left) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        write_draft(&draft)?;
        fs::hard_link(&self.current, &self.previous)?;
        self.sync_names()?;
        fs::rename(&draft, &self.current)?;
        self.sync_names()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Flags;
    use crate::{existing_master_keys, master_keys};
    use std::os::unix::fs::PermissionsExt as _;

    fn settings(folder: &Path) -> Settings {
        let flags = Flags::default().with("data_dir", folder.to_str().unwrap());
        Settings::load(&flags, |_| None, None).unwrap()
    }

    #[test]
    fn a_change_makes_a_new_key_and_keeps_the_old_one_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let old = {
            let keys = master_keys(&settings).unwrap();
            keys.current()
        };
        let change = KeyChange::begin(&settings).unwrap();
        assert!(change.is_new());
        assert_eq!(change.keys().previous().unwrap().id(), old.id());
        let new = change.keys().current().id();
        assert_ne!(new, old.id());
        for file in [settings.master_key_file(), settings.previous_master_key_file()] {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
        drop(change);
        let change = KeyChange::begin(&settings).unwrap();
        assert!(!change.is_new(), "it goes on");
        assert_eq!(change.keys().current().id(), new);
        let unused = change.unused_previous().unwrap().unwrap();
        change.remove_previous(unused).unwrap();
        let keys = existing_master_keys(&settings).unwrap();
        assert_eq!(keys.current().id(), new);
        assert!(keys.previous().is_none());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_program_that_has_the_old_key_finds_the_new_one_and_is_known_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let running = master_keys(&settings).unwrap();
        let change = KeyChange::begin(&settings).unwrap();
        assert!(change.unused_previous().unwrap().is_none());
        let sealed = change.keys().seal(b"value", "place");
        assert_eq!(running.open(&sealed, "place").unwrap(), b"value");
        assert_eq!(running.current().id(), change.keys().current().id());
        assert!(
            change.unused_previous().unwrap().is_none(),
            "what it sealed before may still be stored"
        );
        drop(running);
        assert!(change.unused_previous().unwrap().is_some());
        let later = master_keys(&settings).unwrap();
        assert!(change.unused_previous().unwrap().is_some(), "it seals with the new key");
        assert_eq!(later.previous().unwrap().id(), change.keys().previous().unwrap().id());
    }

    #[test]
    fn what_a_crash_leaves_of_a_beginning_is_no_change_yet() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let old = master_keys(&settings).unwrap().current();
        // The second name is there, and the new file is not in its place.
        fs::hard_link(settings.master_key_file(), settings.previous_master_key_file()).unwrap();
        fs::write(folder.path().join("master.key.next"), "half").unwrap();
        let keys = existing_master_keys(&settings).unwrap();
        assert_eq!((keys.current().id(), keys.previous().is_none()), (old.id(), true));
        let change = KeyChange::begin(&settings).unwrap();
        assert!(change.is_new());
        assert_eq!(change.keys().previous().unwrap().id(), old.id());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn one_change_is_made_at_a_time_and_none_without_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(folder.path());
        let error = KeyChange::begin(&settings).unwrap_err().to_string();
        assert!(error.contains("master.key"), "{error}");
        master_keys(&settings).unwrap();
        let _first = KeyChange::begin(&settings).unwrap();
        let error = KeyChange::begin(&settings).unwrap_err().to_string();
        assert!(error.contains("another `rollcall rotate-master-key`"), "{error}");
    }
}
