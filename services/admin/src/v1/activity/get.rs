//! `GET /activity`: how much is done, over all.

use crate::context::AdminContext;
use crate::problem::Problem;
use actix_web::web::Json;
use api::{Activity, ActivityMinute, Lane, Percentiles, WaitingDeliveries};
use store::{Backlog, LaneHolder, PROJECTOR};

fn waiting(backlog: &Backlog) -> WaitingDeliveries {
    let count = |state| backlog.waiting.get(state).copied().unwrap_or_default();
    WaitingDeliveries {
        in_flight: count("leased"),
        pending: count("pending"),
        scheduled: count("scheduled"),
        held: count("held"),
    }
}

const fn minute(minute: store::ActivityMinute) -> ActivityMinute {
    ActivityMinute {
        at: minute.at,
        requests: minute.requests,
        events: minute.events,
        deliveries: minute.deliveries,
    }
}

fn lane(holder: LaneHolder) -> Lane {
    Lane {
        lane: holder.lane,
        instance: holder.instance,
        epoch: holder.epoch,
        since: holder.since,
    }
}

/// Shows how much was done within the last hour, and what waits now.
///
/// Not for keys of one organization.
#[utoipa::path(
    get,
    path = "/activity",
    operation_id = "get_activity",
    tag = "Activity",
    responses((status = 200, description = "The figures.", body = api::Activity)),
)]
pub(crate) async fn handler(context: AdminContext) -> Result<Json<Activity>, Problem> {
    let store = context.store();
    let done = store.activity(context.now).await?;
    let backlog = store.deliveries().backlog().await?;
    let lanes = store.lane_holders(PROJECTOR).await?;
    Ok(Json(Activity {
        minutes: done.minutes.into_iter().map(minute).collect(),
        latency_ms: done.latency.map(|latency| Percentiles {
            p50: latency.p50,
            p99: latency.p99,
        }),
        waiting: waiting(&backlog),
        oldest_waiting_since: backlog.oldest,
        lanes: lanes.into_iter().map(lane).collect(),
    }))
}
