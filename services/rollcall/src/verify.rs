//! `rollcall verify`.

use runtime::CommandContext;
use std::process::ExitCode;
use store::{DirectoryFilter, ListPage};

/// Directories asked for at once.
const PAGE: u16 = 100;

/// Prints a line for each directory, and what differs in it.
pub(crate) async fn run(context: &CommandContext) -> anyhow::Result<ExitCode> {
    let mut clean = true;
    let mut page = ListPage {
        limit: PAGE,
        cursor: None,
    };
    loop {
        let list = context
            .store
            .directories()
            .list(DirectoryFilter::default(), &page)
            .await?;
        for directory in list.data {
            let found = projector::verify::verify(&context.store, directory.id).await?;
            let verdict = if found.differences.is_empty() { "ok" } else { "DIFFERS" };
            println!(
                "{verdict:<8} {}  {} events, {} users, {} groups, {} memberships  {}",
                directory.id, found.events, found.users, found.groups, found.memberships, directory.name
            );
            for difference in &found.differences {
                println!("         {difference}");
            }
            clean &= found.differences.is_empty();
        }
        if list.next_cursor.is_none() {
            break;
        }
        page.cursor = list.next_cursor;
    }
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
