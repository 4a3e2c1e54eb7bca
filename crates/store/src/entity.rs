//! The tables, an entity each, in a file named after the table. Types of columns are those that [`crate::migration`] makes
//! on both databases; a test compares them.

pub(crate) mod admin_keys;
pub(crate) mod attempts;
pub(crate) mod audit_log;
pub(crate) mod catch_ups;
pub(crate) mod column;
pub(crate) mod copies;
pub(crate) mod deliveries;
pub(crate) mod delivery_bodies;
pub(crate) mod directories;
pub(crate) mod directory_contacts;
pub(crate) mod directory_counts;
pub(crate) mod directory_federations;
pub(crate) mod directory_keys;
pub(crate) mod directory_refusals;
pub(crate) mod directory_removals;
pub(crate) mod endpoint_version;
pub(crate) mod endpoints;
pub(crate) mod erasures;
pub(crate) mod events;
pub(crate) mod group_members;
pub(crate) mod groups;
pub(crate) mod idempotency_keys;
pub(crate) mod inbox;
pub(crate) mod lanes;
pub(crate) mod log_copies;
pub(crate) mod oauth_clients;
pub(crate) mod organization_domains;
pub(crate) mod organizations;
pub(crate) mod portal_links;
pub(crate) mod publications;
pub(crate) mod request_log;
pub(crate) mod sequences;
pub(crate) mod settings;
pub(crate) mod sync_cycles;
#[cfg(test)]
mod tests;
pub(crate) mod user_emails;
pub(crate) mod users;
