//! `POST /endpoints/preview-filter`.

use super::check::{check, faults_of_format};
use super::create::format_of;
use crate::body::Body;
use crate::context::AdminContext;
use crate::problem::Problem;
use ::directory::{EndpointSubscription, Fields, ParsedEvent, PeopleById, Rendering, Scope, Untold};
use ::events::{DirectoryId, Event, EventBody, ResourceId};
use actix_web::web::Json;
use api::{EndpointFilterPreview, EndpointFilterPreviewRequest, EndpointFormat, FilteredEvent, NotSentBecause};
use std::collections::{HashMap, HashSet};
use store::{Feed, StoreError};

/// Events that are looked at.
const LAST: u32 = 100;

/// Tells which of the last 100 events an endpoint would be sent, and why not the others. Nothing is sent.
///
/// With a key of one organization, of the events of that organization.
#[utoipa::path(
    post,
    path = "/endpoints/preview-filter",
    operation_id = "preview_endpoint_filter",
    tag = "Endpoints",
    request_body = api::EndpointFilterPreviewRequest,
    responses((status = 200, description = "Which of them would be sent.", body = api::EndpointFilterPreview)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    mut body: Body<EndpointFilterPreviewRequest>,
) -> Result<Json<EndpointFilterPreview>, Problem> {
    check(&context, &mut body).await?;
    let faults = faults_of_format(
        format_of(body.sound("format").unwrap_or_default()),
        None,
        body.sound("event_types").as_ref(),
        body.sound("filter").as_ref(),
    );
    for (place, detail) in faults {
        body.fault(&place, detail);
    }
    let subscription = subscription(body.finish()?)?;
    let events = last(&context).await?;
    let parsed: Vec<ParsedEvent<'_>> = events.iter().map(ParsedEvent::of).collect();
    let people = people(&context, &subscription, &parsed).await?;
    let shown = parsed.iter().rev().map(|parsed| shown(&subscription, parsed, &people));
    let data = shown.collect::<Result<Vec<_>, _>>()?;
    let passing = data.iter().filter(|event| event.passes).count();
    Ok(Json(EndpointFilterPreview {
        passing: u32::try_from(passing).unwrap_or(u32::MAX),
        data,
    }))
}

/// What such an endpoint would subscribe to.
fn subscription(wanted: EndpointFilterPreviewRequest) -> Result<EndpointSubscription, Problem> {
    let scope = wanted.filter.as_deref().map(Scope::parse).transpose();
    let fields = wanted
        .fields
        .as_ref()
        .map(|names| Fields::parse(names.iter().map(String::as_str)));
    let is_set = wanted.format == Some(EndpointFormat::Set);
    Ok(EndpointSubscription {
        app: None,
        types: wanted.event_types,
        directories: wanted.directory_ids,
        organizations: wanted.organization_ids,
        // Both were checked with the rest of the body.
        scope: scope.map_err(|error| Problem::invalid_at("#/filter", error.to_string()))?,
        fields: fields
            .transpose()
            .map_err(|error| Problem::invalid_at("#/fields", error.to_string()))?,
        broken: false,
        carries: is_set.then_some(webhooks::set::carries as fn(_) -> _),
    })
}

/// The last events that this caller may see, in the order of the log.
async fn last(context: &AdminContext) -> Result<Vec<Event>, StoreError> {
    let organization_id = context.principal.organization;
    let events = context.store().events();
    let after = events.before_the_last(LAST, organization_id, None).await?;
    let feed = Feed {
        after,
        from_oldest: after.is_none(),
        organization_id,
        limit: LAST,
        ..Feed::default()
    };
    Ok(events.feed(&feed).await?.events)
}

/// The users whose memberships the events are about, where the filter asks for them, as they are now.
async fn people(
    context: &AdminContext,
    subscription: &EndpointSubscription,
    parsed: &[ParsedEvent<'_>],
) -> Result<PeopleById, StoreError> {
    let mut wanted: HashMap<DirectoryId, HashSet<ResourceId>> = HashMap::new();
    for parsed in parsed
        .iter()
        .filter(|parsed| subscription.asks_for_member(parsed.event))
    {
        if let Some(member) = parsed.member() {
            wanted.entry(parsed.event.directory_id).or_default().insert(member);
        }
    }
    let mut people = PeopleById::new();
    for (directory, ids) in wanted {
        let ids: Vec<ResourceId> = ids.into_iter().collect();
        for row in context.store().users(directory).by_ids(&ids, false).await? {
            let user = row.into_stored()?;
            people.insert((directory, user.id), user.attributes);
        }
    }
    Ok(people)
}

fn shown(
    subscription: &EndpointSubscription,
    parsed: &ParsedEvent<'_>,
    people: &PeopleById,
) -> Result<FilteredEvent, Problem> {
    let event = parsed.event;
    let body: EventBody = serde_json::from_str(&event.body).map_err(|error| Problem::internal(&error))?;
    let told = subscription.tell(parsed, people);
    let sent_as = told.as_ref().ok().map(|told| match told {
        Rendering::AsItIs => event.kind,
        Rendering::Rendered(kind, _) => *kind,
    });
    Ok(FilteredEvent {
        event_id: event.id,
        r#type: event.kind,
        directory_id: event.directory_id,
        timestamp: body.timestamp,
        passes: sent_as.is_some(),
        sent_as,
        reason: told.err().map(|untold| match untold {
            Untold::Directory => NotSentBecause::Directory,
            Untold::Organization => NotSentBecause::Organization,
            Untold::Type => NotSentBecause::Type,
            Untold::Filter | Untold::Broken => NotSentBecause::Filter,
            Untold::Fields => NotSentBecause::Fields,
        }),
    })
}
