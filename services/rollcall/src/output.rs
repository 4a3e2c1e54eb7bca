//! Where commands write, and how: tables for people, JSON for programs.

use rustix::termios::tcgetwinsize;
use std::io::{BufWriter, IsTerminal as _, Stdout};

/// How an answer is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As tables.
    People,
    /// As the API gives it.
    Json,
    /// One object a line.
    Jsonl,
}

// No documentation: clap would show it as that of the command.
#[derive(clap::Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Show the answer as JSON, as the API gives it; errors, too
    #[arg(long, conflicts_with = "jsonl")]
    json: bool,
    /// Show one JSON object a line; of a list, its elements
    #[arg(long)]
    jsonl: bool,
}

impl OutputArgs {
    pub(crate) const fn mode(self) -> Mode {
        match (self.json, self.jsonl) {
            (true, _) => Mode::Json,
            (false, true) => Mode::Jsonl,
            (false, false) => Mode::People,
        }
    }
}

/// Standard output. Colours that are written go where there is a terminal that wants them.
pub(crate) fn out() -> BufWriter<anstream::AutoStream<Stdout>> {
    BufWriter::new(anstream::AutoStream::auto(std::io::stdout()))
}

/// Columns of the terminal, where there is one.
pub(crate) fn width() -> Option<u16> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let of_terminal = tcgetwinsize(&stdout)
        .ok()
        .map(|size| size.ws_col)
        .filter(|columns| *columns > 0);
    of_terminal.or(Some(80))
}
