//! What a person sees: aligned columns, coloured on a terminal and plain elsewhere.

use super::entra::Exchange;
use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

/// Width of the column that says what happened.
const EVENT_COLUMN_WIDTH: usize = 64;

/// Where the demo is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    colour: bool,
}

#[derive(Clone, Copy)]
enum Colour {
    Dim,
    Bold,
    Green,
    Red,
    Cyan,
    Magenta,
}

impl Screen {
    /// Colour only where somebody can see it, and not where `NO_COLOR` asks for none.
    pub(crate) fn new() -> Self {
        Self {
            colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        }
    }

    fn paint(self, colour: Colour, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match colour {
            Colour::Dim => "2",
            Colour::Bold => "1",
            Colour::Green => "32",
            Colour::Red => "31",
            Colour::Cyan => "36",
            Colour::Magenta => "35",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    pub(crate) fn line(self, text: &str) {
        let mut out = std::io::stdout().lock();
        // A reader that closed the pipe does not want more; that is no reason to fail.
        let _ = writeln!(out, "{text}");
    }

    /// The title of a step.
    pub(crate) fn step(self, title: &str) {
        self.line("");
        self.line(&self.paint(Colour::Bold, title));
    }

    /// A request and its answer.
    pub(crate) fn request(self, exchange: &Exchange) {
        let what = fit(
            &format!("{:<6} {}", exchange.method, exchange.shown),
            EVENT_COLUMN_WIDTH,
        );
        let colour = if exchange.status < 400 {
            Colour::Green
        } else {
            Colour::Red
        };
        let status = self.paint(colour, &exchange.status.to_string());
        let trace = self.paint(Colour::Dim, &format!("trace {}", exchange.trace_id));
        self.line(&format!(
            "  {} {what}  {status}  {:>8}  {trace}",
            self.paint(Colour::Cyan, "request"),
            millis(exchange.took)
        ));
    }

    /// An event of the log.
    pub(crate) fn event(self, kind: &str, sequence: i64, about: &str) {
        let what = fit(&format!("{kind:<22} {about}"), EVENT_COLUMN_WIDTH);
        self.line(&format!(
            "  {}   {what}  #{sequence}",
            self.paint(Colour::Magenta, "event")
        ));
    }

    /// A webhook that arrived, so long after the request that caused it.
    pub(crate) fn webhook(self, kind: &str, verified: bool, after: Option<Duration>) {
        let what = fit(&format!("{kind:<22} delivered to the app"), EVENT_COLUMN_WIDTH);
        let (mark, colour) = if verified {
            ("signature ok", Colour::Green)
        } else {
            ("BAD SIGNATURE", Colour::Red)
        };
        self.line(&format!(
            "  {} {what}       {:>8}  {}",
            self.paint(Colour::Cyan, "webhook"),
            after.map(millis).unwrap_or_default(),
            self.paint(colour, mark)
        ));
    }

    /// A line of a table: name and value.
    pub(crate) fn fact(self, name: &str, value: &str) {
        self.line(&format!("  {} {value}", self.paint_padded(name)));
    }

    fn paint_padded(self, name: &str) -> String {
        self.paint(Colour::Dim, &format!("{name:<24}"))
    }

    /// The last word.
    pub(crate) fn verdict(self, good: bool, text: &str) {
        self.line("");
        self.line(&self.paint(if good { Colour::Green } else { Colour::Red }, text));
    }
}

/// Milliseconds with one decimal.
pub(crate) fn millis(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

/// Exactly `width` characters: padded, or cut with an ellipsis.
fn fit(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return format!("{text}{}", " ".repeat(width - length));
    }
    let cut: String = text.chars().take(width - 1).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::{fit, millis};
    use std::time::Duration;

    #[test]
    fn columns_keep_their_width_whatever_the_text() {
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("äöüß", 4), "äöüß");
        assert_eq!(millis(Duration::from_micros(1_260)), "1.3 ms");
    }
}
