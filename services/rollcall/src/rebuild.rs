//! `rollcall rebuild`.

use crate::directories;
use crate::progress::Progress;
use anyhow::{Context as _, bail};
use events::DirectoryId;
use projector::rebuild::rebuild;
use runtime::CommandContext;
use std::process::ExitCode;

/// Rebuilds one directory, or all of them, and prints a line for each.
pub(crate) async fn run(context: &CommandContext, directory: Option<&str>, dry_run: bool) -> anyhow::Result<ExitCode> {
    let progress = Progress::counting("directories rebuilt");
    let Some(text) = directory else {
        directories::each(&context.store, async |directory| {
            one(context, directory.id, dry_run, &progress).await
        })
        .await?;
        progress.end();
        return Ok(ExitCode::SUCCESS);
    };
    let id: DirectoryId = text
        .parse()
        .with_context(|| format!("--directory: \"{text}\" is not the id of a directory"))?;
    if context.store.directories().by_id(id).await?.is_none() {
        bail!("--directory: there is no directory {id}");
    }
    one(context, id, dry_run, &progress).await?;
    progress.end();
    Ok(ExitCode::SUCCESS)
}

async fn one(context: &CommandContext, id: DirectoryId, dry_run: bool, progress: &Progress) -> anyhow::Result<()> {
    let lane = events::lane_of(id, context.settings.partitions.get());
    let mended = rebuild(&context.store, id, lane, dry_run)
        .await
        .with_context(|| format!("directory {id} was not rebuilt"))?;
    let verdict = match (mended.is_nothing(), dry_run) {
        (true, _) => "ok",
        (false, true) => "DIFFERS",
        (false, false) => "rebuilt",
    };
    progress.print(&format!(
        "{verdict:<8} {id}  {} events, users: {} removed, {} written; groups: {} removed, {} written; \
         memberships: {} removed, {} written",
        mended.sequence,
        mended.users_removed,
        mended.users_written,
        mended.groups_removed,
        mended.groups_written,
        mended.members_removed,
        mended.members_written
    ));
    progress.add(1);
    Ok(())
}
