//! Directories that are pulled from a simulator of Microsoft Graph, over a real database, a bus inside the process and a projector.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod groups;
mod model;
mod notices;
mod people;
mod trouble;
mod world;
