//! A delivery in memory.

use crate::endpoints::LoadedEndpoint;
use crate::queue::{ChainLink, Class, Linked};
use events::{DeliveryId, EndpointId, EventId, ResourceId};
use std::sync::Arc;
use store::ClaimedDelivery;
use webhooks::Trace;

/// Which delivery is, or was, in the hands of this dispatcher.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldDelivery {
    pub(crate) delivery_id: DeliveryId,
    pub(crate) endpoint_id: EndpointId,
    /// As in [`Job`].
    pub(crate) subject: Option<ResourceId>,
}

impl HeldDelivery {
    pub(crate) fn link(&self) -> Option<ChainLink> {
        let delivery = self.delivery_id;
        self.subject.map(|subject| ChainLink { subject, delivery })
    }
}

impl Linked for Job {
    fn link(&self) -> Option<ChainLink> {
        self.held().link()
    }
}

/// One delivery in the hands of this dispatcher: what is to be sent, where, and for which time.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) delivery_id: DeliveryId,
    pub(crate) endpoint_id: EndpointId,
    pub(crate) event_id: EventId,
    /// The user or group in whose line it is, at an endpoint where lines are taken along.
    pub(crate) subject: Option<ResourceId>,
    pub(crate) body: Arc<str>,
    /// Counts from 1.
    pub(crate) attempt: u32,
    /// The number of the lease.
    pub(crate) token: i64,
    pub(crate) traceparent: Option<Arc<str>>,
    /// Sent for a test; not in the log.
    pub(crate) test: bool,
}

impl Job {
    /// Of a claimed delivery to this endpoint; `None` when its event is no longer in the log.
    pub(crate) fn of(claimed: ClaimedDelivery, endpoint: Option<&LoadedEndpoint>) -> Option<Self> {
        Some(Self {
            subject: claimed
                .subject_id
                .filter(|_| endpoint.is_some_and(LoadedEndpoint::takes_lines)),
            delivery_id: claimed.id,
            endpoint_id: claimed.endpoint_id,
            event_id: claimed.event_id,
            body: claimed.body?,
            attempt: claimed.attempts.saturating_add(1),
            token: claimed.token,
            traceparent: claimed.traceparent,
            test: claimed.sequence == 0,
        })
    }

    pub(crate) const fn held(&self) -> HeldDelivery {
        HeldDelivery {
            delivery_id: self.delivery_id,
            endpoint_id: self.endpoint_id,
            subject: self.subject,
        }
    }

    pub(crate) const fn class(&self) -> Class {
        if self.attempt == 1 { Class::First } else { Class::Retry }
    }

    /// The first attempt belongs to the trace of the change; later ones, which may come days after, only link to it.
    pub(crate) fn trace(&self) -> Trace<'_> {
        match self.traceparent.as_deref() {
            None => Trace::Root,
            Some(parent) if self.attempt == 1 => Trace::ChildOf(parent),
            Some(origin) => Trace::LinkedTo(origin),
        }
    }
}
