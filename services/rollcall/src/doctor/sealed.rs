//! Which master key the stored secrets are sealed with.

use super::findings::Findings;
use crate::master_key::{Census, census};
use secrets::{KeyId, MasterKeys};
use store::{Store, StoreError};

/// Counts them by their keys.
pub(super) async fn look(keys: &MasterKeys, store: &Store, findings: &mut Findings) -> Result<(), StoreError> {
    let census = census(store).await?;
    let previous = keys.previous().map(|key| key.id());
    let own: Vec<KeyId> = std::iter::once(keys.current().id()).chain(previous).collect();
    judge(&census, &own, findings);
    let Some(previous) = previous else { return Ok(()) };
    let left = census.sealed_with(previous);
    let said = format!(
        "sealed with the previous key: {left} of {} stored secrets",
        census.all()
    );
    if left > 0 {
        findings.warn("previous key", said, "`rollcall rotate-master-key` seals them again");
    } else {
        findings.ok(
            "previous key",
            format!("{said}; it may be removed (`rollcall rotate-master-key` says how)"),
        );
    }
    Ok(())
}

fn judge(census: &Census, own: &[KeyId], findings: &mut Findings) {
    let others = census.others(own);
    if others.is_empty() {
        let said = format!("all {} stored secrets are sealed with keys that are here", census.all());
        return findings.ok("master key", said);
    }
    let named: Vec<String> = others
        .iter()
        .map(|(column, key, count)| match key {
            Some(key) => format!("{count} in {column} with the key {key}"),
            None => format!("{count} in {column} are not sealed by this version"),
        })
        .collect();
    findings.fail(
        "master key",
        format!("stored secrets are sealed with other keys: {}", named.join(", ")),
        "give every service, and this command, the key that they were sealed with; where it is lost, make new secrets",
    );
}
