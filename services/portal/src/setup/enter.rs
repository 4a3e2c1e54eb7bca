//! Opening a link.

use crate::cookie;
use crate::door::Door;
use crate::fault::Fault;
use crate::frame::{html, to};
use crate::login::add_cookie;
use crate::session::{open, opens_setup, parts};
use actix_web::http::StatusCode;
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use pages::Page;
use secrets::{Token, TokenKind};
use store::{SessionKind, SessionOpener};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(web::resource("").get(closed))
        .service(web::resource("/{token}").get(enter));
}

#[derive(Template)]
#[template(path = "setup/closed.html")]
struct ClosedPage;

/// What somebody sees who has no link, or one that has ended.
async fn closed() -> Result<HttpResponse, Fault> {
    Ok(html(
        StatusCode::OK,
        Page::plain("Open your link", ClosedPage).render()?,
    ))
}

/// The link becomes a session at once, and its token leaves the address.
async fn enter(request: HttpRequest, token: web::Path<String>) -> Result<HttpResponse, Fault> {
    let (state, _) = parts(&request)?;
    let parsed = Token::parse(&token).filter(|token| token.kind() == TokenKind::PortalLink);
    let found = match &parsed {
        Some(token) => state.store().portal_links().by_id(token.id().into()).await?,
        None => None,
    };
    let link = found
        .filter(|link| parsed.is_some_and(|token| token.matches(&link.token_hash)))
        .filter(opens_setup);
    let Some(link) = link else { return Ok(to("/setup")) };
    let opener = SessionOpener::Link(link.id);
    let token = open(&state, SessionKind::Setup, opener, Some(link.expires_at)).await?;
    let mut answer = to("/setup/start");
    add_cookie(&mut answer, &cookie::opening(&state, Door::Setup, &token))?;
    Ok(answer)
}
