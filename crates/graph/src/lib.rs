//! Microsoft Graph, as far as people and groups are concerned: an application of a tenant reads its directory.
//!
//! Nothing here knows the database or the bus. What must be remembered comes out as values and is handed in again: links,
//! the form of assertions that works, what a map keeps of a person.
//!
//! # The way of one round
//!
//! 1. One [`Graph`] serves the whole process. It holds the HTTP client, the tokens and the budgets of all connections.
//!    [`Graph::session`] is one connection's view of it, made of an [`Identity`].
//! 2. [`map::AttributeMap::users`] checks the connection's rows, and [`map::AttributeMap::select`] says what to select.
//! 3. [`Session::first_link`] begins a full round, which goes with [`Session::with_priority`] and [`Priority::Low`]. A stored
//!    link ([`DeltaLink::from_stored`]) goes on with a round, or begins the next one.
//! 4. [`Session::users_page`] gets a page. What it brings and the link of [`delta::Page::next`] are committed in one
//!    transaction. [`delta::Next::More`] goes on; [`delta::Next::Done`] ends the round, and its link begins the next one.
//!    People come before groups, so that members are known.
//! 5. Each person that is not removed goes through [`map::AttributeMap::apply`]: with [`map::Mode::Full`] where it appears for
//!    the first time in a full round or was read by its id, else with [`map::Mode::Changes`]. [`map::Mapped::create`] is
//!    a new resource. [`map::Mapped::patch`] says what differs in a stored one, as the body of a PATCH, and
//!    [`map::Mapped::apply_to`] changes it in place. [`map::Mapped::kept`] is stored with the person.
//!    [`delta::User::manager`] is an id to be looked up. A [`map::Skip`] says why somebody is left out;
//!    [`map::Skip::NoUserName`] is read once more by id.
//! 6. A full round is over only with [`delta::Next::Done`] and no error. Then whoever it did not mention is asked for by id;
//!    nobody is taken to be gone because a page did not have them.
//!
//! # When it fails
//!
//! A [`GraphError`] is never an empty list. Waits that Graph asks for are waited for here, up to [`PATIENCE`]; then the error
//! says until when ([`GraphError::not_before`]), and everything of that tenant holds still until then, while others go on.
//! [`GraphErrorKind::Resync`] alone, and a changed selection, begin a new full round. [`GraphErrorKind::Token`] has a
//! [`TokenState`], which says whether an administrator is needed.
//!
//! # What goes where
//!
//! Requests go to the two addresses of [`Endpoints`] and nowhere else. A link of an answer is followed only if it leads back to
//! where the answer came from; redirects are never followed.

pub mod batch;
mod body;
mod clock;
mod cloud;
pub mod consent;
pub mod delta;
mod error;
mod exchange;
mod identity;
mod link;
pub mod map;
mod object_id;
mod permission;
pub mod pull;
pub mod read;
mod session;
pub mod subscription;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod throttle;
mod token;

pub use clock::{Clock, Sleep, SystemClock};
pub use cloud::{Cloud, Clouds, Endpoints, InvalidEndpoint};
pub use error::{GraphError, GraphErrorKind, Trace, Unreadable};
pub use exchange::LONGEST_ANSWER;
pub use identity::{Credential, Identity};
pub use link::{DeltaLink, ForeignLink};
pub use object_id::{ObjectId, ObjectKind};
pub use permission::Permission;
pub use session::{Graph, Session};
pub use throttle::{PATIENCE, Priority, TenantSize};
pub use token::{Bearer, TokenError, TokenFailure, TokenState};
