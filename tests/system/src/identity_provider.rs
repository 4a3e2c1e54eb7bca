//! An Entra tenant at the edge: answers its keys, which roll when a test says so, and signs assertions with them. People log
//! in at it, too: it gives a code for what the test says they are, and redeems it once, by PKCE and the client's secret.

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::SystemTime;
use url::{Url, form_urlencoded};
use uuid::Uuid;

/// The application that tests register here.
pub const APPLICATION: &str = "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42";
/// What applications prove themselves with here.
pub const CLIENT_SECRET: &str = "abc8Q~the-value-of-a-secret";
/// The example of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Its challenge.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Keys of this test only; they open nothing anywhere.
static KEYS: LazyLock<[RsaKeyPair; 2]> = LazyLock::new(|| {
    [
        include_bytes!("keys/identity-provider-1.pk8").as_slice(),
        include_bytes!("keys/identity-provider-2.pk8"),
    ]
    .map(|key| RsaKeyPair::from_pkcs8(key).unwrap())
});

/// A running identity provider with one tenant. Clones are the same one.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    /// For `ROLLCALL_ENTRA_AUTHORITY`.
    pub authority: String,
    /// Its tenant.
    pub tenant: Uuid,
    shared: Arc<Shared>,
    handle: ServerHandle,
}

#[derive(Debug)]
struct Shared {
    published: Mutex<Value>,
    fetches: AtomicUsize,
    base: String,
    tenant: Uuid,
    /// What was given out for codes that nobody redeemed yet.
    codes: Mutex<HashMap<String, Login>>,
    /// Whether the token endpoint refuses everybody's secret.
    is_broken: AtomicBool,
    /// Whether its document says that answers name it (RFC 9207).
    says_that_it_names_itself: AtomicBool,
}

/// A login that waits to be redeemed.
#[derive(Debug)]
struct Login {
    client_id: String,
    redirect_uri: String,
    challenge: String,
    claims: Value,
}

impl IdentityProvider {
    /// Starts on a free port and publishes the first key.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = format!("http://{}", listener.local_addr().unwrap());
        let tenant = Uuid::new_v4();
        let shared = Arc::new(Shared {
            published: Mutex::new(document(&[0])),
            fetches: AtomicUsize::new(0),
            base: authority.clone(),
            tenant,
            codes: Mutex::default(),
            is_broken: AtomicBool::new(false),
            says_that_it_names_itself: AtomicBool::new(false),
        });
        let data = web::Data::from(Arc::clone(&shared));
        let below = move |path: &str| format!("/{tenant}{path}");
        let app = move || {
            App::new()
                .app_data(data.clone())
                .route(&below("/discovery/v2.0/keys"), web::get().to(keys))
                .route(
                    &below("/v2.0/.well-known/openid-configuration"),
                    web::get().to(discovery),
                )
                .route(&below("/oauth2/v2.0/token"), web::post().to(token))
                .default_service(web::to(no_tenant))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .disable_signals()
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            authority,
            tenant,
            shared,
            handle,
        }
    }

    /// Publishes these keys, by their numbers, instead of those before.
    pub fn publish(&self, keys: &[usize]) {
        *self.shared.published.lock().unwrap() = document(keys);
    }

    /// What is entered for this tenant: its URL.
    #[must_use]
    pub fn entered(&self) -> String {
        format!("{}/{}", self.authority, self.tenant)
    }

    /// From now on no application's secret is taken, as after it ended; or again.
    pub fn refuse_secrets(&self, refuses: bool) {
        self.shared.is_broken.store(refuses, Ordering::SeqCst);
    }

    /// From now on its document says that each answer names it in `iss`.
    pub fn says_that_it_names_itself(&self) {
        self.shared.says_that_it_names_itself.store(true, Ordering::SeqCst);
    }

    /// Somebody with this user name and object id logs in where a browser was sent to. Where the browser goes on to.
    #[must_use]
    pub fn log_in(&self, sent_to: &str, user_name: &str, object_id: Uuid) -> String {
        self.log_in_with(sent_to, user_name, object_id, |_| {})
    }

    /// The same with a token of other claims.
    #[must_use]
    pub fn log_in_with(
        &self,
        sent_to: &str,
        user_name: &str,
        object_id: Uuid,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> String {
        let url: Url = sent_to.parse().unwrap();
        assert!(sent_to.starts_with(&format!("{}/oauth2/v2.0/authorize", self.entered())));
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(asked["code_challenge_method"], "S256");
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let mut claims = json!({
            "iss": self.issuer(), "aud": asked["client_id"], "nonce": asked["nonce"],
            "iat": now, "nbf": now, "exp": now + 3_600, "ver": "2.0",
            "tid": self.tenant, "oid": object_id, "sub": format!("sub-{object_id}"),
            "upn": user_name, "name": user_name, "sid": Uuid::new_v4(),
        });
        change(claims.as_object_mut().unwrap());
        let code = Uuid::new_v4().to_string();
        let login = Login {
            client_id: asked["client_id"].clone(),
            redirect_uri: asked["redirect_uri"].clone(),
            challenge: asked["code_challenge"].clone(),
            claims,
        };
        let mut back: Url = login.redirect_uri.parse().unwrap();
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &asked["state"]);
        self.shared.codes.lock().unwrap().insert(code, login);
        back.into()
    }

    /// The form by which an application redeems the code of somebody who logged in, without Rollcall.
    #[must_use]
    pub fn redemption(&self, user_name: &str, object_id: Uuid) -> String {
        const HERE: &str = "http://127.0.0.1/";
        let mut sent_to: Url = format!("{}/oauth2/v2.0/authorize", self.entered()).parse().unwrap();
        sent_to.query_pairs_mut().extend_pairs([
            ("client_id", APPLICATION),
            ("redirect_uri", HERE),
            ("nonce", "nonce"),
            ("state", "state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let back: Url = self.log_in(sent_to.as_str(), user_name, object_id).parse().unwrap();
        let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1;
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("client_id", APPLICATION),
                ("client_secret", CLIENT_SECRET),
                ("redirect_uri", HERE),
                ("code_verifier", VERIFIER),
            ])
            .finish()
    }

    /// How often the keys were asked for.
    #[must_use]
    pub fn fetches(&self) -> usize {
        self.shared.fetches.load(Ordering::SeqCst)
    }

    /// The `iss` of this tenant's assertions.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{}/{}/v2.0", self.authority, self.tenant)
    }

    /// A JWT with these claims, signed by a key that may or may not be published.
    #[must_use]
    pub fn sign(&self, key: usize, claims: &Value) -> String {
        signed(key, claims)
    }

    /// Stops.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}

fn signed(key: usize, claims: &Value) -> String {
    let header = json!({ "typ": "JWT", "alg": "RS256", "kid": kid(key), "x5t": kid(key) });
    let signed = unsigned(&header, claims);
    let pair = &KEYS[key];
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// Header and claims of a JWT without a signature.
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// The `kid` of a key.
#[must_use]
pub fn kid(key: usize) -> String {
    format!("key-{key}")
}

fn document(keys: &[usize]) -> Value {
    let jwk = |key: &usize| {
        let public = PublicKeyComponents::<Vec<u8>>::from(KEYS[*key].public());
        json!({
            "kty": "RSA", "use": "sig", "kid": kid(*key),
            "n": URL_SAFE_NO_PAD.encode(public.n),
            "e": URL_SAFE_NO_PAD.encode(public.e),
        })
    };
    json!({ "keys": keys.iter().map(jwk).collect::<Vec<_>>() })
}

async fn keys(shared: web::Data<Shared>) -> HttpResponse {
    shared.fetches.fetch_add(1, Ordering::SeqCst);
    HttpResponse::Ok().json(&*shared.published.lock().unwrap())
}

async fn discovery(shared: web::Data<Shared>) -> HttpResponse {
    let base = format!("{}/{}", shared.base, shared.tenant);
    HttpResponse::Ok().json(json!({
        "issuer": format!("{base}/v2.0"),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_types_supported": ["code", "id_token"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "authorization_response_iss_parameter_supported": shared.says_that_it_names_itself.load(Ordering::SeqCst),
    }))
}

/// As Entra ID answers about a tenant that there is not.
async fn no_tenant() -> HttpResponse {
    refusal("invalid_tenant", 90_002, "Tenant not found.")
}

fn refusal(error: &str, code: u32, description: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({
        "error": error,
        "error_description": format!("AADSTS{code}: {description} Trace ID: 1 Correlation ID: 2 Timestamp: 3"),
        "error_codes": [code],
    }))
}

/// Redeems a code once, for the client that it was given to.
async fn token(shared: web::Data<Shared>, form: web::Form<HashMap<String, String>>) -> HttpResponse {
    let sent = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if shared.is_broken.load(Ordering::SeqCst) {
        return refusal(
            "invalid_client",
            7_000_222,
            "The provided client secret keys are expired.",
        );
    }
    if sent("client_secret") != CLIENT_SECRET {
        return refusal("invalid_client", 7_000_215, "Invalid client secret provided.");
    }
    let Some(login) = shared.codes.lock().unwrap().remove(sent("code")) else {
        return refusal("invalid_grant", 54_005, "The code was already redeemed.");
    };
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, sent("code_verifier").as_bytes()));
    let is_good = challenge == login.challenge
        && sent("client_id") == login.client_id
        && sent("redirect_uri") == login.redirect_uri;
    if !is_good {
        return refusal("invalid_grant", 501_481, "The Code_Verifier does not match.");
    }
    HttpResponse::Ok().json(json!({
        "token_type": "Bearer", "expires_in": 3_600, "access_token": "opaque", "id_token": signed(0, &login.claims),
    }))
}
