//! `/sso/logout`: an app sends somebody to log out (OpenID Connect RP-Initiated Logout 1.0). A session ends only for the ID
//! token that was given out for it: so no other site can log somebody out.

use crate::authorize::known_client;
use crate::fault::{Fault, page};
use crate::follow::end_sessions;
use crate::outcome::redirect;
use crate::parameters::Parameters;
use crate::state::{Inner, State};
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use events::SsoSessionId;
use oidc::{IdTokenHint, read_id_token_hint};
use store::{SessionEnd, SessionFilter};
use url::Url;

pub(crate) async fn by_query(state: Data<State>, request: HttpRequest) -> Result<HttpResponse, Fault> {
    log_out(&state, &request, request.query_string().as_bytes()).await
}

pub(crate) async fn by_form(state: Data<State>, request: HttpRequest, body: Bytes) -> Result<HttpResponse, Fault> {
    log_out(&state, &request, &body).await
}

#[derive(Template)]
#[template(path = "logged_out.html")]
struct LoggedOutPage {
    /// Whether the request said whose session it means, which then is over.
    is_out: bool,
}

async fn log_out(state: &Inner, request: &HttpRequest, text: &[u8]) -> Result<HttpResponse, Fault> {
    state.pass_address(request).map_err(Fault::TooMany)?;
    let parameters = Parameters::read(text).map_err(|error| Fault::BadRequest(error.to_string()))?;
    let now = state.now();
    let keys = state
        .keys
        .get(now)
        .await
        .map_err(|error| Fault::broken("the keys", &error))?;
    let hint = match parameters.get("id_token_hint") {
        Some(text) => Some(
            read_id_token_hint(text, &state.issuer, &keys.public)
                .map_err(|error| Fault::BadRequest(error.to_string()))?,
        ),
        None => None,
    };
    let named = parameters.get("client_id");
    if let (Some(hint), Some(named)) = (&hint, named)
        && hint.aud != named
    {
        return Err(Fault::BadRequest(
            "id_token_hint is of another app than client_id".to_owned(),
        ));
    }
    if let Some(hint) = &hint {
        end(state, hint).await?;
    }
    let Some(to) = parameters.get("post_logout_redirect_uri") else {
        let body = LoggedOutPage { is_out: hint.is_some() };
        return page(StatusCode::OK, "Logged out", body).map_err(|error| Fault::broken("a page", &error));
    };
    let client = hint.as_ref().map(|hint| hint.aud.as_str()).or(named);
    let client = known_client(state, client).await?;
    if !client
        .post_logout_redirect_uris
        .iter()
        .any(|registered| registered == to)
    {
        return Err(Fault::RedirectUri);
    }
    let mut url = Url::parse(to).map_err(|error| Fault::broken("an address to go to", &error))?;
    if let Some(text) = parameters.get("state") {
        url.query_pairs_mut().append_pair("state", text);
    }
    Ok(redirect(url.as_str()))
}

/// Ends the session that a token was given out for.
async fn end(state: &Inner, hint: &IdTokenHint) -> Result<(), Fault> {
    let id = hint.sid.as_deref().and_then(|sid| sid.parse::<SsoSessionId>().ok());
    let Some(id) = id else { return Ok(()) };
    let session = state.store.sso_sessions().by_id(id).await?;
    let Some(session) = session.filter(|session| session.begun.client_id.to_string() == hint.aud) else {
        return Ok(());
    };
    let directory = session.begun.directory_id;
    end_sessions(state, SessionFilter::Id(id), directory, SessionEnd::Logout, state.now()).await?;
    Ok(())
}
