//! What is known of an object from before.

use crate::work::Work;
use events::ResourceId;
use graph::map::Kept;
use std::collections::HashMap;
use store::{GraphObject, GraphRemoval, SeenObject, StoreError};
use uuid::Uuid;

/// What is known of an object from before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Who it is in the directory.
    pub(crate) resource: Option<ResourceId>,
    pub(crate) kept: Kept,
    /// The round that saw it last; `None` for one that was never seen.
    pub(crate) round: Option<i64>,
    pub(crate) skipped: Option<String>,
    pub(crate) removed: Option<GraphRemoval>,
}

impl From<GraphObject> for Known {
    fn from(object: GraphObject) -> Self {
        Self {
            resource: object.resource_id,
            kept: kept(object.kept.as_deref()),
            round: Some(object.round),
            skipped: object.skipped,
            removed: object.removed,
        }
    }
}

impl Known {
    /// The same after a part of a page that is not committed yet.
    pub(crate) fn after(self, seen: &SeenObject, round: i64) -> Self {
        Self {
            resource: seen.resource_id.or(self.resource),
            kept: seen.kept.as_deref().map_or(self.kept, |text| kept(Some(text))),
            round: Some(round),
            skipped: seen.skipped.clone(),
            removed: seen.removed,
        }
    }
}

/// What cannot be read is not known: rows that need it wait for an answer that has everything.
fn kept(text: Option<&str>) -> Kept {
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// What is known of these objects.
pub(crate) async fn of(work: &Work, ids: &[Uuid]) -> Result<HashMap<Uuid, Known>, StoreError> {
    let found = work.objects.by_ids(ids).await?;
    Ok(found
        .into_iter()
        .map(|object| (object.object_id, object.into()))
        .collect())
}
