//! What is answered where no handler is: methods that a path does not take, and paths that there are not.

use crate::allow::Allow;
use crate::answer;
use crate::context::ScimContext;
use crate::failure::Failure;
use crate::path::Parts;
use crate::state::{Inner, State};
use crate::tenant::{TenantError, mistake};
use crate::usage::UsedKey;
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest as _, HttpMessage as _, HttpRequest, HttpResponse, web};

/// OPTIONS, and methods that the path does not take (R3).
pub(crate) async fn not_allowed(_: ScimContext, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let allow = Allow::of(&request);
    if request.method() == Method::OPTIONS {
        return Ok(answer::options(&allow));
    }
    Err(Failure::method(request.method(), request.path(), allow))
}

/// A directory key stands for no user (R45).
pub(crate) async fn me(_: ScimContext) -> Result<HttpResponse, Failure> {
    Err(scim::Error::status(501, "/Me is not supported: a directory key stands for no user").into())
}

/// A path below `/directories` or `/org` that has no route: below a base URL, which the caller must be allowed to use to
/// hear more, or without one.
pub(crate) async fn no_route(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Failure> {
    let parts = Parts::of(request.path());
    if !parts.is_base() {
        let mistake = mistake(request.path(), &state.inner().public_url);
        note_near_miss(&request, state.inner(), &mistake).await;
        return Err(mistake.into());
    }
    let base_url = ScimContext::extract(&request).await?.base_url;
    let below = parts.below();
    let detail = format!("there is no endpoint /{below}; see {base_url}/ResourceTypes");
    Err(scim::Error::status(404, detail).into())
}

/// Notes that the key of a directory came to a path that is no tenant URL, in its log and as its last error: somebody has
/// pasted the URL wrongly beside the key, and waits for what its page says.
async fn note_near_miss(request: &HttpRequest, inner: &Inner, mistake: &TenantError) {
    let header = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
    if let Ok(access) = inner.auth.holder(header).await {
        let used = UsedKey::of(&access);
        runtime::http::proven(request);
        request.extensions_mut().insert(used);
        inner.usage.note(used, Some(mistake.to_string()));
    }
}

/// Every path that is not below `/directories` or `/org`, where no other service of the program has it.
pub(crate) async fn elsewhere(state: web::Data<State>) -> Result<HttpResponse, Failure> {
    Err(TenantError::NoTenant(state.inner().public_url.to_string()).into())
}
