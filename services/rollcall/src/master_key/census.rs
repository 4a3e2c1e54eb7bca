//! Which master key sealed how much of what is stored.

use secrets::KeyId;
use std::collections::BTreeMap;
use store::{SealedColumn, Store, StoreError};

/// Values whose beginnings are read at a time.
pub(super) const STRETCH: u64 = 500;

/// The number of values by their key, and by where they are. No key for what is no sealed value.
#[derive(Debug, Default)]
pub(crate) struct Census(BTreeMap<(Option<KeyId>, SealedColumn), u64>);

impl Census {
    /// How many values a key sealed.
    pub(crate) fn sealed_with(&self, key: KeyId) -> u64 {
        self.count(|of| of == Some(key))
    }

    /// How many values there are.
    pub(crate) fn all(&self) -> u64 {
        self.count(|_| true)
    }

    /// Where there are values of other keys than these: the name of the column, the key and how many.
    pub(crate) fn others(&self, own: &[KeyId]) -> Vec<(String, Option<KeyId>, u64)> {
        let others = self
            .0
            .iter()
            .filter(|((key, _), _)| key.is_none_or(|key| !own.contains(&key)));
        others
            .map(|((key, column), count)| (column.name(), *key, *count))
            .collect()
    }

    fn count(&self, is_meant: impl Fn(Option<KeyId>) -> bool) -> u64 {
        let meant = self.0.iter().filter(|((key, _), _)| is_meant(*key));
        meant.map(|(_, count)| count).sum()
    }
}

/// Counts, by the beginnings of all values.
pub(crate) async fn census(store: &Store) -> Result<Census, StoreError> {
    let mut census = Census::default();
    for column in SealedColumn::ALL {
        let mut after = None;
        loop {
            let heads = store.sealed_values().heads(column, after.as_ref(), STRETCH).await?;
            let is_last = u64::try_from(heads.len()).is_ok_and(|found| found < STRETCH);
            for head in heads {
                if let Some(bytes) = head.head {
                    *census.0.entry((KeyId::of_sealed(&bytes), column)).or_default() += 1;
                }
                after = Some(head.row);
            }
            if is_last {
                break;
            }
        }
    }
    Ok(census)
}
