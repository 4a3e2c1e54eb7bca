//! `rollcall verify`.

use crate::directories;
use runtime::CommandContext;
use std::process::ExitCode;

/// Prints a line for each directory, and what differs in it.
pub(crate) async fn run(context: &CommandContext) -> anyhow::Result<ExitCode> {
    let mut clean = true;
    directories::each(&context.store, async |directory| {
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
        Ok(())
    })
    .await?;
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
