//! Streams are made, read, changed, replaced and deleted (SSF 1.0 §8.1.1).

use super::access::{Right, receiver};
use super::audit::line;
use super::body::{WantedStream, check_supplied, sealed_url};
use super::delivery::WantedDelivery;
use super::fault::SsfFault;
use super::limits::MOST_STREAMS;
use super::members::{Members, stream_in_query};
use super::shown;
use crate::state::{Inner, State};
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use directory::carries_signals;
use events::{EventType, SsfStreamId};
use serde_json::Value;
use store::{SsfStream, SsoClient};

pub(super) async fn create(state: Data<State>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, SsfFault> {
    let client = receiver(&state, &request, Right::Manage).await?;
    let mut wanted = WantedStream::read(&state, &Members::read(&body)?)?;
    let delivery = wanted.delivery.take().unwrap_or(WantedDelivery::Poll);
    let now = state.now();
    let id = SsfStreamId::new();
    let mut new = SsfStream::new(
        (id, client.id),
        client.organization_id,
        delivery.method(),
        store::EndpointUrl::sealed("", Vec::new()),
        EventType::ALL
            .iter()
            .copied()
            .filter(|kind| carries_signals(*kind))
            .collect(),
        now,
    );
    // It has a place of its own before anything is compared with it.
    new.endpoint.url = sealed_url(&state, &new, "");
    wanted.delivery = Some(delivery);
    wanted.apply(&state, &mut new, now)?;
    if new.method == store::StreamMethod::Poll {
        let url = shown::poll_url(&state.issuer, id);
        new.endpoint.url = sealed_url(&state, &new, &url);
    }
    let change = state.store.change(None).await?;
    // Of two requests at the same time, one finds what the other made.
    change.sso_client(client.id).await?.ok_or(SsfFault::Token)?;
    if !change.create_stream(&new, MOST_STREAMS).await? {
        return Err(SsfFault::Streams(MOST_STREAMS));
    }
    let answer = shown::stream(&state, &new)?;
    let of = (id, client.id);
    let audited = shown::audited(&answer);
    let entry = line(
        "stream.created",
        of,
        client.organization_id,
        (None, Some(&audited)),
        now,
    );
    change.audit(entry).await?;
    change.commit().await?;
    metrics::counter!("rollcall_ssf_stream_changes_total", "change" => "created").increment(1);
    tracing::info!(stream = %id, client = %client.id, "an app made a stream");
    Ok(answered(HttpResponse::Created(), &answer))
}

pub(super) async fn read(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, SsfFault> {
    let client = receiver(&state, &request, Right::Read).await?;
    let streams = state.store.ssf_streams();
    let answer = match stream_in_query(&request)? {
        Some(id) => {
            let found = streams.by_id(client.id, id).await?;
            shown::stream(&state, &found.ok_or(SsfFault::NoStream)?)?
        }
        None => {
            let all = streams.of_client(client.id).await?;
            let all: Result<Vec<Value>, _> = all.iter().map(|stream| shown::stream(&state, stream)).collect();
            Value::Array(all?)
        }
    };
    Ok(answered(HttpResponse::Ok(), &answer))
}

pub(super) async fn update(state: Data<State>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, SsfFault> {
    let client = receiver(&state, &request, Right::Manage).await?;
    let members = Members::read(&body)?;
    let wanted = WantedStream::read(&state, &members)?;
    save(&state, &client, &members, wanted).await
}

pub(super) async fn replace(state: Data<State>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, SsfFault> {
    let client = receiver(&state, &request, Right::Manage).await?;
    let members = Members::read(&body)?;
    let wanted = WantedStream::read(&state, &members)?.whole()?;
    save(&state, &client, &members, wanted).await
}

async fn save(
    state: &Inner,
    client: &SsoClient,
    members: &Members,
    wanted: WantedStream,
) -> Result<HttpResponse, SsfFault> {
    let id = members.stream()?;
    let now = state.now();
    let change = state.store.change(None).await?;
    let before = change.stream(client.id, id).await?.ok_or(SsfFault::NoStream)?;
    let was = shown::stream(state, &before)?;
    check_supplied(members, &was)?;
    let mut changed = before.clone();
    let is_moved = wanted.apply(state, &mut changed, now)?;
    // It was the place before that failed.
    change.save_stream(&before, &changed, is_moved).await?;
    let answer = shown::stream(state, &changed)?;
    let (old, new) = (shown::audited(&was), shown::audited(&answer));
    let both = (Some(&old), Some(&new));
    let entry = line("stream.updated", (id, client.id), client.organization_id, both, now);
    change.audit(entry).await?;
    change.commit().await?;
    metrics::counter!("rollcall_ssf_stream_changes_total", "change" => "updated").increment(1);
    Ok(answered(HttpResponse::Ok(), &answer))
}

pub(super) async fn delete(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, SsfFault> {
    let client = receiver(&state, &request, Right::Manage).await?;
    let id = stream_in_query(&request)?.ok_or_else(|| SsfFault::request("stream_id is missing"))?;
    let now = state.now();
    let change = state.store.change(None).await?;
    let found = change.stream(client.id, id).await?.ok_or(SsfFault::NoStream)?;
    let was = shown::audited(&shown::stream(&state, &found)?);
    change.delete_stream(id).await?;
    let entry = line(
        "stream.deleted",
        (id, client.id),
        client.organization_id,
        (Some(&was), None),
        now,
    );
    change.audit(entry).await?;
    change.commit().await?;
    metrics::counter!("rollcall_ssf_stream_changes_total", "change" => "deleted").increment(1);
    Ok(HttpResponse::NoContent()
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish())
}

/// An answer that no cache keeps.
pub(super) fn answered(mut answer: HttpResponseBuilder, body: &Value) -> HttpResponse {
    answer.insert_header((CACHE_CONTROL, "no-store")).json(body)
}
