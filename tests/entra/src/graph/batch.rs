//! Many requests in one (JSON batching): each is answered, throttled and refused by itself, and in any order.

use super::Call;
use super::answer::Answer;
use super::query::Query;
use crate::manners::{Request, Rule};
use crate::seed;
use crate::world::lock;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};

/// The most requests in a batch.
const MOST: usize = 20;

pub(super) fn answer(call: &mut Call<'_>) -> Answer {
    if call.asked.method != "POST" {
        return Answer::error(405, "Request_BadRequest", "A batch is posted.");
    }
    match call.asked.body["requests"].as_array() {
        None => Answer::error(400, "BadRequest", "Invalid batch payload format."),
        Some(requests) if requests.len() > MOST => {
            call.broke(Rule::BatchTooLarge);
            Answer::error(
                400,
                "BadRequest",
                "Number of batch request steps exceeds the maximum value of 20.",
            )
        }
        Some(requests) if !is_sound(requests) => Answer::error(400, "BadRequest", "Invalid batch payload format."),
        Some(requests) => {
            let requests = requests.clone();
            all(call, &requests)
        }
    }
}

fn text<'a>(request: &'a Value, name: &str) -> &'a str {
    request[name].as_str().unwrap_or_default()
}

/// Whether ids are there and unique, and what has a body has headers.
fn is_sound(requests: &[Value]) -> bool {
    let mut ids = HashSet::new();
    requests.iter().all(|request| {
        let is_named = !text(request, "id").is_empty() && ids.insert(text(request, "id"));
        let has_headers = request.get("body").is_none() || request["headers"].is_object();
        is_named && has_headers && !text(request, "method").is_empty() && !text(request, "url").is_empty()
    })
}

fn all(call: &mut Call<'_>, requests: &[Value]) -> Answer {
    let mut statuses: HashMap<&str, u16> = HashMap::new();
    let mut responses = Vec::new();
    for request in requests {
        let parents = request["dependsOn"].as_array();
        let mut parents = parents.into_iter().flatten().filter_map(Value::as_str);
        let has_failed = parents.any(|parent| statuses.get(parent).is_none_or(|status| *status >= 400));
        let answer = if has_failed {
            Answer::error(
                424,
                "FailedDependency",
                "A request that this one depends on has failed.",
            )
        } else {
            one(call, request)
        };
        statuses.insert(text(request, "id"), answer.status);
        let headers: Map<String, Value> = answer
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)))
            .collect();
        responses.push(
            json!({ "id": text(request, "id"), "status": answer.status, "headers": headers, "body": answer.body }),
        );
    }
    let mix = [call.state.seed, call.state.served];
    responses.sort_by_cached_key(|response| seed::mix(&[mix[0], mix[1], seed::number(text(response, "id"))]));
    Answer::ok(json!({ "responses": responses }))
}

fn one(call: &mut Call<'_>, request: &Value) -> Answer {
    let url = text(request, "url");
    // Relative, but Microsoft's SDK for Python also sends whole ones.
    let relative = url.strip_prefix(&format!("{}/v1.0", call.world.url)).unwrap_or(url);
    let (path, query) = relative.split_once('?').unwrap_or((relative, ""));
    let header = |name: &str| {
        let headers = request["headers"].as_object().into_iter().flatten();
        let mut values = headers.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        values
            .find_map(|(_, value)| value.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    let asked = super::Asked {
        method: text(request, "method").to_uppercase(),
        path: path.to_owned(),
        query: query.to_owned(),
        prefer: header("prefer"),
        consistency: header("consistencylevel"),
        body: request["body"].clone(),
        ..call.asked.clone()
    };
    let mut item = Call {
        world: call.world,
        state: &mut *call.state,
        now: call.now,
        bearer: call.bearer,
        query: Query::parse(query),
        asked: &asked,
        waits: Vec::new(),
    };
    let answer = if !path.starts_with('/')
        || asked.path == "/$batch"
        || asked.path.starts_with("/subscriptions") && asked.method == "POST"
    {
        Answer::error(400, "BadRequest", "This cannot be in a batch.")
    } else {
        item.single()
    };
    // They take effect when the batch is over: its other requests are on their way already.
    let waits = item.waits;
    call.waits.extend(waits);
    lock(&call.world.manners).note(Request {
        at: call.now,
        method: asked.method.clone(),
        path: format!("/v1.0{path}"),
        tenant: Some(call.bearer.tenant),
        app: Some(call.bearer.app),
        status: answer.status,
    });
    answer
}
