//! Opening a link, at whichever door it is for.

use crate::cookie;
use crate::door::Door;
use crate::fault::Fault;
use crate::frame::{html, plain, to};
use crate::login::add_cookie;
use crate::session::{open, parts};
use crate::texts::text;
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use secrets::{Token, TokenKind};
use store::SessionOpener;

/// The ways in of a door. They come last: a token may be anything.
pub(crate) fn configure(door: Door) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        let closed = move || async move { closed(door) };
        let enter = move |request, token| async move { enter(door, request, token).await };
        config
            .service(web::resource("").get(closed))
            .service(web::resource("/{token}").get(enter));
    }
}

/// What is at no path of a door.
///
/// # Errors
/// Always: there is no such page.
pub(crate) async fn missing() -> Result<HttpResponse, Fault> {
    Err(Fault::Missing)
}

#[derive(Template)]
#[template(path = "closed.html")]
struct ClosedPage {
    is_for_apps: bool,
}

/// What somebody sees who has no link, or one that has ended.
fn closed(door: Door) -> Result<HttpResponse, Fault> {
    let page = ClosedPage {
        is_for_apps: door == Door::Apps,
    };
    let title = text("closed-page-title").to_string();
    Ok(html(StatusCode::OK, plain(&title, page).render()?))
}

/// The link becomes a session at once, and its token leaves the address.
async fn enter(door: Door, request: HttpRequest, token: web::Path<String>) -> Result<HttpResponse, Fault> {
    let (state, _) = parts(&request)?;
    let parsed = Token::parse(&token).filter(|token| token.kind() == TokenKind::PortalLink);
    let found = match &parsed {
        Some(token) => state.store().portal_links().by_id(token.id().into()).await?,
        None => None,
    };
    let link = found
        .filter(|link| parsed.is_some_and(|token| token.matches(&link.token_hash)))
        .filter(|link| door.is_opened_by(link));
    let Some(link) = link else {
        return Ok(to(door.closed_at()));
    };
    let opener = SessionOpener::Link(link.id);
    let token = open(&state, door.kind(), opener, Some(link.expires_at)).await?;
    let mut answer = to(door.first_page());
    add_cookie(&mut answer, &cookie::opening(&state, door, &token))?;
    Ok(answer)
}
