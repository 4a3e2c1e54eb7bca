//! The history of one user or group.

use super::People;
use super::pages::{binding, opened, sealed};
use crate::context::{AdminContext, path_id};
use crate::delivery_status::delivery_status;
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::{Event, EventBody, EventId, ResourceId, ResourceKind};
use api::{HistoryDelivery, HistoryEntry, List};
use serde_json::Value;
use std::collections::HashMap;

/// A page of what became of the user or group of a path, the latest first.
///
/// # Errors
/// 400 naming the parameter, 404 without such a directory, or where neither log nor directory know it; otherwise as the store.
pub(crate) async fn history_of(
    context: &AdminContext,
    kind: ResourceKind,
    (directory, id): (String, String),
    query: RequestQuery,
) -> Result<List<HistoryEntry>, Problem> {
    let people = People::of(context, &directory).await?;
    let name = match kind {
        ResourceKind::User => "user",
        ResourceKind::Group => "group",
    };
    let subject: ResourceId = path_id(name, &id)?;
    let page = page(context, &people, subject, query).await?;
    // A page at the beginning of the log may have no change of somebody who has been there for longer.
    if page.data.is_empty() {
        let (store, directory) = (context.store(), people.directory.id);
        let is_there = match kind {
            ResourceKind::User => store.users(directory).by_id(subject, false).await?.is_some(),
            ResourceKind::Group => store.groups(directory).by_id(subject, false).await?.is_some(),
        };
        if !is_there {
            return Err(Problem::not_found(name, &id));
        }
    }
    Ok(page)
}

/// A page, empty where the log knows nothing of it.
async fn page(
    context: &AdminContext,
    people: &People,
    subject: ResourceId,
    mut query: RequestQuery,
) -> Result<List<HistoryEntry>, Problem> {
    let page = query.page();
    let binding = binding(&[
        b"history",
        people.directory.id.uuid().as_bytes(),
        subject.uuid().as_bytes(),
    ]);
    let before = page.cursor.as_deref().and_then(|cursor| {
        let bytes = opened(cursor, &binding).and_then(|bytes| bytes.try_into().ok());
        if bytes.is_none() {
            query.fault("cursor", "The cursor is not one of this history.");
        }
        bytes.map(i64::from_be_bytes)
    });
    query.finish()?;
    let history = context.store().history(people.directory.id);
    let found = history.page(subject, before, u32::from(page.limit)).await?;
    let ids: Vec<EventId> = found.events.iter().map(|event| event.id).collect();
    let mut told: HashMap<EventId, Vec<store::HistoryDelivery>> = HashMap::new();
    for one in history.told(&ids).await? {
        told.entry(one.event_id).or_default().push(one);
    }
    let entries = found.events.iter().map(|event| {
        let told = told.remove(&event.id).unwrap_or_default();
        entry(event, told)
    });
    Ok(List {
        data: entries.collect::<Result<_, _>>()?,
        next_cursor: found.next.map(|sequence| sealed(&sequence.to_be_bytes(), &binding)),
    })
}

fn entry(event: &Event, mut told: Vec<store::HistoryDelivery>) -> Result<HistoryEntry, Problem> {
    let mut body: EventBody = serde_json::from_str(&event.body).map_err(|error| Problem::internal(&error))?;
    let changes = body.data.get_mut("changes").map(Value::take);
    let is_membership = changes.is_none();
    let changes = changes.map(super::typed).transpose()?.unwrap_or_default();
    let (group, member) = if is_membership {
        let member = ["user", "member"]
            .into_iter()
            .find_map(|name| body.data.get(name).cloned());
        (body.data.get("group").cloned(), member)
    } else {
        (None, None)
    };
    told.sort_unstable_by_key(|told| told.endpoint_id);
    Ok(HistoryEntry {
        event_id: event.id,
        sequence: event.sequence,
        timestamp: body.timestamp,
        r#type: event.kind,
        source: body.source,
        trace_id: event.traceparent.as_deref().and_then(trace_id),
        changes,
        group,
        member,
        told: told.into_iter().map(delivery).collect(),
    })
}

/// The trace of a `traceparent` (W3C Trace Context §3.2).
pub(crate) fn trace_id(traceparent: &str) -> Option<String> {
    traceparent.split('-').nth(1).map(str::to_owned)
}

pub(crate) fn delivery(told: store::HistoryDelivery) -> HistoryDelivery {
    HistoryDelivery {
        endpoint_id: told.endpoint_id,
        delivery_id: told.delivery_id,
        status: delivery_status(told.state),
        attempt_count: told.attempts,
        last_status: told.last_status,
        delivered_at: told.delivered_at,
    }
}
