//! Lists and searches of one kind of resource, or of both at the root (R36–R44). Straight from the database.
//!
//! The root lists all users that match, then all groups, each in the order asked for: a page is found by counting, never
//! by reading what comes before it.

use crate::answer;
use crate::context::{ScimContext, resource_type};
use crate::failure::Failure;
use crate::found::FoundResource;
use crate::read::{projection, wants_references};
use actix_web::HttpResponse;
use actix_web::web::Payload;
use events::{ResourceId, ResourceKind, Timestamp};
use scim::cursor::{Cursor, CursorBinding, PageEnd, check_count};
use scim::filter::{Filter, check_cost};
use scim::list::{ListResponse, Paging};
use scim::path::AttributePath;
use scim::projection::Projection;
use scim::query::{ListQuery, SortOrder};
use store::{Page, Position, Query, Sort, Total};
use uuid::Uuid;

/// Bytes that an answer hands to the connection at a time; what is sent is freed.
const PIECE_BYTES: usize = 64 * 1024;

/// A search by the body of a request, as `list` by a query.
pub(crate) async fn search(
    context: &ScimContext,
    kinds: &[ResourceKind],
    payload: Payload,
) -> Result<HttpResponse, Failure> {
    let body = context.json(payload).await?;
    list(context, kinds, &ListQuery::from_search_request(&body)?).await
}

/// A page of what matches.
pub(crate) async fn list(
    context: &ScimContext,
    kinds: &[ResourceKind],
    query: &ListQuery,
) -> Result<HttpResponse, Failure> {
    let sections = kinds
        .iter()
        .map(|kind| Section::new(context, *kind, query, kinds.len() > 1))
        .collect::<Result<Vec<_>, _>>()?;
    // R41: a client that sends a cursor pages by cursor, whatever else it sent.
    let list = match &query.cursor {
        None => by_index(context, &sections, query).await?,
        Some(cursor) => by_cursor(context, &sections, query, cursor).await?,
    };
    Ok(answer::pieces(200, list.pieces(PIECE_BYTES)))
}

/// Resources as JSON.
type Resources = ListResponse<String>;

async fn by_index(context: &ScimContext, sections: &[Section], query: &ListQuery) -> Result<Resources, Failure> {
    let mut resources = Vec::new();
    let (mut total, mut offset, mut left, mut used) = (0, query.start_index - 1, query.count, 0);
    for section in sections {
        let wanted = Query {
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
            total: Total::Counted,
            used,
            ..section.query(context, left)
        };
        let page = section.page(context, &wanted).await?;
        let matches = page.total.unwrap_or_default();
        total += matches;
        offset = offset.saturating_sub(matches);
        used += page.bytes;
        left = match page.is_cut {
            // What follows would leave a hole.
            true => 0,
            false => left.saturating_sub(page.rows.len() as u64),
        };
        for row in page.rows {
            resources.push(section.shown(context, row)?);
        }
    }
    Ok(ListResponse {
        total: Some(total),
        paging: Paging::Index(query.start_index),
        resources,
    })
}

/// R39, R40. Nothing is counted beyond the page, so that every page costs the same, wherever it is and whatever matches:
/// the first page tells the total where it is known without, and the others repeat it.
async fn by_cursor(
    context: &ScimContext,
    sections: &[Section],
    query: &ListQuery,
    text: &str,
) -> Result<Resources, Failure> {
    check_count(query)?;
    let binding = CursorBinding {
        directory: *context.directory_id().uuid().as_bytes(),
        endpoint: match sections {
            [one] => resource_type(one.kind).endpoint,
            _ => "",
        },
    };
    let now = u64::try_from(Timestamp::now().millis() / 1000).unwrap_or_default();
    let from = match text {
        "" => None,
        text => Some(context.cursors.read(text, &binding, query, now)?),
    };
    let mut total = from.map_or(Some(0), |cursor| cursor.total);
    // One more than the page shows whether there is a next one.
    let wanted = if query.count == 0 { 0 } else { query.count + 1 };
    let mut found: Vec<(u8, FoundResource)> = Vec::new();
    let (mut used, mut is_cut) = (0, false);
    for (list, section) in (0..).zip(sections) {
        let place = from.map(|cursor| cursor.place);
        if place.is_some_and(|place| place.list > list) {
            continue;
        }
        let query = Query {
            sort: None,
            after: place.filter(|place| place.list == list).map(position),
            total: match (from, query.count) {
                (Some(_), _) => Total::Omitted,
                // Nothing but the total is asked for.
                (None, 0) => Total::Counted,
                (None, _) => Total::IfKnown,
            },
            used,
            // Behind a page that had to end, only the total is of interest.
            ..section.query(
                context,
                if is_cut {
                    0
                } else {
                    wanted.saturating_sub(found.len() as u64)
                },
            )
        };
        if query.limit == 0 && query.total == Total::Omitted {
            break;
        }
        let page = section.page(context, &query).await?;
        if query.total != Total::Omitted {
            total = total.zip(page.total).map(|(total, matches)| total + matches);
        }
        used += page.bytes;
        is_cut |= page.is_cut;
        found.extend(page.rows.into_iter().map(|row| (list, row)));
    }
    let page = usize::try_from(query.count).unwrap_or(usize::MAX);
    let goes_on = is_cut || found.len() > page;
    found.truncate(page);
    let next = found.last().filter(|_| goes_on).map(|(list, row)| {
        let place = PageEnd {
            list: *list,
            created_ms: row.created_at.millis(),
            id: *row.id.uuid().as_bytes(),
        };
        context.cursors.issue(&Cursor { place, total }, &binding, query, now)
    });
    let shown = found.into_iter().filter_map(|(list, row)| {
        let section = sections.get(usize::from(list))?;
        Some(section.shown(context, row))
    });
    Ok(ListResponse {
        total,
        paging: Paging::Cursor(next),
        resources: shown.collect::<Result<_, _>>()?,
    })
}

fn position(place: PageEnd) -> Position {
    Position {
        created_at: Timestamp::from_millis(place.created_ms),
        id: ResourceId::from(Uuid::from_bytes(place.id)),
    }
}

/// The query as it is understood for one kind of resource.
struct Section {
    kind: ResourceKind,
    projection: Projection,
    filter: Option<Filter>,
    sort: Option<(AttributePath, SortOrder)>,
}

impl Section {
    /// `across`: attributes that this kind does not have are no mistake, they have no value (R30).
    fn new(context: &ScimContext, kind: ResourceKind, query: &ListQuery, across: bool) -> Result<Self, Failure> {
        let schema = context.resource_type(kind);
        let parse = |text| match across {
            true => Filter::parse_across_types(text, schema),
            false => Filter::parse(text, schema),
        };
        // R35: what cannot be sorted by is ignored.
        let sort_path = query
            .sort_by
            .as_deref()
            .and_then(|path| AttributePath::parse(path, schema).ok());
        let filter = query.filter.as_deref().map(parse).transpose()?;
        if let Some(urn) = filter.as_ref().and_then(|filter| context.policy.indexing_of(filter)) {
            return Err(Failure::unavailable(format!(
                "the extension {urn} is being indexed, and cannot be searched until that is done; try again"
            )));
        }
        check_cost(filter.as_ref(), sort_path.as_ref(), schema)?;
        Ok(Self {
            kind,
            projection: projection(context, kind, query)?,
            filter,
            sort: sort_path.map(|path| (path, query.sort_order)),
        })
    }

    /// The first `limit` matches.
    fn query<'a>(&'a self, context: &'a ScimContext, limit: u64) -> Query<'a> {
        Query {
            schema: Some(context.resource_type(self.kind)),
            base_url: Some(&context.base_url),
            filter: self.filter.as_ref(),
            sort: self.sort.as_ref().map(|(path, order)| Sort {
                path,
                descending: *order == SortOrder::Descending,
            }),
            after: None,
            offset: 0,
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
            total: Total::Omitted,
            references: wants_references(context, self.kind, &self.projection),
            used: 0,
        }
    }

    /// The page, with the number of matches as far as it was asked for and is known.
    async fn page(&self, context: &ScimContext, query: &Query<'_>) -> Result<Page<FoundResource>, Failure> {
        if !context.shows(self.kind) {
            return Ok(Page {
                total: Some(0),
                rows: Vec::new(),
                bytes: 0,
                is_cut: false,
            });
        }
        let directory = context.directory_id();
        Ok(match self.kind {
            ResourceKind::User => context
                .store
                .users(directory)
                .list(query)
                .await?
                .map(FoundResource::from),
            ResourceKind::Group => context
                .store
                .groups(directory)
                .list(query)
                .await?
                .map(FoundResource::from),
        })
    }

    fn shown(&self, context: &ScimContext, row: FoundResource) -> Result<String, Failure> {
        row.shown(context, self.kind, &self.projection)
    }
}
