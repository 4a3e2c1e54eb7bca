//! An Entra tenant at the edge: answers its keys, which roll when a test says so, and signs assertions with them.

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use uuid::Uuid;

/// Keys of this test only; they open nothing anywhere.
const KEYS: [&[u8]; 2] = [
    include_bytes!("keys/identity-provider-1.pk8"),
    include_bytes!("keys/identity-provider-2.pk8"),
];

/// A running identity provider with one tenant.
#[derive(Debug)]
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
        });
        let data = web::Data::from(Arc::clone(&shared));
        let path = format!("/{tenant}/discovery/v2.0/keys");
        let server = HttpServer::new(move || App::new().app_data(data.clone()).route(&path, web::get().to(keys)))
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
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": kid(key), "x5t": kid(key) });
        let signed = unsigned(&header, claims);
        let pair = pair(key);
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

    /// Stops.
    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
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

pub(crate) fn pair(key: usize) -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(KEYS[key]).unwrap()
}

pub(crate) fn document(keys: &[usize]) -> Value {
    let jwk = |key: &usize| {
        let public = PublicKeyComponents::<Vec<u8>>::from(pair(*key).public());
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
