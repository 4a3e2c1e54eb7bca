//! `/.well-known/jwks.json`: the public keys that Security Event Tokens and `v1a` webhooks are verified with (RFC 8615,
//! RFC 7517).

use crate::jwks::webhook_keys;
use crate::problem::Problem;
use crate::state::State;
use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{self, ServiceConfig};
use events::Timestamp;
use runtime::http::read_only;

/// Where it is.
pub(crate) const PATH: &str = "/.well-known/jwks.json";
/// For how long receivers may keep it: a key that is replaced signs for a day more.
const CACHE_POLICY: &str = "public, max-age=3600";

/// Mounts it. It is open to everybody, as public keys are.
pub(crate) fn configure(state: State, config: &mut ServiceConfig) {
    let route = web::get().to(move || {
        let state = state.clone();
        async move { keys(&state).await }
    });
    config.service(read_only(PATH).route(route));
}

async fn keys(state: &State) -> Result<HttpResponse, Problem> {
    let mut keys = serde_json::to_value(state.published_keys()).map_err(|error| Problem::internal(&error))?;
    let of_endpoints = webhook_keys(state.store(), Timestamp::now()).await?;
    if let Some(keys) = keys["keys"].as_array_mut() {
        keys.extend(of_endpoints);
    }
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/jwk-set+json"))
        .insert_header((CACHE_CONTROL, CACHE_POLICY))
        .body(keys.to_string()))
}
