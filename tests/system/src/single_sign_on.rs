//! The outside of single sign-on: apps that people log in to by an identity provider, and that are told when a session is over.

use crate::identity_provider::{APPLICATION, CHALLENGE, CLIENT_SECRET, IdentityProvider, VERIFIER};
use crate::process::{PATIENCE, pause};
use crate::{System, Tenant};
use actix_web::dev::ServerHandle;
use actix_web::{App as Actix, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use url::form_urlencoded;
use uuid::Uuid;

/// Where apps of tests wait: on the person's own machine, so that everybody may log in to them.
pub const REDIRECT_URI: &str = "http://127.0.0.1/cb";

/// A connection of a directory by which people log in.
pub async fn connect(system: &System, tenant: &Tenant, provider: &IdentityProvider) -> Value {
    let body = json!({
        "organization_id": tenant.organization_id,
        "directory_id": tenant.directory_id,
        "authority": provider.entered(),
        "client_id": APPLICATION,
        "client_secret": CLIENT_SECRET,
    });
    let made = system.api("POST", "/connections", Some(body)).await;
    let path = format!("/connections/{}", made["id"].as_str().unwrap());
    let open = json!({ "state": "active", "force": true });
    system.api("PATCH", &path, Some(open)).await
}

/// An app that people log in to.
#[derive(Clone, Debug)]
pub struct App {
    /// Its id.
    pub id: String,
    /// What proves it.
    pub secret: String,
    provider: IdentityProvider,
    client: Client,
}

/// Somebody who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session.
    pub sid: String,
    /// The person.
    pub sub: String,
    /// What opens userinfo.
    pub access_token: String,
}

impl App {
    /// Registers an app that is told of logouts at this address, and whose people log in at this provider.
    pub async fn register(system: &System, provider: &IdentityProvider, logout_uri: &str) -> Self {
        let body = json!({
            "name": "App",
            "authentication": "client_secret",
            "redirect_uris": [REDIRECT_URI],
            "backchannel_logout_uri": logout_uri,
        });
        let made = system.api("POST", "/sso-clients", Some(body)).await;
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            id: text("id"),
            secret: text("client_secret"),
            provider: provider.clone(),
            client: Client::builder()
                .redirect(Policy::none())
                .timeout(PATIENCE)
                .build()
                .unwrap(),
        }
    }

    /// Goes as far as the code that the app gets.
    pub async fn begin(&self, sso: &str, connection: &Value, user_name: &str, object: Uuid) -> String {
        let mut authorize = Url::parse(&format!("{sso}/sso/authorize")).unwrap();
        authorize.query_pairs_mut().extend_pairs([
            ("client_id", self.id.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("state", "state"),
            ("connection", connection["id"].as_str().unwrap()),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let began = self.client.get(authorize).send().await.unwrap();
        let cookie = began.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let at_provider = location(began).await;
        // What is registered at the provider may be the address of another process.
        let back = Url::parse(&self.provider.log_in(at_provider.as_str(), user_name, object)).unwrap();
        let back = format!("{sso}{}?{}", back.path(), back.query().unwrap());
        let answer = self.client.get(back).header("cookie", cookie).send().await.unwrap();
        asked(&location(answer).await, "code")
    }

    /// Logs somebody in.
    pub async fn log_in(&self, sso: &str, connection: &Value, user_name: &str, object: Uuid) -> Session {
        let code = self.begin(sso, connection, user_name, object).await;
        let mut fields = form_urlencoded::Serializer::new(String::new());
        fields.extend_pairs([
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ]);
        let asked = self
            .client
            .post(format!("{sso}/sso/token"))
            .basic_auth(&self.id, Some(&self.secret));
        let answer = asked.body(fields.finish()).send().await.unwrap();
        let status = answer.status();
        let tokens: Value = answer.json().await.unwrap();
        assert_eq!(status, StatusCode::OK, "{tokens}");
        let claims = claims(tokens["id_token"].as_str().unwrap());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Session {
            sid: text(&claims["sid"]),
            sub: text(&claims["sub"]),
            access_token: text(&tokens["access_token"]),
        }
    }

    /// Whether a session goes on.
    pub async fn is_live(&self, sso: &str, session: &Session) -> bool {
        let asked = self
            .client
            .get(format!("{sso}/sso/userinfo"))
            .bearer_auth(&session.access_token);
        asked.send().await.unwrap().status() == StatusCode::OK
    }
}

async fn location(answer: Response) -> Url {
    let (status, to) = (answer.status(), answer.headers().get("location").cloned());
    let to = to.unwrap_or_else(|| panic!("{status} and no way on"));
    Url::parse(to.to_str().unwrap()).unwrap()
}

/// What a URL says by a parameter.
fn asked(url: &Url, name: &str) -> String {
    let found = url.query_pairs().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

/// What a token says; others look at its signature.
#[must_use]
pub fn claims(token: &str) -> Value {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

/// An app's address for logouts: takes every token, and notes when it came.
#[derive(Debug)]
pub struct LogoutReceiver {
    /// Where it is.
    pub url: String,
    told: Arc<Mutex<Vec<(Instant, String)>>>,
    handle: ServerHandle,
}

impl LogoutReceiver {
    /// Starts on a free port.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/logout", listener.local_addr().unwrap());
        let told: Arc<Mutex<Vec<(Instant, String)>>> = Arc::default();
        let data = web::Data::from(Arc::clone(&told));
        let server = HttpServer::new(move || {
            Actix::new()
                .app_data(data.clone())
                .route("/logout", web::post().to(logout))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, told, handle }
    }

    /// How many tokens have come, repetitions included.
    #[must_use]
    pub fn count(&self) -> usize {
        self.told.lock().unwrap().len()
    }

    /// What the tokens say that have come, and when each came.
    #[must_use]
    pub fn told(&self) -> Vec<(Instant, Value)> {
        let told = self.told.lock().unwrap().clone();
        told.into_iter().map(|(at, token)| (at, claims(&token))).collect()
    }

    /// Waits for so many tokens.
    ///
    /// # Panics
    /// When they do not come.
    pub async fn wait_for(&self, tokens: usize) {
        let started = Instant::now();
        while self.count() < tokens {
            assert!(
                started.elapsed() < PATIENCE,
                "{} of {tokens} logout tokens came",
                self.count()
            );
            pause().await;
        }
    }

    /// Stops.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

async fn logout(
    mut fields: web::Form<HashMap<String, String>>,
    told: web::Data<Mutex<Vec<(Instant, String)>>>,
) -> HttpResponse {
    let at = Instant::now();
    let Some(token) = fields.remove("logout_token") else {
        return HttpResponse::BadRequest().finish();
    };
    told.lock().unwrap().push((at, token));
    HttpResponse::NoContent().finish()
}
