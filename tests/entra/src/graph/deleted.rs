//! What is in the bin.

use super::answer::Answer;
use super::list::shown;
use super::{Call, DELETED_GROUPS, USERS};
use crate::attributes::Kind;
use crate::tenant::{Place, State};
use serde_json::{Value, json};

/// Deleted objects of the kind that a cast names, or one by its id.
pub(super) fn answer(call: &mut Call<'_>, name: &str) -> Result<Answer, Answer> {
    if let Ok(id) = name.parse() {
        let place = call.state.by_id.get(&id).copied();
        let place = place.filter(|place| call.state.bin.contains(&(call.state.object(*place).deleted, *place)));
        let place = place.ok_or_else(|| call.nobody(name))?;
        let kind = call.state.object(place).kind;
        permit(call, kind)?;
        let selection = call.query.selection(kind)?;
        let mut found = Value::Object(call.shown(place, &selection));
        found["@odata.type"] = json!(kind.odata_type());
        found["@odata.context"] = json!(call.context("directoryObjects/$entity"));
        return Ok(Answer::ok(found));
    }
    let kind = Kind::of_cast(name).ok_or_else(|| Answer::bad("A type must be given, as microsoft.graph.user."))?;
    permit(call, kind)?;
    let selection = call.query.selection(kind)?;
    let places: Vec<Place> = call.state.bin.iter().map(|(_, place)| *place).collect();
    // In order of their places, so that a page goes on where the one before ended.
    let next = |state: &State, from: u32| {
        let of_kind = places
            .iter()
            .filter(|place| **place >= from && state.object(**place).kind == kind);
        let place = *of_kind.min()?;
        let mut item = shown(state, place, &selection);
        if !selection.is_given || selection.names.contains(&"deletedDateTime") {
            item.insert("deletedDateTime".to_owned(), json!(state.object(place).deleted.text()));
        }
        Some((place + 1, Value::Object(item)))
    };
    let count = |state: &State| places.iter().filter(|place| state.object(**place).kind == kind).count();
    call.page(kind.collection(), next, count)
}

fn permit(call: &Call<'_>, kind: Kind) -> Result<(), Answer> {
    match kind {
        Kind::Group => call.permit(DELETED_GROUPS),
        _ => call.permit(USERS),
    }
}
