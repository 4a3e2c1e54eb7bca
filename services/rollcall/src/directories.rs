//! Going through all directories of all organizations.

use store::{Directory, DirectoryFilter, ListPage, Store};

/// Directories asked for at once.
const PAGE_DIRECTORIES: u16 = 100;

/// Visits every directory, in the order of the list; the first error ends it.
pub(crate) async fn each(
    store: &Store,
    mut visit: impl AsyncFnMut(Directory) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut page = ListPage {
        limit: PAGE_DIRECTORIES,
        cursor: None,
    };
    loop {
        let list = store.directories().list(DirectoryFilter::default(), &page).await?;
        for directory in list.data {
            visit(directory).await?;
        }
        if list.next_cursor.is_none() {
            return Ok(());
        }
        page.cursor = list.next_cursor;
    }
}
