//! Which streams of apps are told of an event. An app hears of nobody who has not logged in to it, nor of anybody whom it took
//! off the stream.

use crate::endpoints::LoadedEndpoint;
use directory::{ParsedEvent, Signal, is_signalled};
use events::{ResourceId, SsfStreamId, SsoClientId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use store::{Store, StoreError};

/// What streams are told of each event of a batch, in the order of the events.
pub(crate) type Told = Vec<Vec<(Arc<LoadedEndpoint>, Signal)>>;

/// Somebody of whom a stream may be told.
struct Candidate<'a> {
    event: usize,
    endpoint: &'a Arc<LoadedEndpoint>,
    app: SsoClientId,
    person: ResourceId,
}

/// What the streams are told of these events: two queries for all of them, and none where there is nothing to tell.
pub(crate) async fn tell(
    store: &Store,
    endpoints: &[Arc<LoadedEndpoint>],
    parsed: &[ParsedEvent<'_>],
) -> Result<Told, StoreError> {
    let mut told: Told = parsed.iter().map(|_| Vec::new()).collect();
    let candidates = candidates(endpoints, parsed);
    if candidates.is_empty() {
        return Ok(told);
    }
    let people: HashSet<ResourceId> = candidates.iter().map(|candidate| candidate.person).collect();
    let apps: HashSet<SsoClientId> = candidates.iter().map(|candidate| candidate.app).collect();
    let streams: HashSet<SsfStreamId> = candidates.iter().map(|candidate| stream(candidate.endpoint)).collect();
    let known = store.people_of_apps(&apps, &people).await?;
    if known.is_empty() {
        return Ok(told);
    }
    let removed = store.removed_from_streams(&streams, &people).await?;
    let scopes: HashMap<(SsoClientId, ResourceId), String> = known
        .into_iter()
        .map(|person| ((person.client_id, person.user_id), person.scope))
        .collect();
    for Candidate {
        event,
        endpoint,
        app,
        person,
    } in candidates
    {
        let Some(scope) = scopes.get(&(app, person)) else {
            continue;
        };
        if removed.contains(&(stream(endpoint), person)) {
            continue;
        }
        if let (Some(parsed), Some(told)) = (parsed.get(event), told.get_mut(event)) {
            let signals = Signal::all(parsed, &endpoint.signals, scope);
            told.extend(signals.into_iter().map(|signal| (Arc::clone(endpoint), signal)));
        }
    }
    Ok(told)
}

fn candidates<'a>(endpoints: &'a [Arc<LoadedEndpoint>], parsed: &[ParsedEvent<'_>]) -> Vec<Candidate<'a>> {
    let streams: Vec<_> = endpoints
        .iter()
        .filter(|endpoint| !endpoint.signals.is_empty())
        .filter_map(|endpoint| Some((endpoint, endpoint.app?)))
        .collect();
    let mut candidates = Vec::new();
    if streams.is_empty() {
        return candidates;
    }
    for (event, parsed) in parsed.iter().enumerate() {
        let interested = streams.iter().filter(|(endpoint, _)| {
            is_signalled(parsed.event.kind, &endpoint.signals) && endpoint.subscription.concerns(parsed.event)
        });
        candidates.extend(interested.filter_map(|(endpoint, app)| {
            Some(Candidate {
                event,
                endpoint,
                app: *app,
                person: Signal::subject(parsed, *app)?,
            })
        }));
    }
    candidates
}

/// A stream has the id of its endpoint.
fn stream(endpoint: &LoadedEndpoint) -> SsfStreamId {
    endpoint.id.uuid().into()
}
