//! When an identity provider comes again: by what it did so far, and by what is known of its kind until then.

use events::Timestamp;
use std::time::Duration;

/// Starts of cycles that are looked at, the newest of them.
pub const MOST_STARTS: usize = 11;
/// A directory is silent after so many cycles without a contact.
pub const SILENT_AFTER: u32 = 3;

/// Entra ID begins a cycle so long after the one before, and nobody can change that.
const ENTRA: Duration = Duration::from_mins(40);
/// Gaps that are enough to know an identity provider that has a clock of its own.
const ENOUGH_OF_A_CLOCK: usize = 3;
/// Gaps that are needed of one that sends changes as they come: they may look like a clock by chance.
const ENOUGH_OF_ANYBODY: usize = 6;
/// Two cycles closer together than this are one that was interrupted.
const SHORTEST: Duration = Duration::from_mins(5);

/// The time between the starts of two cycles, when it can be told from when they began: the newest first.
///
/// It is the median of the gaps, so that an outage or a restart does not change it. Of a provider that is not known to
/// have a clock the middle half of the gaps must lie within a quarter of the median.
#[must_use]
pub fn observed(provider: &str, starts: &[Timestamp]) -> Option<Duration> {
    let mut gaps: Vec<Duration> = starts.windows(2).map(|pair| pair[0].since(pair[1])).collect();
    gaps.retain(|gap| *gap >= SHORTEST);
    gaps.sort_unstable();
    let enough = match has_clock(provider) {
        true => ENOUGH_OF_A_CLOCK,
        false => ENOUGH_OF_ANYBODY,
    };
    if gaps.len() < enough {
        return None;
    }
    let at = |part: usize| gaps.get(gaps.len() * part / 4).copied();
    let (first, median, third) = (at(1)?, at(2)?, at(3)?);
    let is_regular = third - first <= median / 2;
    (has_clock(provider) || is_regular).then_some(median)
}

/// The time between the starts of two cycles: as observed, else as the provider is known for. `None` for one that sends
/// changes as they come.
#[must_use]
pub fn expected(provider: &str, observed: Option<Duration>) -> Option<Duration> {
    observed.or_else(|| has_clock(provider).then_some(ENTRA))
}

/// Whether a provider begins cycles by a clock, also where nothing has changed.
fn has_clock(provider: &str) -> bool {
    provider == "entra_id"
}

#[cfg(test)]
mod tests {
    use super::{expected, observed};
    use events::Timestamp;
    use std::time::Duration;

    /// Starts with these gaps in minutes between them, the newest first.
    fn starts(gaps: &[i64]) -> Vec<Timestamp> {
        let mut at = 1_800_000_000_000;
        let mut starts = vec![Timestamp::from_millis(at)];
        for gap in gaps {
            at -= gap * 60_000;
            starts.push(Timestamp::from_millis(at));
        }
        starts
    }

    const fn minutes(minutes: u64) -> Option<Duration> {
        Some(Duration::from_mins(minutes))
    }

    #[test]
    fn the_cadence_is_the_median_of_the_gaps_and_forty_minutes_of_entra_until_then() {
        assert_eq!(observed("entra_id", &starts(&[20, 20])), None);
        assert_eq!(expected("entra_id", None), minutes(40));
        assert_eq!(observed("entra_id", &starts(&[20, 600, 20, 21])), minutes(21));
        assert_eq!(expected("entra_id", minutes(21)), minutes(21));
    }

    #[test]
    fn who_sends_changes_as_they_come_has_a_cadence_only_if_it_is_regular() {
        assert_eq!(expected("okta", None), None);
        assert_eq!(observed("okta", &starts(&[7, 300, 22, 9, 1_000, 60])), None);
        assert_eq!(observed("okta", &starts(&[60, 61, 59, 60, 600, 60])), minutes(60));
    }
}
