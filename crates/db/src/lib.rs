//! Connections to PostgreSQL or SQLite, the tables, and the words that statements are made of. Beside `store`, which asks the
//! questions, the only crate that names sea-orm.
//!
//! [`Database`] has the connections, each kind for one kind of work, so that no work uses up what another needs:
//!
//! | connections | for | PostgreSQL | SQLite |
//! | --- | --- | --- | --- |
//! | [`Database::read`], [`Database::write`] | management, sweeps, what dispatcher and relay read | *N*, for both | *N* readers, one that writes |
//! | [`Database::keys`] | finding keys, clients and directories | 2 | 2 readers |
//! | [`Database::lookups`] | one resource by a unique key, pages of a whole directory | *N* | *N* readers |
//! | [`Database::searches`] | filters, orders and their totals | *N* | *N* readers |
//! | [`Database::writers`] | transactions of the projector | 1 to 4 | the one that writes; a reader for what goes apart |
//! | [`Database::steady`] | what the dispatcher repeats all the time | 3 | the one that writes, and the readers of the first row |
//!
//! *N* is [`StoreOptions::max_connections`]. On PostgreSQL, lookups and searches each have one connection more, which is opened
//! when a statement is to be cancelled. All are opened when they are first needed, but one of the first row.

mod checkup;
mod connect;
mod database;
mod dialect;
pub mod entity;
mod error;
pub mod expr;
mod links;
mod lookups;
mod migration;
mod nodelay;
mod options;
mod private;
pub mod rows;
mod searches;
pub mod send;
pub mod session;
pub mod sql;
mod steady;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use checkup::Checkup;
pub use database::Database;
pub use dialect::Dialect;
pub use error::{Reads, StoreError};
pub use links::Party;
pub use lookups::{Lookup, Lookups};
#[cfg(any(test, feature = "testing"))]
pub use migration::backfills;
pub use options::StoreOptions;
pub use private::keep_private;
pub use searches::{Search, Searches};
pub use steady::Steady;
