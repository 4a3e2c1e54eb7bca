//! How many requests of each directory are written in a second.

use super::LogConfig;
use events::DirectoryId;
use std::collections::HashMap;

/// Directories that are remembered within a second; beyond them, all begin anew.
const MOST_REMEMBERED: usize = 10_000;

/// What was written in the present second, by directory.
#[derive(Debug, Default)]
pub(super) struct Shares {
    second: i64,
    written: HashMap<DirectoryId, Written>,
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
}

#[cfg(test)]
mod tests {
    use super::{LogConfig, Shares};
    use events::DirectoryId;

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
