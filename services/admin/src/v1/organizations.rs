//! `/organizations`: the customer companies.

pub(super) mod create;
pub(super) mod delete;
mod domains;
pub(super) mod get;
pub(super) mod list;
pub(super) mod update;

use api::Organization;

/// An organization as the API shows it.
fn shown(organization: store::Organization) -> Organization {
    Organization {
        id: organization.id,
        name: organization.name,
        domains: organization.domains,
        created_at: organization.created_at,
        updated_at: organization.updated_at,
    }
}
