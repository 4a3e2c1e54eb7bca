//! `/events`: the log, gapless and in order, each body byte for byte as the webhooks carry it.

use super::ListAnswer;
use crate::context::Context;
use crate::problem::Problem;
use crate::query::Query;
use ::events::{DirectoryId, Event, EventId, EventPattern, EventType, OrganizationId};
use actix_web::HttpRequest;
use actix_web::web::Json;
use serde_json::value::RawValue;
use store::Feed;

/// What `after` is at the beginning of the log.
const BEGINNING: &str = "0";
/// What `after` is to begin with the oldest event that is kept.
const OLDEST: &str = "oldest";

/// Which part of the log is asked for.
#[derive(Clone, Debug)]
pub(super) struct Selection {
    pub(super) directory_id: Option<DirectoryId>,
    pub(super) organization_id: Option<OrganizationId>,
    pub(super) types: Vec<EventType>,
    pub(super) after: Option<EventId>,
    /// Begin with the oldest event that is kept.
    from_oldest: bool,
}

impl Selection {
    /// The parameters that [`Self::read`] takes.
    pub(super) const PARAMETERS: [&'static str; 4] = ["directory_id", "organization_id", "types", "after"];

    /// Types may be globs.
    pub(super) fn read(query: &mut Query) -> Self {
        let directory_id = query.parsed("directory_id", "the id of a directory");
        let organization_id = query.parsed("organization_id", "the id of an organization");
        let patterns: Vec<EventPattern> = query.several("types");
        let after = query.text("after");
        let from_oldest = after.as_deref() == Some(OLDEST);
        let after = after
            .filter(|_| !from_oldest)
            .and_then(|text| Self::place(query, "after", &text));
        let wanted = |kind: &EventType| patterns.iter().any(|pattern| pattern.matches(*kind));
        Self {
            directory_id,
            organization_id,
            types: EventType::ALL.iter().copied().filter(wanted).collect(),
            after,
            from_oldest,
        }
    }

    /// The id of an event, or the beginning.
    pub(super) fn place(query: &mut Query, name: &str, text: &str) -> Option<EventId> {
        if text == BEGINNING {
            return None;
        }
        let id = text.parse().ok();
        if id.is_none() {
            query.fault(name, "Must be the id of an event, 0 for the beginning, or \"oldest\".");
        }
        id
    }

    pub(super) fn feed(&self, limit: u32) -> Feed<'_> {
        Feed {
            after: self.after,
            from_oldest: self.from_oldest,
            organization_id: self.organization_id,
            directory_id: self.directory_id,
            types: &self.types,
            limit,
        }
    }
}

/// `next_cursor` goes into `after`; it is null when the log ends here, and then the id of the last event read is where
/// to go on. A page may have fewer events than asked for: it ends before it has more bytes than a page may, and no longer
/// stretch of the log is searched for events of rare types than a page is worth, so it may even have none.
pub(super) async fn list(context: Context, request: HttpRequest) -> Result<Json<ListAnswer<Box<RawValue>>>, Problem> {
    let [directory, organization, types, after] = Selection::PARAMETERS;
    let mut query = Query::new(&request, &[directory, organization, types, after, "limit"]);
    let selection = Selection::read(&mut query);
    let limit = query.limit();
    query.finish()?;

    let page = context.store().events().feed(&selection.feed(u32::from(limit))).await?;
    let data = page.events.into_iter().map(body).collect::<Result<_, _>>()?;
    let next_cursor = page.next.map(|id| id.to_string());
    Ok(Json(ListAnswer { data, next_cursor }))
}

fn body(event: Event) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(event.body).map_err(|error| Problem::internal(&error))
}
