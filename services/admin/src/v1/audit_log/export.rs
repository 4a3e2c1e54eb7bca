//! The audit log as JSON lines: everything that matches, read page by page as the client takes it.

use super::list::JSONL;
use super::shown;
use crate::context::AdminContext;
use crate::problem::Problem;
use ::events::AuditId;
use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures_util::stream;
use std::io;
use store::{AuditFilter, AuditLog, AuditPage};

/// Entries read at once.
const PAGE: u16 = 100;

/// An export between two pages.
struct Export {
    log: AuditLog,
    filter: AuditFilter,
    page: AuditPage,
}

/// Answers with all entries behind a place.
///
/// # Errors
/// As the store, for the first page. Later a failure breaks the answer off, so that a client sees that it is not whole.
pub(super) async fn answer(
    context: &AdminContext,
    filter: AuditFilter,
    after: Option<AuditId>,
) -> Result<HttpResponse, Problem> {
    let log = context.store().audit_log();
    let page = log.page(&filter, after, PAGE).await?;
    let export = Export { log, filter, page };
    let body = stream::unfold(Some(export), |export| async move {
        let export = export?;
        match export.next().await {
            Ok((lines, rest)) => Some((Ok(lines), rest)),
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, JSONL))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"audit-log.jsonl\""))
        .streaming(body))
}

impl Export {
    /// The lines of this page, and the export with the next one; `None` after the last.
    async fn next(self) -> io::Result<(Bytes, Option<Self>)> {
        let Self { log, filter, page } = self;
        let mut lines = Vec::new();
        for entry in page.entries {
            let entry = shown(entry).map_err(io::Error::other)?;
            serde_json::to_writer(&mut lines, &entry)?;
            lines.push(b'\n');
        }
        let rest = match page.next {
            None => None,
            Some(after) => {
                let page = log.page(&filter, Some(after), PAGE).await.map_err(|error| {
                    tracing::warn!(error = %telemetry::chain(&error), "an export of the audit log breaks off");
                    io::Error::other(error)
                })?;
                Some(Self { log, filter, page })
            }
        };
        Ok((lines.into(), rest))
    }
}
