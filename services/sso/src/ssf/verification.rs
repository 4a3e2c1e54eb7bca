//! An app asks to be sent something, to see whether it arrives (SSF 1.0 §8.1.4).

use super::access::{Right, receiver};
use super::fault::SsfFault;
use super::limits::LONGEST_STATE;
use super::members::Members;
use crate::state::State;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use directory::StreamNews;
use store::StreamStatus;

pub(super) async fn request(state: Data<State>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, SsfFault> {
    let client = receiver(&state, &request, Right::Manage).await?;
    let members = Members::read(&body)?;
    let id = members.stream()?;
    let echoed = members.text("state", LONGEST_STATE)?;
    let now = state.now();
    let change = state.store.change(None).await?;
    let stream = change.stream(client.id, id).await?.ok_or(SsfFault::NoStream)?;
    if stream.status == StreamStatus::Disabled {
        return Err(SsfFault::request(
            "the stream is disabled: nothing is transmitted on it, and nothing kept",
        ));
    }
    let interval = state.config.verification_interval;
    if !change.verify_stream(id, interval, now).await? {
        let since = stream.verified_at.map_or(interval, |at| now.since(at));
        return Err(SsfFault::TooMany(interval.saturating_sub(since)));
    }
    let news = StreamNews::Verification(echoed.as_deref());
    change
        .tell_stream(&stream, news.kind(), &news.body(id, now), now)
        .await?;
    change.commit().await?;
    metrics::counter!("rollcall_ssf_verifications_total").increment(1);
    Ok(HttpResponse::NoContent()
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish())
}
