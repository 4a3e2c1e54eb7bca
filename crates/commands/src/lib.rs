//! One command from its sender to its effect: publish it, wait for the verdict, and settle it when no verdict comes.
//!
//! The reply on the bus is only a hint; the row in the inbox is the verdict. A sender without a reply writes the
//! command's id there itself. If that succeeds, the command can never be applied, and "not applied" is the truth.

mod effect;
mod error;
mod send;

pub use effect::Effect;
pub use error::CommandError;
pub use send::{SentCommand, send, send_holding};
