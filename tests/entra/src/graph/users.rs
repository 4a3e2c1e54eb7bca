//! Users, their managers, and lists of them.

use super::answer::Answer;
use super::list::{next_live, shown, typed};
use super::query::{Selection, equals, select};
use super::{Call, USERS};
use crate::attributes::Kind;
use crate::model::Presence;
use crate::tenant::{Place, State};
use serde_json::{Value, json};

/// `manager` within users, with these properties.
struct Expansion(Selection);

impl Expansion {
    /// Reads `manager`, or `manager($levels=1;$select=id)`; a selection needs levels.
    fn parse(call: &Call<'_>) -> Result<Option<Self>, Answer> {
        let Some(text) = call.query.get("expand") else {
            return Ok(None);
        };
        let rest = text.trim().strip_prefix("manager");
        let rest = rest.ok_or_else(|| Answer::unsupported("Only manager can be expanded."))?;
        let options = rest
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or(rest);
        let option = |name: &str| options.split(';').find_map(|option| option.trim().strip_prefix(name));
        let selected = option("$select=");
        if selected.is_some() && option("$levels=").is_none() {
            return Err(Answer::unsupported("$select in $expand of manager needs $levels."));
        }
        let names = selected.map(|names| select(Kind::User, names.split(',').map(str::trim)));
        let default = Selection {
            names: Kind::User.default_set(),
            relation: false,
            is_given: false,
        };
        Ok(Some(Self(names.transpose()?.unwrap_or(default))))
    }

    fn show(&self, state: &State, place: Place, user: &mut serde_json::Map<String, Value>) {
        if let Some(manager) = state.object(place).manager
            && state.object(manager).presence == Presence::Live
        {
            user.insert("manager".to_owned(), typed(state, manager, &self.0, true));
        }
    }
}

/// What users must fulfil.
enum Filter {
    All,
    Property(&'static str, Value),
    Ids(Vec<String>),
}

impl Filter {
    fn parse(call: &Call<'_>) -> Result<Self, Answer> {
        let Some(text) = call.query.get("filter") else {
            return Ok(Self::All);
        };
        let ids: Option<Vec<String>> = text
            .split(" or ")
            .map(|term| Some(equals(term, "id")?.to_owned()))
            .collect();
        if let Some(ids) = ids {
            return Ok(Self::Ids(ids));
        }
        for name in ["userPrincipalName", "mail", "employeeId"] {
            if let Some(value) = equals(text, name) {
                return Ok(Self::Property(name, json!(value)));
            }
        }
        match text.trim() {
            "accountEnabled eq true" => Ok(Self::Property("accountEnabled", json!(true))),
            "accountEnabled eq false" => Ok(Self::Property("accountEnabled", json!(false))),
            _ => Err(Answer::unsupported("The filter is not supported.")),
        }
    }

    fn takes(&self, state: &State, place: Place) -> bool {
        let object = state.object(place);
        match self {
            Self::All => true,
            Self::Ids(ids) => ids.iter().any(|id| id.parse() == Ok(object.id)),
            Self::Property(name, value) => object
                .attributes
                .get(name, &state.domain)
                .is_some_and(|own| same(&own, value)),
        }
    }
}

/// Texts are compared without their case.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.to_lowercase() == other.to_lowercase(),
        _ => one == other,
    }
}

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Answer> {
    call.permit(USERS)?;
    let selection = call.query.selection(Kind::User)?;
    let (expansion, filter) = (Expansion::parse(call)?, Filter::parse(call)?);
    let find = |state: &State, from: u32| {
        let mut at = from;
        while let Some(place) = next_live(state, Kind::User, at) {
            if filter.takes(state, place) {
                return Some(place);
            }
            at = place + 1;
        }
        None
    };
    let next = |state: &State, from: u32| {
        let place = find(state, from)?;
        let mut user = shown(state, place, &selection);
        if let Some(expansion) = &expansion {
            expansion.show(state, place, &mut user);
        }
        Some((place + 1, Value::Object(user)))
    };
    let count = |state: &State| {
        let places = std::iter::successors(find(state, 0), |place| find(state, place + 1));
        places.count()
    };
    call.page("users", next, count)
}

/// A user by id or `userPrincipalName`.
fn named(call: &Call<'_>, name: &str) -> Result<Place, Answer> {
    let is_live = |place: &Place| call.state.object(*place).presence == Presence::Live;
    let place = match name.parse() {
        Ok(id) => call.state.find(id, Kind::User).filter(is_live),
        Err(_) => {
            let filter = Filter::Property("userPrincipalName", json!(name));
            let live = |from| next_live(call.state, Kind::User, from);
            std::iter::successors(live(0), |place| live(place + 1)).find(|place| filter.takes(call.state, *place))
        }
    };
    place.ok_or_else(|| call.nobody(name))
}

pub(super) fn get(call: &mut Call<'_>, id: &str) -> Result<Answer, Answer> {
    call.permit(USERS)?;
    let selection = call.query.selection(Kind::User)?;
    let expansion = Expansion::parse(call)?;
    let place = named(call, id)?;
    let mut user = call.shown(place, &selection);
    if let Some(expansion) = expansion {
        expansion.show(call.state, place, &mut user);
    }
    user.insert("@odata.context".to_owned(), json!(call.context("users/$entity")));
    Ok(Answer::ok(Value::Object(user)))
}

pub(super) fn manager(call: &mut Call<'_>, id: &str) -> Result<Answer, Answer> {
    call.permit(USERS)?;
    let selection = call.query.selection(Kind::User)?;
    let place = named(call, id)?;
    let manager = call.state.object(place).manager;
    let manager = manager.filter(|manager| call.state.object(*manager).presence == Presence::Live);
    match manager {
        Some(manager) => {
            let mut answer = typed(call.state, manager, &selection, true);
            answer["@odata.context"] = json!(call.context("directoryObjects/$entity"));
            Ok(Answer::ok(answer))
        }
        None => Err(call.nobody("manager")),
    }
}
