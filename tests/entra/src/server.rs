//! The HTTP server: login and Graph on one port, the control API beside them, and a second host that no token may reach.

mod send;
pub(crate) mod sim;

use crate::graph::answer::Delivery;
use crate::graph::{self, Asked};
use crate::login::{self, TokenRequest};
use crate::manners::Rule;
use crate::notify;
use crate::world::{World, lock};
use actix_web::http::header::{HeaderMap, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// The largest body of a request: bulk changes by tests.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// What the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) world: Arc<World>,
    pub(crate) client: notify::Client,
}

/// Routes of the host that plays Entra ID and Graph.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(LARGEST_BODY))
        .app_data(
            web::JsonConfig::default()
                .limit(LARGEST_BODY)
                .error_handler(sim::unreadable),
        )
        .service(web::scope("/_sim").configure(sim::routes))
        .route("/common/discovery/instance", web::get().to(instances))
        .route(
            "/{tenant}/v2.0/.well-known/openid-configuration",
            web::get().to(discovery),
        )
        .route("/{tenant}/oauth2/v2.0/token", web::post().to(token))
        .route("/{tenant}/adminconsent", web::get().to(admin_consent))
        .route("/v1.0/{path:.*}", web::to(graph))
        .default_service(web::to(nothing));
}

/// Routes of the other host: whoever sends a token there is noted.
pub(crate) fn elsewhere(config: &mut web::ServiceConfig) {
    config.default_service(web::to(foreign));
}

async fn foreign(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    if request.headers().contains_key("authorization") {
        lock(&shared.world.manners).broke(Rule::BearerAtForeignHost);
    }
    HttpResponse::Ok().json(serde_json::json!({ "value": [] }))
}

async fn nothing() -> HttpResponse {
    HttpResponse::NotFound().finish()
}

fn header(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

fn status(code: u16) -> actix_web::http::StatusCode {
    code.try_into()
        .unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR)
}

async fn token(
    request: HttpRequest,
    path: web::Path<String>,
    body: web::Bytes,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let asked = TokenRequest {
        tenant: path.into_inner(),
        content_type: header(request.headers(), "content-type"),
        authorization: Some(header(request.headers(), "authorization")),
        body: body.to_vec(),
    };
    send::answer(&login::token(&shared.world, &asked))
}

async fn discovery(path: web::Path<String>, shared: web::Data<Shared>) -> HttpResponse {
    match login::discovery(&shared.world, &path) {
        Ok(document) => HttpResponse::Ok().json(document),
        Err((code, body)) => HttpResponse::build(status(code)).json(body),
    }
}

async fn instances(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(login::instances(&shared.world))
}

async fn admin_consent(
    path: web::Path<String>,
    query: web::Query<HashMap<String, String>>,
    shared: web::Data<Shared>,
) -> HttpResponse {
    match login::admin_consent(&shared.world, &path, &query) {
        Ok(back) => HttpResponse::Found().insert_header((LOCATION, back)).finish(),
        Err(text) => HttpResponse::BadRequest().body(text),
    }
}

async fn graph(
    request: HttpRequest,
    path: web::Path<String>,
    body: web::Bytes,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let headers = request.headers();
    let authorization = header(headers, "authorization");
    let mut asked = Asked {
        method: request.method().to_string(),
        path: format!("/{path}"),
        query: request.query_string().to_owned(),
        bearer: authorization.strip_prefix("Bearer ").map(str::to_owned),
        prefer: header(headers, "prefer"),
        consistency: header(headers, "consistencylevel"),
        client_request_id: header(headers, "client-request-id"),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        is_validated: false,
    };
    let mut answer = graph::answer(&shared.world, &asked);
    if let Delivery::Validate(urls) = &answer.delivery {
        let token = format!(
            "Validation: Testing client application reachability <&>. {}",
            shared.world.guid("validation")
        );
        if notify::are_valid(&shared.client, urls, &token).await {
            asked.is_validated = true;
            answer = graph::answer(&shared.world, &asked);
        } else {
            answer = graph::answer::Answer::error(
                400,
                "ValidationError",
                "Subscription validation request failed. Must respond with 200 OK to this request.",
            );
        }
    }
    send::answer(&answer)
}
