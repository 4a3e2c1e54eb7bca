//! What was found.

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

/// How bad something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    #[default]
    Ok,
    /// It works, and something is to be done.
    Warn,
    /// It does not work.
    Fail,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "FAIL",
        }
    }

    fn style(self) -> Style {
        let colour = match self {
            Self::Ok => AnsiColor::Green,
            Self::Warn => AnsiColor::Yellow,
            Self::Fail => AnsiColor::Red,
        };
        colour.on_default()
    }
}

struct Finding {
    what: &'static str,
    level: Level,
    said: String,
    mend: Option<String>,
}

/// All that was found, in the order in which it was looked at.
#[derive(Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn ok(&mut self, what: &'static str, said: impl Into<String>) {
        self.add(what, Level::Ok, said.into(), None);
    }

    pub(super) fn warn(&mut self, what: &'static str, said: impl Into<String>, mend: impl Into<String>) {
        self.add(what, Level::Warn, said.into(), Some(mend.into()));
    }

    pub(super) fn fail(&mut self, what: &'static str, said: impl Into<String>, mend: impl Into<String>) {
        self.add(what, Level::Fail, said.into(), Some(mend.into()));
    }

    fn add(&mut self, what: &'static str, level: Level, said: String, mend: Option<String>) {
        self.0.push(Finding {
            what,
            level,
            said,
            mend,
        });
    }

    pub(super) fn worst(&self) -> Level {
        self.0.iter().map(|finding| finding.level).max().unwrap_or_default()
    }

    /// Prints them: a line each with the mend below it, or JSON.
    pub(super) fn show(&self, as_json: bool) {
        if as_json {
            let all: Vec<Value> = self.0.iter().map(Finding::as_json).collect();
            anstream::println!(
                "{}",
                json!({"status": self.worst().word().to_lowercase(), "checks": all})
            );
            return;
        }
        for Finding {
            what,
            level,
            said,
            mend,
        } in &self.0
        {
            let (style, word) = (level.style(), level.word());
            anstream::println!("{style}{word:<4}{style:#}  {what:<18} {said}");
            if let Some(mend) = mend {
                anstream::println!("      {:<18} → {mend}", "");
            }
        }
    }
}

impl Finding {
    fn as_json(&self) -> Value {
        let level = self.level.word().to_lowercase();
        json!({"check": self.what, "status": level, "detail": self.said, "mend": self.mend})
    }
}
