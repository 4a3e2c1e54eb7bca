//! Delta queries: the first round shows everything, and each round after it what has changed since.
//!
//! A token has the place in the tenant (first round) or in the log (later rounds) where its round goes on, sealed for the
//! tenant. A page shows things as they are when it is asked for. A round ends where the log ended when it began: what happens
//! while it is read comes in the next one, too.

mod round;

use super::answer::Answer;
use super::fault::steady_state;
use super::query::Selection;
use super::{Call, GROUPS, USERS};
use crate::attributes::Kind;
use crate::clock::Moment;
use crate::manners::Rule;
use crate::model::Expired;
use crate::tenant::Place;
use round::Round;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::time::Duration;
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A round that takes longer than so many days is given up.
const LONGEST_ROUND: u32 = 30;
/// Options that delta queries do not have.
const UNSUPPORTED: [&str; 5] = ["top", "expand", "orderby", "search", "skip"];

/// What a token stands for.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Cursor {
    kind: Kind,
    /// Names that are selected; nothing if the default set is tracked.
    select: Option<Vec<String>>,
    relation: bool,
    /// Ids that the query is narrowed to; none means all.
    ids: Vec<Uuid>,
    /// How many places the first round goes over; nothing in later ones.
    first: Option<u32>,
    /// The log is told from here …
    from: u32,
    /// … to here.
    to: u32,
    /// The place or position that was told last.
    at: u32,
    /// The member of the group behind `at` that was told last.
    after: Option<Place>,
    page: u32,
    /// Objects that the next page tells again.
    repeat: Vec<Place>,
    /// Objects that the next round tells again.
    replay: Vec<Place>,
    started: Moment,
    issued: Moment,
    /// Whether the first round goes in an order that tells nothing.
    shuffled: bool,
    /// Whether only what has changed is shown.
    minimal: bool,
    /// Whether the round is over, and the token begins the next.
    is_over: bool,
}

/// Answers a delta query.
pub(super) fn answer(call: &mut Call<'_>, kind: Kind) -> Result<Answer, Answer> {
    call.permit(if kind == Kind::User { USERS } else { GROUPS })?;
    let cursor = match (call.query.get("skiptoken"), call.query.get("deltatoken")) {
        (None, Some("latest")) => {
            let begun = begin(call, kind)?;
            let is_over = Cursor { is_over: true, ..begun };
            return Ok(finish(call, &is_over, Vec::new()));
        }
        (None, None | Some("")) => begin(call, kind)?,
        (Some(token), _) | (None, Some(token)) => {
            let token = token.to_owned();
            resume(call, kind, &token)?
        }
    };
    let (cursor, value) = Round::new(call, cursor)?.page();
    Ok(finish(call, &cursor, value))
}

fn begin(call: &Call<'_>, kind: Kind) -> Result<Cursor, Answer> {
    if UNSUPPORTED.iter().any(|option| call.query.has(option)) {
        call.broke(Rule::UnsupportedOption);
        if !call.state.behaviour.unsupported_ignored {
            return Err(Answer::unsupported(
                "The query option is not supported in delta queries.",
            ));
        }
    }
    let selection = call.query.selection(kind)?;
    if !selection.is_given {
        call.broke(Rule::NothingSelected);
    }
    let to = call.state.visible(call.now);
    let places = call.state.objects.partition_point(|object| object.born <= to);
    Ok(Cursor {
        kind,
        select: selection
            .is_given
            .then(|| selection.names.iter().map(|name| (*name).to_owned()).collect()),
        relation: selection.relation,
        ids: call.query.ids()?,
        first: Some(u32::try_from(places).unwrap_or(u32::MAX)),
        from: 0,
        to,
        at: 0,
        after: None,
        page: 0,
        repeat: Vec::new(),
        replay: Vec::new(),
        started: call.now,
        issued: call.now,
        shuffled: call.state.behaviour.shuffled,
        minimal: false,
        is_over: false,
    })
}

fn purpose(tenant: Uuid) -> String {
    format!("round of {tenant}")
}

fn resume(call: &Call<'_>, kind: Kind, token: &str) -> Result<Cursor, Answer> {
    let opened = call.world.seal.open::<Cursor>(&purpose(call.bearer.tenant), token);
    let Some(cursor) = opened.filter(|cursor| cursor.kind == kind) else {
        call.note_foreign("round of ", token);
        return Err(Answer::error(400, "BadRequest", "Badly formed token."));
    };
    let name = if cursor.is_over { "$deltatoken" } else { "$skiptoken" };
    if call.asked.query != format!("{name}={token}") {
        call.broke(Rule::LinkChanged);
    }
    let lasts = DAY.saturating_mul(u32::try_from(call.state.behaviour.token_days).unwrap_or(u32::MAX));
    if cursor.issued.plus(lasts) < call.now {
        return Err(expired(call, &cursor));
    }
    if !cursor.is_over {
        if cursor.started.plus(DAY * LONGEST_ROUND) < call.now {
            return Err(steady_state());
        }
        return Ok(cursor);
    }
    let mut until = call.state.visible(call.now);
    until = until.max(cursor.to);
    Ok(Cursor {
        first: None,
        from: cursor.to,
        at: cursor.to,
        to: until,
        after: None,
        page: 0,
        started: call.now,
        minimal: call.asked.prefer.contains("return=minimal"),
        is_over: false,
        ..cursor
    })
}

fn expired(call: &Call<'_>, cursor: &Cursor) -> Answer {
    let selected = cursor.select.as_ref().map(|names| {
        let relation = cursor.relation.then(|| cursor.kind.relation().to_owned());
        let names: Vec<String> = names.iter().cloned().chain(relation).collect();
        format!("$select={}&", names.join(","))
    });
    match call.state.behaviour.expired {
        Expired::Location => call.gone(true, &selected.unwrap_or_default()),
        Expired::NoLocation => call.gone(false, ""),
        Expired::SteadyState => steady_state(),
        Expired::NotFound => Answer::no_resource("deltatoken"),
    }
}

impl Cursor {
    fn selection(&self) -> Result<Selection, Answer> {
        let Some(names) = &self.select else {
            return Ok(Selection {
                names: self.kind.default_set(),
                relation: self.relation,
                is_given: false,
            });
        };
        let selection = super::query::select(self.kind, names.iter().map(String::as_str))?;
        Ok(Selection {
            relation: self.relation,
            ..selection
        })
    }
}

/// The page, with the one link that it has.
fn finish(call: &Call<'_>, cursor: &Cursor, value: Vec<Value>) -> Answer {
    let cursor = Cursor {
        issued: call.now,
        ..cursor.clone()
    };
    let names = cursor.select.as_ref().map(|names| {
        let relation = cursor.relation.then(|| cursor.kind.relation().to_owned());
        let names: Vec<String> = names.iter().cloned().chain(relation).collect();
        format!("({})", names.join(","))
    });
    let collection = cursor.kind.collection();
    let token = call.world.seal.seal(&purpose(call.bearer.tenant), &cursor);
    let (link, option) = if cursor.is_over {
        ("@odata.deltaLink", "deltatoken")
    } else {
        ("@odata.nextLink", "skiptoken")
    };
    let mut body = Map::new();
    let context = call.context(&format!("{collection}{}", names.unwrap_or_default()));
    body.insert("@odata.context".to_owned(), json!(context));
    let url = format!("{}/v1.0/{collection}/delta?${option}={token}", call.world.url);
    body.insert(link.to_owned(), json!(url));
    body.insert("value".to_owned(), Value::Array(value));
    Answer::ok(Value::Object(body))
}
