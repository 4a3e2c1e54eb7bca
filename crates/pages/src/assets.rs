//! Style sheet, pictures and scripts, in the program itself.

use crate::fixed::{Fixed, IMMUTABLE, REVALIDATED};
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use runtime::http::{problem, read_only};
use std::sync::LazyLock;

/// Where they are.
const FOLDER: &str = "/assets";

/// Their names and contents. The style sheet is written in parts, in the order of its layers.
static ASSETS: LazyLock<[(&str, Fixed); 5]> = LazyLock::new(|| {
    let style = concat!(
        include_str!("../assets/tokens.css"),
        include_str!("../assets/base.css"),
        include_str!("../assets/layout.css"),
        include_str!("../assets/pieces.css"),
        include_str!("../assets/forms.css"),
        include_str!("../assets/prose.css"),
        include_str!("../assets/reference.css"),
        include_str!("../assets/print.css"),
    );
    let (picture, script) = ("image/svg+xml", "text/javascript; charset=utf-8");
    [
        ("rollcall.css", Fixed::new("text/css; charset=utf-8", style)),
        ("icons.svg", Fixed::new(picture, include_str!("../assets/icons.svg"))),
        (
            "rollcall.svg",
            Fixed::new(picture, include_str!("../assets/rollcall.svg")),
        ),
        // htmx 4.0.1, licence beside it.
        ("htmx.js", Fixed::new(script, include_str!("../assets/htmx.js"))),
        ("rollcall.js", Fixed::new(script, include_str!("../assets/rollcall.js"))),
    ]
});

/// The address of an asset, with the version of its content, so that browsers may keep it.
///
/// A name that there is not is returned without a version, and answered 404.
#[must_use]
pub fn asset(name: &str) -> String {
    match find(name) {
        Some(asset) => format!("{FOLDER}/{name}?v={}", asset.version()),
        None => format!("{FOLDER}/{name}"),
    }
}

fn find(name: &str) -> Option<&'static Fixed> {
    ASSETS.iter().find(|(known, _)| *known == name).map(|(_, asset)| asset)
}

/// Mounts the assets. Every service with pages does so; in one process the first one answers.
pub fn configure(config: &mut ServiceConfig) {
    let path = format!("{FOLDER}/{{name}}");
    config.service(read_only(&path).route(web::get().to(serve)));
}

async fn serve(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let Some(asset) = find(&name) else {
        return problem(
            StatusCode::NOT_FOUND,
            "not-found",
            "Not found",
            "There is no asset with this name.",
        );
    };
    // A page of another release, or somebody who asks without a version, gets what there is now.
    let is_versioned = request.query_string() == format!("v={}", asset.version());
    asset.cached(&request, if is_versioned { IMMUTABLE } else { REVALIDATED })
}
