//! A database, the API on it, and an admin key.

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{App, test};
use admin::{Admin, Config, Deps};
use runtime::Service as _;
use runtime::http::no_store;
use secrecy::ExposeSecret;
use secrets::MasterKeys;
use serde_json::Value;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};
use store::Dialect;
use store::testing::TestDatabase;
use tokio::sync::OnceCell;
use webhooks::{Guard, Rules};

pub(crate) const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];
pub(crate) const CONFIGURED_KEY: &str = "a-long-secret-of-the-configuration";

/// Answers a request.
type Serve = Box<dyn Fn(test::TestRequest) -> Pin<Box<dyn Future<Output = ServiceResponse<BoxBody>>>>>;

/// The API under test.
pub(crate) struct Api {
    pub(crate) db: TestDatabase,
    admin: Admin,
    routes: Box<dyn Fn(&mut ServiceConfig)>,
    /// Made once: that takes longer than most requests.
    served: OnceCell<Serve>,
    pub(crate) key: String,
    master_keys: MasterKeys,
    pub(crate) bus: bus::Bus,
}

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// A request that is being put together.
pub(crate) struct Call<'a> {
    api: &'a Api,
    request: test::TestRequest,
}

impl Api {
    pub(crate) async fn on(dialect: Dialect) -> Self {
        Self::with_guard(dialect, Guard::new(Rules::default())).await
    }

    /// One that asks this resolver.
    pub(crate) async fn with_dns(dialect: Dialect, resolver: SocketAddr) -> Self {
        let guard = Guard::new(Rules::default());
        Self::with(dialect, guard, Some(resolver), NonZeroU32::MAX, None).await
    }

    /// One that finds Entra ID and Microsoft Graph at this URL, on this machine.
    pub(crate) async fn with_graph(dialect: Dialect, url: &str) -> Self {
        let guard = Guard::new(Rules::private());
        Self::with(dialect, guard, None, NonZeroU32::MAX, Some(url)).await
    }

    pub(crate) async fn with_guard(dialect: Dialect, guard: Guard) -> Self {
        Self::with(dialect, guard, None, NonZeroU32::MAX, None).await
    }

    /// One whose keys may send so many requests per second.
    pub(crate) async fn with_rate(dialect: Dialect, rate: u32) -> Self {
        let rate = NonZeroU32::new(rate).unwrap();
        Self::with(dialect, Guard::new(Rules::default()), None, rate, None).await
    }

    async fn with(
        dialect: Dialect,
        guard: Guard,
        dns_resolver: Option<SocketAddr>,
        rate_limit: NonZeroU32,
        graph: Option<&str>,
    ) -> Self {
        let db = TestDatabase::of(dialect).await;
        let (_, key) = admin::create_admin_key(&db.store, "tests").await.unwrap();
        let config = Config {
            admin_key: Some(CONFIGURED_KEY.into()),
            guard,
            authorities: oidc::AuthorityRules::default(),
            entra_authority: graph.unwrap_or("https://login.microsoftonline.com").to_owned(),
            graph_url: graph.map(str::to_owned),
            audit_retention: Duration::from_secs(400 * 24 * 3_600),
            dns_resolver,
            rate_limit,
            mail: None,
        };
        let master_keys = MasterKeys::from(secrets::MasterKey::generate());
        let bus = bus::Bus::embedded(4);
        let deps = Deps {
            store: db.store.clone(),
            bus: bus.clone(),
            master_keys: master_keys.clone(),
            public_url: "https://rollcall.example".into(),
        };
        let admin = Admin::bind(config, deps).unwrap();
        Self {
            db,
            routes: Box::new(admin.routes()),
            served: OnceCell::new(),
            admin,
            key: key.expose_secret().to_owned(),
            master_keys,
            bus,
        }
    }

    async fn answer(&self, request: test::TestRequest) -> ServiceResponse<BoxBody> {
        let make = async || -> Serve {
            let app = App::new().wrap(from_fn(no_store)).configure(&self.routes);
            let app = Rc::new(test::init_service(app).await);
            let serve: Serve = Box::new(move |request: test::TestRequest| {
                let app = Rc::clone(&app);
                Box::pin(async move {
                    let answer = test::call_service(&*app, request.to_request()).await;
                    answer.map_into_boxed_body()
                })
            });
            serve
        };
        self.served.get_or_init(make).await(request).await
    }

    /// Starts what the API does beside its requests, until the guard is cancelled.
    pub(crate) fn run(&self) -> (runtime::Shutdown, tokio::task::JoinHandle<()>) {
        let (admin, shutdown) = (self.admin.clone(), runtime::Shutdown::default());
        let stop = shutdown.clone();
        let task = tokio::spawn(async move { admin.run(stop).await.unwrap() });
        (shutdown, task)
    }

    /// What secrets are sealed with.
    pub(crate) fn state_key(&self) -> &MasterKeys {
        &self.master_keys
    }

    /// A request with the admin key.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call<'_> {
        self.anonymous(method, path)
            .header("authorization", &format!("Bearer {}", self.key))
    }

    /// A request without any key.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> Call<'_> {
        Call {
            api: self,
            request: test::TestRequest::default().method(method).uri(path),
        }
    }

    /// A request with another admin key.
    pub(crate) fn call_with(&self, key: &str, method: Method, path: &str) -> Call<'_> {
        self.anonymous(method, path)
            .header("authorization", &format!("Bearer {key}"))
    }

    /// The token of a new admin key.
    pub(crate) async fn admin_key(&self, body: &Value) -> String {
        let made = self.post("/api/v1/admin-keys", body).await.expect(StatusCode::CREATED);
        text(&made, "token").to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path).json(body).send().await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path).json(body).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path).send().await
    }

    /// A directory of this organization, as the API answered.
    pub(crate) async fn directory(&self, organization: &str) -> Value {
        let body = serde_json::json!({ "organization": organization });
        self.post("/api/v1/directories", &body)
            .await
            .expect(StatusCode::CREATED)
    }

    /// The bodies of the whole event log, which must be so many. The feed stops before the oldest transaction that is
    /// still open, and on PostgreSQL that may be one of another test: so this waits until none is.
    pub(crate) async fn log(&self, length: usize) -> Vec<Value> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let answer = self.get("/api/v1/events?limit=100").await.expect(StatusCode::OK);
            let log = answer["data"].as_array().unwrap().clone();
            if log.len() >= length || Instant::now() > deadline {
                assert_eq!(log.len(), length, "{log:?}");
                return log;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn close(self) {
        self.db.close().await;
    }
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.insert_header((name, value));
        self
    }

    pub(crate) fn json(mut self, body: &Value) -> Self {
        self.request = self.request.set_json(body);
        self
    }

    pub(crate) fn raw(mut self, content_type: &str, body: impl Into<actix_web::web::Bytes>) -> Self {
        self.request = self
            .request
            .insert_header(("content-type", content_type))
            .set_payload(body);
        self
    }

    /// Sends it and looks at the status only: the body may never end.
    pub(crate) async fn status(self) -> StatusCode {
        self.api.answer(self.request).await.status()
    }

    /// Sends it and looks at the status and the headers only: the body may be no text.
    pub(crate) async fn status_and_headers(self) -> (StatusCode, HeaderMap) {
        let answer = self.api.answer(self.request).await;
        (answer.status(), answer.headers().clone())
    }

    pub(crate) async fn send(self) -> Answer {
        let answer = self.api.answer(self.request).await;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = String::from_utf8(test::read_body(answer).await.to_vec()).unwrap();
        Answer { status, headers, text }
    }
}

impl Answer {
    /// The body, after a look at the status.
    #[track_caller]
    pub(crate) fn expect(self, status: StatusCode) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&self.text).unwrap()
        }
    }

    /// The body of a problem, after a look at what every problem has.
    #[track_caller]
    pub(crate) fn problem(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let body: Value = serde_json::from_str(&self.text).unwrap();
        assert_eq!(body["status"], status);
        assert!(body["type"].as_str().unwrap().starts_with("urn:rollcall:problem:"));
        assert!(!body["title"].as_str().unwrap().is_empty() && !body["detail"].as_str().unwrap().is_empty());
        body
    }

    /// The pointers (or query parameters) of a problem's errors.
    #[track_caller]
    pub(crate) fn faults(self, status: u16) -> Vec<String> {
        let body = self.problem(status);
        let errors = body["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("no errors in {body}"));
        let place = |error: &Value| {
            error["pointer"]
                .as_str()
                .or(error["parameter"].as_str())
                .unwrap()
                .to_owned()
        };
        errors.iter().map(place).collect()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A member of a body as text.
#[track_caller]
pub(crate) fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name]
        .as_str()
        .unwrap_or_else(|| panic!("no text {name} in {body}"))
}
