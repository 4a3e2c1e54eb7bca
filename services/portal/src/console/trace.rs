//! `/console/traces/{trace_id}`: on to where a trace can be looked at.

use crate::fault::Fault;
use crate::frame::{Section, console, to};
use crate::session::Operator;
use crate::texts::text;
use actix_web::HttpResponse;
use actix_web::web::{self, Path, ServiceConfig};
use askama::Template;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(web::resource("/traces/{trace_id}").get(show));
}

#[derive(Template)]
#[template(path = "console/trace.html")]
struct TracePage {
    trace_id: String,
}

/// On to where traces can be looked at, if the configuration says where that is.
async fn show(operator: Operator, path: Path<String>) -> Result<HttpResponse, Fault> {
    let trace_id = path.into_inner().to_ascii_lowercase();
    if !is_trace_id(&trace_id) {
        return Err(Fault::Missing);
    }
    match operator.state.trace_url(&trace_id) {
        Some(url) => Ok(to(&url)),
        None => console(
            &operator,
            Section::Events,
            text("trace-title"),
            &[],
            &TracePage { trace_id },
        ),
    }
}

/// Whether a text can be the id of a trace: 32 hexadecimal digits (W3C Trace Context §3.2.2.3).
pub(super) fn is_trace_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
