//! How far a delivery is, in the words of the API.

use api::DeliveryStatus;
use store::DeliveryState;

/// The word for a state.
pub(crate) const fn delivery_status(state: DeliveryState) -> DeliveryStatus {
    match state {
        DeliveryState::Pending => DeliveryStatus::Pending,
        DeliveryState::Leased => DeliveryStatus::Leased,
        DeliveryState::Scheduled => DeliveryStatus::Scheduled,
        DeliveryState::Delivered => DeliveryStatus::Delivered,
        DeliveryState::Exhausted => DeliveryStatus::Exhausted,
        DeliveryState::Cancelled => DeliveryStatus::Cancelled,
        DeliveryState::Held => DeliveryStatus::Held,
    }
}
