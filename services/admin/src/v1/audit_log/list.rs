//! `GET /audit-log`.

use super::{export, shown};
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use ::events::AuditId;
use actix_web::http::header::ACCEPT;
use actix_web::{HttpRequest, HttpResponse};
use api::{AuditLogParameters, List};
use store::{AuditActorKind, AuditFilter};

/// The media type of one JSON value a line.
pub(super) const JSONL: &str = "application/jsonl";

/// Lists the audit log, the newest first.
///
/// A page may have fewer entries than asked for, even none, and still not be the last: it ends before it has more bytes
/// than a page may, and no longer stretch is searched for rare entries than a page is worth. As JSON lines everything that
/// matches is sent.
#[utoipa::path(
    get,
    path = "/audit-log",
    operation_id = "list_audit_log",
    tag = "Audit log",
    params(api::AuditLogParameters),
    responses((status = 200, description = "A page of entries, or all of them.", content(
        (api::List<api::AuditEntry> = "application/json"),
        (String = "application/jsonl"),
    ))),
)]
pub(crate) async fn handler(context: AdminContext, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let mut query = RequestQuery::of::<AuditLogParameters>(&request);
    let filter = filter(&mut query);
    let page = query.page();
    let after = page.cursor.as_deref().map(str::parse::<AuditId>);
    if matches!(after, Some(Err(_))) {
        query.fault(
            "cursor",
            "Is not one of this list. Use the next_cursor of the page before.",
        );
    }
    let format = query.text("format");
    if !matches!(format.as_deref(), None | Some("json" | "jsonl")) {
        query.fault("format", "Must be json or jsonl.");
    }
    query.finish()?;
    let filter = AuditFilter {
        organization_id: context.principal.narrowed(filter.organization_id)?,
        ..filter
    };
    // What this process has refused is in the log for those who read it, too.
    context.refusals().write(&context.store().audit_log()).await?;
    let after = after.and_then(Result::ok);
    if format.map_or_else(|| accepts_lines(&request), |format| format == "jsonl") {
        return export::answer(&context, filter, after).await;
    }
    let found = context.store().audit_log().page(&filter, after, page.limit).await?;
    let data: Vec<api::AuditEntry> = found.entries.into_iter().map(shown).collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(List {
        data,
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}

fn filter(query: &mut RequestQuery) -> AuditFilter {
    let time = "an RFC 3339 time, for example 2030-01-31T12:00:00Z";
    let mut filter = AuditFilter {
        action: query.text("action"),
        organization_id: query.parsed("organization_id", "the id of an organization"),
        directory_id: query.parsed("directory_id", "the id of a directory"),
        since: query.parsed("since", time),
        until: query.parsed("until", time),
        ..AuditFilter::default()
    };
    match query.text("actor").as_deref() {
        None => {}
        Some("configured_key") => filter.actor_kind = Some(AuditActorKind::Configured),
        Some("system") => filter.actor_kind = Some(AuditActorKind::System),
        Some("stranger") => filter.actor_kind = Some(AuditActorKind::Stranger),
        Some(id) => match id.parse() {
            Ok(id) => filter.key = Some(id),
            Err(_) => query.fault(
                "actor",
                "Must be the id of an admin key, of a portal link or of a person, or one of: configured_key, system, stranger.",
            ),
        },
    }
    filter
}

/// Whether the client asks for lines, before anything else.
fn accepts_lines(request: &HttpRequest) -> bool {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    let first = accept.and_then(|accept| accept.split([',', ';']).next());
    first.is_some_and(|first| first.trim().eq_ignore_ascii_case(JSONL))
}
