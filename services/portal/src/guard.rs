//! What holds for every page: nothing is kept by caches, the strict policy, and no form of another site changes anything.

use crate::api::query;
use crate::door::Door;
use crate::fault::Fault;
use crate::guest::link_of;
use crate::state::State;
use crate::texts::{chosen, in_language};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, LOCATION, ORIGIN};
use actix_web::middleware::Next;
use actix_web::{Error, web};

/// What browsers say of where a request comes from (Fetch Metadata §2.4).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Wraps all pages: each is in the language that its browser likes best.
pub(crate) async fn guarded<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let language = chosen(&request);
    in_language(language, Box::pin(answered(request, next))).await
}

async fn answered<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = request.app_data::<web::Data<State>>();
    let is_own = request.method().is_safe() || state.is_some_and(|state| is_own(&request, state));
    let mut response = if is_own {
        next.call(request).await?.map_into_boxed_body()
    } else {
        request.error_response(Fault::ForeignForm)
    };
    send_to_login(&mut response);
    let mut response = of_door(response).await;
    let headers = response.headers_mut();
    // A picture may have a stricter one.
    let own_policy = headers.get(CONTENT_SECURITY_POLICY).cloned();
    pages::secure(headers);
    if let Some(policy) = own_policy {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Somebody who is not logged in comes back to the page that was asked for.
fn send_to_login(response: &mut ServiceResponse<BoxBody>) {
    let error = response.response().error().and_then(|error| error.as_error::<Fault>());
    let is_read = response.request().method() == Method::GET;
    if !is_read || !matches!(error, Some(Fault::LoggedOut(Door::Console))) {
        return;
    }
    let asked = response
        .request()
        .uri()
        .path_and_query()
        .map_or("", |asked| asked.as_str());
    let login = query(Door::Console.closed_at(), [("next", Some(asked))]);
    if let Ok(login) = HeaderValue::from_str(&login) {
        response.headers_mut().insert(LOCATION, login);
    }
}

/// A page that cannot be shown to the holder of a link leads back to where the link leads, not to the console, and is in the
/// name that the link says.
async fn of_door(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let path = response.request().path();
    let is_of = |door: &Door| {
        path.strip_prefix(door.path())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let Some(door) = Door::OF_LINKS.into_iter().find(is_of) else {
        return response;
    };
    let is_fault = response
        .response()
        .error()
        .is_some_and(|error| error.as_error::<Fault>().is_some());
    if !is_fault {
        return response;
    }
    let request = response.request().clone();
    let link = link_of(&request, door).await.ok();
    let error = response.response().error().and_then(|error| error.as_error::<Fault>());
    match error.map(|fault| fault.page(door, link.as_ref())) {
        Some(page) => ServiceResponse::new(request, page),
        None => response,
    }
}

/// Whether a form is one of ours: as the browser says, or else by the origin that it names. A request that says neither
/// comes from no browser of this decade.
fn is_own(request: &ServiceRequest, state: &State) -> bool {
    let header = |name: &HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    match header(&SEC_FETCH_SITE) {
        Some(site) => matches!(site, "same-origin" | "none"),
        None => header(&ORIGIN).is_some_and(|origin| origin == state.origin()),
    }
}
