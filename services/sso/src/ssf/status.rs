//! Whether a stream is transmitted (SSF 1.0 §8.1.2).

use super::access::{Right, receiver};
use super::audit::line;
use super::fault::SsfFault;
use super::limits::LONGEST_REASON;
use super::members::{Members, stream_in_query};
use super::shown;
use super::streams::answered;
use crate::state::State;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use directory::SIGNAL_URIS;
use store::StreamStatus;

pub(super) async fn read(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, SsfFault> {
    let client = receiver(&state, &request, Right::Read).await?;
    let id = stream_in_query(&request)?.ok_or_else(|| SsfFault::request("stream_id is missing"))?;
    let found = state.store.ssf_streams().by_id(client.id, id).await?;
    let found = found.ok_or(SsfFault::NoStream)?;
    Ok(answered(HttpResponse::Ok(), &shown::status(&found)))
}

pub(super) async fn update(state: Data<State>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, SsfFault> {
    let client = receiver(&state, &request, Right::Manage).await?;
    let members = Members::read(&body)?;
    let id = members.stream()?;
    let reason = members.text("reason", LONGEST_REASON)?;
    let wanted = match members.text("status", 20)?.as_deref() {
        Some("enabled") => StreamStatus::Enabled,
        Some("paused") => StreamStatus::Paused,
        Some("disabled") => StreamStatus::Disabled,
        _ => return Err(SsfFault::request("status must be enabled, paused or disabled")),
    };
    let now = state.now();
    let change = state.store.change(None).await?;
    let before = change.stream(client.id, id).await?.ok_or(SsfFault::NoStream)?;
    let mut changed = before.clone();
    changed.status = wanted;
    changed.status_reason = reason;
    changed.updated_at = now;
    changed.endpoint.updated_at = now;
    if wanted != StreamStatus::Paused {
        // What waits is sent from now on, or gone.
        changed.filled_at = None;
    }
    changed.tell(SIGNAL_URIS);
    change
        .save_stream(&before, &changed, wanted == StreamStatus::Enabled)
        .await?;
    let saved = change.stream(client.id, id).await?.ok_or(SsfFault::NoStream)?;
    let answer = shown::status(&saved);
    let both = (Some(&shown::status(&before)), Some(&answer));
    let entry = line(
        "stream.status_changed",
        (id, client.id),
        client.organization_id,
        both,
        now,
    );
    change.audit(entry).await?;
    change.commit().await?;
    metrics::counter!("rollcall_ssf_stream_changes_total", "change" => wanted.as_str()).increment(1);
    Ok(answered(HttpResponse::Ok(), &answer))
}
