//! Why a command has no effect.

/// Why a command has no effect. Only after [`CommandError::Unknown`] it may have one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The projector refused the command by its rules; the text is for the client.
    #[error("refused with status {status}: {detail}")]
    Refused {
        /// HTTP status, 4xx or 5xx.
        status: u16,
        /// `scimType` of RFC 7644 §3.12.
        scim_type: Option<String>,
        /// What was wrong and how to mend it.
        detail: String,
    },
    /// Commands are not taken at the moment; nothing was sent.
    #[error("commands are not taken at the moment")]
    Unavailable,
    /// More commands wait than the queue takes; this one was not taken, and never will be applied.
    #[error("too many commands are waiting")]
    TooDeep,
    /// The change was not made and never will be.
    #[error("the command was not applied")]
    NotApplied,
    /// Neither the projector nor the database answered: the change may or may not have been made.
    #[error("the outcome of the command is unknown")]
    Unknown,
}
