//! How to open a database.

/// How to open a database.
#[derive(Clone)]
pub struct StoreOptions {
    /// `postgres://…`, `postgresql://…` or `sqlite://<file>`.
    pub url: String,
    /// Size of the pool (of the readers' pool on SQLite), of the set of connections that look up single resources and of
    /// that which searches; what a program does not use it does not open. At least 1.
    pub max_connections: u32,
    /// How many searches one directory may have at a time, of `max_connections` that there may be; at least 1, and never
    /// so many that none is left to others.
    pub searches_per_directory: u32,
    /// Shown by the database server beside each connection.
    pub application_name: String,
    /// How many bytes a page of a list has at most, unless its first row alone has more.
    pub page_bytes: u64,
}

impl StoreOptions {
    /// How many bytes a page has unless another number is set: a thousand people of usual size.
    pub const PAGE_BYTES: u64 = 2 * 1024 * 1024;

    /// Ten connections, four searches of a directory, named `rollcall`.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            searches_per_directory: 4,
            application_name: "rollcall".to_owned(),
            page_bytes: Self::PAGE_BYTES,
        }
    }
}

impl std::fmt::Debug for StoreOptions {
    /// Without the URL, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreOptions")
            .field("max_connections", &self.max_connections)
            .field("searches_per_directory", &self.searches_per_directory)
            .field("application_name", &self.application_name)
            .field("page_bytes", &self.page_bytes)
            .finish_non_exhaustive()
    }
}
