//! Groups and who is in them.

use super::answer::Answer;
use super::list::{next_live, shown, typed};
use super::{Call, GROUPS, USERS};
use crate::attributes::Kind;
use crate::model::Presence;
use crate::tenant::{Place, State};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Answer> {
    call.permit(GROUPS)?;
    let selection = call.query.selection(Kind::Group)?;
    if call.query.has("filter") || call.query.has("expand") {
        return Err(Answer::unsupported("The query is not supported."));
    }
    let next = |state: &State, from: u32| {
        let place = next_live(state, Kind::Group, from)?;
        Some((place + 1, Value::Object(shown(state, place, &selection))))
    };
    let count = |state: &State| {
        let live = |from| next_live(state, Kind::Group, from);
        std::iter::successors(live(0), |place| live(place + 1)).count()
    };
    call.page("groups", next, count)
}

fn named(call: &Call<'_>, id: &str) -> Result<Place, Answer> {
    let place = id.parse().ok().and_then(|id| call.state.find(id, Kind::Group));
    place
        .filter(|place| call.state.object(*place).presence == Presence::Live)
        .ok_or_else(|| call.nobody(id))
}

pub(super) fn get(call: &mut Call<'_>, id: &str) -> Result<Answer, Answer> {
    call.permit(GROUPS)?;
    let selection = call.query.selection(Kind::Group)?;
    let place = named(call, id)?;
    let mut group = call.shown(place, &selection);
    group.insert("@odata.context".to_owned(), json!(call.context("groups/$entity")));
    Ok(Answer::ok(Value::Object(group)))
}

/// Members, direct or of groups within, of all kinds or one.
pub(super) fn members(call: &mut Call<'_>, id: &str, cast: Option<&str>, transitive: bool) -> Result<Answer, Answer> {
    call.permit(GROUPS)?;
    let kind = cast.map(|cast| Kind::of_cast(cast).ok_or_else(|| Answer::bad("There is no such type.")));
    let kind = kind.transpose()?;
    if kind.is_some() && (call.query.get("count") != Some("true") || call.asked.consistency != "eventual") {
        return Err(Answer::unsupported(
            "A cast needs $count=true and the header ConsistencyLevel: eventual.",
        ));
    }
    let selection = call.query.selection(kind.unwrap_or(Kind::User))?;
    let group = named(call, id)?;
    let all = if transitive {
        within(call.state, group)
    } else {
        BTreeSet::new()
    };
    let of_users = call.permit(USERS).is_ok();
    let counts = |state: &State, place: &Place| {
        let object = state.object(*place);
        object.presence == Presence::Live && kind.is_none_or(|kind| object.kind == kind)
    };
    let members = |state: &State, from: u32| {
        let members = if transitive { &all } else { &state.object(group).members };
        members.range(from..).find(|place| counts(state, place)).copied()
    };
    let next = |state: &State, from: u32| {
        let place = members(state, from)?;
        let is_known = of_users || state.object(place).kind == Kind::Group;
        Some((place + 1, typed(state, place, &selection, is_known)))
    };
    let count = |state: &State| std::iter::successors(members(state, 0), |place| members(state, place + 1)).count();
    let context = kind.map_or("directoryObjects", Kind::collection);
    call.page(context, next, count)
}

/// Everybody in a group and in groups within it. Groups may contain each other.
fn within(state: &State, group: Place) -> BTreeSet<Place> {
    let mut all = BTreeSet::new();
    let mut open = vec![group];
    while let Some(place) = open.pop() {
        for member in &state.object(place).members {
            if all.insert(*member) && state.object(*member).kind == Kind::Group {
                open.push(*member);
            }
        }
    }
    all
}
