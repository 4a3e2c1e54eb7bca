//! One server span and one measurement for each request.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use ipnet::IpNet;
use std::net::IpAddr;
use std::time::Instant;
use telemetry::semconv;
use tracing::field::Empty;
use tracing::{Instrument, Span};

/// What probes ask every few seconds is no change that anyone wants to follow.
const UNTRACED: &[&str] = &["/healthz", "/readyz", "/metrics"];

/// The route of a request that a handler takes apart by itself: put it into the request's extensions, and the span and
/// the measurement are named by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route(pub &'static str);

/// The paths below which handlers name the route themselves ([`Route`]), as application data of the server: for them no
/// table of routes is searched.
#[derive(Clone, Copy, Debug)]
pub struct NamedByHandlers(pub fn(&str) -> bool);

/// The networks whose callers' traces are continued, as application data of the server; without it there are none.
///
/// A `traceparent` is no secret and proves nothing: a caller that may begin a trace here could put its requests into anybody's,
/// or all of them into one, and decide what is recorded. So a trace is continued only from where an administrator says
/// that nobody else calls from. Behind a reverse proxy every caller comes from the proxy: it must then set or remove the
/// header itself.
#[derive(Clone, Debug, Default)]
pub struct TracedFrom(Vec<IpNet>);

impl TracedFrom {
    /// These networks.
    #[must_use]
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    fn includes(&self, caller: IpAddr) -> bool {
        let caller = caller.to_canonical();
        self.0.iter().any(|network| network.contains(&caller))
    }
}

/// Middleware: runs the request in a span named `METHOD route`, with the status and whether it is an error; and measures it
/// as `rollcall_http_request_seconds`. Of a request that brings a `traceparent` the span is the child of the caller's span
/// where the caller is in [`TracedFrom`]; otherwise it begins a trace of its own that only links to it.
///
/// The span has the route and not the path: paths may hold names and one-time links.
///
/// # Errors
/// Passes on those of the request.
pub async fn request_span(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if UNTRACED.contains(&request.path()) {
        return next.call(request).await;
    }
    let started = Instant::now();
    let method = method_label(request.method());
    let named = request.app_data::<NamedByHandlers>();
    let is_named_later = named.is_some_and(|NamedByHandlers(is_below)| is_below(request.path()));
    let route = if is_named_later { None } else { request.match_pattern() };
    let span = server_span(&request, method, route.as_deref());
    let result = next.call(request).instrument(span.clone()).await;
    let status = match &result {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    record_status(&span, status);
    let handled = result
        .as_ref()
        .ok()
        .and_then(|response| response.request().extensions().get::<Route>().copied());
    if let Some(Route(route)) = handled {
        telemetry::rename(&span, format!("{method} {route}"));
        span.record(semconv::HTTP_ROUTE, route);
    }
    let route = handled.map(|Route(route)| route.to_owned()).or(route);
    metrics::histogram!(
        "rollcall_http_request_seconds",
        "method" => method,
        "route" => route.unwrap_or_else(|| "unmatched".to_owned()),
        "status" => status_label(status),
    )
    .record(started.elapsed());
    result
}

fn server_span(request: &ServiceRequest, method: &'static str, route: Option<&str>) -> Span {
    let name = match route {
        Some(route) => format!("{method} {route}"),
        None => method.to_owned(),
    };
    let span = tracing::info_span!(
        "http.request",
        { semconv::OTEL_NAME } = name,
        { semconv::OTEL_KIND } = "server",
        { semconv::HTTP_REQUEST_METHOD } = method,
        { semconv::HTTP_ROUTE } = route,
        directory.id = Empty,
        { semconv::URL_SCHEME } = request.connection_info().scheme(),
        { semconv::HTTP_RESPONSE_STATUS_CODE } = Empty,
        { semconv::ERROR_TYPE } = Empty,
        { semconv::OTEL_STATUS_CODE } = Empty,
    );
    let traceparent = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok());
    match traceparent {
        Some(traceparent) if is_continued(request) => telemetry::set_parent(&span, Some(traceparent)),
        Some(traceparent) => telemetry::link(&span, traceparent),
        None => {}
    }
    span
}

fn is_continued(request: &ServiceRequest) -> bool {
    let networks = request.app_data::<web::Data<TracedFrom>>();
    let caller = request.peer_addr();
    networks
        .zip(caller)
        .is_some_and(|(networks, caller)| networks.includes(caller.ip()))
}

/// For a server, a refused request is the client's error and not one of the span (semantic conventions for HTTP).
fn record_status(span: &Span, status: StatusCode) {
    span.record(semconv::HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record(semconv::ERROR_TYPE, status.as_str());
        span.record(semconv::OTEL_STATUS_CODE, "ERROR");
    }
}

/// Clients may send any word as a method; names of spans and labels must stay few.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}

fn status_label(status: StatusCode) -> String {
    status.as_str().to_owned()
}
