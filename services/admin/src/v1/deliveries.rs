//! `/deliveries`: what was sent to the endpoints, and how it went.

pub(super) mod cancel;
pub(super) mod get;
pub(super) mod list;
pub(super) mod retry;

use super::endpoints::owner;
use crate::audit::Act;
use crate::context::AdminContext;
use crate::delivery_status::delivery_status;
use crate::problem::{Problem, ProblemKind};
use ::events::DeliveryId;
use api::{Attempt, Delivery};

/// A delivery as the API shows it, without its attempts.
fn shown(delivery: store::Delivery) -> Delivery {
    Delivery {
        id: delivery.id,
        endpoint_id: delivery.endpoint_id,
        event_id: delivery.event_id,
        event_type: delivery.event_type,
        directory_id: delivery.directory_id,
        sequence: delivery.sequence,
        status: delivery_status(delivery.state),
        attempt_count: delivery.attempts,
        next_attempt_at: delivery.next_at,
        last_status: delivery.last_status,
        last_error: delivery.last_error,
        reason: delivery.reason,
        created_at: delivery.created_at,
        updated_at: delivery.updated_at,
        delivered_at: delivery.delivered_at,
        attempts: None,
    }
}

fn attempt_shown(attempt: store::Attempt) -> Attempt {
    Attempt {
        id: attempt.id,
        number: attempt.number,
        started_at: attempt.started_at,
        duration_ms: attempt.duration_ms,
        status: attempt.status,
        error: attempt.error,
        response_head: attempt.response_head,
        trace_id: attempt.trace_id,
    }
}

/// What the audit log says of a delivery: it belongs to whom its endpoint belongs to.
async fn act(context: &AdminContext, verb: &'static str, id: DeliveryId) -> Result<Act, Problem> {
    let act = Act::new(verb, "delivery", id);
    let Some(delivery) = context.store().deliveries().by_id(id).await? else {
        return Ok(act);
    };
    let endpoint = context.store().endpoints().by_id(delivery.endpoint_id).await?;
    Ok(act.of(endpoint.as_ref().and_then(owner)))
}

fn in_flight() -> Problem {
    Problem::new(ProblemKind::Conflict, "An attempt of this delivery is just being made.")
}
