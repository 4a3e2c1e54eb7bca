//! The tables, an entity each, in a file named after the table. Types of columns are those that [`crate::migration`] makes
//! on both databases; a test compares them.
#![allow(
    missing_docs,
    reason = "a file says what a row of its table is; what its columns do not say by their names is said beside them"
)]

pub mod activity;
pub mod admin_keys;
pub mod attempts;
pub mod audit_log;
pub mod catch_ups;
pub mod column;
pub mod connections;
pub mod console_access;
pub mod copies;
pub mod credentials;
pub mod dead_letters;
pub mod deliveries;
pub mod delivery_bodies;
pub mod directories;
pub mod directory_contacts;
pub mod directory_counts;
pub mod directory_federations;
pub mod directory_keys;
pub mod directory_refusals;
pub mod directory_removals;
pub mod endpoint_activity;
pub mod endpoint_version;
pub mod endpoints;
pub mod erasures;
pub mod events;
pub mod graph_credentials;
pub mod graph_cursors;
pub mod graph_drift;
pub mod graph_members;
pub mod graph_objects;
pub mod graph_pulls;
pub mod graph_rounds;
pub mod graph_subscriptions;
pub mod group_members;
pub mod groups;
pub mod idempotency_keys;
pub mod inbox;
pub mod incidents;
pub mod lanes;
pub mod log_copies;
pub mod log_readers;
pub mod mails;
pub mod oauth_clients;
pub mod organization_domains;
pub mod organizations;
pub mod portal_links;
pub mod portal_sessions;
pub mod publications;
pub mod request_log;
pub mod sequences;
pub mod settings;
pub mod ssf_removed_subjects;
pub mod ssf_streams;
pub mod sso_bindings;
pub mod sso_client_people;
pub mod sso_clients;
pub mod sso_keys;
pub mod sso_logins;
pub mod sso_sessions;
pub mod sync_cycles;
pub mod test_receipts;
pub mod test_receivers;
#[cfg(test)]
mod tests;
pub mod user_emails;
pub mod users;
