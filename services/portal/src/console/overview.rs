//! `/console`: what needs attention, then how things go.

use crate::api::query;
use crate::chart::Chart;
use crate::fault::Fault;
use crate::filters;
use crate::frame::{Section, console};
use crate::session::Operator;
use crate::texts::{Text, TextKey, text};
use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use api::{
    Activity, ActivityMinute, Credential, DeadLetter, Directory, Endpoint, EndpointState, HealthState, List,
    QuarantineOutlook, Scope,
};
use askama::Template;
use events::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// Pages of a list that are looked through. What is behind them is found in the list itself.
const PAGES: usize = 5;
/// Elements of each of them.
const EACH: &str = "100";
/// How long before its end a credential needs attention.
const SOON: Duration = Duration::from_hours(30 * 24);
/// Lines of one kind that are shown.
const SHOWN: usize = 8;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("").get(show));
}

#[derive(Template)]
#[template(path = "console/overview.html")]
struct OverviewPage {
    matters: Vec<Matter>,
    /// How many more matters there are than are shown.
    unseen: usize,
    figures: Figures,
    /// What is done over all; not for those who see one organization only.
    pulse: Option<Pulse>,
    is_new: bool,
    /// A directory with nobody in it, where there is nobody anywhere: sample people may go there.
    sampled: Option<Directory>,
}

/// What is done over all tenants.
struct Pulse {
    rates: [Rate; 3],
    activity: Activity,
    /// The lanes of each process, most first.
    projectors: Vec<(String, usize)>,
}

/// How often something is done.
struct Rate {
    title: TextKey,
    /// In the last whole minute.
    last: u64,
    chart: Chart,
}

/// Something that needs attention.
struct Matter {
    kind: &'static str,
    what: String,
    href: String,
    sentence: String,
    remedy: String,
}

#[derive(Default)]
struct Figures {
    directories: usize,
    active_directories: usize,
    users: i64,
    active_users: i64,
    groups: i64,
    endpoints: usize,
    enabled_endpoints: usize,
    /// Whether there are more directories or endpoints than were looked at.
    is_partial: bool,
}

async fn show(operator: Operator) -> Result<HttpResponse, Fault> {
    let (directories, more_directories) = some::<Directory>(&operator, "/directories").await?;
    let (endpoints, more_endpoints) = some::<Endpoint>(&operator, "/endpoints").await?;
    let mut matters: Vec<Matter> = directories.iter().flat_map(of_directory).collect();
    matters.extend(endpoints.iter().filter_map(of_endpoint));
    matters.extend(of_credentials(&operator).await?);
    matters.extend(of_dead_letters(&operator).await?);
    // What is broken comes before what is soon to break.
    matters.sort_by_key(|matter| matter.kind != "bad");
    let unseen = matters.len().saturating_sub(SHOWN);
    matters.truncate(SHOWN);
    let page = OverviewPage {
        matters,
        unseen,
        pulse: operator.api.find("/activity").await?.map(pulse),
        is_new: directories.is_empty(),
        sampled: operator
            .may(Scope::Directories)
            .then(|| empty(&directories).cloned())
            .flatten(),
        figures: Figures {
            is_partial: more_directories || more_endpoints,
            ..figures(&directories, &endpoints)
        },
    };
    console(&operator, Section::Overview, text("overview-title"), &[], &page)
}

fn pulse(activity: Activity) -> Pulse {
    // The last one has only begun.
    let whole = activity.minutes.len().saturating_sub(1);
    let rate = |title: TextKey, label: fn(u64, u64) -> Text, count: fn(&ActivityMinute) -> u64| {
        let last = whole.checked_sub(1).and_then(|last| activity.minutes.get(last));
        let last = last.map_or(0, count);
        let hour: u64 = activity.minutes.iter().map(count).sum();
        let label = label(hour, last);
        Rate {
            title,
            last,
            chart: Chart::new(label.into(), activity.minutes.iter().map(count)),
        }
    };
    let mut lanes: BTreeMap<&str, usize> = BTreeMap::new();
    for lane in &activity.lanes {
        *lanes.entry(&lane.instance).or_default() += 1;
    }
    let mut projectors: Vec<_> = lanes
        .into_iter()
        .map(|(name, lanes)| (name.to_owned(), lanes))
        .collect();
    projectors.sort_by_key(|(_, lanes)| std::cmp::Reverse(*lanes));
    Pulse {
        rates: [
            rate(
                TextKey("overview-requests-figure"),
                |hour, last| {
                    text("overview-requests-chart-label")
                        .count("hour", hour)
                        .count("last", last)
                },
                |minute| minute.requests,
            ),
            rate(
                TextKey("overview-events-figure"),
                |hour, last| {
                    text("overview-events-chart-label")
                        .count("hour", hour)
                        .count("last", last)
                },
                |minute| minute.events,
            ),
            rate(
                TextKey("overview-deliveries-figure"),
                |hour, last| {
                    text("overview-deliveries-chart-label")
                        .count("hour", hour)
                        .count("last", last)
                },
                |minute| minute.deliveries,
            ),
        ],
        projectors,
        activity,
    }
}

/// The first directory, where nobody is in any.
fn empty(directories: &[Directory]) -> Option<&Directory> {
    let has_people = |directory: &Directory| directory.counts.as_ref().is_none_or(|counts| counts.users > 0);
    directories.first().filter(|_| !directories.iter().any(has_people))
}

/// The first pages of a list, and whether there are more.
async fn some<T: serde::de::DeserializeOwned>(operator: &Operator, path: &str) -> Result<(Vec<T>, bool), Fault> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..PAGES {
        let path = query(path, [("limit", Some(EACH)), ("cursor", cursor.as_deref())]);
        let List { data, next_cursor } = operator.api.get(&path).await?;
        all.extend(data);
        cursor = next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok((all, cursor.is_some()))
}

fn figures(directories: &[Directory], endpoints: &[Endpoint]) -> Figures {
    let counts = || directories.iter().filter_map(|directory| directory.counts.as_ref());
    let active = directories
        .iter()
        .filter(|directory| directory.health.state == HealthState::Active);
    let enabled = endpoints
        .iter()
        .filter(|endpoint| endpoint.state == EndpointState::Enabled);
    Figures {
        directories: directories.len(),
        active_directories: active.count(),
        users: counts().map(|counts| counts.users).sum(),
        active_users: counts().map(|counts| counts.active_users).sum(),
        groups: counts().map(|counts| counts.groups).sum(),
        endpoints: endpoints.len(),
        enabled_endpoints: enabled.count(),
        is_partial: false,
    }
}

fn of_directory(directory: &Directory) -> Vec<Matter> {
    let matter = |kind, sentence: &str, remedy: &str| Matter {
        kind,
        what: directory.name.clone(),
        href: format!("/console/directories/{}", directory.id),
        sentence: sentence.to_owned(),
        remedy: remedy.to_owned(),
    };
    let health = &directory.health;
    let remedy = health.remedy.as_deref().unwrap_or_default();
    let mut matters = Vec::new();
    match health.state {
        HealthState::Failing | HealthState::Held => matters.push(matter("bad", &health.sentence, remedy)),
        HealthState::Silent => matters.push(matter("warn", &health.sentence, remedy)),
        HealthState::Waiting | HealthState::Testing | HealthState::Active | HealthState::Paused => {}
    }
    let forecast = directory.sync.as_ref().and_then(|sync| sync.quarantine.as_ref());
    if let Some(forecast) = forecast.filter(|forecast| forecast.outlook != QuarantineOutlook::Clear) {
        matters.push(matter("warn", &forecast.sentence, ""));
    }
    matters
}

fn of_endpoint(endpoint: &Endpoint) -> Option<Matter> {
    let name = endpoint.description.clone().filter(|name| !name.is_empty());
    let matter = |kind, sentence: Text, remedy: Text| Matter {
        kind,
        what: name.clone().unwrap_or_else(|| endpoint.url_origin.clone()),
        href: format!("/console/endpoints/{}", endpoint.id),
        sentence: sentence.into(),
        remedy: remedy.into(),
    };
    if endpoint.state == EndpointState::Disabled {
        let sentence = match &endpoint.disabled_reason {
            Some(reason) => text("overview-endpoint-off").with("reason", reason),
            None => text("overview-endpoint-off-by-operator"),
        };
        return Some(matter("bad", sentence, text("overview-endpoint-off-remedy")));
    }
    let since = endpoint.failing_since?;
    let since = filters::relative(since, Timestamp::now());
    let sentence = text("overview-endpoint-failing").with("since", since);
    Some(matter("warn", sentence, text("overview-endpoint-failing-remedy")))
}

async fn of_credentials(operator: &Operator) -> Result<Vec<Matter>, Fault> {
    let before = Timestamp::now().plus(SOON).to_string();
    let path = query(
        "/credentials",
        [("ends_before", Some(before.as_str())), ("limit", Some("20"))],
    );
    let ending: Option<List<Credential>> = operator.api.find(&path).await?;
    let ending = ending.map(|list| list.data).unwrap_or_default();
    let matter = |credential: Credential| {
        let when = filters::relative(credential.ends_at, Timestamp::now());
        Matter {
            kind: if credential.has_ended { "bad" } else { "warn" },
            what: credential.name,
            href: "/console/credentials".to_owned(),
            sentence: match credential.has_ended {
                true => text("overview-credential-ended").with("when", when).into(),
                false => text("overview-credential-ends").with("when", when).into(),
            },
            remedy: text("overview-credential-remedy").into(),
        }
    };
    Ok(ending.into_iter().map(matter).collect())
}

async fn of_dead_letters(operator: &Operator) -> Result<Option<Matter>, Fault> {
    if !operator.may(Scope::Admin) {
        return Ok(None);
    }
    let letters: Option<List<DeadLetter>> = operator.api.find("/dead-letters?limit=100").await?;
    let letters = letters.filter(|letters| !letters.data.is_empty());
    Ok(letters.map(|letters| {
        let number = letters.data.len();
        let sentence = match letters.next_cursor {
            Some(_) => text("overview-more-dead-letters").count("number", number),
            None => text("overview-dead-letters").count("number", number),
        };
        Matter {
            kind: "bad",
            what: text("dead-letters-title").into(),
            href: "/console/dead-letters".to_owned(),
            sentence: sentence.into(),
            remedy: text("overview-dead-letters-remedy").into(),
        }
    }))
}
