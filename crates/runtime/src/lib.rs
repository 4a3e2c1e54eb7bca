//! What every program does around its work: settings, start, probes, and a stop that loses nothing.
//!
//! A program is `fn main() -> ExitCode { runtime::service_main("rollcall-projector", flags, projector::run) }`; its `run`
//! gets a [`Context`] whose database is reached and migrated and whose HTTP port is bound, and returns when
//! [`Shutdown::soft`] is cancelled and what it held is finished.

mod activity;
mod backoff;
mod connect;
mod context;
mod files;
mod flags;
pub mod http;
mod key_files;
mod master_key;
mod program;
mod sealed_by;
mod service;
mod settings;
mod shutdown;

pub use backoff::Backoff;
pub use context::{CommandContext, Context};
pub use flags::Flags;
pub use key_files::{KeyChange, UnusedKey};
pub use master_key::{MasterKeyProblem, create_data_dir, existing_master_keys, master_keys};
pub use program::{Program, command_main, service_main};
pub use service::Service;
pub use settings::{Origin, Settings, SettingsError, SettingsFile, parse_flags};
pub use shutdown::Shutdown;
