//! Lists: pages of 100 or `$top`, and the link to the next.

use super::Call;
use super::answer::Answer;
use super::query::Selection;
use crate::attributes::Kind;
use crate::manners::Rule;
use crate::seed;
use crate::tenant::history::Past;
use crate::tenant::{Place, State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Where a list goes on.
#[derive(Debug, Serialize, Deserialize)]
struct Continued {
    at: u32,
    path: String,
    /// Of the query without the token.
    query: u64,
}

impl Call<'_> {
    fn purpose(&self) -> String {
        format!("list of {}", self.bearer.tenant)
    }

    /// Where the list begins: 0, or after what was on the page before.
    fn start(&self) -> Result<u32, Answer> {
        let Some(token) = self.query.get("skiptoken") else {
            return Ok(0);
        };
        let Some(continued) = self.world.seal.open::<Continued>(&self.purpose(), token) else {
            self.note_foreign("list of ", token);
            return Err(Answer::error(
                400,
                "Directory_ExpiredPageToken",
                "The page token is not valid.",
            ));
        };
        if continued.path != self.asked.path {
            return Err(Answer::bad("The page token is of another list."));
        }
        if continued.query != seed::number(without_token(&self.asked.query)) {
            self.broke(Rule::LinkChanged);
        }
        Ok(continued.at)
    }

    /// Notes a link that another tenant was given.
    pub(super) fn note_foreign(&self, purpose: &str, token: &str) {
        let others = self
            .world
            .tenants()
            .into_iter()
            .filter(|(tenant, _)| *tenant != self.bearer.tenant);
        let opens = |purpose: String| self.world.seal.open::<Value>(&purpose, token).is_some();
        if others
            .into_iter()
            .any(|(tenant, _)| opens(format!("{purpose}{tenant}")))
        {
            self.broke(Rule::LinkOfAnotherTenant);
        }
    }

    /// A page. `next` says what comes at a number or later, with the number after it.
    pub(super) fn page(
        &mut self,
        context: &str,
        next: impl Fn(&State, u32) -> Option<(u32, Value)>,
        count: impl FnOnce(&State) -> usize,
    ) -> Result<Answer, Answer> {
        let top = self.query.top().inspect_err(|_| self.broke(Rule::PageTooLarge))?;
        let mut at = self.start()?;
        let mut value = Vec::new();
        while value.len() < top
            && let Some((after, item)) = next(self.state, at)
        {
            value.push(item);
            at = after;
        }
        let mut body = Map::new();
        body.insert("@odata.context".to_owned(), json!(self.context(context)));
        if self.query.get("count") == Some("true") {
            if self.asked.consistency != "eventual" {
                return Err(Answer::unsupported(
                    "$count needs the header ConsistencyLevel: eventual.",
                ));
            }
            body.insert("@odata.count".to_owned(), json!(count(self.state)));
        }
        if next(self.state, at).is_some() {
            body.insert("@odata.nextLink".to_owned(), json!(self.link(at)));
        }
        body.insert("value".to_owned(), Value::Array(value));
        Ok(Answer::ok(Value::Object(body)))
    }

    fn link(&self, at: u32) -> String {
        let query = without_token(&self.asked.query);
        let continued = Continued {
            at,
            path: self.asked.path.clone(),
            query: seed::number(query),
        };
        let token = self.world.seal.seal(&self.purpose(), &continued);
        let and = if query.is_empty() { "" } else { "&" };
        format!(
            "{}/v1.0{}?{query}{and}$skiptoken={token}",
            self.world.url, self.asked.path
        )
    }

    pub(super) fn context(&self, of: &str) -> String {
        format!("{}/v1.0/$metadata#{of}", self.world.url)
    }

    /// An object with what was selected. What it does not have is `null`.
    pub(super) fn shown(&self, place: Place, selection: &Selection) -> Map<String, Value> {
        shown(self.state, place, selection)
    }
}

/// An object as lists and reads by id show it.
pub(super) fn shown(state: &State, place: Place, selection: &Selection) -> Map<String, Value> {
    let object = state.object(place);
    let now = Past::default();
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(object.id));
    for name in &selection.names {
        shown.insert((*name).to_owned(), state.value(place, &now, name).unwrap_or_default());
    }
    shown
}

/// An object among others of different kinds; only its id, where the app may not know more of it.
pub(super) fn typed(state: &State, place: Place, selection: &Selection, is_known: bool) -> Value {
    let kind = state.object(place).kind;
    let mut typed = Map::new();
    typed.insert("@odata.type".to_owned(), json!(kind.odata_type()));
    let names = selection
        .names
        .iter()
        .copied()
        .filter(|name| kind.property(name).is_some());
    let own = Selection {
        names: if selection.is_given {
            names.collect()
        } else {
            kind.default_set()
        },
        ..selection.clone()
    };
    let mut shown = shown(state, place, &own);
    if !is_known {
        shown
            .iter_mut()
            .filter(|(name, _)| *name != "id")
            .for_each(|(_, value)| *value = Value::Null);
    }
    typed.extend(shown);
    Value::Object(typed)
}

/// The next live object of a kind, from a place on.
pub(super) fn next_live(state: &State, kind: Kind, from: u32) -> Option<Place> {
    let live = |place: &Place| {
        let object = state.object(*place);
        object.kind == kind && object.presence == crate::model::Presence::Live
    };
    (from..state.next_place()).find(live)
}

fn without_token(query: &str) -> &str {
    match query.find("$skiptoken=").or_else(|| query.find("%24skiptoken=")) {
        Some(start) => query[..start].trim_end_matches('&'),
        None => query,
    }
}
