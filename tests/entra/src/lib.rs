//! Microsoft Entra ID and Microsoft Graph, as far as an app sees them that reads users and groups: tokens of apps, delta
//! queries, lists, assignments, deleted objects, batches, change notifications. It stands at the edge of tests.
//!
//! It answers as the documentation of Microsoft and reports of its users say that the real ones do, and as badly, if a test wants
//! it so: [`Behaviour`] is how a tenant is all the time, a [`Fault`] is what goes wrong with single requests. Everything
//! follows from a seed. Its clock can be moved forward. What really is the case, a test reads from [`Truth`]; how a client
//! behaved, from [`Requests`].
//!
//! ```no_run
//! use entra::{Action, Entra, Fault, NewApp, NewCredential, NewTenant, Options, RetryAfter};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let entra = Entra::start(Options::default())?;
//! let fabrikam = entra.create_tenant(&NewTenant { id: None, domain: "fabrikam.example".to_owned() })?;
//! let app = NewApp::new("Pull", &["User.Read.All", "GroupMember.Read.All"]).with(NewCredential::secret("a secret"));
//! let client_id = fabrikam.app(app)?;
//! let dana = fabrikam.user(json!({ "userPrincipalName": "dana@fabrikam.example", "displayName": "Dana" }))?;
//! let crew = fabrikam.group(json!({ "displayName": "Depot crew" }))?;
//! fabrikam.add_members(crew, &[dana])?;
//! let busy = Action::Throttle { retry_after: RetryAfter::Seconds(2) };
//! fabrikam.fault(Fault::new(busy).at("/users/delta").next(2))?;
//! // … the client under test pulls from entra.url() …
//! assert_eq!(fabrikam.truth()?.users.len(), 1);
//! assert!(entra.requests().broken.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # What it assumes where nothing is documented
//!
//! - A round shows objects as they are when a page is asked for. It ends where the log was when it began, so that what happens
//!   meanwhile comes again in the next round.
//! - A changed manager comes as two entries of `manager@delta`: the one before with `@removed`, and the one now.
//! - A soft-deleted user stays a member, in first rounds as well; lists of members leave them out.
//! - When a user is purged, groups tell that a member is gone, unless `purge_unmentioned` is set. Nobody tells that a manager is.
//! - An app without consent gets a token without roles, with which everything is forbidden.
//! - A `jti` may come twice, which is counted, unless `used_assertions_refused` is set.
//!
//! The program `entra` is the same for other languages: see `entra --help`. Its control API is under `/_sim`, as JSON of the types
//! here; `server/sim.rs` has the routes.

mod attributes;
mod clock;
mod control;
mod error;
mod faults;
mod graph;
mod login;
mod manners;
mod model;
mod notify;
mod sealed;
mod seed;
mod server;
mod start;
mod tenant;
mod tls;
mod world;

pub use attributes::Kind;
pub use clock::Moment;
pub use control::{Control, Tenant};
pub use error::ControlError;
pub use faults::{Action, Fault, RetryAfter};
pub use manners::{Request, Requests, Rule};
pub use model::{
    AppChange, AppRole, Behaviour, Bulk, BulkMade, Expired, MemberChange, NewApp, NewAssignment, NewCredential,
    NewObject, NewServicePrincipal, NewTenant, Presence, ServicePrincipalInfo, SubscriptionInfo, TrueAssignment,
    TrueGroup, TrueUser, Truth,
};
pub use start::{Entra, Options, StartError};
pub use tls::TlsError;
