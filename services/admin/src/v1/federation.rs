//! `/directories/{id}/federation`: which workload of which Entra tenant may ask for access tokens without a secret.

pub(super) mod delete;
pub(super) mod get;
pub(super) mod set;

use crate::problem::Problem;
use ::events::DirectoryId;
use serde_json::{Value, json};
use store::{AdminTx, Directory, Federation};

/// A federation as the API shows it.
fn shown(federation: Federation) -> api::Federation {
    api::Federation {
        tenant_id: federation.tenant_id,
        audience: federation.audience,
        subject: federation.subject,
        created_at: federation.created_at,
        updated_at: federation.updated_at,
    }
}

async fn directory(change: &AdminTx, id: DirectoryId, path: &str) -> Result<Directory, Problem> {
    let found = change.directory(id).await?;
    found.ok_or_else(|| Problem::not_found("directory", path))
}

fn missing(directory: &str) -> Problem {
    Problem::not_found("federation of the directory", directory)
}

/// The data of the event about a change of the federation.
fn changed(directory: &Directory, before: Option<&Federation>, after: Option<&Federation>) -> Value {
    let shown = |federation: Option<&Federation>| {
        federation.map(|f| json!({ "tenant_id": f.tenant_id, "audience": f.audience, "subject": f.subject }))
    };
    json!({
        "directory": directory.about(),
        "changes": [{ "path": "federation", "before": shown(before), "after": shown(after) }],
    })
}
