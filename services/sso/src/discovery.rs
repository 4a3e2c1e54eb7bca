//! What apps read to find the rest: the provider's document (OpenID Connect Discovery 1.0 §3) and its keys.

use crate::authorize::SCOPES;
use crate::fault::Fault;
use crate::state::State;
use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use oidc::jwk_set;
use serde_json::json;

/// How long apps may keep the document and the keys, in seconds.
const KEPT: &str = "public, max-age=300";

pub(crate) async fn document(state: Data<State>) -> HttpResponse {
    let issuer = &state.issuer;
    let scopes: Vec<&str> = SCOPES.into_iter().chain(["ssf.read", "ssf.manage"]).collect();
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "end_session_endpoint": format!("{issuer}/logout"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes,
        "claims_supported": [
            "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "sid", "at_hash", "name", "given_name", "family_name",
            "preferred_username", "email", "organization_id", "directory_id", "connection_id", "channel", "roles", "groups",
        ],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256", "ES256"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "backchannel_logout_supported": true,
        "backchannel_logout_session_supported": true,
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    HttpResponse::Ok().insert_header((CACHE_CONTROL, KEPT)).json(document)
}

pub(crate) async fn keys(state: Data<State>) -> Result<HttpResponse, Fault> {
    let keys = state.keys.get(state.now()).await;
    let keys = keys.map_err(|error| Fault::broken("the keys", &error))?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, KEPT))
        .json(jwk_set(&keys.published)))
}
