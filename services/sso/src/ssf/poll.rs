//! An app fetches what waits on a stream, and says what it has (RFC 8936). What it does not acknowledge comes again; what it
//! acknowledged or refused never does.

use super::access::{Right, receiver};
use super::fault::SsfFault;
use super::limits::{LONGEST_ERROR, LOOKS_EVERY, MOST_ACKNOWLEDGED, MOST_SET_BYTES, MOST_SETS, MOST_WAITING_POLLS};
use super::members::Members;
use super::streams::answered;
use crate::state::{Inner, State};
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use directory::{NoSignal, SignalClaims};
use events::{DeliveryId, SsfStreamId, SsoClientId};
use oidc::SecurityEventToken;
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use store::{RefusedSignal, SsfStream, StreamMethod, StreamStatus, WaitingSignal, WaitingSignals};
use tokio::time::Instant;

/// What an app says in a poll (RFC 8936 §2.2).
struct Asked {
    most: u64,
    returns_immediately: bool,
    has: Vec<DeliveryId>,
    refuses: Vec<RefusedSignal>,
}

pub(super) async fn handler(
    state: Data<State>,
    request: HttpRequest,
    path: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, SsfFault> {
    let client = receiver(&state, &request, Right::Read).await?;
    let id: SsfStreamId = path.parse().map_err(|_| SsfFault::NoStream)?;
    let asked = asked(&Members::read(&body)?)?;
    let stream = stream(&state, client.id, id).await?;
    let streams = state.store.ssf_streams();
    let now = state.now();
    let taken = streams.acknowledge(&stream, &asked.has, now).await?;
    let refused = streams.refuse(&stream, &asked.refuses, now).await?;
    metrics::counter!("rollcall_ssf_sets_total", "outcome" => "acknowledged").increment(taken);
    metrics::counter!("rollcall_ssf_sets_total", "outcome" => "refused").increment(refused);
    let answer = fetch(&state, client.id, stream, &asked).await?;
    Ok(answered(HttpResponse::Ok(), &answer))
}

/// A stream of the app from which it fetches.
async fn stream(state: &Inner, client: SsoClientId, id: SsfStreamId) -> Result<SsfStream, SsfFault> {
    let found = state.store.ssf_streams().by_id(client, id).await?;
    let found = found.filter(|stream| stream.method == StreamMethod::Poll);
    found.ok_or(SsfFault::NoStream)
}

/// What waits; where nothing does and the app has time, as soon as something comes.
async fn fetch(state: &Inner, client: SsoClientId, stream: SsfStream, asked: &Asked) -> Result<Value, SsfFault> {
    let id = stream.id;
    let place = (!asked.returns_immediately && asked.most > 0)
        .then(|| state.polls.wait(id))
        .flatten();
    let until = Instant::now() + state.config.longest_poll;
    let mut stream = stream;
    loop {
        let answer = sets(state, &stream, asked.most).await?;
        let is_empty = answer["sets"].as_object().is_none_or(Map::is_empty);
        if !is_empty || place.is_none() || Instant::now() >= until {
            return Ok(answer);
        }
        let pause = tokio::time::sleep(LOOKS_EVERY);
        if state.stopping.run_until_cancelled(pause).await.is_none() {
            return Ok(answer);
        }
        stream = self::stream(state, client, id).await?;
    }
}

/// Some of what waits, signed. A stream that this installation paused tells of that alone.
async fn sets(state: &Inner, stream: &SsfStream, most: u64) -> Result<Value, SsfFault> {
    let streams = state.store.ssf_streams();
    let waiting = match stream.status {
        _ if most == 0 => WaitingSignals::default(),
        StreamStatus::Enabled => streams.waiting(stream, most, MOST_SET_BYTES).await?,
        StreamStatus::Paused if stream.filled_at.is_some() => WaitingSignals {
            signals: streams.announcement(stream).await?.into_iter().collect(),
            more: false,
        },
        StreamStatus::Paused | StreamStatus::Disabled => WaitingSignals::default(),
    };
    let mut sets = Map::new();
    let mut untold = Vec::new();
    if !waiting.signals.is_empty() {
        let keys = state.keys.get(state.now()).await?;
        let audience = [stream.client_id.to_string()];
        for WaitingSignal { id, body } in waiting.signals {
            let claims = match SignalClaims::of(&body, &state.issuer) {
                Ok(claims) => claims,
                Err(error @ NoSignal::Erased) => {
                    untold.push(RefusedSignal {
                        id,
                        reason: error.to_string(),
                    });
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let token = SecurityEventToken {
                iss: &state.issuer,
                aud: &audience,
                jti: &id.to_string(),
                iat: claims.iat,
                txn: claims.txn.as_deref(),
                sub_id: claims.sub_id,
                events: claims.events,
            };
            sets.insert(id.to_string(), token.sign(&keys.signing)?.into());
        }
    }
    streams.refuse(stream, &untold, state.now()).await?;
    metrics::counter!("rollcall_ssf_sets_total", "outcome" => "fetched").increment(sets.len() as u64);
    Ok(json!({ "sets": sets, "moreAvailable": waiting.more }))
}

fn asked(members: &Members) -> Result<Asked, SsfFault> {
    let most = match members.get("maxEvents") {
        None => MOST_SETS,
        Some(most) => {
            let most = most.as_u64();
            most.ok_or_else(|| SsfFault::request("maxEvents must be a whole number, and not negative"))?
        }
    };
    let has = members.texts("ack", MOST_ACKNOWLEDGED, 200)?.unwrap_or_default();
    let refuses = members.object("setErrs")?.map(|errors| refusals(&errors)).transpose()?;
    Ok(Asked {
        most: most.min(MOST_SETS),
        returns_immediately: members.truth("returnImmediately")?.unwrap_or_default(),
        // Names that nobody gave are nobody's.
        has: has.iter().filter_map(|jti| jti.parse().ok()).collect(),
        refuses: refuses.unwrap_or_default(),
    })
}

fn refusals(errors: &Members) -> Result<Vec<RefusedSignal>, SsfFault> {
    let errors = errors.all();
    if errors.len() > MOST_ACKNOWLEDGED {
        return Err(SsfFault::request(format!(
            "setErrs has at most {MOST_ACKNOWLEDGED} members"
        )));
    }
    let refusal = |(jti, error): (&String, &Value)| {
        let part = |name: &str| error[name].as_str().unwrap_or_default();
        let reason = format!("the app refused it: {} {}", part("err"), part("description"));
        Some(RefusedSignal {
            id: jti.parse().ok()?,
            reason: reason.trim_end().chars().take(LONGEST_ERROR).collect(),
        })
    };
    Ok(errors.iter().filter_map(refusal).collect())
}

/// The polls that wait in this process: one for each stream, and not too many.
#[derive(Debug, Default)]
pub(crate) struct Polls(Mutex<HashSet<SsfStreamId>>);

/// A poll that may wait, as long as this is kept.
struct Waits<'p> {
    polls: &'p Polls,
    stream: SsfStreamId,
}

impl Polls {
    fn wait(&self, stream: SsfStreamId) -> Option<Waits<'_>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST_WAITING_POLLS || !waiting.insert(stream) {
            return None;
        }
        Some(Waits { polls: self, stream })
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        let mut waiting = self.polls.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(&self.stream);
    }
}
