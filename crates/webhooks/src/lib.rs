//! Outgoing webhooks: what a request looks like, when it is tried again, where it may go, and the one HTTP exchange.
//!
//! Nothing here knows the database or the bus; the dispatcher brings the event and stores the result. Requests follow
//! [Standard Webhooks](https://www.standardwebhooks.com): an id that stays the same over all attempts, a timestamp and
//! an HMAC-SHA256 signature over both and the body.

mod attempt;
mod guard;
mod headers;
mod resolver;
mod schedule;
mod sender;
mod sign;

pub use attempt::{AttemptResult, Failure};
pub use guard::{Guard, Reach, RefusedUrl, reach_of};
pub use headers::{CustomHeaders, InvalidHeader};
pub use schedule::{RetryAfter, RetrySchedule};
pub use sender::{Request, Sender, SenderError, SenderOptions, Trace};
pub use sign::{
    ID_HEADER, InvalidSecret, MintError, SIGNATURE_HEADER, Secret, SignedHeaders, TIMESTAMP_HEADER, VerifyError, sign,
};
