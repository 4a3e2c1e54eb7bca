//! `/organizations`: the customer companies.

pub(super) mod create;
pub(super) mod delete;
mod domains;
pub(super) mod get;
pub(super) mod list;
pub(super) mod update;
pub(super) mod verify;

use api::{Organization, VerifiedDomain};

/// An organization as the API shows it.
fn shown(organization: store::Organization) -> Organization {
    Organization {
        id: organization.id,
        name: organization.name,
        domains: organization.domains,
        verified_domains: organization.verified.into_iter().map(verified).collect(),
        contacts: organization.contacts,
        digest_contacts: organization.digest_contacts,
        created_at: organization.created_at,
        updated_at: organization.updated_at,
    }
}

fn verified(domain: store::VerifiedDomain) -> VerifiedDomain {
    VerifiedDomain {
        domain: domain.domain,
        verified_at: domain.verified_at,
    }
}
