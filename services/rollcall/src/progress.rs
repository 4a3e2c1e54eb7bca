//! Progress bars, on terminals only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;
use std::time::Duration;

/// How often a bar that stands still shows that it lives.
const TICK: Duration = Duration::from_millis(200);

/// Something that is counted while it goes on. It shows nothing where stderr is no terminal.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Counts these, up to an end that nobody knows.
    pub(crate) fn counting(what: &'static str) -> Self {
        Self::drawn(
            ProgressBar::no_length(),
            &format!("{{spinner}} {{human_pos}} {what} in {{elapsed}}"),
        )
    }

    fn drawn(bar: ProgressBar, template: &str) -> Self {
        if std::io::stderr().is_terminal() {
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(TICK);
        } else {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self(bar)
    }

    /// So many more.
    pub(crate) fn add(&self, more: u64) {
        self.0.inc(more);
    }

    /// So many by now.
    pub(crate) fn at(&self, count: u64) {
        self.0.set_position(count);
    }

    /// A line on stderr, above the bar.
    pub(crate) fn say(&self, line: &str) {
        self.0.suspend(|| eprintln!("{line}"));
    }

    /// A line on stdout, above the bar.
    pub(crate) fn print(&self, line: &str) {
        self.0.suspend(|| println!("{line}"));
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}
