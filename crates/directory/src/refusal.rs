//! The refusal of a command; it has a file of its own because every rule may refuse.

/// Why a command is refused, on its way to becoming an outcome.
pub(crate) type Refusal = scim::Error;
