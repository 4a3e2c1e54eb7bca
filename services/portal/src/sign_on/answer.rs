//! Where people come back to from single sign-on, with a code or an error. Before anything is believed, the answer must belong
//! to the login that this browser began last.

use super::attempt::{Attempt, closing};
use super::begin::{is_open, redirect_uri, remembering};
use super::person::{Standing, standing};
use super::records::{self, Happened};
use crate::cookie;
use crate::door::Door;
use crate::fault::Fault;
use crate::frame::{CONSOLE, html, plain, to};
use crate::login::{add_cookie, own_path};
use crate::session::{open, parts};
use crate::state::State;
use crate::texts::text;
use actix_web::http::StatusCode;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use events::{SsoSessionId, Timestamp};
use oidc::CodeChallenge;
use secrets::{Token, TokenKind};
use std::collections::HashMap;
use store::{SessionEnd, SessionKind, SessionOpener, SsoSession};

/// Why nobody comes in by an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refused {
    /// The answer belongs to another browser, or to a login that is over.
    Foreign,
    /// Single sign-on let the person not in; what it says.
    Upstream(String),
    /// The person may not enter the console.
    NotAdmitted,
}

#[derive(Template)]
#[template(path = "sign_on_refused.html")]
struct RefusedPage {
    refused: Refused,
}

pub(super) async fn come_back(
    request: HttpRequest,
    sent: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Fault> {
    let (state, _) = parts(&request)?;
    match enter(&state, &request, &sent).await? {
        Ok(answer) => Ok(answer),
        Err(refused) => {
            let status = match refused {
                Refused::Foreign => StatusCode::BAD_REQUEST,
                Refused::Upstream(_) | Refused::NotAdmitted => StatusCode::FORBIDDEN,
            };
            let title = text("sign-on-refused-title").to_string();
            let mut answer = html(status, plain(&title, RefusedPage { refused }.render()?).render()?);
            // What one browser sends to another must not end the other's own login.
            if status == StatusCode::FORBIDDEN {
                add_cookie(&mut answer, &closing(&state))?;
            }
            Ok(answer)
        }
    }
}

async fn enter(
    state: &State,
    request: &HttpRequest,
    sent: &HashMap<String, String>,
) -> Result<Result<HttpResponse, Refused>, Fault> {
    let sent = |name: &str| sent.get(name).map(String::as_str).unwrap_or_default();
    let attempt = Attempt::of(request, state).filter(|attempt| attempt.is_state(sent("state")));
    let Some(attempt) = attempt else {
        return Ok(Err(Refused::Foreign));
    };
    // RFC 9207: by nobody but our own single sign-on.
    if sent("iss") != format!("{}/sso", state.public_url()) {
        return Ok(Err(Refused::Foreign));
    }
    if !sent("error").is_empty() {
        let said = sent("error_description").chars().take(200).collect();
        return Ok(Err(Refused::Upstream(said)));
    }
    let Some(session) = begun_by(state, &attempt, sent("code")).await? else {
        return Ok(Err(Refused::Foreign));
    };
    let (_, local) = parts(request)?;
    let Standing { name, caller } = standing(state, &local, &session, runtime::http::caller(request)).await?;
    if let Err(reason) = caller {
        records::end(state, &session, reason).await?;
        records::note(state, request, &session, (&name, Happened::Refused, Some(reason))).await;
        return Ok(Err(Refused::NotAdmitted));
    }
    let Some(session) = redeem(state, &session).await? else {
        return Ok(Err(Refused::Foreign));
    };
    records::note(state, request, &session, (&name, Happened::LoggedIn, None)).await;
    let begun = &session.begun;
    let opener = SessionOpener::Person(begun.id);
    let token = open(state, SessionKind::Console, opener, Some(begun.expires_at)).await?;
    let next = own_path(&attempt.next);
    let mut answer = to(if next.is_empty() { CONSOLE } else { next });
    add_cookie(&mut answer, &cookie::opening(state, Door::Console, &token))?;
    add_cookie(&mut answer, &closing(state))?;
    let connection = state.store().connections().by_id(begun.connection_id).await?;
    if let Some(connection) = connection.filter(is_open) {
        add_cookie(&mut answer, &remembering(state, &connection))?;
    }
    Ok(Ok(answer))
}

/// The session that a code begins, if the code was given to the console for the login of this browser.
async fn begun_by(state: &State, attempt: &Attempt, code: &str) -> Result<Option<SsoSession>, Fault> {
    let token = Token::parse(code).filter(|token| token.kind() == TokenKind::SsoCode);
    let Some(token) = token else { return Ok(None) };
    let found = state
        .store()
        .sso_sessions()
        .by_id(SsoSessionId::from(token.id()))
        .await?;
    Ok(found.filter(|session| {
        let begun = &session.begun;
        let challenge = begun.code_challenge.as_deref().map(CodeChallenge::parse);
        token.matches(&begun.code_hash)
            && begun.client_id == store::console_client()
            && begun.redirect_uri == redirect_uri(state)
            && matches!(challenge, Some(Ok(challenge)) if challenge.check(attempt.verifier().expose()).is_ok())
    }))
}

/// Uses the code up. One that comes a second time ends the session: one of the two who had it stole it (RFC 9700 §4.5).
async fn redeem(state: &State, session: &SsoSession) -> Result<Option<SsoSession>, Fault> {
    let lane = state.lane(session.begun.directory_id);
    let sessions = state.store().sso_sessions();
    let redeemed = sessions.redeem(lane, session.begun.id, Timestamp::now()).await?;
    if redeemed.is_none() && session.redeemed_at.is_some() {
        records::end(state, session, SessionEnd::Reuse).await?;
    }
    Ok(redeemed)
}
