//! Apps are told that sessions ended: by a logout token, until they confirm it.

use crate::BOTH;
use crate::receiver::{Answer, Received, Receiver};
use crate::system::{System, config};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::{ConnectionId, ResourceId, SsoClientId, SsoSessionId, Timestamp};
use keyring::KeyRing;
use oidc::{Algorithm, SigningKey};
use serde_json::{Value, json};
use std::time::Duration;
use store::{
    ApplicationType, ClientAuthentication, Connection, ConnectionCredential, ConnectionState, DeliveryState,
    LoginChannel, NewSsoSession, SealedCredential, SessionEnd, SessionFilter, SsoClient,
};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

pub(crate) fn client(logout: Option<String>) -> SsoClient {
    let now = Timestamp::now();
    SsoClient {
        id: SsoClientId::new(),
        organization_id: None,
        name: "App".to_owned(),
        authentication: ClientAuthentication::None,
        application_type: ApplicationType::Web,
        secret_hash: None,
        secret_expires_at: None,
        jwks: None,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        backchannel_logout_uri: logout,
        initiate_login_uri: None,
        created_at: now,
        updated_at: now,
    }
}

impl System {
    /// A connection to the directory, and these apps.
    pub(crate) async fn connect(&self, apps: &[&SsoClient]) -> ConnectionId {
        let (id, now) = (ConnectionId::new(), Timestamp::now());
        let connection = Connection {
            id,
            organization_id: self.organization_id,
            directory_id: self.directory_id,
            name: "Entra".to_owned(),
            state: ConnectionState::Active,
            slug: id.to_string(),
            authority: "https://login.example/t".to_owned(),
            expected_issuer: None,
            metadata: None,
            metadata_at: None,
            client_id: "c".to_owned(),
            user_name_claim: "upn".to_owned(),
            credential: ConnectionCredential::None,
            credential_expires_at: None,
            certificate: None,
            assertion_form: "ps256".to_owned(),
            allows_guests: false,
            test_accounts: "[]".to_owned(),
            last_error: None,
            failing_since: None,
            tested_at: None,
            last_test: None,
            created_at: now,
            updated_at: now,
        };
        let change = self.store().change(None).await.unwrap();
        change
            .create_connection(&connection, SealedCredential::default())
            .await
            .unwrap();
        for app in apps {
            change.create_sso_client(app).await.unwrap();
        }
        change.commit().await.unwrap();
        id
    }

    /// Somebody logs in to an app, which redeems the code.
    pub(crate) async fn log_in(
        &self,
        connection_id: ConnectionId,
        app: &SsoClient,
        user_id: ResourceId,
    ) -> SsoSessionId {
        let (id, now) = (SsoSessionId::new(), Timestamp::now());
        let begun = NewSsoSession {
            id,
            connection_id,
            client_id: app.id,
            organization_id: self.organization_id,
            directory_id: self.directory_id,
            user_id,
            subject: "t.o".to_owned(),
            channel: LoginChannel::App,
            scope: "openid".to_owned(),
            upstream_sid: None,
            code_hash: [7; 32],
            redirect_uri: "https://app.example/cb".to_owned(),
            code_challenge: None,
            nonce: None,
            code_expires_at: now.plus(Duration::from_mins(1)),
            authenticated_at: None,
            created_at: now,
            expires_at: now.plus(Duration::from_hours(1)),
            traceparent: None,
        };
        self.store().sso_sessions().begin(&begun).await.unwrap();
        let sessions = self.store().sso_sessions();
        assert!(sessions.redeem(self.lane(), id, now).await.unwrap().is_some());
        id
    }

    /// All sessions of somebody end, and the log is published.
    pub(crate) async fn log_out(&self, user_id: ResourceId) {
        let change = self.store().change(Some(self.lane())).await.unwrap();
        let of = SessionFilter::User(self.directory_id, user_id);
        let ended = change.end_sso_sessions(self.lane(), of, SessionEnd::Deactivated, None, Timestamp::now());
        assert!(!ended.await.unwrap().is_empty());
        change.commit().await.unwrap();
        let store = self.store();
        let log = store.events().of_directory(self.directory_id, 0, &[], 100).await;
        self.bus.publish(&log.unwrap()).await.unwrap();
    }
}

/// Header and claims of the token of a request, whose signature is good.
fn token(request: &Received, key: &SigningKey) -> (Value, Value) {
    assert_eq!(request.header("content-type"), "application/x-www-form-urlencoded");
    let token = request.body.strip_prefix("logout_token=").unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let key = key.verifying_key();
    assert!(key.verifies(Algorithm::Rs256, signed.as_bytes(), &signature));
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    (read(header), read(claims))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_told_of_the_end_of_its_session_until_it_confirms_it() {
    for dialect in BOTH {
        let system = System::new(dialect).await;
        let receiver = Receiver::start(|_, before| Answer::Status([400, 202, 204][before.min(2)])).await;
        let (app, other) = (
            client(Some(receiver.url("/logout"))),
            client(Some(receiver.url("/other"))),
        );
        let silent = client(None);
        let connection = system.connect(&[&app, &other, &silent]).await;
        let keys = KeyRing::new(system.store().clone(), system.master_key.clone().into());
        let keys = keys.get(Timestamp::now()).await.unwrap();
        let (person, somebody) = (ResourceId::new(), ResourceId::new());
        let session = system.log_in(connection, &app, person).await;
        system.log_in(connection, &silent, person).await;
        system.log_in(connection, &other, somebody).await;
        system.start(config());
        system.log_out(person).await;

        let requests = receiver.wait("/logout", 3).await;
        let told: Vec<_> = requests.iter().map(|request| token(request, &keys.signing)).collect();
        for (header, claims) in &told {
            assert_eq!(header["typ"], "logout+jwt");
            assert_eq!(
                (&claims["iss"], &claims["aud"], &claims["sub"], &claims["sid"]),
                (
                    &json!("https://sync.example.com/sso"),
                    &json!(app.id),
                    &json!(person),
                    &json!(session)
                )
            );
            assert_eq!(claims["events"], json!({ EVENT: {} }));
            assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 120);
            assert!(claims.get("nonce").is_none());
            assert_eq!(claims["jti"], told[0].1["jti"], "a repetition has the same name");
        }
        let endpoints = system.store().endpoints().all().await.unwrap();
        let endpoint = |app: &SsoClient| {
            let found = endpoints.iter().find(|one| one.sso_client_id == Some(app.id));
            found.unwrap().id
        };
        system.all_are(endpoint(&app), 1, DeliveryState::Delivered).await;
        assert!(
            system.deliveries(endpoint(&other)).await.is_empty(),
            "nobody else hears of it"
        );
        assert_eq!(endpoints.len(), 2);
        let delivery = system.deliveries(endpoint(&app)).await.remove(0);
        let attempts = system.store().deliveries().attempts(delivery.id).await.unwrap();
        let statuses: Vec<_> = attempts.iter().map(|attempt| attempt.status).collect();
        assert_eq!(statuses, [Some(400), Some(202), Some(204)]);
        system.stop().await;
    }
}
