//! Whether Entra ID is about to put a job into quarantine: then it comes only once a day, and stops after four weeks.

use super::cycle::Counts;

/// Entra looks at the share of what failed once so many requests failed.
const EVALUATED_FROM: u32 = 5_000;
/// And then acts above this share, in percent.
const MOST_PERCENT: u32 = 40;
/// And above this number, whatever the share.
const MOST_FAILURES: u32 = 40_000;
/// A share is no share of fewer requests than these.
const FEWEST: u32 = 20;
/// A share that is worth a look, in percent.
const WATCHED_PERCENT: u32 = 10;

/// How near a quarantine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outlook {
    /// Nothing points to one.
    Clear,
    /// More fails than usually does.
    Watch,
    /// The share is one that Entra acts on, once there is enough of it.
    Near,
    /// Entra acts.
    Expected,
}

/// What Entra counts, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// How near it is.
    pub outlook: Outlook,
    /// Requests of the cycle that were about somebody or something.
    pub operations: u32,
    /// How many of them failed.
    pub failures: u32,
    /// Their share, in percent.
    pub percent: u32,
    /// How many more failures Entra waits for, where the share is one that it acts on.
    pub left: Option<u32>,
}

impl Outlook {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Watch => "watch",
            Self::Near => "near",
            Self::Expected => "expected",
        }
    }
}

/// What the counts of a cycle say about a quarantine. (Entra also acts at once where its credential is refused.)
#[must_use]
pub fn quarantine(counts: &Counts) -> Quarantine {
    let (operations, failures) = (counts.operations(), counts.failures);
    let percent = u32::try_from(u64::from(failures) * 100 / u64::from(operations.max(1)))
        .unwrap_or(100)
        .min(100);
    let is_too_much = percent > MOST_PERCENT && operations >= FEWEST;
    let outlook = if failures > MOST_FAILURES || is_too_much && failures >= EVALUATED_FROM {
        Outlook::Expected
    } else if is_too_much {
        Outlook::Near
    } else if percent > WATCHED_PERCENT && operations >= FEWEST {
        Outlook::Watch
    } else {
        Outlook::Clear
    };
    Quarantine {
        outlook,
        operations,
        failures,
        percent,
        left: (outlook == Outlook::Near).then(|| EVALUATED_FROM.saturating_sub(failures)),
    }
}

impl Quarantine {
    /// In a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let share = format!(
            "{} of {} requests of the cycle failed ({} %)",
            self.failures, self.operations, self.percent
        );
        match self.outlook {
            Outlook::Clear => format!("{share}: no quarantine is in sight."),
            Outlook::Watch => format!("{share}. Above {MOST_PERCENT} % Entra ID puts the job into quarantine."),
            Outlook::Near => format!(
                "{share}. After {} more failures Entra ID puts the job into quarantine, where it comes only once a day.",
                self.left.unwrap_or_default()
            ),
            Outlook::Expected => {
                format!("{share}: Entra ID puts the job into quarantine, where it comes only once a day.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, Outlook, quarantine};

    #[test]
    fn a_quarantine_is_foretold_before_entra_acts() {
        let of = |operations: u32, failures: u32| {
            let counts = Counts {
                requests: operations,
                failures,
                ..Counts::default()
            };
            quarantine(&counts)
        };
        assert_eq!(of(10, 9).outlook, Outlook::Clear, "too few to say");
        assert_eq!(of(100, 5).outlook, Outlook::Clear);
        assert_eq!(of(100, 20).outlook, Outlook::Watch);
        let near = of(1_000, 500);
        assert_eq!((near.outlook, near.left), (Outlook::Near, Some(4_500)));
        assert!(near.sentence().contains("500 of 1000") && near.sentence().contains("4500 more"));
        assert_eq!(of(9_000, 5_000).outlook, Outlook::Expected);
        assert_eq!(of(1_000_000, 40_001).outlook, Outlook::Expected);
        assert_eq!(of(0, 0).outlook, Outlook::Clear);
    }
}
