//! The tab Events: what happened in the directory, the newest first, of all or of one person.

use super::{Tab, directory, here, tab};
use crate::api::query;
use crate::console::event::{About, about};
use crate::console::{PAGE, id};
use crate::fault::Fault;
use crate::filters;
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, Query, ServiceConfig};
use api::{Event, HistoryEntry, List, Problem, User};
use askama::Template;
use events::{DirectoryId, EventId, EventPattern, EventType, ResourceId, Source, Timestamp};
use std::collections::HashMap;

/// People to choose from where a text may mean several.
const CHOICES: &str = "10";

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("/directories/{id}/events").get(show));
}

#[derive(Template)]
#[template(path = "console/directory/events.html")]
struct EventsPage {
    directory: DirectoryId,
    rows: Vec<Row>,
    wanted: Wanted,
    /// The one person whose events these are.
    person: Option<User>,
    /// Who may be meant.
    choices: Vec<User>,
    next: Option<String>,
    /// Why nothing can be shown like that.
    problem: String,
}

/// What the events are narrowed to.
struct Wanted {
    types: String,
    person: String,
    after: String,
}

/// An event in the list.
struct Row {
    id: EventId,
    kind: EventType,
    source: Source,
    sequence: i64,
    at: Timestamp,
    about: Option<About>,
}

/// What is shown of the log.
#[derive(Default)]
struct Shown {
    rows: Vec<Row>,
    next: Option<String>,
}

async fn show(
    operator: Operator,
    path: Path<String>,
    asked: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    let value = |name: &str| asked.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let wanted = Wanted {
        types: value("types"),
        person: value("person"),
        after: value("after"),
    };
    let mut page = EventsPage {
        directory: directory.id,
        rows: Vec::new(),
        person: None,
        choices: Vec::new(),
        next: None,
        problem: String::new(),
        wanted,
    };
    let shown = if page.wanted.person.is_empty() {
        log(&operator, directory.id, &page.wanted).await
    } else {
        page.choices = people(&operator, directory.id, &page.wanted.person).await?;
        match page.choices.as_slice() {
            [_] => page.person = page.choices.pop(),
            [] => page.problem = text("directory-events-nobody").into(),
            _ => page.problem = text("directory-events-several").into(),
        }
        match &page.person {
            Some(person) => history(&operator, directory.id, person, &page.wanted).await,
            None => Ok(Shown::default()),
        }
    };
    match shown {
        Ok(shown) => (page.rows, page.next) = (shown.rows, shown.next),
        Err(fault) => page.problem = said(fault.of_form()?),
    }
    tab(StatusCode::OK, &operator, &directory, Tab::Events, &page)
}

/// What is wrong with what was asked for: of a fault of one parameter, that.
fn said(problem: Problem) -> String {
    let first = problem.errors.into_iter().next();
    first.map_or(problem.detail, |fault| fault.detail)
}

/// The newest events, the newest first; read on from an event, they are in the order of the log.
async fn log(operator: &Operator, directory: DirectoryId, wanted: &Wanted) -> Result<Shown, Fault> {
    let of = directory.to_string();
    let position = match wanted.after.as_str() {
        "" => ("last", Some("100")),
        after => ("after", Some(after)),
    };
    let parameters = [
        ("directory_id", Some(of.as_str())),
        ("types", Some(wanted.types.as_str())),
        position,
        ("limit", Some("100")),
    ];
    let mut events: List<Event> = operator.api.get(&query("/events", parameters)).await?;
    let next = events.next_cursor.take().filter(|_| !wanted.after.is_empty());
    if wanted.after.is_empty() {
        events.data.reverse();
    }
    let row = |event: Event| Row {
        id: event.id,
        kind: event.r#type,
        source: event.source,
        sequence: event.sequence,
        at: event.timestamp,
        about: about(&event),
    };
    Ok(Shown {
        rows: events.data.into_iter().map(row).collect(),
        next: next.map(|cursor| wanted.at(directory, "after", &cursor)),
    })
}

/// What became of one person, the newest first.
async fn history(operator: &Operator, directory: DirectoryId, person: &User, wanted: &Wanted) -> Result<Shown, Fault> {
    let patterns: Vec<EventPattern> = wanted
        .types
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .filter_map(|text| text.parse().ok())
        .collect();
    let is_wanted = |kind: EventType| wanted.types.is_empty() || patterns.iter().any(|one| one.matches(kind));
    let path = format!("/directories/{directory}/users/{}/history", person.id);
    let parameters = [("cursor", Some(wanted.after.as_str())), ("limit", Some(PAGE))];
    let history: List<HistoryEntry> = operator.api.get(&query(&path, parameters)).await?;
    let row = |entry: HistoryEntry| Row {
        id: entry.event_id,
        kind: entry.r#type,
        source: entry.source,
        sequence: entry.sequence,
        at: entry.timestamp,
        about: entry.group.as_ref().map_or_else(
            || Some(About::user(directory, person)),
            |group| About::group(directory, group),
        ),
    };
    let entries = history.data.into_iter().filter(|entry| is_wanted(entry.r#type));
    Ok(Shown {
        rows: entries.map(row).collect(),
        next: history.next_cursor.map(|cursor| wanted.at(directory, "after", &cursor)),
    })
}

/// Who is meant: a person by id, or people by a part of a name or an address.
async fn people(operator: &Operator, directory: DirectoryId, text: &str) -> Result<Vec<User>, Fault> {
    let users = format!("/directories/{directory}/users");
    if let Ok(id) = text.parse::<ResourceId>() {
        let found: Option<User> = operator.api.find(&format!("{users}/{id}")).await?;
        return Ok(found.into_iter().collect());
    }
    let filter = super::users::filter(text, &["userName", "displayName", "emails.value"]);
    let parameters = [("filter", Some(filter.as_str())), ("limit", Some(CHOICES))];
    match operator.api.get::<List<User>>(&query(&users, parameters)).await {
        Ok(found) => Ok(found.data),
        Err(fault) => fault.of_form().map(|_| Vec::new()),
    }
}

impl Wanted {
    /// The address of these events with another value of one parameter.
    fn at(&self, directory: DirectoryId, name: &str, value: &str) -> String {
        let own = |known: &str, text: &'_ str| {
            if known == name {
                value.to_owned()
            } else {
                text.to_owned()
            }
        };
        let (types, person, after) = (
            own("types", &self.types),
            own("person", &self.person),
            own("after", &self.after),
        );
        let parameters = [
            ("types", Some(types.as_str())),
            ("person", Some(person.as_str())),
            ("after", Some(after.as_str())),
        ];
        query(&format!("{}/events", here(directory)), parameters)
    }

    const fn is_narrowed(&self) -> bool {
        !(self.types.is_empty() && self.person.is_empty() && self.after.is_empty())
    }
}

impl EventsPage {
    /// Where the same events are, as they are then.
    fn address(&self) -> String {
        self.wanted.at(self.directory, "", "")
    }

    fn of_person(&self, user: &User) -> String {
        self.wanted.at(self.directory, "person", &user.id.to_string())
    }

    fn since_the_oldest(&self) -> String {
        self.wanted.at(self.directory, "after", "oldest")
    }
}
