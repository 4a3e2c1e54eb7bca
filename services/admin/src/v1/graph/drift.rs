//! `GET /directories/{id}/graph/drift`.

use super::pulled;
use crate::context::AdminContext;
use crate::problem::Problem;
use crate::query::RequestQuery;
use crate::v1::page;
use ::events::{DirectoryId, ResourceId};
use actix_web::HttpRequest;
use actix_web::web::{Json, Path};
use api::{GraphDrift, List, PageParameters};
use serde_json::{Map, Value};
use std::collections::HashMap;
use store::{GraphDifference, GraphObjectKind, StoreError};

/// Lists in whom the last comparison found directory and tenant to differ, the newest first. 10,000 are kept; how many there were
/// is in the `counts` of the round.
#[utoipa::path(
    get,
    path = "/directories/{id}/graph/drift",
    operation_id = "list_graph_drift",
    tag = "Graph",
    params(api::PageParameters),
    responses((status = 200, description = "A page of differences.", body = api::List<api::GraphDrift>)),
)]
pub(crate) async fn handler(
    context: AdminContext,
    path: Path<String>,
    request: HttpRequest,
) -> Result<Json<List<GraphDrift>>, Problem> {
    let mut query = RequestQuery::of::<PageParameters>(&request);
    let wanted = query.page();
    query.finish()?;
    let (directory, _) = pulled(&context, &path).await?;
    let list = context.store().graph_drift(directory.id, &wanted).await?;
    let names = names(&context, directory.id, &list.data).await?;
    Ok(Json(page(list, |drift| shown(drift, &names))))
}

/// What the directory calls those who differ.
async fn names(
    context: &AdminContext,
    directory: DirectoryId,
    drift: &[store::GraphDrift],
) -> Result<HashMap<ResourceId, String>, StoreError> {
    let ids = |kind: GraphObjectKind| {
        let of_kind = drift.iter().filter(move |one| one.kind == kind);
        of_kind.filter_map(|one| one.resource_id).collect::<Vec<_>>()
    };
    let mut names = HashMap::new();
    let mut name = |id: ResourceId, attributes: &Map<String, Value>, attribute: &str| {
        if let Some(Value::String(name)) = attributes.get(attribute) {
            names.insert(id, name.clone());
        }
    };
    let users = context.store().users(directory);
    for row in users.by_ids(&ids(GraphObjectKind::User), false).await? {
        let stored = row.into_stored()?;
        name(stored.id, &stored.attributes, "userName");
    }
    let groups = context.store().groups(directory);
    for row in groups.by_ids(&ids(GraphObjectKind::Group)).await? {
        let stored = row.into_stored()?;
        name(stored.id, &stored.attributes, "displayName");
    }
    Ok(names)
}

fn shown(drift: store::GraphDrift, names: &HashMap<ResourceId, String>) -> GraphDrift {
    GraphDrift {
        id: drift.id,
        kind: match drift.kind {
            GraphObjectKind::Group => api::GraphObjectKind::Group,
            // Only people and groups are compared.
            _ => api::GraphObjectKind::User,
        },
        difference: match drift.difference {
            GraphDifference::Missing => api::GraphDifference::Missing,
            GraphDifference::Different => api::GraphDifference::Different,
            GraphDifference::Unexpected => api::GraphDifference::Unexpected,
        },
        object_id: drift.object_id,
        resource_id: drift.resource_id,
        name: drift.resource_id.and_then(|id| names.get(&id).cloned()),
        fields: drift.fields,
        found_at: drift.found_at,
    }
}
