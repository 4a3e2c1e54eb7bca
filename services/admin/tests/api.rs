//! The management API through its real routes: HTTP in, database out, on PostgreSQL and SQLite.

#![expect(clippy::unwrap_used, reason = "a failed step fails the test")]

#[path = "api/harness.rs"]
mod harness;

#[path = "api/admin_keys.rs"]
mod admin_keys;
#[path = "api/audit_log.rs"]
mod audit_log;
#[path = "api/authorisation.rs"]
mod authorisation;
#[path = "api/bootstrap.rs"]
mod bootstrap;
#[path = "api/brake.rs"]
mod brake;
#[path = "api/connections.rs"]
mod connections;
#[path = "api/consumers.rs"]
mod consumers;
#[path = "api/contacts.rs"]
mod contacts;
#[path = "api/credentials.rs"]
mod credentials;
#[path = "api/dead_letters.rs"]
mod dead_letters;
#[path = "api/deliveries.rs"]
mod deliveries;
#[path = "api/directories.rs"]
mod directories;
#[path = "api/docs.rs"]
mod docs;
#[path = "api/domains.rs"]
mod domains;
#[path = "api/endpoints.rs"]
mod endpoints;
#[path = "api/errors.rs"]
mod errors;
#[path = "api/events.rs"]
mod events;
#[path = "api/filter.rs"]
mod filter;
#[path = "api/graph.rs"]
mod graph_pull;
#[path = "api/idempotency.rs"]
mod idempotency;
#[path = "api/identity_provider.rs"]
mod identity_provider;
#[path = "api/keys.rs"]
mod keys;
#[path = "api/oauth.rs"]
mod oauth;
#[path = "api/openapi.rs"]
mod openapi;
#[path = "api/organizations.rs"]
mod organizations;
#[path = "api/people.rs"]
mod people;
#[path = "api/portal_links.rs"]
mod portal_links;
#[path = "api/rates.rs"]
mod rates;
#[path = "api/refusals.rs"]
mod refusals;
#[path = "api/requests.rs"]
mod requests;
#[path = "api/settings.rs"]
mod settings;
#[path = "api/sso_clients.rs"]
mod sso_clients;
#[path = "api/tenants.rs"]
mod tenants;
