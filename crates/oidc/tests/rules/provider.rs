//! A tenant of Entra ID at the edge, and what comes of its tokens.

use crate::server::Server;
use crate::tokens::{KID, jwk, key_one, sign, sign_texts};
use events::Timestamp;
use oidc::{IdTokenClaims, IdTokenError, IdTokenRules, Issuer, Verifier};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const TENANT: &str = "5f2c9a0e-7d41-4c1b-9a55-0b6d3f7e2c10";
pub(crate) const OBJECT: &str = "8d0f6c11-1c1e-4b7a-9c55-5a1f0f2b9e01";
pub(crate) const CLIENT: &str = "c1b7e6f4-2f0a-4e7b-8d33-9a1e5c7d0b42";

/// A provider that publishes the first key, and who verifies its tokens.
pub(crate) struct Provider {
    server: Server,
    verifier: Verifier,
    pub(crate) issuer: String,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let server = Server::start().await;
        server.answers("200 OK", "", &json!({ "keys": [jwk(&key_one(), KID, &json!({}))] }));
        Self {
            server,
            verifier: Verifier::default(),
            issuer: format!("https://login.microsoftonline.com/{TENANT}/v2.0"),
        }
    }

    pub(crate) fn rules(&self) -> IdTokenRules<'_> {
        let mut rules = IdTokenRules::new(&self.issuer, CLIENT, "nonce");
        rules.tenant = Uuid::parse_str(TENANT).ok();
        rules
    }

    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": self.issuer, "sub": "subject", "oid": OBJECT, "tid": TENANT, "ver": "2.0", "aud": CLIENT,
            "exp": NOW + 3600, "nbf": NOW, "iat": NOW, "nonce": "nonce",
        })
    }

    /// The claims with one changed; `null` takes it away.
    pub(crate) fn changed(&self, name: &str, value: &Value) -> Value {
        let mut claims = self.claims();
        let members = claims.as_object_mut().unwrap();
        members.remove(name);
        if !value.is_null() {
            members.insert(name.to_owned(), value.clone());
        }
        claims
    }

    pub(crate) async fn verify(&self, text: &str, rules: &IdTokenRules<'_>) -> Result<IdTokenClaims, IdTokenError> {
        let issuer = Issuer {
            name: rules.issuer.to_owned(),
            keys_url: format!("{}/keys", self.server.url),
            tenant: rules.tenant,
        };
        let at = Timestamp::from_millis(NOW * 1000);
        self.verifier.verify_id_token(text, &issuer, rules, at).await
    }

    /// What comes of a token with one claim changed.
    pub(crate) async fn error(&self, name: &str, value: Value) -> Option<IdTokenError> {
        self.error_of(&self.changed(name, &value), &self.rules()).await
    }

    pub(crate) async fn error_of(&self, claims: &Value, rules: &IdTokenRules<'_>) -> Option<IdTokenError> {
        self.verify(&sign(&key_one(), claims), rules).await.err()
    }

    /// What comes of a token with these members in the header, on top of a right one.
    pub(crate) async fn error_of_header(&self, header: &str) -> Option<IdTokenError> {
        let text = sign_texts(&key_one(), header, &self.claims().to_string());
        self.verify(&text, &self.rules()).await.err()
    }
}
