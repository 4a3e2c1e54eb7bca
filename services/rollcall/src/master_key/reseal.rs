//! One pass over everything that is stored sealed.

use super::census::STRETCH;
use super::report::{Report, Unopened};
use crate::progress::Progress;
use anyhow::bail;
use secrets::{KeyId, MasterKeys, OpenError};
use store::{Resealed, SealedColumn, SealedHead, SealedRow, Store};
use tokio_util::sync::CancellationToken;

/// Values of one transaction.
const MOST_VALUES: usize = 100;
/// Bytes of one transaction, unless a single value has more.
const MOST_BYTES: u64 = 1024 * 1024;

/// Goes through each column in the order of its rows, and seals again what the previous key sealed.
pub(super) async fn pass(
    store: &Store,
    keys: &MasterKeys,
    stop: &CancellationToken,
    progress: &Progress,
    report: &mut Report,
) -> anyhow::Result<()> {
    for column in SealedColumn::ALL {
        let mut after = None;
        loop {
            let heads = store.sealed_values().heads(column, after.as_ref(), STRETCH).await?;
            let Some(last) = heads.last() else { break };
            after = Some(last.row.clone());
            let count = heads.len() as u64;
            for batch in batches(due(column, heads, keys, report)) {
                if stop.is_cancelled() {
                    bail!("stopped; the same command goes on from here");
                }
                one(store, column, batch, keys, report).await?;
            }
            progress.add(count);
            if count < STRETCH {
                break;
            }
        }
    }
    Ok(())
}

/// What the previous key sealed. What neither sealed is told.
fn due(column: SealedColumn, heads: Vec<SealedHead>, keys: &MasterKeys, report: &mut Report) -> Vec<SealedHead> {
    let current = keys.current().id();
    let previous = keys.previous().map(|key| key.id());
    let is_due = |head: &SealedHead| {
        let Some(bytes) = &head.head else { return false };
        let id = KeyId::of_sealed(bytes);
        if id.is_some_and(|id| Some(id) == previous) {
            return true;
        }
        match id {
            Some(id) if id == current => report.count_sealed(),
            Some(id) => report.add_unopened(Unopened::new(column, &head.row, OpenError::OtherKey(id))),
            None => report.add_unopened(Unopened::new(column, &head.row, OpenError::Malformed)),
        }
        false
    };
    heads.into_iter().filter(is_due).collect()
}

/// The rows of one transaction each.
fn batches(due: Vec<SealedHead>) -> Vec<Vec<SealedRow>> {
    let mut batches: Vec<Vec<SealedRow>> = Vec::new();
    let mut bytes = u64::MAX;
    for SealedHead { row, length, .. } in due {
        bytes = bytes.saturating_add(length);
        match batches
            .last_mut()
            .filter(|batch| batch.len() < MOST_VALUES && bytes <= MOST_BYTES)
        {
            Some(batch) => batch.push(row),
            None => {
                batches.push(vec![row]);
                bytes = length;
            }
        }
    }
    batches
}

/// Seals the values of some rows again, in one transaction.
async fn one(
    store: &Store,
    column: SealedColumn,
    rows: Vec<SealedRow>,
    keys: &MasterKeys,
    report: &mut Report,
) -> anyhow::Result<()> {
    let asked = rows.len() as u64;
    let values = store.sealed_values().read(column, rows).await?;
    let current = keys.current().id();
    let (mut resealed, mut unopened) = (Vec::with_capacity(values.len()), 0);
    for (row, old) in values {
        // Somebody was quicker.
        if KeyId::of_sealed(&old) == Some(current) {
            continue;
        }
        let context = column.context(&row);
        match keys.open(&old, &context) {
            Ok(plain) => {
                let new = keys.seal(&plain, &context);
                resealed.push(Resealed { row, old, new });
            }
            Err(error) => {
                unopened += 1;
                report.add_unopened(Unopened::new(column, &row, error).of(KeyId::of_sealed(&old)));
            }
        }
    }
    let replaced = store.sealed_values().replace(column, resealed).await?;
    report.add_resealed(replaced, asked.saturating_sub(replaced + unopened));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(lengths: &[u64]) -> Vec<SealedHead> {
        let head = |length: &u64| SealedHead {
            row: SealedRow::Text(length.to_string()),
            head: None,
            length: *length,
        };
        lengths.iter().map(head).collect()
    }

    #[test]
    fn a_transaction_has_bounded_values_and_bytes_and_a_large_value_goes_alone() {
        let sizes = |lengths: &[u64]| -> Vec<usize> { batches(heads(lengths)).iter().map(Vec::len).collect() };
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[50; 250]), [100, 100, 50]);
        assert_eq!(sizes(&[MOST_BYTES / 2, MOST_BYTES / 2, 1]), [2, 1]);
        assert_eq!(sizes(&[1, MOST_BYTES * 3, 1]), [1, 1, 1]);
        assert_eq!(sizes(&[u64::MAX, u64::MAX]), [1, 1]);
    }
}
