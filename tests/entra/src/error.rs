//! What a test asked for that cannot be done.

use uuid::Uuid;

/// Why a call of the control API has no effect.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ControlError {
    /// There is no such tenant.
    #[error("there is no tenant {0}")]
    Tenant(Uuid),
    /// The tenant has no such object, or not of this kind, or it is in another state.
    #[error("there is no object {0} for that")]
    Object(Uuid),
    /// There is no such app, or not in this tenant.
    #[error("there is no app {0} here")]
    App(Uuid),
    /// The id is taken.
    #[error("{0} is there already")]
    Taken(Uuid),
    /// Graph has no such property.
    #[error("there is no property {0:?}")]
    Property(String),
    /// The credential cannot be read.
    #[error("the credential cannot be read")]
    Credential,
    /// A time that is not RFC 3339.
    #[error("{0:?} is not a time")]
    Time(String),
    /// There is no such behaviour, or not with this value.
    #[error("there is no such behaviour: {0}")]
    Behaviour(String),
}
