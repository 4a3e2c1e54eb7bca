//! Objects of any kind, by their ids.

use super::answer::Answer;
use super::list::typed;
use super::query::Selection;
use super::{Call, GROUPS, USERS};
use crate::attributes::Kind;
use crate::model::Presence;
use crate::tenant::Place;
use serde_json::{Value, json};
use uuid::Uuid;

/// At most so many ids are looked up at once.
const MOST_IDS: usize = 1_000;

fn everything() -> Selection {
    Selection {
        names: Vec::new(),
        relation: false,
        is_given: false,
    }
}

fn may_see(call: &Call<'_>, place: Place) -> bool {
    match call.state.object(place).kind {
        Kind::Group => call.permit(GROUPS).is_ok(),
        _ => call.permit(USERS).is_ok(),
    }
}

/// Those of the ids in the body that there are; the others are left out.
pub(super) fn by_ids(call: &mut Call<'_>) -> Result<Answer, Answer> {
    call.permit(&[USERS, GROUPS].concat())?;
    let ids = call.asked.body["ids"]
        .as_array()
        .ok_or_else(|| Answer::bad("ids is missing."))?;
    if ids.len() > MOST_IDS {
        return Err(Answer::bad("Too many ids; the most are 1000."));
    }
    let types: Option<Vec<String>> = serde_json::from_value(call.asked.body["types"].clone()).unwrap_or_default();
    let takes = |kind: Kind| {
        let name = kind.odata_type().trim_start_matches("#microsoft.graph.");
        types
            .as_ref()
            .is_none_or(|types| types.iter().any(|one| one == name || one == "directoryObject"))
    };
    let found = ids.iter().filter_map(|id| {
        let place = *call.state.by_id.get(&id.as_str()?.parse::<Uuid>().ok()?)?;
        let object = call.state.object(place);
        let is_there = object.presence == Presence::Live && takes(object.kind);
        is_there.then(|| typed(call.state, place, &everything(), may_see(call, place)))
    });
    let value: Vec<Value> = found.collect();
    Ok(Answer::ok(
        json!({ "@odata.context": call.context("directoryObjects"), "value": value }),
    ))
}

pub(super) fn get(call: &mut Call<'_>, id: &str) -> Result<Answer, Answer> {
    call.permit(&[USERS, GROUPS].concat())?;
    let place = id
        .parse::<Uuid>()
        .ok()
        .and_then(|id| call.state.by_id.get(&id).copied());
    let place = place.filter(|place| call.state.object(*place).presence == Presence::Live);
    let place = place.ok_or_else(|| call.nobody(id))?;
    let mut found = typed(call.state, place, &everything(), may_see(call, place));
    found["@odata.context"] = json!(call.context("directoryObjects/$entity"));
    Ok(Answer::ok(found))
}
