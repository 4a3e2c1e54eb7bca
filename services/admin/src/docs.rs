//! The pages of this service: the reference of the management API at `/api/docs`, Swagger UI at `/api/docs/try`, and the
//! guides at `/docs`.
//!
//! They say the same to everybody and nothing of what is stored, so they need no key. They are made once, from the OpenAPI
//! document and the guides in the program: nothing is read or fetched when somebody looks.

mod frame;
mod guides;
mod json;
mod markdown;
mod reference;
mod schema;
mod swagger;

use crate::problem::Problem;
use crate::state::State;
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use pages::Fixed;
use runtime::http::read_only;
use std::collections::HashMap;

/// Where the reference is.
pub(crate) const REFERENCE: &str = "/api/docs";
/// Where the guides are.
pub(crate) const GUIDES: &str = "/docs";

/// All pages, by their paths.
#[derive(Debug)]
pub(crate) struct Docs {
    pages: HashMap<String, Fixed>,
    missing: Fixed,
}

impl Docs {
    /// Renders all pages; `public_url` stands in the examples of requests.
    ///
    /// # Errors
    /// When a template cannot be written.
    pub(crate) fn new(public_url: &str) -> Result<Self, askama::Error> {
        let reference = reference::Reference::new(&crate::openapi(), public_url);
        let mut pages = HashMap::new();
        reference::pages(&reference, &mut pages)?;
        guides::pages(&reference, &mut pages)?;
        swagger::pages(&mut pages)?;
        Ok(Self {
            pages,
            missing: Fixed::page(frame::missing()?),
        })
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let path = request.path();
        if let Some(page) = self.pages.get(path) {
            return page.answer(request);
        }
        // Somebody typed one slash too many.
        match path.strip_suffix('/').filter(|path| self.pages.contains_key(*path)) {
            Some(path) => HttpResponse::PermanentRedirect()
                .insert_header((LOCATION, path))
                .finish(),
            None => self.missing.with_status(StatusCode::NOT_FOUND),
        }
    }
}

/// Mounts the pages and what they are made of.
pub(crate) fn configure(state: &State, config: &mut ServiceConfig) {
    pages::configure(config);
    swagger::configure(config);
    for path in [REFERENCE, GUIDES] {
        for path in [path.to_owned(), format!("{path}/{{page:.*}}")] {
            let state = state.clone();
            let route = web::get().to(move |request: HttpRequest| {
                let docs = state.docs().as_ref();
                let answer = docs
                    .map(|docs| docs.answer(&request))
                    .map_err(|error| Problem::internal(error));
                async move { answer }
            });
            config.service(read_only(&path).route(route));
        }
    }
}
