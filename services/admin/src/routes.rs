//! Where everything that this service answers is mounted.

use crate::access::{self, OperationRow};
use crate::auth::authenticate;
use crate::problem::{Problem, ProblemKind};
use crate::state::State;
use crate::v1::{Operation, operations};
use crate::{docs, openapi, receive, well_known};
use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, guard};
use std::sync::Arc;

/// Mounts the management API: everything below `/api` belongs to it.
pub(crate) fn configure(state: State) -> impl Fn(&mut ServiceConfig) + Clone + Send + 'static {
    let data = web::Data::new(state);
    let operations: Arc<[Operation]> = operations().collect();
    move |config| {
        well_known::configure(data.as_ref().clone(), config);
        receive::configure(data.as_ref().clone(), config);
        openapi::configure(config);
        docs::configure(data.as_ref(), config);
        let mut v1 = web::scope("/v1").app_data(data.clone()).wrap(from_fn(authenticate));
        for operations in operations.chunk_by(|one, other| one.path == other.path) {
            v1 = v1.service(resource(operations));
        }
        let v1 = v1.default_service(web::to(unknown_path));
        config.service(web::scope("/api").service(v1).default_service(web::to(unknown_path)));
    }
}

/// One path with its methods; any other method is answered with those that there are.
fn resource(operations: &[Operation]) -> impl HttpServiceFactory + use<> {
    let path = operations.first().map_or("", |operation| &operation.path);
    let allowed = allowed(operations);
    let mut resource = web::resource(path);
    for Operation { method, handler, .. } in operations {
        resource = resource.route(handler(web::method(method.clone())));
    }
    let told = allowed.clone();
    let options = move || std::future::ready(runtime::http::options(&told));
    resource = resource.route(web::route().guard(guard::Options()).to(options));
    let rows: Arc<[OperationRow]> = operations.iter().map(OperationRow::of).collect();
    resource
        .default_service(web::to(move || {
            let allowed = allowed.clone();
            async move { Err::<HttpResponse, _>(method_not_allowed(&allowed)) }
        }))
        .wrap(from_fn(move |request, next| {
            let rows = Arc::clone(&rows);
            async move { access::guarded(&rows, request, next).await }
        }))
}

/// What a path takes, as `Allow` tells it: HEAD wherever there is GET (the server of every program sees to that), and
/// OPTIONS.
fn allowed(operations: &[Operation]) -> String {
    let mut methods = Vec::with_capacity(operations.len() + 2);
    for Operation { method, .. } in operations {
        methods.push(method.as_str());
        if *method == Method::GET {
            methods.push("HEAD");
        }
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

fn method_not_allowed(allowed: &str) -> Problem {
    let problem = Problem::new(
        ProblemKind::MethodNotAllowed,
        format!("This path takes {allowed} only."),
    );
    match HeaderValue::from_str(allowed) {
        Ok(value) => problem.with_header(header::ALLOW, value),
        Err(_) => problem,
    }
}

async fn unknown_path() -> Result<HttpResponse, Problem> {
    Err(Problem::new(
        ProblemKind::NotFound,
        "There is nothing at this path of the management API.",
    ))
}
