//! `/directories/{id}/graph`, against a tenant that is like those of Microsoft.

#[path = "graph/credentials.rs"]
mod credentials;
#[path = "graph/running.rs"]
mod running;
#[path = "graph/setting_up.rs"]
mod setting_up;
#[path = "graph/testing.rs"]
mod testing;

use crate::harness::{Answer, Api, text};
use actix_web::http::StatusCode;
use entra::{Entra, NewApp, NewCredential, NewTenant, Options, Tenant};
use serde_json::{Value, json};
use store::Dialect;
use uuid::Uuid;

const SECRET: &str = "abc8Q~the-value-of-a-secret";
const DANA: &str = "dana@fabrikam.example";

/// The API, a tenant with one person in one group, an application that may read them, and a directory.
struct World {
    api: Api,
    /// Ends with the world.
    _entra: Entra,
    tenant: Tenant,
    app: Uuid,
    directory: Value,
}

impl World {
    async fn on(dialect: Dialect) -> Self {
        Self::with(
            dialect,
            &["User.Read.All", "GroupMember.Read.All", "Application.Read.All"],
        )
        .await
    }

    /// One whose tenant has consented to these permissions.
    async fn with(dialect: Dialect, permissions: &[&str]) -> Self {
        // Another test of this process may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let entra = Entra::start(Options::default()).unwrap();
        let new = NewTenant {
            id: None,
            domain: "fabrikam.example".to_owned(),
        };
        let tenant = entra.create_tenant(&new).unwrap();
        let app = tenant
            .app(NewApp::new("Pull", permissions).with(NewCredential::secret(SECRET)))
            .unwrap();
        let dana = tenant
            .user(json!({
                "userPrincipalName": DANA, "displayName": "Dana K", "givenName": "Dana", "surname": "K",
                "mail": DANA, "jobTitle": "Driver", "department": "Depot", "accountEnabled": true,
            }))
            .unwrap();
        let crew = tenant.group(json!({"displayName": "Depot crew"})).unwrap();
        tenant.add_members(crew, &[dana]).unwrap();
        let api = Api::with_graph(dialect, entra.url()).await;
        let directory = json!({"organization": "fabrikam.example", "provider": "entra_graph"});
        let directory = api.post("/api/v1/directories", &directory).await;
        Self {
            directory: directory.expect(StatusCode::CREATED),
            _entra: entra,
            tenant,
            app,
            api,
        }
    }

    fn path(&self, below: &str) -> String {
        format!("/api/v1/directories/{}/graph{below}", text(&self.directory, "id"))
    }

    /// A body that is taken, with these members changed.
    fn body(&self, more: &Value) -> Value {
        let mut body = json!({
            "tenant_id": self.tenant.id(), "client_id": self.app, "credential": {"secret": SECRET},
            "test_accounts": [DANA], "scope": "all",
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    async fn set_up(&self, more: &Value) -> Value {
        let made = self.api.post(&self.path(""), &self.body(more)).await;
        made.expect(StatusCode::CREATED)
    }

    async fn get(&self, below: &str) -> Value {
        self.api.get(&self.path(below)).await.expect(StatusCode::OK)
    }

    async fn post(&self, below: &str, body: &Value) -> Answer {
        self.api.post(&self.path(below), body).await
    }

    async fn patch(&self, body: &Value) -> Answer {
        self.api.patch(&self.path(""), body).await
    }

    /// The actions of the audit log about pulls and their credentials, the oldest first.
    async fn acts(&self) -> Vec<String> {
        let export = self.api.get("/api/v1/audit-log?format=jsonl").await;
        let lines = export.text.lines();
        let entries = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut acts: Vec<String> = entries
            .map(|entry| text(&entry, "action").to_owned())
            .filter(|action| action.starts_with("graph_"))
            .collect();
        acts.reverse();
        acts
    }

    async fn close(self) {
        self.api.close().await;
    }
}
