//! `/directories/{id}/sample-people`: people who are none, to see how things go.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which sample people are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"count": 20, "among_people": false})))]
pub struct SamplePeopleSend {
    /// How many; 20, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 20)]
    pub count: Option<u16>,
    /// Whether they may come among people who are no samples; `false`, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub among_people: Option<bool>,
}

/// How sending sample people went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"made": 20, "present": 0, "failed": 0, "detail": null})))]
pub struct SamplePeopleSent {
    /// How many are here now who were not.
    pub made: u32,
    /// How many were here already.
    pub present: u32,
    /// How many were refused, or not sent any more.
    pub failed: u32,
    /// Why the first of these was.
    #[schema(required = true)]
    pub detail: Option<String>,
}

/// How removing sample people went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({"removed": 20, "failed": 0, "detail": null})))]
pub struct SamplePeopleRemoved {
    /// How many are gone.
    pub removed: u32,
    /// How many are still here.
    pub failed: u32,
    /// Why the first of these is.
    #[schema(required = true)]
    pub detail: Option<String>,
}
