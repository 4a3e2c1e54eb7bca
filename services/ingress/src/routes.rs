//! Where everything is mounted.

use crate::endpoints::ENDPOINTS;
use crate::normalise::normalise;
use crate::note_use::note_use;
use crate::state::State;
use crate::{nowhere, path, request_log};
use actix_web::middleware::from_fn;
use actix_web::{guard, web};
use runtime::http;

/// The SCIM routes: everything under `/directories/` and `/org/`, and an answer for every other path.
pub(crate) fn configure(state: State) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    move |config| {
        let mut scim = web::scope("").guard(guard::fn_guard(|request| path::is_scim(request.head().uri.path())));
        for endpoint in ENDPOINTS {
            scim = scim.service(endpoint.resource());
        }
        config
            .app_data(web::Data::new(state.clone()))
            .app_data(http::NamedByHandlers(path::is_scim))
            .default_service(web::to(nowhere::elsewhere))
            .service(
                scim.app_data(http::Route("/other"))
                    .default_service(web::to(nowhere::no_route))
                    .wrap(from_fn(note_use))
                    .wrap(from_fn(request_log::log))
                    .wrap(from_fn(normalise)),
            );
    }
}
