//! Files that only their owner may read: they hold everything that was ever synced.

use std::fs::{self, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Reading and writing for the owner, nothing for anybody else.
const OWNER_ONLY: u32 = 0o600;
/// What SQLite keeps beside a database under the database's name. New ones get the mode of the database from SQLite; a
/// program that was killed may have left some with another one.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Makes the file of a SQLite database before SQLite does, so that at no time anybody else may read it, and narrows what
/// is there already, even where others may look into its folder.
///
/// # Errors
/// When a new file cannot be made. What cannot be narrowed is a warning: the file may be on a volume without modes.
pub(crate) fn prepare(database: &Path) -> io::Result<()> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(OWNER_ONLY)
        .open(database);
    match made {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let with = |end: &&str| {
        let mut name = database.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    keep_private(database);
    BESIDE.iter().map(with).for_each(|path| keep_private(&path));
    Ok(())
}

/// Takes from an existing file whatever others than its owner may do with it, and warns when that is not possible. A
/// file that is not there is left so.
pub fn keep_private(path: &Path) {
    let narrowed = fs::metadata(path).and_then(|file| {
        let mode = file.permissions().mode() & 0o7777;
        if mode & !OWNER_ONLY == 0 {
            return Ok(None);
        }
        fs::set_permissions(path, Permissions::from_mode(mode & OWNER_ONLY)).map(|()| Some(mode))
    });
    let path = path.display();
    match narrowed {
        Ok(None) => {}
        Ok(Some(mode)) => {
            tracing::warn!(%path, "a file could be used by others (mode {mode:03o}) and is now its owner's only");
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            tracing::warn!(%path, %error, "a file may be readable by others; run: chmod 600 on it as its owner");
        }
    }
}
