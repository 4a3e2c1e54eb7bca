//! The tab Activity: cycles, their requests, and one request.

use super::{Tab, crumbs, directory, tab};
use crate::api::query;
use crate::console::{PAGE, id};
use crate::fault::Fault;
use crate::filters;
use crate::frame::{Section, console};
use crate::session::Operator;
use crate::texts::{Text, text};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{self, Path, Query, ServiceConfig};
use api::{Cycle, CycleKind, List, Request};
use askama::Template;
use events::{DirectoryId, RequestId};
use std::collections::HashMap;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/directories/{id}").get(show))
        .service(web::resource("/directories/{id}/requests/{request}").get(request));
}

#[derive(Template)]
#[template(path = "console/directory/activity.html")]
struct ActivityPage {
    directory: DirectoryId,
    cycles: List<Cycle>,
    requests: List<Request>,
    /// What the requests are narrowed to.
    wanted: Wanted,
    next: Option<String>,
}

/// What the requests are narrowed to.
#[derive(Clone, Debug, Default)]
struct Wanted {
    cycle: String,
    status: String,
    path: String,
    trace: String,
}

impl ActivityPage {
    /// What a cycle is called.
    fn called(kind: &CycleKind) -> Text {
        match kind {
            CycleKind::ConnectionTest => text("activity-cycle-connection-test"),
            CycleKind::Initial => text("activity-cycle-initial"),
            CycleKind::Incremental => text("activity-cycle-incremental"),
            CycleKind::OnDemand => text("activity-cycle-on-demand"),
        }
    }
}

impl Wanted {
    fn is_status(&self, class: &str) -> bool {
        self.status == class
    }

    fn is_some(&self) -> bool {
        !(self.cycle.is_empty() && self.status.is_empty() && self.path.is_empty() && self.trace.is_empty())
    }
}

async fn show(
    operator: Operator,
    path: Path<String>,
    asked: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    let directory = directory(&operator, id(&path)?).await?;
    let value = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let wanted = Wanted {
        cycle: value("cycle"),
        status: value("status"),
        path: value("path"),
        trace: value("trace"),
    };
    let here = format!("/directories/{}", directory.id);
    let narrowed = |cursor: &str| {
        [
            ("cycle_id", Some(wanted.cycle.clone())),
            ("status", Some(wanted.status.clone())),
            ("path", Some(wanted.path.clone())),
            ("trace_id", Some(wanted.trace.clone())),
            ("cursor", Some(cursor.to_owned())),
        ]
    };
    let asked = narrowed(&value("cursor"));
    let parameters = asked.iter().map(|(name, value)| (*name, value.as_deref()));
    let requests: List<Request> = operator
        .api
        .get(&query(
            &format!("{here}/requests"),
            parameters.chain([("limit", Some(PAGE))]),
        ))
        .await?;
    let next = requests.next_cursor.as_deref().map(|cursor| {
        let parameters = [
            ("cycle", Some(wanted.cycle.as_str())),
            ("status", Some(wanted.status.as_str())),
            ("path", Some(wanted.path.as_str())),
            ("trace", Some(wanted.trace.as_str())),
            ("cursor", Some(cursor)),
        ];
        query(&format!("/console{here}"), parameters)
    });
    let page = ActivityPage {
        directory: directory.id,
        cycles: operator
            .api
            .get(&query(&format!("{here}/cycles"), [("limit", Some("10"))]))
            .await?,
        requests,
        wanted,
        next,
    };
    tab(StatusCode::OK, &operator, &directory, Tab::Activity, &page)
}

#[derive(Template)]
#[template(path = "console/directory/request.html")]
struct RequestPage {
    request: Request,
}

async fn request(operator: Operator, path: Path<(String, String)>) -> Result<HttpResponse, Fault> {
    let (of, request) = path.into_inner();
    let (of, request): (DirectoryId, RequestId) = (id(&of)?, id(&request)?);
    let directory = directory(&operator, of).await?;
    let request: Request = operator
        .api
        .get(&format!("/directories/{of}/requests/{request}"))
        .await?;
    let title = format!("{} {}", request.method, request.path);
    let page = RequestPage { request };
    console(&operator, Section::Directories, &title, &crumbs(&directory), &page)
}
