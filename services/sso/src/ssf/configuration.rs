//! What a receiver reads first: the transmitter's document (SSF 1.0 §7.1).

use crate::state::State;
use actix_web::HttpResponse;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use actix_web::web::Data;
use serde_json::json;

/// How long apps may keep the document, in seconds.
const KEPT: &str = "public, max-age=300";

pub(crate) async fn document(state: Data<State>) -> HttpResponse {
    let issuer = &state.issuer;
    let document = json!({
        "spec_version": "1_0",
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/jwks"),
        "delivery_methods_supported": [super::delivery::PUSH, super::delivery::POLL],
        "configuration_endpoint": format!("{issuer}/ssf/streams"),
        "status_endpoint": format!("{issuer}/ssf/status"),
        "add_subject_endpoint": format!("{issuer}/ssf/subjects/add"),
        "remove_subject_endpoint": format!("{issuer}/ssf/subjects/remove"),
        "verification_endpoint": format!("{issuer}/ssf/verification"),
        "authorization_schemes": [{ "spec_urn": "urn:ietf:rfc:6749" }],
        "default_subjects": "ALL",
    });
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, KEPT))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .json(document)
}
