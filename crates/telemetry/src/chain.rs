//! The whole chain of an error on one line, for the one place that logs it.

use std::error::Error;
use std::fmt;

/// Shows an error and all its sources, separated by `: `. A source whose text the level above already ends with is
/// not repeated.
#[derive(Debug)]
pub struct Chain<'a>(&'a (dyn Error + 'static));

/// Wraps an error for display with its sources: `error!(error = %telemetry::chain(&error), "could not …")`.
#[must_use]
pub fn chain<'a>(error: &'a (dyn Error + 'static)) -> Chain<'a> {
    Chain(error)
}

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        f.write_str(&last)?;
        let mut next = self.0.source();
        while let Some(error) = next {
            let text = error.to_string();
            if !last.ends_with(&text) {
                write!(f, ": {text}")?;
            }
            last = text;
            next = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Level(&'static str, Option<Box<Level>>);

    impl fmt::Display for Level {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Level {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|level| level as &(dyn Error + 'static))
        }
    }

    #[test]
    fn every_level_is_shown_once() {
        let error = Level(
            "could not save",
            Some(Box::new(Level("no connection", Some(Box::new(Level("refused", None)))))),
        );
        assert_eq!(chain(&error).to_string(), "could not save: no connection: refused");
        let repeated = Level("could not save: refused", Some(Box::new(Level("refused", None))));
        assert_eq!(chain(&repeated).to_string(), "could not save: refused");
    }
}
