//! A database with a directory, the SCIM routes on it, and a key.

use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::{App, test};
use bus::Bus;
use events::{
    Command, DirectoryId, KeyId, OrganizationId, Outcome, ResourceId, StoredResource, Timestamp, Verb, Verdict, lane_of,
};
use ingress::{Clock, Config, Deps};
use runtime::{Service as _, Shutdown};
use scim::schema::ResourceType;
use secrecy::ExposeSecret as _;
use secrets::{MasterKey, Token, TokenKind};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use store::testing::{TestDatabase, insert_users};
use store::{Dialect, KeyRecord, NewDirectory, NewKey, NewOrganization, Store};
use tokio::task::JoinHandle;

pub(crate) const BOTH: [Dialect; 2] = [Dialect::Postgres, Dialect::Sqlite];
pub(crate) const PUBLIC_URL: &str = "https://scim.example";
/// The domain of the first directory's organization.
pub(crate) const DOMAIN: &str = "contoso.example";
const LANES: u16 = 1;

/// The routes under test, with two directories.
pub(crate) struct Ingress {
    db: TestDatabase,
    pub(crate) bus: Bus,
    ingress: ingress::Ingress,
    /// The clock of the log of requests.
    pub(crate) clock: Clock,
    pub(crate) directory: DirectoryId,
    pub(crate) key: String,
    /// The key of a directory of somebody else.
    pub(crate) foreign_key: String,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Ingress {
    pub(crate) async fn on(dialect: Dialect) -> Self {
        let db = TestDatabase::of(dialect).await;
        let (directory, key) = directory(&db, DOMAIN).await;
        let (_, foreign_key) = self::directory(&db, "fabrikam.example").await;
        let bus = Bus::embedded(LANES);
        let deps = Deps {
            store: db.store.clone(),
            bus: bus.clone(),
            master_keys: MasterKey::generate().into(),
            public_url: PUBLIC_URL.into(),
        };
        let mut config = Config {
            key_cache: Duration::from_millis(1),
            ..Config::default()
        };
        config.log.every = Duration::from_millis(10);
        let clock = config.clock.clone();
        let ingress = ingress::Ingress::bind(config, deps).unwrap();
        Self {
            db,
            bus,
            ingress,
            clock,
            directory,
            key,
            foreign_key,
        }
    }

    /// Path of the base URL.
    pub(crate) fn base(&self) -> String {
        format!("/directories/{}/scim/v2", self.directory)
    }

    /// A user that is stored already.
    pub(crate) async fn user(&self, name: &str) -> ResourceId {
        let now = Timestamp::now();
        let user = StoredResource {
            id: ResourceId::new(),
            version: 1,
            created_at: now,
            updated_at: now,
            attributes: json!({ "userName": name, "active": true }).as_object().unwrap().clone(),
            groups: Vec::new(),
            members: None,
        };
        let id = user.id;
        let schema = ResourceType::user();
        insert_users(&self.db.store, self.directory, schema, &[user])
            .await
            .unwrap();
        id
    }

    /// A request with the directory's key.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let authorization = format!("Bearer {}", self.key);
        self.send_as(Some(&authorization), method, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    /// A request with this `Authorization`.
    pub(crate) async fn send_as(
        &self,
        authorization: Option<&str>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let app = test::init_service(App::new().configure(self.ingress.routes())).await;
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = test::TestRequest::default().method(method).uri(path);
        if let Some(authorization) = authorization {
            request = request.insert_header(("authorization", authorization));
        }
        if let Some(body) = body {
            request = request.set_json(body);
        }
        let answer = test::call_service(&app, request.to_request()).await;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = String::from_utf8(test::read_body(answer).await.to_vec()).unwrap();
        Answer { status, headers, text }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.db.store
    }

    /// Revokes the directory's key.
    pub(crate) async fn revoke_key(&self) {
        let sql = "UPDATE directory_keys SET revoked_at = 1";
        self.db.execute(sql).await;
    }

    /// Whether a text is anywhere in the file of the database; PostgreSQL's files are not looked at.
    pub(crate) async fn database_contains(&self, text: &str) -> bool {
        let Some(file) = self.db.url.strip_prefix("sqlite://") else {
            return false;
        };
        let file = file.split('?').next().unwrap();
        let files = [file.to_owned(), format!("{file}-wal")];
        let bytes = files.iter().filter_map(|file| std::fs::read(file).ok());
        bytes
            .flatten()
            .collect::<Vec<u8>>()
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    }

    /// Waits until something is there.
    pub(crate) async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(Instant::now() < deadline, "{what}");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn close(self) {
        self.bus.close().await;
        self.db.close().await;
    }
}

/// The background work of the ingress, and a projector that does whatever is asked.
pub(crate) struct Logging {
    shutdown: Shutdown,
    log: JoinHandle<anyhow::Result<()>>,
    projector: JoinHandle<()>,
}

impl Logging {
    pub(crate) fn start(ingress: &Ingress) -> Self {
        let shutdown = Shutdown::new();
        let consumer = ingress.bus.commands(vec![0]);
        let projector = tokio::spawn(async move {
            while let Some(batch) = consumer.next(1).await {
                for delivery in &batch {
                    let verdict = Verdict {
                        command_id: delivery.payload.id,
                        outcome: done(&delivery.payload),
                    };
                    consumer.replier().reply(delivery, &verdict).await;
                }
                consumer.acker().ack(&batch).await;
            }
        });
        Self {
            log: tokio::spawn(ingress.ingress.clone().run(shutdown.clone())),
            shutdown,
            projector,
        }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.soft.cancel();
        self.log.await.unwrap().unwrap();
        self.projector.abort();
    }
}

fn done(command: &Command) -> Outcome {
    let attributes = match &command.verb {
        Verb::Delete => return Outcome::Deleted,
        Verb::Create(attributes) | Verb::Replace(attributes) => attributes.clone(),
        Verb::Patch(_) => json!({ "userName": "somebody", "active": false })
            .as_object()
            .unwrap()
            .clone(),
    };
    Outcome::Stored {
        created: matches!(command.verb, Verb::Create(_)),
        resource: Box::new(StoredResource {
            id: command.resource_id,
            version: 1,
            created_at: Timestamp::now(),
            updated_at: Timestamp::now(),
            attributes,
            groups: Vec::new(),
            members: None,
        }),
    }
}

impl Answer {
    /// The body, after a look at the status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The detail of a SCIM error, after a look at its status.
    #[track_caller]
    pub(crate) fn detail(&self, status: u16) -> String {
        let body = self.expect(status);
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        body["detail"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A path of [`ingress::routes`] with something in the place of each name in braces.
pub(crate) fn filled(path: &str) -> String {
    path.replace("{below}*", "x/y")
        .replace("{id}", "0190f5a4-3b1e-7c3a-8d2f-000000000001")
        .replace("{name}", "User")
        .replace("{urn}", "urn:x")
}

/// A directory of an organization with this domain, and a key for it.
async fn directory(db: &TestDatabase, domain: &str) -> (DirectoryId, String) {
    let now = Timestamp::now();
    let organization = NewOrganization {
        id: OrganizationId::new(),
        name: domain.to_owned(),
        domains: vec![domain.parse().unwrap()],
        at: now,
    };
    let directory = NewDirectory {
        id: DirectoryId::new(),
        organization_id: organization.id,
        name: "Entra".to_owned(),
        provider: "entra_id".to_owned(),
        at: now,
    };
    let id = KeyId::new();
    let (token, hash) = Token::mint(TokenKind::Directory, id.uuid());
    let key = NewKey {
        record: KeyRecord {
            id,
            directory_id: directory.id,
            name: "SCIM".to_owned(),
            description: None,
            sealed_token: None,
            expires_at: None,
            last_used_at: None,
            created_at: now,
            replaces: None,
            replaced_by: None,
        },
        token_hash: *hash.as_bytes(),
    };
    let lane = lane_of(directory.id, LANES);
    let change = db.store.change(Some(lane)).await.unwrap();
    change.create_organization(&organization).await.unwrap();
    change.create_directory(&directory, lane).await.unwrap();
    change.create_key(&key).await.unwrap();
    change.commit().await.unwrap();
    (directory.id, token.expose_secret().to_owned())
}
