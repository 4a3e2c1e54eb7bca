//! `/directories/{id}/users`.

use events::ResourceId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An erasure that goes on in the background.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"id": "0193b2f0-8f6e-7c3a-8d2f-0a1b2c3d4e5f", "erased": false})))]
pub struct ErasureStarted {
    /// The user.
    #[schema(value_type = Uuid)]
    pub id: ResourceId,
    /// Whether it is done: `false` as long as this answer is given.
    pub erased: bool,
}
