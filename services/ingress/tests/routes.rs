//! The router in process: a database, the bus inside the process, and requests as they are on the wire.
#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "routes/addresses.rs"]
mod addresses;
#[path = "routes/authorisation.rs"]
mod authorisation;
#[path = "routes/changes.rs"]
mod changes;
#[path = "routes/harness.rs"]
mod harness;
#[path = "routes/methods.rs"]
mod methods;
#[path = "routes/requests.rs"]
mod requests;
