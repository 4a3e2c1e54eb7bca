//! `rollcall verify`.

use crate::directories;
use crate::progress::Progress;
use runtime::CommandContext;
use std::process::ExitCode;

/// Prints a line for each directory, and what differs in it.
pub(crate) async fn run(context: &CommandContext) -> anyhow::Result<ExitCode> {
    let mut clean = true;
    let progress = Progress::counting("directories verified");
    directories::each(&context.store, async |directory| {
        let found = projector::verify::verify(&context.store, directory.id).await?;
        let verdict = if found.differences.is_empty() { "ok" } else { "DIFFERS" };
        progress.print(&format!(
            "{verdict:<8} {}  {} events, {} users, {} groups, {} memberships  {}",
            directory.id, found.events, found.users, found.groups, found.memberships, directory.name
        ));
        for difference in &found.differences {
            progress.print(&format!("         {difference}"));
        }
        progress.add(1);
        clean &= found.differences.is_empty();
        Ok(())
    })
    .await?;
    progress.end();
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
