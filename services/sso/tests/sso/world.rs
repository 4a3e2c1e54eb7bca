//! A real database with single sign-on over it, and apps that talk to it by HTTP.

use crate::house::REDIRECT_URI;
use actix_http::Request;
use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, Error};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use events::{SsoClientId, Timestamp};
use keyring::KeyRing;
use oidc::{Algorithm, AuthorityRules};
use runtime::{Service as _, Shutdown};
use secrecy::ExposeSecret as _;
use secrets::{MasterKey, Token, TokenKind};
use serde_json::{Value, json};
use sso::{Config, Deps, SingleSignOn};
use std::num::NonZeroU32;
use std::time::Duration;
use store::testing::TestDatabase;
use store::{ApplicationType, ClientAuthentication, Dialect, SsoClient};
use webhooks::{Guard, Rules};

pub(crate) const ISSUER: &str = "https://rollcall.example/sso";
pub(crate) const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];
pub(crate) const STREAMS: &str = "/sso/ssf/streams";

pub(crate) struct World {
    pub(crate) db: TestDatabase,
    pub(crate) master_key: MasterKey,
    pub(crate) shutdown: Shutdown,
}

/// An app, and its secret.
pub(crate) struct Receiver {
    pub(crate) id: SsoClientId,
    secret: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn expect(&self, status: StatusCode) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }
}

/// Short times; addresses as in production.
pub(crate) fn config() -> Config {
    Config {
        guard: Guard::new(Rules::default()),
        longest_poll: Duration::from_secs(5),
        watch_streams: Duration::from_millis(20),
        authorities: AuthorityRules::new(Vec::new()),
        login: Duration::from_mins(10),
        code: Duration::from_mins(1),
        access: Duration::from_hours(1),
        session: Duration::from_hours(12),
        client_rate: NonZeroU32::new(1_000).unwrap(),
        address_rate: NonZeroU32::MAX,
        verification_interval: Duration::from_mins(1),
        most_waiting: 10_000,
        follow: Duration::from_millis(20),
    }
}

impl World {
    pub(crate) async fn new(dialect: Dialect) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            db: TestDatabase::of(dialect).await,
            master_key: MasterKey::generate(),
            shutdown: Shutdown::new(),
        }
    }

    /// Single sign-on over the database; a second one is as after a restart.
    pub(crate) async fn start(
        &self,
        config: Config,
    ) -> impl Service<Request, Response = ServiceResponse, Error = Error> + use<> {
        let deps = Deps {
            store: self.db.store.clone(),
            master_keys: self.master_key.clone().into(),
            public_url: "https://rollcall.example".into(),
            partitions: 2,
        };
        let sso = SingleSignOn::bind(config, deps).unwrap();
        let routes = sso.routes();
        self.shutdown.spawn("sso", sso.run(self.shutdown.clone()));
        init_service(App::new().configure(routes)).await
    }

    pub(crate) async fn stop(self) {
        self.shutdown.soft.cancel();
        self.shutdown.tracker.close();
        let drained = tokio::time::timeout(Duration::from_secs(20), self.shutdown.tracker.wait());
        drained.await.expect("it drains");
        assert!(!self.shutdown.has_failed());
        self.db.close().await;
    }

    pub(crate) async fn app(&self, authentication: ClientAuthentication, jwks: Option<String>) -> Receiver {
        let (id, now) = (SsoClientId::new(), Timestamp::now());
        let (token, hash) = Token::mint(TokenKind::SsoClient, id.uuid());
        let client = SsoClient {
            id,
            organization_id: None,
            name: "App".to_owned(),
            authentication,
            application_type: ApplicationType::Native,
            secret_hash: (authentication == ClientAuthentication::ClientSecret).then_some(*hash.as_bytes()),
            secret_expires_at: None,
            jwks,
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            initiate_login_uri: None,
            created_at: now,
            updated_at: now,
        };
        let change = self.db.store.change(None).await.unwrap();
        change.create_sso_client(&client).await.unwrap();
        change.commit().await.unwrap();
        Receiver {
            id,
            secret: token.expose_secret().to_owned(),
        }
    }

    pub(crate) async fn receiver(&self) -> Receiver {
        self.app(ClientAuthentication::ClientSecret, None).await
    }
}

/// Sends a request, with a bearer token where there is one.
pub(crate) async fn send<S>(to: &S, method: Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Answer
where
    S: Service<Request, Response = ServiceResponse, Error = Error>,
{
    let mut request = TestRequest::with_uri(path).method(method);
    if let Some(token) = token {
        request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
    }
    if let Some(body) = body {
        request = request
            .set_payload(body.to_string())
            .insert_header((CONTENT_TYPE, "application/json"));
    }
    answer(to, request).await
}

pub(crate) async fn answer<S>(to: &S, request: TestRequest) -> Answer
where
    S: Service<Request, Response = ServiceResponse, Error = Error>,
{
    let answer = match to.call(request.to_request()).await {
        Ok(answer) => answer.into_parts().1,
        Err(error) => error.error_response(),
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let bytes = to_bytes(answer.into_body()).await.unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    Answer { status, headers, text }
}

/// Asks the token endpoint, by HTTP Basic where there is an app.
pub(crate) async fn token_endpoint<S>(to: &S, app: Option<&Receiver>, form: &str) -> Answer
where
    S: Service<Request, Response = ServiceResponse, Error = Error>,
{
    let mut request = TestRequest::post()
        .uri("/sso/token")
        .insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded"))
        .set_payload(form.to_owned());
    if let Some(app) = app {
        let basic = STANDARD.encode(format!("{}:{}", app.id, app.secret));
        request = request.insert_header((AUTHORIZATION, format!("Basic {basic}")));
    }
    answer(to, request).await
}

/// A token of an app, for a scope.
pub(crate) async fn token<S>(to: &S, app: &Receiver, scope: &str) -> String
where
    S: Service<Request, Response = ServiceResponse, Error = Error>,
{
    let form = format!("grant_type=client_credentials&scope={}", scope.replace(' ', "+"));
    let answer = token_endpoint(to, Some(app), &form).await.expect(StatusCode::OK);
    assert_eq!(
        (&answer["token_type"], &answer["expires_in"]),
        (&json!("Bearer"), &json!(600))
    );
    answer["access_token"].as_str().unwrap().to_owned()
}

impl World {
    /// Header and claims of a token that the published key has signed.
    pub(crate) async fn read(&self, set: &str) -> (Value, Value) {
        let keys = KeyRing::new(self.db.store.clone(), self.master_key.clone().into());
        let keys = keys.get(Timestamp::now()).await.unwrap();
        let (signed, signature) = set.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let key = keys.signing.verifying_key();
        assert!(key.verifies(Algorithm::Rs256, signed.as_bytes(), &signature));
        let part = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        (part(header), part(claims))
    }
}
