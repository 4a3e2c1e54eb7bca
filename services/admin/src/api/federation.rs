//! `/directories/{id}/federation`: which workload of which Entra tenant may ask for access tokens without a secret.

use crate::body::Body;
use crate::context::{Context, path_id};
use crate::fields::{id, text};
use crate::problem::Problem;
use ::events::{DirectoryId, EventType, Timestamp};
use actix_web::HttpResponse;
use actix_web::web::{Json, Path};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Change, Directory, Federation};
use uuid::Uuid;

/// A federation as the API and its events show it.
#[derive(Serialize)]
pub(super) struct View {
    tenant_id: Uuid,
    audience: String,
    subject: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Federation> for View {
    fn from(federation: Federation) -> Self {
        Self {
            tenant_id: federation.tenant_id,
            audience: federation.audience,
            subject: federation.subject,
            created_at: federation.created_at,
            updated_at: federation.updated_at,
        }
    }
}

pub(super) async fn get(context: Context, path: Path<String>) -> Result<Json<View>, Problem> {
    let directory_id: DirectoryId = path_id("directory", &path)?;
    let found = context.store().federation(directory_id).await?;
    found.map(|found| Json(found.into())).ok_or_else(|| missing(&path))
}

pub(super) async fn set(context: Context, path: Path<String>, body: Body) -> Result<Json<View>, Problem> {
    let directory_id: DirectoryId = path_id("directory", &path)?;
    let mut fields = body.fields(&["tenant_id", "audience", "subject"]);
    let tenant_id = fields.required("tenant_id", id::<Uuid>);
    let audience = fields.required("audience", text(1..=500));
    let subject = fields.required("subject", text(1..=500));
    fields.finish()?;

    let lane = context.lane(directory_id);
    let change = context.change(Some(lane)).await?;
    let directory = directory(&change, directory_id, &path).await?;
    let before = change.federation(directory_id).await?;
    let after = Federation {
        directory_id,
        tenant_id: tenant_id.unwrap_or_default(),
        audience: audience.unwrap_or_default(),
        subject: subject.unwrap_or_default(),
        created_at: before.as_ref().map_or(context.now, |before| before.created_at),
        updated_at: before.as_ref().map_or(context.now, |before| before.updated_at),
    };
    if before.as_ref() == Some(&after) {
        return Ok(Json(after.into()));
    }
    let after = Federation {
        updated_at: context.now,
        ..after
    };
    change.save_federation(&after).await?;
    let data = changed(&directory, before.as_ref(), Some(&after));
    let draft = context.draft(EventType::DirectoryUpdated, &directory, data);
    change.append(lane, vec![draft]).await?;
    change.commit().await?;
    Ok(Json(after.into()))
}

pub(super) async fn delete(context: Context, path: Path<String>) -> Result<HttpResponse, Problem> {
    let directory_id: DirectoryId = path_id("directory", &path)?;
    let lane = context.lane(directory_id);
    let change = context.change(Some(lane)).await?;
    let directory = directory(&change, directory_id, &path).await?;
    let before = change.federation(directory_id).await?.ok_or_else(|| missing(&path))?;
    change.delete_federation(directory_id).await?;
    let data = changed(&directory, Some(&before), None);
    let draft = context.draft(EventType::DirectoryUpdated, &directory, data);
    change.append(lane, vec![draft]).await?;
    change.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn directory(change: &Change, id: DirectoryId, path: &str) -> Result<Directory, Problem> {
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
        "directory": super::about_directory(directory),
        "changes": [{ "path": "federation", "before": shown(before), "after": shown(after) }],
    })
}
