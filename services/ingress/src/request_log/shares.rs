//! How many requests of each directory are written in a second, and what the others were.

use super::LogConfig;
use directory::sync::{Exchange, Operation};
use events::DirectoryId;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use store::CountedRequests;

/// Directories that are remembered within a second; beyond them, all begin anew.
const MOST_REMEMBERED: usize = 10_000;

/// Kinds of requests that are counted until they are taken; those beyond are lost.
const MOST_COUNTED: usize = 50_000;

/// What was written in the present second, by directory, and what was counted instead.
#[derive(Debug, Default)]
pub(super) struct Shares {
    second: i64,
    written: HashMap<DirectoryId, Written>,
    counted: HashMap<(DirectoryId, Operation, u16), CountedRequests>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Written {
    good: u32,
    refused: u32,
}

impl Shares {
    /// Takes a place in the share of a directory. Says whether there was one.
    pub(super) fn take(&mut self, id: DirectoryId, second: i64, is_good: bool, config: &LogConfig) -> bool {
        if self.second != second || self.written.len() > MOST_REMEMBERED {
            self.second = second;
            self.written.clear();
        }
        let written = self.written.entry(id).or_default();
        let (number, most) = match is_good {
            true => (&mut written.good, config.good_a_second),
            false => (&mut written.refused, config.refused_a_second),
        };
        let has_place = *number < most;
        *number += u32::from(has_place);
        has_place
    }

    /// Counts a request that has no place. Says whether it could be counted.
    pub(super) fn count(&mut self, directory_id: DirectoryId, exchange: Exchange) -> bool {
        let is_full = self.counted.len() >= MOST_COUNTED;
        match self.counted.entry((directory_id, exchange.operation, exchange.status)) {
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.times = known.times.saturating_add(1);
                known.exchange.at = known.exchange.at.max(exchange.at);
            }
            Entry::Vacant(_) if is_full => return false,
            Entry::Vacant(new) => {
                new.insert(CountedRequests {
                    directory_id,
                    exchange,
                    times: 1,
                });
            }
        }
        true
    }

    /// What was counted; from now on there is nothing.
    pub(super) fn take_counted(&mut self) -> Vec<CountedRequests> {
        self.counted.drain().map(|(_, counted)| counted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Exchange, LogConfig, Operation, Shares};
    use events::{DirectoryId, Timestamp};

    #[test]
    fn requests_of_one_kind_are_counted_together() {
        let (id, mut shares) = (DirectoryId::new(), Shares::default());
        let at = |millis, status| Exchange {
            at: Timestamp::from_millis(millis),
            operation: Operation::Read,
            status,
        };
        assert!(shares.count(id, at(7, 200)) && shares.count(id, at(3, 200)) && shares.count(id, at(1, 404)));
        let mut counted = shares.take_counted();
        counted.sort_by_key(|counted| counted.exchange.status);
        let told: Vec<_> = counted
            .iter()
            .map(|counted| (counted.exchange, counted.times))
            .collect();
        assert_eq!(told, [(at(7, 200), 2), (at(1, 404), 1)]);
        assert!(shares.take_counted().is_empty());
    }

    #[test]
    fn each_directory_has_its_share_of_every_second() {
        let config = LogConfig {
            good_a_second: 2,
            refused_a_second: 1,
            ..LogConfig::default()
        };
        let (one, other) = (DirectoryId::new(), DirectoryId::new());
        let mut shares = Shares::default();
        let mut taken = |id, second, is_good| shares.take(id, second, is_good, &config);
        assert_eq!(
            [taken(one, 1, true), taken(one, 1, true), taken(one, 1, true)],
            [true, true, false]
        );
        assert_eq!([taken(one, 1, false), taken(one, 1, false)], [true, false]);
        assert!(taken(other, 1, true), "one directory takes nothing from another");
        assert!(taken(one, 2, true), "a second later there are places again");
    }
}
