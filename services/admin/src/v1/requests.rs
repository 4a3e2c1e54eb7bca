//! `/directories/{id}/requests`: what a directory's identity provider asked, and how it was answered.

pub(super) mod get;
pub(super) mod list;

use api::{Leniency, LoggedBody, Request};
use store::{KeptBody, LoggedRequest};

fn shown(request: LoggedRequest) -> Request {
    Request {
        id: request.id,
        cycle_id: request.cycle_id,
        at: request.at,
        method: request.method,
        path: request.path,
        query: request.query,
        status: request.status,
        scim_type: request.scim_type,
        detail: request.detail,
        ms: (request.duration.as_secs_f64() * 1_000_000.0).round() / 1_000.0,
        trace_id: request.trace_id,
        user_agent: request.user_agent,
        dialect: request.dialect,
        leniencies: request.leniencies.iter().filter_map(|name| leniency(name)).collect(),
        left_out: request.left_out,
        request: body(request.request),
        response: body(request.response),
    }
}

/// One that an earlier version knew is left out.
fn leniency(name: &str) -> Option<Leniency> {
    let known = scim::leniency::Leniency::ALL
        .iter()
        .find(|known| known.as_str() == name)?;
    Some(Leniency {
        name: name.to_owned(),
        rule: known.rule().to_owned(),
        description: known.description().to_owned(),
    })
}

fn body(body: KeptBody) -> LoggedBody {
    LoggedBody {
        text: body.text,
        size: body.size,
        cut: body.is_cut,
    }
}
