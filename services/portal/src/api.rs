//! The management API, asked in this process: the same routes, checks and audit log as for anybody who sends a request.

use crate::fault::Fault;
use actix_http::{HttpMessage as _, Payload, Request, h1};
use actix_service::{IntoServiceFactory as _, Service as _, ServiceFactory as _};
use actix_web::body::{BoxBody, MessageBody as _, to_bytes_limited};
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::web::{Bytes, ServiceConfig};
use actix_web::{App, Error};
use api::{Caller, Problem};
use futures_util::Stream;
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use tokio::sync::OnceCell;

/// Where the operations are.
const PREFIX: &str = "/api/v1";
/// The largest answer that is read; a page of the API has 2 MiB, or one item of some more.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;
/// Who asks, for the log of requests.
const AGENT: &str = concat!("rollcall-portal/", env!("CARGO_PKG_VERSION"));

type Call = Box<dyn Fn(Request) -> LocalBoxFuture<'static, Result<ServiceResponse<BoxBody>, Error>>>;

/// The routes of the management API on one thread of the server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct LocalApi(Rc<Inner>);

struct Inner {
    operations: Box<dyn Fn(&mut ServiceConfig)>,
    service: OnceCell<Call>,
}

impl LocalApi {
    /// Nothing is set up before the first call.
    pub(crate) fn new(operations: impl Fn(&mut ServiceConfig) + 'static) -> Self {
        Self(Rc::new(Inner {
            operations: Box::new(operations),
            service: OnceCell::new(),
        }))
    }

    async fn send(&self, request: Request) -> Result<ServiceResponse<BoxBody>, Fault> {
        let call = self.0.service.get_or_try_init(|| self.service()).await?;
        call(request)
            .await
            .map_err(|error| Fault::broken("the management API failed", &error))
    }

    async fn service(&self) -> Result<Call, Fault> {
        let app = App::new().configure(|config| (self.0.operations)(config));
        let made = app.into_factory().new_service(AppConfig::default()).await;
        let service = Rc::new(made.map_err(|()| Fault::Broken("the management API could not be set up".to_owned()))?);
        Ok(Box::new(move |request| {
            let service = Rc::clone(&service);
            Box::pin(async move { service.call(request).await })
        }))
    }
}

/// The management API as one caller may use it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    local: LocalApi,
    caller: Authority,
    peer: Option<IpAddr>,
}

/// By what a call is let in.
#[derive(Clone)]
enum Authority {
    /// Somebody whose session was checked.
    Known(Caller),
    /// A key as somebody typed it, which the API is to check.
    Key(HeaderValue),
}

/// What came back: a status below 400, and a body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Api {
    pub(crate) const fn new(local: LocalApi, caller: Caller, peer: Option<IpAddr>) -> Self {
        Self {
            local,
            caller: Authority::Known(caller),
            peer,
        }
    }

    /// With a key that somebody typed; `None` where it cannot stand in a header.
    pub(crate) fn with_key(local: LocalApi, key: &str, peer: Option<IpAddr>) -> Option<Self> {
        let mut value = HeaderValue::from_str(&format!("Bearer {key}")).ok()?;
        value.set_sensitive(true);
        Some(Self {
            local,
            caller: Authority::Key(value),
            peer,
        })
    }

    /// `GET`; `path` is below `/api/v1` and may have a query ([`query`]).
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        read(&self.call(Method::GET, path, None).await?)
    }

    /// The same, or `None` where there is no such thing, or none that this caller may see.
    pub(crate) async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, Fault> {
        match self.get(path).await {
            Ok(found) => Ok(Some(found)),
            Err(Fault::Api(problem)) if matches!(problem.status, 403 | 404) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// `POST` with a body.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Fault> {
        read(&self.send(Method::POST, path, body).await?)
    }

    /// `PATCH` with a body.
    pub(crate) async fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Fault> {
        read(&self.send(Method::PATCH, path, body).await?)
    }

    /// `PUT` with a body.
    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Fault> {
        read(&self.send(Method::PUT, path, body).await?)
    }

    /// `GET` of a file.
    pub(crate) async fn file(&self, path: &str) -> Result<Bytes, Fault> {
        self.call(Method::GET, path, None).await.map(|answer| answer.body)
    }

    /// `DELETE`; what is answered does not matter.
    pub(crate) async fn delete(&self, path: &str) -> Result<(), Fault> {
        self.call(Method::DELETE, path, None).await.map(|_| ())
    }

    /// `GET` of an answer without end, a chunk at a time.
    pub(crate) async fn stream(&self, path: &str) -> Result<impl Stream<Item = Bytes> + use<>, Fault> {
        let response = self.ask(Method::GET, path, None).await?;
        if response.status() != StatusCode::OK {
            return Err(match answer(response).await {
                Err(fault) => fault,
                Ok(answer) => Fault::Broken(format!("a stream has the status {}", answer.status)),
            });
        }
        let mut body = Box::pin(response.into_body());
        Ok(futures_util::stream::poll_fn(move |context| {
            // What breaks off ends.
            body.as_mut().poll_next(context).map(|chunk| chunk.and_then(Result::ok))
        }))
    }

    /// `DELETE` that tells how it went.
    pub(crate) async fn remove<T: DeserializeOwned>(&self, path: &str) -> Result<T, Fault> {
        read(&self.call(Method::DELETE, path, None).await?)
    }

    async fn send(&self, method: Method, path: &str, body: &impl Serialize) -> Result<Answer, Fault> {
        let body = serde_json::to_vec(body).map_err(|error| Fault::broken("a body could not be written", &error))?;
        self.call(method, path, Some(body.into())).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<Answer, Fault> {
        answer(self.ask(method, path, body).await?).await
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Bytes>) -> Result<ServiceResponse<BoxBody>, Fault> {
        let uri: Uri = format!("{PREFIX}{path}")
            .parse()
            .map_err(|error| Fault::broken("a path could not be written", &error))?;
        let mut request = Request::new();
        let head = request.head_mut();
        head.method = method;
        head.uri = uri;
        head.peer_addr = self.peer.map(|address| SocketAddr::new(address, 0));
        head.headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        if body.is_some() {
            head.headers
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        match &self.caller {
            Authority::Known(caller) => {
                request.extensions_mut().insert(caller.clone());
            }
            Authority::Key(value) => {
                request.headers_mut().insert(AUTHORIZATION, value.clone());
            }
        }
        let (_, mut payload) = h1::Payload::create(true);
        payload.unread_data(body.unwrap_or_default());
        let (request, _) = request.replace_payload(Payload::from(payload));
        self.local.send(request).await
    }
}

async fn answer(response: ServiceResponse<BoxBody>) -> Result<Answer, Fault> {
    let status = response.status();
    let body = match to_bytes_limited(response.into_body(), LARGEST_ANSWER).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return Err(Fault::Broken(format!("an answer broke off: {error}"))),
        Err(_) => return Err(Fault::Broken("an answer was too large".to_owned())),
    };
    if status.is_client_error() || status.is_server_error() {
        let problem: Problem = serde_json::from_slice(&body)
            .map_err(|error| Fault::Broken(format!("an answer with status {status} says nothing: {error}")))?;
        return Err(Fault::Api(problem));
    }
    Ok(Answer { status, body })
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, Fault> {
    let body: &[u8] = match (answer.status, answer.body.is_empty()) {
        (StatusCode::NO_CONTENT, _) | (_, true) => b"null",
        _ => &answer.body,
    };
    serde_json::from_slice(body).map_err(|error| Fault::broken("an answer could not be read", &error))
}

/// A path with a query string of those parameters that say something.
pub(crate) fn query<'a>(path: &str, parameters: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}
