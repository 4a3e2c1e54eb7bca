//! Where everything is mounted.

use crate::endpoints::ENDPOINTS;
use crate::normalise::normalise;
use crate::note_use::note_use;
use crate::state::State;
use crate::{nowhere, path, request_log};
use actix_web::middleware::from_fn;
use actix_web::{Scope, guard, web};
use runtime::http;

/// The two forms of a base URL, in the spelling that requests are brought to.
const BASES: [&str; 2] = ["/directories/{directory_id}/scim/v2", "/org/{domain}/scim/v2"];

/// The SCIM routes: everything under `/directories/` and `/org/`, and an answer for every other path.
pub(crate) fn configure(state: State) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    move |config| {
        let mut scim = web::scope("").guard(guard::fn_guard(|request| path::is_scim(request.head().uri.path())));
        for base in BASES {
            scim = scim.service(below(base));
        }
        config
            .app_data(web::Data::new(state.clone()))
            .default_service(web::to(nowhere::elsewhere))
            .service(
                scim.default_service(web::to(nowhere::misaddressed))
                    .wrap(from_fn(note_use))
                    .wrap(from_fn(request_log::log))
                    .wrap(from_fn(normalise)),
            );
    }
}

fn below(base: &str) -> Scope {
    let mut scope = web::scope(base).app_data(http::Route("/other"));
    for endpoint in ENDPOINTS {
        scope = scope.service(endpoint.resource());
    }
    scope.default_service(web::to(nowhere::no_endpoint))
}
