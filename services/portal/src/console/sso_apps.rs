//! `/console/sso-apps`: the apps that people log in to.

mod make;
mod show;

use super::connections;
use crate::form::Form;
use crate::frame::to;
use crate::session::Operator;
use crate::texts::{Text, TextKey, text};
use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};
use api::ClientAuthentication;
use serde_json::{Value, json};

const HERE: &str = "/console/sso-apps";

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("/sso-apps").get(list).post(make::create))
        .service(web::resource("/sso-apps/new").get(make::new))
        .service(web::resource("/sso-apps/{id}").get(show::show).post(show::update))
        .service(web::resource("/sso-apps/{id}/rotate-secret").post(show::rotate))
        .service(web::resource("/sso-apps/{id}/delete").post(show::delete));
}

/// The list is on the page of the connections.
async fn list(_operator: Operator) -> HttpResponse {
    to(connections::HERE)
}

/// Where apps run: the value, its name, and for whom that is.
pub(crate) const TYPES: [(&str, TextKey, TextKey); 2] = [
    ("web", TextKey("sso-app-type-web"), TextKey("sso-app-type-web-hint")),
    (
        "native",
        TextKey("sso-app-type-native"),
        TextKey("sso-app-type-native-hint"),
    ),
];

/// How an app proves itself, for people.
pub(crate) fn authentication(of: &ClientAuthentication) -> Text {
    match of {
        ClientAuthentication::ClientSecret => text("sso-app-client-secret"),
        ClientAuthentication::PrivateKeyJwt => text("sso-app-private-key-jwt"),
        ClientAuthentication::None => text("sso-app-no-authentication"),
    }
}

/// Public keys as they were typed. What is no JSON is sent as it is, and the answer says what it must be.
fn keys(form: &Form) -> Option<Value> {
    let typed = form.some("jwks")?;
    Some(serde_json::from_str(typed).unwrap_or_else(|_| json!(typed)))
}
