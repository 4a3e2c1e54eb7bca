//! The management API as its clients see it: calls with the types of `api`, lists page by page, the stream of events, files
//! of people, and the profiles that say where a server is.
//!
//! A call is tried again where the server asks for that (429 and 503, after `Retry-After`) and where it never arrived. A POST
//! travels under an idempotency key, so trying it again changes nothing twice.

mod call;
mod connection;
mod error;
mod pages;
mod patience;
mod profiles;
mod stream;
pub mod transfer;

pub use call::{Answer, Call, Method};
pub use connection::Client;
pub use error::{ClientError, Refusal};
pub use pages::{Page, Pages};
pub use patience::Patience;
pub use profiles::{Profile, Profiles, ProfilesError};
pub use stream::{EventStream, StreamItem, StreamedEvent};
