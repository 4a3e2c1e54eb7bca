//! `rollcall completions` and `rollcall man`.

use anyhow::Context as _;
use clap::Command;
use clap_complete::Shell;
use std::path::{Path, PathBuf};

/// Print a script that completes the commands in a shell
///
/// For bash: rollcall completions bash > ~/.local/share/bash-completion/completions/rollcall
#[derive(clap::Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Write manual pages, one for each command
#[derive(clap::Args, Debug)]
pub(crate) struct ManArgs {
    /// The folder; it is made when missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Prints the script.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn completions(arguments: &CompletionsArgs, mut command: Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "rollcall", &mut script);
    Ok(std::io::Write::write_all(&mut std::io::stdout(), &script)?)
}

/// Writes the pages.
///
/// # Errors
/// When they cannot be written.
pub(crate) fn man(arguments: &ManArgs, mut command: Command) -> anyhow::Result<()> {
    let folder = &arguments.out;
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    command.build();
    let pages = pages(folder, "", &command)?;
    println!("{pages} pages in {}", folder.display());
    Ok(())
}

fn pages(folder: &Path, before: &str, command: &Command) -> anyhow::Result<usize> {
    if command.is_hide_set() || command.get_name() == "help" {
        return Ok(0);
    }
    let name = if before.is_empty() {
        command.get_name().to_owned()
    } else {
        format!("{before}-{}", command.get_name())
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone().name(name.clone()).display_name(name.clone())).render(&mut page)?;
    let path = folder.join(format!("{name}.1"));
    std::fs::write(&path, page).with_context(|| format!("{} cannot be written", path.display()))?;
    let mut count = 1;
    for subcommand in command.get_subcommands() {
        count += pages(folder, &name, subcommand)?;
    }
    Ok(count)
}
