//! A migrated database for each test, on PostgreSQL or SQLite, and rows put straight into it.

mod seed;

pub use db::testing::{OpenTransaction, ScratchDatabase, statements};
pub use seed::{insert_groups, insert_many_users, insert_users};

use crate::{Dialect, Store};
use std::ops::Deref;

/// A database of its own for one test; call [`TestDatabase::close`] at the end. Its URL, and what is done to it from outside,
/// are those of [`ScratchDatabase`].
#[derive(Debug)]
pub struct TestDatabase {
    /// Opened and migrated.
    pub store: Store,
    // Boxed: tests and benchmarks hold several of these in one future.
    scratch: Box<ScratchDatabase>,
}

impl TestDatabase {
    /// A fresh database on the PostgreSQL server of the tests.
    ///
    /// # Panics
    /// When the server cannot be reached.
    pub async fn postgres() -> Self {
        Self::over(Box::pin(ScratchDatabase::postgres()).await)
    }

    /// The same on another PostgreSQL server, named by the URL of a database in which databases may be made.
    ///
    /// # Panics
    /// When the server cannot be reached.
    pub async fn postgres_on(server: &str) -> Self {
        Self::over(Box::pin(ScratchDatabase::postgres_on(server)).await)
    }

    /// A fresh SQLite file in a temporary folder.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub async fn sqlite() -> Self {
        Self::over(Box::pin(ScratchDatabase::sqlite()).await)
    }

    /// One of the two, for tests that run on both.
    ///
    /// # Panics
    /// When the database cannot be made.
    pub async fn of(dialect: Dialect) -> Self {
        Self::over(Box::pin(ScratchDatabase::of(dialect)).await)
    }

    fn over(scratch: ScratchDatabase) -> Self {
        Self {
            store: Store::over(scratch.database.clone()),
            scratch: Box::new(scratch),
        }
    }

    /// Closes and removes the database, ending connections of others to it.
    ///
    /// # Panics
    /// When the database cannot be dropped.
    pub async fn close(self) {
        self.scratch.close().await;
    }
}

impl Deref for TestDatabase {
    type Target = ScratchDatabase;

    fn deref(&self) -> &ScratchDatabase {
        &self.scratch
    }
}
