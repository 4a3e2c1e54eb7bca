//! Whether a program has the keys that stored secrets are sealed with: said at the start, and not at the first webhook.

use secrets::{KeyId, MasterKeys};
use std::collections::BTreeSet;
use store::{SealedColumn, Store, StoreError};

/// Values of each kind that are looked at.
const MOST_VALUES: u64 = 20;

/// Looks at some stored secrets, and logs an error where a program does not have their key. It starts all the same: who has
/// lost a key makes new secrets through it.
pub(crate) async fn tell_of_other_keys(store: &Store, keys: &MasterKeys) {
    match other_keys(store, keys).await {
        Ok(others) if others.is_empty() => {}
        Ok(others) => {
            let sealed_with: Vec<String> = others.iter().map(KeyId::to_string).collect();
            tracing::error!(
                sealed_with = %sealed_with.join(", "),
                master_key = %keys.current().id(),
                "stored secrets are sealed with a master key that this program does not have: give it that key as \
                 ROLLCALL_MASTER_KEY, or as ROLLCALL_MASTER_KEY_PREVIOUS while it is being replaced"
            );
        }
        Err(error) => {
            tracing::warn!(error = %telemetry::chain(&error), "it is not known which master key stored secrets are sealed with");
        }
    }
}

async fn other_keys(store: &Store, keys: &MasterKeys) -> Result<BTreeSet<KeyId>, StoreError> {
    let previous = keys.previous();
    let own: Vec<KeyId> = std::iter::once(&keys.current())
        .chain(&previous)
        .map(|key| key.id())
        .collect();
    let mut others = BTreeSet::new();
    for column in SealedColumn::ALL {
        let heads = store.sealed_values().heads(column, None, MOST_VALUES).await?;
        let named = heads.iter().filter_map(|head| KeyId::of_sealed(head.head.as_deref()?));
        others.extend(named.filter(|id| !own.contains(id)));
    }
    Ok(others)
}
