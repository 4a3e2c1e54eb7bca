//! What reads the events of the log: who is concerned, which fields an app gets, what was there before, what state follows
//! from all of them, and what an erasure takes out.

mod erasure;
mod fields;
mod history;
mod images;
pub(crate) mod normalize;
pub mod replay;
mod scope;
mod signal;
mod subscription;

pub use erasure::{ErasedBody, erase};
pub use fields::{Fields, UnknownField};
pub use history::{before_image, group_before, user_before};
pub use images::Images;
pub use normalize::{Owner, normalized_group, normalized_user};
pub use scope::{Concern, InvalidScope, Scope, left, member_user};
pub use signal::{NoSignal, SIGNAL_URIS, Signal, SignalClaims, StreamNews, carries_signals, claims_of, is_signalled};
pub use subscription::{EndpointSubscription, ParsedEvent, PeopleById, Rendering, Untold};
