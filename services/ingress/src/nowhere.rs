//! What is answered where no handler is: methods that a path does not take, and paths that there are not.

use crate::allow::Allow;
use crate::answer;
use crate::context::ScimContext;
use crate::failure::Failure;
use crate::path::Parts;
use crate::state::State;
use crate::tenant::{TenantError, mistake};
use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};

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

/// A path below a base URL that is no endpoint.
pub(crate) async fn no_endpoint(context: ScimContext) -> Result<HttpResponse, Failure> {
    let below = Parts::of(context.path()).below();
    let base_url = &context.base_url;
    let detail = format!("there is no endpoint /{below}; see {base_url}/ResourceTypes");
    Err(scim::Error::status(404, detail).into())
}

/// A path below `/directories` or `/org` that leads to no base URL.
pub(crate) async fn misaddressed(request: HttpRequest, state: web::Data<State>) -> Result<HttpResponse, Failure> {
    Err(mistake(request.path(), &state.inner().public_url).into())
}

/// Every path that is not below `/directories` or `/org`, where no other service of the program has it.
pub(crate) async fn elsewhere(state: web::Data<State>) -> Result<HttpResponse, Failure> {
    Err(TenantError::NoTenant(state.inner().public_url.to_string()).into())
}
