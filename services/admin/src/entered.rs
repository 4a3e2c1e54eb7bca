//! What people copy from the Entra admin center, and what they copy instead.

use crate::discovery::Discovery;
use api::Fault;
use oidc::Authority;
use uuid::Uuid;

/// What is wrong with a client secret, if anything: its id is copied in the place of its value.
pub(crate) fn fault_of_secret(secret: &str) -> Option<&'static str> {
    Uuid::parse_str(secret).is_ok().then_some(
        "This is the Secret ID, which proves nothing. Enter the Value of the client secret: the Entra admin center shows it once, \
         when the secret is made. If it was not copied then, make a new secret.",
    )
}

/// The media type of one certificate in DER (RFC 2585 §4.1).
pub(crate) const CERTIFICATE: &str = "application/pkix-cert";

/// Whether the id of an application is a tenant, at the same place as a tenant that there is not: then the two were entered the
/// wrong way round.
pub(crate) async fn are_swapped(discovery: &Discovery, authority: &Authority, application: Uuid) -> bool {
    let Some(tenant) = authority.tenant() else {
        return false;
    };
    let other = authority
        .to_string()
        .replace(&tenant.to_string(), &application.to_string());
    match discovery.parse(&other) {
        Ok(other) => discovery.ask(&other).await.is_ok(),
        Err(_) => false,
    }
}

/// The faults of a tenant and an application that were entered the wrong way round.
pub(crate) fn swapped(tenant: &str, application: &str) -> Vec<Fault> {
    let about_tenant = format!(
        "There is no tenant with this id, but {application} is the id of one: the two are the wrong way round. Enter the Directory \
         (tenant) ID here."
    );
    let about_application = "This is a Directory (tenant) ID. Enter the Application (client) ID here.";
    vec![
        Fault::at(format!("#/{tenant}"), about_tenant),
        Fault::at(format!("#/{application}"), about_application),
    ]
}
