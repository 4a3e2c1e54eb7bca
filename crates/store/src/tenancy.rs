//! Who may do what: organizations, their directories, and the keys that open them.
//!
//! Reads go through the small views that [`Store`] hands out; writes through a [`AdminTx`], so that a change, its events
//! and the mark of its `Idempotency-Key` are one transaction. Tokens are never stored, only their hashes.

mod admin_keys;
mod authentication;
mod brake;
mod change;
mod console_access;
mod credentials;
mod directories;
mod domain;
mod federations;
mod keys;
mod list;
mod members;
mod missing;
mod oauth_clients;
mod organization_change;
mod organizations;
mod owned;
mod policy;
mod portal_links;
mod portal_sessions;
mod scope;
mod usage;

pub(crate) use directories::directory;

pub use admin_keys::{AdminKey, AdminKeys};
pub use authentication::Authentication;
pub use change::AdminTx;
pub use console_access::{ConsoleAccess, ConsoleAccesses};
pub use credentials::DirectoryKey;
pub use directories::{Directories, Directory, DirectoryFilter, DirectoryState, NewDirectory};
pub use domain::{Domain, InvalidDomain};
pub use federations::Federation;
pub use keys::{DirectoryKeys, KeyRecord, NewKey, OtherKey};
pub use list::{List, ListPage};
pub(crate) use list::{Listing, ROW as LISTED};
pub use oauth_clients::{OauthClient, OauthClients};
pub use organizations::{NewOrganization, Organization, Organizations, TakenDomain, VerifiedDomain};
pub use portal_links::{LogoKind, PortalBrand, PortalCapability, PortalFeature, PortalLink, PortalLinks, PortalLogo};
pub use portal_sessions::{NewPortalSession, PortalSession, PortalSessions, SessionKind, SessionOpener};
pub use scope::AdminScope;
pub use usage::{AuthenticationFailure, KeyUse};

/// SHA-256 of the secret of a token.
pub type TokenDigest = [u8; 32];
