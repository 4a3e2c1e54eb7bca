//! `/graph/consent`: where Microsoft Entra ID sends an administrator back to. Nobody need be logged in: what comes back names the
//! directory in a form that only this installation makes, and it is only told what came of it.

use crate::fault::Fault;
use crate::frame::{html, plain};
use crate::guard::guarded;
use crate::state::State;
use crate::texts::text;
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use events::Timestamp;
use graph::consent::{ConsentAnswer, ConsentError, ConsentState, ConsentedFrom};

pub(crate) fn configure(config: &mut ServiceConfig) {
    let page = web::resource("/graph/consent").wrap(from_fn(guarded)).get(show);
    config.service(page);
}

/// What came of it.
enum Came {
    /// Consent was given.
    Given,
    /// It was given in another tenant.
    OtherTenant,
    /// It was refused, with what Entra ID calls that.
    Refused(String),
    /// The link is none of ours, or too old, or the answer says nothing.
    Foreign,
}

#[derive(Template)]
#[template(path = "graph/consent.html")]
struct ConsentPage {
    came: Came,
    /// Where it goes on, if that is known.
    next: Option<String>,
}

async fn show(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Fault> {
    let (came, next) = read(request.query_string(), &state);
    let status = match came {
        Came::Given => StatusCode::OK,
        _ => StatusCode::BAD_REQUEST,
    };
    let title = text("graph-consent-title").to_string();
    let page = plain(&title, ConsentPage { came, next });
    Ok(html(status, page.render()?))
}

fn read(query: &str, state: &State) -> (Came, Option<String>) {
    let Ok(answer) = ConsentAnswer::parse(query) else {
        return (Came::Foreign, None);
    };
    let known = answer.state().and_then(|text| {
        let keys = state.master_keys();
        ConsentState::open(text, keys, Timestamp::now())
    });
    let Some(known) = known else {
        return (Came::Foreign, None);
    };
    let next = match known.from {
        ConsentedFrom::Console => format!("/console/directories/{}/graph", known.directory),
        ConsentedFrom::Setup => format!("/setup/directories/{}/graph?step=4", known.directory),
    };
    let came = match answer.granted(known.tenant) {
        Ok(()) => Came::Given,
        Err(ConsentError::OtherTenant) => Came::OtherTenant,
        Err(ConsentError::Refused { error, entra }) => {
            let code = entra.map(|entra| format!("AADSTS{}", entra.code));
            Came::Refused(code.unwrap_or(error))
        }
        Err(ConsentError::Nothing | ConsentError::TooLong | ConsentError::Twice(_)) => Came::Foreign,
    };
    (came, Some(next))
}
