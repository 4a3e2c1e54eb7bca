//! Directories that are pulled from the simulator of Microsoft Graph.

use crate::process::pause;
use crate::{MASTER_KEY, System};
use entra::{NewApp, NewCredential, Tenant};
use events::{DirectoryId, GraphCredentialId, Timestamp};
use secrets::{MasterKey, MasterKeys};
use serde_json::json;
use std::time::{Duration, Instant};
use store::{
    GraphCredential, GraphCredentialKind, GraphCredentialState, GraphPull, GraphPullMode, GraphPullState, SealedColumn,
    SealedGraphCredential,
};
use uuid::Uuid;

/// What the app of each tenant proves itself with.
pub const SECRET: &str = "a secret+with&more";

/// Registers an app that may read a tenant of the simulator.
#[must_use]
pub fn app(tenant: &Tenant) -> Uuid {
    let app = NewApp::new("Pull", &["User.Read.All", "GroupMember.Read.All"]).with(NewCredential::secret(SECRET));
    tenant.app(app).unwrap()
}

/// Lets a tenant of the simulator be pulled into a directory.
pub async fn pull(system: &System, directory: DirectoryId, tenant: &Tenant) {
    let client_id = app(tenant);
    let store = &system.database.store;
    let now = Timestamp::now();
    let change = store.change(None).await.unwrap();
    let found = store.directories().by_id(directory).await.unwrap().unwrap();
    let pull = GraphPull {
        directory_id: directory,
        organization_id: found.organization_id,
        state: GraphPullState::Active,
        mode: GraphPullMode::Pull,
        cloud: "global".to_owned(),
        tenant_id: Some(tenant.id()),
        client_id: Some(client_id),
        settings: json!({ "scope": "all", "interval_seconds": 3_600 }).to_string(),
        generation: 1,
        due_at: now,
        held_until: None,
        progress: None,
        last_error: None,
        failing_since: None,
        failures: 0,
        brake_released_at: None,
        created_at: now,
        updated_at: now,
    };
    change.create_graph_pull(&pull).await.unwrap();
    let credential = GraphCredential {
        id: GraphCredentialId::new(),
        directory_id: directory,
        kind: GraphCredentialKind::Secret,
        state: GraphCredentialState::Active,
        certificate: None,
        hint: "a s".to_owned(),
        assertion_form: String::new(),
        expires_at: None,
        created_at: now,
        proved_at: None,
        retires_at: None,
    };
    let keys: MasterKeys = MasterKey::from_base64(MASTER_KEY).unwrap().into();
    let place = SealedColumn::GraphSecret.context(&credential.id);
    let sealed = SealedGraphCredential {
        secret: Some(keys.seal(SECRET.as_bytes(), &place)),
        private_key: None,
    };
    change.add_graph_credential(&credential, sealed).await.unwrap();
    change.commit().await.unwrap();
}

/// Waits until the cycle is over, which may take so long.
pub async fn until_over(system: &System, directory: DirectoryId, most: Duration) {
    let started = Instant::now();
    loop {
        let pull = system
            .database
            .store
            .graph_pulls()
            .by_directory(directory)
            .await
            .unwrap()
            .unwrap();
        let is_over = pull.progress.is_none() && pull.held_until.is_none() && pull.due_at > Timestamp::now();
        if is_over {
            assert_eq!((pull.failures, pull.last_error), (0, None));
            return;
        }
        assert!(started.elapsed() < most, "the cycle does not end: {pull:?}");
        pause().await;
    }
}
