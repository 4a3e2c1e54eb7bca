//! Where an administrator comes back to who consented for the whole tenant (Microsoft identity platform, admin consent). It
//! is word only: nothing is kept, and a login finds out for itself whether there is consent.

use crate::fault::{Fault, page};
use crate::parameters::Parameters;
use crate::state::Inner;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;
use oidc::ProviderMetadata;
use store::Connection;
use uuid::Uuid;

#[derive(Template)]
#[template(path = "consented.html")]
struct ConsentedPage {
    connection: String,
    /// Whether it was given in the tenant that the connection leads to.
    is_here: bool,
}

/// Whether parameters are the answer to a request for consent, and not to a login.
pub(crate) fn is_answer(parameters: &Parameters) -> bool {
    let says_so = parameters
        .get("admin_consent")
        .is_some_and(|given| given.eq_ignore_ascii_case("true"));
    says_so && parameters.get("code").is_none() && parameters.get("error").is_none()
}

/// Says that it is done, and where to go on.
///
/// # Errors
/// That there is no such connection; otherwise as the store.
pub(crate) async fn done(state: &Inner, slug: &str, parameters: &Parameters) -> Result<HttpResponse, Fault> {
    let connection = state.store.connections().by_slug(slug).await?;
    let connection = connection.ok_or(Fault::LoginLost("no_connection"))?;
    let shown = ConsentedPage {
        is_here: tenant(&connection).is_none_or(|own| named(parameters) == Some(own)),
        connection: connection.name,
    };
    page(StatusCode::OK, "Consent", shown).map_err(|error| Fault::broken("a page", &error))
}

fn named(parameters: &Parameters) -> Option<Uuid> {
    parameters.get("tenant")?.parse().ok()
}

/// The tenant of a connection, if that is known.
fn tenant(connection: &Connection) -> Option<Uuid> {
    let metadata: ProviderMetadata = serde_json::from_str(connection.metadata.as_deref()?).ok()?;
    metadata.tenant
}
