//! Outgoing webhooks: what a request looks like, when it is tried again, where it may go, and the one HTTP exchange.
//!
//! Nothing here knows the database or the bus; the dispatcher brings the event and stores the result. Requests follow
//! [Standard Webhooks](https://www.standardwebhooks.com): an id that stays the same over all attempts, a timestamp and
//! an HMAC-SHA256 or ed25519 signature over both and the body.

mod asymmetric;
mod attempt;
mod clients;
pub mod diagnosis;
mod guard;
mod headers;
mod hidden;
mod identity;
mod resolver;
mod schedule;
mod sender;
pub mod set;
mod sign;

pub use asymmetric::PublicKey;
pub use attempt::{AttemptFailure, AttemptResult};
pub use clients::guarded_client;
pub use guard::{AddressReach, Guard, RefusedUrl, Rules, reach_of};
pub use headers::{CustomHeaders, InvalidHeader};
pub use identity::{ClientIdentity, InvalidIdentity};
pub use resolver::{NameResolver, SystemLookup};
pub use schedule::{RetryAfter, RetrySchedule};
pub use sender::{Content, Request, Sender, SenderError, SenderOptions, Trace};
pub use sign::{
    ID_HEADER, InvalidSecret, MintError, SIGNATURE_HEADER, Secret, SignatureError, SignedHeaders, Signing, TEST_HEADER,
    TIMESTAMP_HEADER, sign,
};
