//! A SQLite database is its owner's alone, in whatever folder it is.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

use db::{Database, StoreOptions};
use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn modes(folder: &Path) -> BTreeMap<String, u32> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, entry.metadata().unwrap().permissions().mode() & 0o777)
        })
        .collect()
}

async fn open(folder: &Path) -> Database {
    let url = format!("sqlite://{}", folder.join("rollcall.db").display());
    let database = Database::connect(&StoreOptions::new(url)).await.unwrap();
    database.migrate().await.unwrap();
    database
}

fn private() -> BTreeMap<String, u32> {
    ["rollcall.db", "rollcall.db-shm", "rollcall.db-wal"]
        .map(|name| (name.to_owned(), 0o600))
        .into()
}

#[tokio::test]
async fn the_files_of_a_new_database_are_for_their_owner_in_a_folder_that_everybody_may_look_into() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let database = open(folder.path()).await;
    assert_eq!(modes(folder.path()), private());
    database.close().await;
}

#[tokio::test]
async fn files_that_others_could_read_are_narrowed_with_what_a_killed_program_left_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.close().await;
    for name in ["rollcall.db", "rollcall.db-wal", "rollcall.db-shm"] {
        let path = folder.path().join(name);
        fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o664)).unwrap();
    }
    let database = open(folder.path()).await;
    assert_eq!(modes(folder.path()), private());
    database.close().await;
}
