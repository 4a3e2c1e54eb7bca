//! What an app that people log in to is told by Shared Signals: which events of the log are signals, about whom, and the
//! claims that they make (OpenID Shared Signals Framework 1.0, CAEP 1.0, RISC 1.0, RFC 9967).
//!
//! A signal is stored as a body of its own, in the shape of the log: the person stands under `data`, so that an erasure finds
//! it there. What is sent is made of it at each attempt and is the same each time.

mod changes;
mod claims;
mod made;

pub use changes::claims_of;
pub use claims::{NoSignal, SignalClaims};
pub use made::{Signal, StreamNews};

use ::events::EventType;

const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";
const SESSION_REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const TOKEN_CLAIMS_CHANGE: &str = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change";
const ACCOUNT_DISABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-disabled";
const ACCOUNT_ENABLED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-enabled";
const ACCOUNT_PURGED: &str = "https://schemas.openid.net/secevent/risc/event-type/account-purged";
const SCIM_PATCH_NOTICE: &str = "urn:ietf:params:scim:event:prov:patch:notice";
const SCIM_DELETE: &str = "urn:ietf:params:scim:event:prov:delete";
const SCIM_ACTIVATE: &str = "urn:ietf:params:scim:event:prov:activate";
const SCIM_DEACTIVATE: &str = "urn:ietf:params:scim:event:prov:deactivate";
const VERIFICATION: &str = "https://schemas.openid.net/secevent/ssf/event-type/verification";
const STREAM_UPDATED: &str = "https://schemas.openid.net/secevent/ssf/event-type/stream-updated";

/// Every event that an app can ask for. Whatever is said on a stream of the stream itself needs no asking.
pub const SIGNAL_URIS: &[&str] = &[
    SESSION_REVOKED,
    TOKEN_CLAIMS_CHANGE,
    ACCOUNT_DISABLED,
    ACCOUNT_ENABLED,
    ACCOUNT_PURGED,
    SCIM_PATCH_NOTICE,
    SCIM_DELETE,
    SCIM_ACTIVATE,
    SCIM_DEACTIVATE,
];

/// What an event of the log may be told as, in the order in which it is.
const fn told_as(kind: EventType) -> &'static [&'static str] {
    match kind {
        EventType::SessionEnded => &[SESSION_REVOKED],
        EventType::UserUpdated => &[TOKEN_CLAIMS_CHANGE, SCIM_PATCH_NOTICE],
        EventType::UserDeactivated => &[ACCOUNT_DISABLED, SCIM_DEACTIVATE, SCIM_PATCH_NOTICE],
        EventType::UserReactivated => &[ACCOUNT_ENABLED, SCIM_ACTIVATE, SCIM_PATCH_NOTICE],
        EventType::UserDeleted => &[ACCOUNT_PURGED, SCIM_DELETE],
        _ => &[],
    }
}

/// Whether events of this type are told as any of these.
#[must_use]
pub fn is_signalled(kind: EventType, wanted: &[String]) -> bool {
    told_as(kind).iter().any(|uri| wanted.iter().any(|one| one == uri))
}

/// The types of the log that are told at all.
#[must_use]
pub fn carries_signals(kind: EventType) -> bool {
    !told_as(kind).is_empty()
}

#[cfg(test)]
mod tests;
