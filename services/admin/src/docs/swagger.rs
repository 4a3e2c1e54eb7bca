//! Swagger UI at `/api/docs/try`: the reference in which requests can be sent. It runs in the browser, under the same policy
//! as every page, and keeps no key.

use super::frame::{framed, start};
use super::{GUIDES, REFERENCE};
use actix_web::http::StatusCode;
use actix_web::http::header::{AcceptEncoding, ContentEncoding, Encoding, Header as _};
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use flate2::read::GzDecoder;
use pages::{Fixed, Link};
use runtime::http::{problem, read_only};
use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{Arc, LazyLock};
use utoipa_swagger_ui::Config;

/// Starts it. The starter of the crate cannot say that the key must not be kept and that no validator is asked.
const STARTER: &str = include_str!("swagger/try.js");

/// A file of Swagger UI, packed as the crate has it, and unpacked for who asks for it so.
struct File {
    name: &'static str,
    packed: Option<Fixed>,
    plain: Fixed,
}

static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    let of_swagger_ui = [
        ("swagger-ui.css", "text/css; charset=utf-8"),
        ("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    ];
    let mut files: Vec<_> = of_swagger_ui
        .into_iter()
        .filter_map(|(name, kind)| file(name, kind))
        .collect();
    files.push(File {
        name: "try.js",
        packed: None,
        plain: Fixed::new("text/javascript; charset=utf-8", STARTER),
    });
    files
});

fn file(name: &'static str, content_type: &'static str) -> Option<File> {
    let config = Arc::new(Config::from("/api/v1/openapi.json"));
    let found = utoipa_swagger_ui::serve(name, config).ok().flatten()?;
    let bytes = Bytes::copy_from_slice(&found.bytes);
    if !found.gzpipped {
        return Some(File {
            name,
            packed: None,
            plain: Fixed::new(content_type, bytes),
        });
    }
    let mut plain = Vec::new();
    GzDecoder::new(&*bytes).read_to_end(&mut plain).ok()?;
    Some(File {
        name,
        packed: Some(Fixed::new(content_type, bytes).packed(ContentEncoding::Gzip)),
        plain: Fixed::new(content_type, plain).packed(ContentEncoding::Identity),
    })
}

#[derive(Template)]
#[template(path = "try.html")]
struct Try;

/// Adds the page.
///
/// # Errors
/// When the template cannot be written.
pub(super) fn pages(pages: &mut HashMap<String, Fixed>) -> Result<(), askama::Error> {
    let path = format!("{REFERENCE}/try");
    let crumbs = [
        Link::new(GUIDES, "Documentation"),
        Link::new(REFERENCE, "API reference"),
    ];
    let page = framed(
        "Try the API",
        "Send requests to the Rollcall management API from the browser.",
        &[start(&path)],
        &crumbs,
        Try,
    )?;
    pages.insert(path, Fixed::page(page));
    Ok(())
}

/// Mounts the files.
pub(super) fn configure(config: &mut ServiceConfig) {
    let path = format!("{REFERENCE}/try/{{name}}");
    config.service(read_only(&path).route(web::get().to(serve)));
}

async fn serve(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let Some(file) = FILES.iter().find(|file| file.name == *name) else {
        return problem(
            StatusCode::NOT_FOUND,
            "not-found",
            "Not found",
            "There is no file with this name.",
        );
    };
    match &file.packed {
        Some(packed) if takes_gzip(&request) => packed.answer(&request),
        _ => file.plain.answer(&request),
    }
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let supported = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request).is_ok_and(|accepted| accepted.negotiate(supported.iter()) == Some(Encoding::gzip()))
}
