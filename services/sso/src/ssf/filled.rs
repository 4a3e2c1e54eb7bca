//! Streams on which too much waits: nothing more is kept on them, and their apps are told so.

use super::audit::line;
use super::shown;
use crate::state::Inner;
use directory::{SIGNAL_URIS, StreamNews};
use events::{SsfStreamId, SsoClientId};
use store::{StoreError, StreamStatus};

/// Pauses those streams. What waits on them stays, newer events do not come to it.
///
/// # Errors
/// As the store.
pub(crate) async fn pause_the_filled(state: &Inner) -> Result<(), StoreError> {
    let most = state.config.most_waiting;
    let mut after = None;
    loop {
        let (filled, next) = state.store.ssf_streams().overfull(after, most).await?;
        for (client, stream) in filled {
            pause(state, client, stream, most).await?;
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

async fn pause(state: &Inner, client: SsoClientId, id: SsfStreamId, most: u64) -> Result<(), StoreError> {
    let now = state.now();
    let change = state.store.change(None).await?;
    let Some(before) = change.stream(client, id).await? else {
        return Ok(());
    };
    if before.filled_at.is_some() || before.status == StreamStatus::Disabled {
        return Ok(());
    }
    let reason = format!("More than {most} events wait on the stream: newer ones are not kept.");
    let news = StreamNews::Updated {
        status: StreamStatus::Paused.as_str(),
        reason: &reason,
    };
    let mut changed = before.clone();
    changed.announcement_id = Some(
        change
            .tell_stream(&before, news.kind(), &news.body(id, now), now)
            .await?,
    );
    changed.status = StreamStatus::Paused;
    changed.status_reason = Some(reason);
    changed.filled_at = Some(now);
    changed.updated_at = now;
    changed.endpoint.updated_at = now;
    changed.tell(SIGNAL_URIS);
    change.save_stream(&before, &changed, false).await?;
    let both = (Some(&shown::status(&before)), Some(&shown::status(&changed)));
    let organization = match changed.endpoint.selection.organization_ids.as_deref() {
        Some(&[only]) => Some(only),
        _ => None,
    };
    let entry = store::AuditEntry {
        operation: None,
        ..line("stream.paused", (id, client), organization, both, now)
    };
    change.audit(entry).await?;
    change.commit().await?;
    metrics::counter!("rollcall_ssf_stream_changes_total", "change" => "filled").increment(1);
    tracing::warn!(stream = %id, %client, "a stream was paused: its app does not fetch what waits");
    Ok(())
}
