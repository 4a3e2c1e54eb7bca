//! An identity provider at the edge: an HTTP server on this machine that is like Entra ID, as far as its discovery goes.

use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const TENANT: &str = "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10";
pub(crate) const APPLICATION: &str = "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42";

/// A running one, with one tenant; it ends with the test's runtime.
#[derive(Clone, Debug)]
pub(crate) struct IdentityProvider {
    pub(crate) url: String,
    tenant: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl IdentityProvider {
    pub(crate) async fn start() -> Self {
        // Another test of this process may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            tenant: Arc::new(Mutex::new(TENANT.to_owned())),
            asked: Arc::default(),
        };
        let shared = provider.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(shared.clone().serve(stream));
            }
        });
        provider
    }

    /// The URL of a tenant, which there may be or not.
    pub(crate) fn authority(&self, tenant: &str) -> String {
        format!("{}/{tenant}", self.url)
    }

    /// From now on there is this tenant instead.
    pub(crate) fn has(&self, tenant: &str) {
        tenant.clone_into(&mut self.tenant.lock().unwrap());
    }

    /// The paths that it was asked for until now.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else {
                return;
            };
            head.push(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default();
        self.asked.lock().unwrap().push(path.to_owned());
        let tenant = self.tenant.lock().unwrap().clone();
        let base = format!("{}/{tenant}", self.url);
        let (status, body) = if path == format!("/{tenant}/v2.0/.well-known/openid-configuration") {
            let document = json!({
                "issuer": format!("{base}/v2.0"),
                "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
                "token_endpoint": format!("{base}/oauth2/v2.0/token"),
                "jwks_uri": format!("{base}/discovery/v2.0/keys"),
                "response_types_supported": ["code", "id_token"],
                "id_token_signing_alg_values_supported": ["RS256"],
            });
            ("200 OK", document)
        } else {
            let refusal = json!({
                "error": "invalid_tenant",
                "error_description": "AADSTS90002: Tenant not found. Trace ID: 1 Correlation ID: 2 Timestamp: 3",
                "error_codes": [90002],
            });
            ("400 Bad Request", refusal)
        };
        let body = body.to_string();
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
        // A client that has read enough goes away.
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}
