//! Notes with each answer which key it was for.

use crate::failure::Failure;
use crate::state::State;
use crate::usage::UsedKey;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use runtime::http::Route;

/// Middleware: when a request is answered, notes the use of its key, and its route for the span and the measurement.
///
/// # Errors
/// Passes on those of the request.
pub(crate) async fn note_use<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let response = next.call(request).await?;
    let request = response.request();
    if let Some(route) = request.app_data::<Route>().copied() {
        request.extensions_mut().insert(route);
    }
    let used = request.extensions().get::<UsedKey>().copied();
    if let Some((used, state)) = used.zip(request.app_data::<web::Data<State>>()) {
        let failure = response.response().error().and_then(Error::as_error::<Failure>);
        state.inner().usage.note(used, failure.and_then(shown_error));
    }
    Ok(response)
}

/// What an administrator should see of a failure: what the identity provider did wrong, except for resources that do not exist.
fn shown_error(failure: &Failure) -> Option<String> {
    match failure {
        Failure::Refused(error) | Failure::Method { error, .. } | Failure::Encoding(error) if error.status != 404 => {
            Some(error.detail.clone())
        }
        _ => None,
    }
}
