//! What clients and timers make the store do, once each, where much is stored: in the large directory what asks for
//! little, in the small one also what asks for everything.

use crate::fill::{FEW, Kind, NOW, SMALL, id, now};
use directory::{BrakeSettings, BrakeWrites, Images, Needs, Policy, Reach, User, Writes};
use events::{
    AdminKeyId, AttemptId, AuditId, CommandId, DeliveryId, DirectoryId, EndpointId, EventId, EventType, KeyId,
    OrganizationId, Outcome, PortalLinkId, PortalSessionId, ResourceId, ResourceKind, Source, TestReceiptId, Timestamp,
    Verdict,
};
use scim::filter::Filter;
use scim::path::AttributePath;
use scim::schema::ResourceType;
use serde_json::json;
use std::time::Duration;
use store::testing::TestDatabase;
use store::*;

fn big() -> DirectoryId {
    id(Kind::Directory, 0)
}

fn small() -> DirectoryId {
    id(Kind::Directory, 1)
}

fn user(n: u64) -> ResourceId {
    id(Kind::User, n)
}

fn group(n: u64) -> ResourceId {
    id(Kind::Group, n)
}

fn endpoint(n: u64) -> EndpointId {
    id(Kind::Endpoint, n)
}

/// The delivery of the `n`th event of the large directory to an endpoint.
fn delivery(endpoint: u64, n: u64) -> DeliveryId {
    id(Kind::Delivery, endpoint * 1_000_000 + n)
}

fn page() -> ListPage {
    ListPage {
        limit: 20,
        cursor: None,
    }
}

/// Two pages, so that the second one is asked for by its cursor.
macro_rules! two_pages {
    ($list:expr) => {{
        let list = $list;
        let first = list(page()).await.unwrap();
        let cursor = first.next_cursor;
        if cursor.is_some() {
            list(ListPage { limit: 20, cursor }).await.unwrap();
        }
    }};
}

fn draft(kind: EventType) -> EventDraft {
    EventDraft {
        id: EventId::new(),
        kind,
        organization_id: id::<OrganizationId>(Kind::Organization, 0),
        directory_id: big(),
        source: Source::Scim,
        subject_id: Some(user(3)),
        timestamp: now(),
        traceparent: None,
        data: json!({ "user": {} }),
    }
}

mod deliveries;
mod event_log;
mod graph;
mod mails;
mod operations;
mod people;
mod sso;
mod tenancy;

/// Everything, over the sessions of `store`. `many` people, events and deliveries are stored.
pub(crate) async fn tell(database: &TestDatabase, store: &Store, many: u64) {
    people::resources(store, many).await;
    people::searches(store, many).await;
    event_log::log(store, many).await;
    event_log::projecting(store).await;
    tenancy::tenants(store).await;
    operations::requests(store).await;
    tenancy::management(database, store).await;
    tenancy::portal_sessions(store).await;
    operations::activity(store).await;
    operations::audit(store).await;
    operations::dead_letters(store).await;
    tenancy::credentials(store).await;
    deliveries::endpoints(store).await;
    operations::sealed(store).await;
    deliveries::test_receivers(store).await;
    Box::pin(sso::single_sign_on(store)).await;
    Box::pin(graph::pulling(store)).await;
    deliveries::sending(store).await;
    deliveries::switching(database, store).await;
    people::the_past(store).await;
    people::history(store).await;
    people::matches(store).await;
    people::everybody(store).await;
    people::copies(store).await;
    operations::erasing(store, many).await;
    operations::housekeeping(store).await;
    mails::mails(database, store).await;
}
