//! `rollcall rotate-master-key`: everything that is stored sealed is sealed again with the current master key.
//!
//! Which key sealed a value stands in the value itself. So there is no other state: a run that was killed is gone on with by
//! the next one, and several may run at the same time.

mod census;
mod report;
mod reseal;

pub(crate) use census::{Census, census};

use crate::output::{Mode, OutputArgs};
use crate::progress::Progress;
use report::{PreviousKey, Report};
use runtime::{CommandContext, Flags, KeyChange, existing_master_keys};
use secrets::MasterKeys;
use std::process::ExitCode;
use store::Store;

/// Passes over everything: what a service that still has only the previous key seals meanwhile is found by the next one.
const MOST_PASSES: usize = 3;

/// Seal every stored secret again with the current master key, so that the previous one may be removed
///
/// Give every service the new key as ROLLCALL_MASTER_KEY and the old one as ROLLCALL_MASTER_KEY_PREVIOUS first, and this
/// command, too. Where the key is in the data dir, this command makes the new one by itself. Services may run meanwhile, and a
/// run that was broken off is gone on with by the same command. At its end it says whether the previous key may be removed.
/// Exit code 1 where a secret cannot be opened.
#[derive(clap::Args, Debug)]
pub(crate) struct RotateMasterKeyArgs {
    /// Keep the file of the previous key in the data dir, so that OAuth access tokens that were made with it stay good; run the
    /// command once more to remove it
    #[arg(long)]
    keep_previous: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    pub(crate) flags: Flags,
}

/// Seals everything again, and tells what came of it.
pub(crate) async fn rotate(context: &CommandContext, arguments: &RotateMasterKeyArgs) -> anyhow::Result<ExitCode> {
    let settings = &context.settings;
    let change = if settings.keeps_its_master_key() {
        Some(KeyChange::begin(settings)?)
    } else {
        None
    };
    let keys = match &change {
        Some(change) => change.keys().clone(),
        None => existing_master_keys(settings)?,
    };
    let progress = Progress::counting("stored secrets looked at");
    if change.as_ref().is_some_and(KeyChange::is_new) {
        progress.say("rollcall: a new master key was made");
    }
    let mut report = Report::new(&keys);
    let work = async {
        let left = pass_until_done(context, &keys, &progress, &mut report).await?;
        match change {
            Some(change) => end(context, change, left, arguments.keep_previous, &progress, &mut report).await,
            None => {
                report.previous_key = match (keys.previous(), left) {
                    (None, _) => PreviousKey::None,
                    (Some(_), 0) => PreviousKey::MayBeRemoved,
                    (Some(_), left) => PreviousKey::StillNeeded(left),
                };
                Ok(())
            }
        }
    };
    let worked = work.await;
    progress.end();
    worked?;
    report.show(arguments.output.mode() != Mode::People)?;
    Ok(if report.is_well() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Passes over everything until nothing is sealed with the previous key; how many values still are.
async fn pass_until_done(
    context: &CommandContext,
    keys: &MasterKeys,
    progress: &Progress,
    report: &mut Report,
) -> anyhow::Result<u64> {
    let store = &context.store;
    let mut left = 0;
    for _ in 0..MOST_PASSES {
        report.begin_pass();
        reseal::pass(store, keys, &context.shutdown.soft, progress, report).await?;
        left = left_of(store, keys, report).await?;
        if left == 0 {
            break;
        }
    }
    Ok(left)
}

/// What the previous key is still needed for: what it sealed and opens.
async fn left_of(store: &Store, keys: &MasterKeys, report: &Report) -> anyhow::Result<u64> {
    let Some(previous) = keys.previous() else { return Ok(0) };
    let census = census(store).await?;
    Ok(census
        .sealed_with(previous.id())
        .saturating_sub(report.lost(previous.id())))
}

/// The end of a change of the key in the data dir: the previous one goes as soon as nobody seals with it.
async fn end(
    context: &CommandContext,
    change: KeyChange,
    left: u64,
    keep: bool,
    progress: &Progress,
    report: &mut Report,
) -> anyhow::Result<()> {
    let file = change.previous_file().to_owned();
    report.previous_key = if left > 0 {
        PreviousKey::StillNeeded(left)
    } else if keep {
        PreviousKey::Kept(file)
    } else {
        match change.unused_previous()? {
            None => PreviousKey::InUse(file),
            Some(unused) => {
                // What was sealed with it until a moment ago.
                match pass_until_done(context, change.keys(), progress, report).await? {
                    0 => {
                        change.remove_previous(unused)?;
                        PreviousKey::Removed(file)
                    }
                    left => PreviousKey::StillNeeded(left),
                }
            }
        }
    };
    Ok(())
}
