//! Single sign-on: connections, apps, logins that are under way, who is who, sessions, keys, and the streams by which apps
//! hear of their people.
//!
//! A session is a row, so that it can be ended at once; of codes and secrets only hashes are stored. What is used once is used
//! up by the statement that finds it, so that of two who come at the same time one gets it.

mod bindings;
mod clients;
mod connections;
mod gatherings;
mod keys;
mod logins;
mod placed;
mod readers;
mod session_changes;
mod sessions;
mod streams;

pub use bindings::{Binding, SsoBindings};
pub use clients::{ApplicationType, ClientAuthentication, SsoClient, SsoClients, console_client};
pub(crate) use gatherings::Gatherings;

pub use connections::{
    Connection, ConnectionCredential, ConnectionFilter, ConnectionState, ConnectionTest, Connections, SealedCredential,
    TestDecision,
};
pub use keys::{SsoKey, SsoKeys};
pub use logins::{LoginChannel, SsoLogin, SsoLogins};
pub use placed::PlacedSession;
pub use readers::LogReader;
pub use session_changes::{EndedSession, LostWay};
pub use sessions::{LiveWay, NewSsoSession, SESSIONS_AT_ONCE, SessionEnd, SessionFilter, SsoSession, SsoSessions};
pub use streams::{
    AppPerson, RefusedSignal, SsfStream, SsfStreams, StreamMethod, StreamStatus, WaitingSignal, WaitingSignals,
};
