//! How a directory fares, and when its identity provider comes.

use crate::Cycle;
use events::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a directory fares, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// Its identity provider has not sent anything yet.
    Waiting,
    /// The connection was tested, and nothing was synced yet.
    Testing,
    /// It is synced.
    Active,
    /// Its identity provider has missed three cycles.
    Silent,
    /// Its identity provider is refused.
    Failing,
    /// Deactivations and deletions are refused, because there were too many at once.
    Held,
    /// It is paused.
    Paused,
}

/// How a directory fares: what was last seen, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "state": "testing",
    "sentence": "The connection was tested 5 minutes ago, and nothing was synced yet.",
    "remedy": "In Entra ID, set Provisioning Status to On, or press Start provisioning.",
    "since": "2026-11-20T12:00:00.000Z",
})))]
pub struct DirectoryHealth {
    /// In a word.
    pub state: HealthState,
    /// In a sentence or two.
    pub sentence: String,
    /// What to do; `null` where nothing is to be done.
    #[schema(required = true)]
    pub remedy: Option<String>,
    /// Since when it is so, where that is known.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
}

/// When a directory's identity provider came, and when it is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "last_contact_at": "2026-11-20T12:00:42.000Z",
    "next_expected_at": "2026-11-20T12:40:00.000Z",
    "cycle_seconds": 2400,
    "cycle_observed": true,
    "dialect": "entra",
    "cycle": null,
    "quarantine": null,
})))]
pub struct DirectorySync {
    /// The last request with a good key.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub last_contact_at: Option<Timestamp>,
    /// When the next cycle is expected; `null` where changes are sent as they come, and before the first cycle.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    pub next_expected_at: Option<Timestamp>,
    /// The time between the starts of two cycles.
    #[schema(required = true, minimum = 0)]
    pub cycle_seconds: Option<u64>,
    /// Whether that time was observed; otherwise it is what the identity provider is known for.
    pub cycle_observed: bool,
    /// The dialect that was recognised last.
    #[schema(required = true)]
    pub dialect: Option<String>,
    /// The latest cycle.
    #[schema(required = true)]
    pub cycle: Option<Cycle>,
    /// How near a quarantine of Entra ID is, by the latest cycle; `null` for other identity providers.
    #[schema(required = true)]
    pub quarantine: Option<QuarantineForecast>,
}

/// How near a quarantine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuarantineOutlook {
    /// Nothing points to one.
    Clear,
    /// More fails than usually does.
    Watch,
    /// The share of failures is one that Entra ID acts on, once there are 5,000.
    Near,
    /// Entra ID acts.
    Expected,
}

/// Whether Entra ID is about to put its job into quarantine, where it comes only once a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(examples(json!({
    "outlook": "near",
    "sentence": "500 of 1000 requests of the cycle failed (50 %). After 4500 more failures Entra ID puts the job into quarantine, where it comes only once a day.",
    "operations": 1000,
    "failures": 500,
    "failed_percent": 50,
})))]
pub struct QuarantineForecast {
    /// How near it is.
    pub outlook: QuarantineOutlook,
    /// In a sentence.
    pub sentence: String,
    /// Requests of the latest cycle that were about somebody or something.
    pub operations: u32,
    /// How many of them failed.
    pub failures: u32,
    /// Their share, in percent.
    #[schema(maximum = 100)]
    pub failed_percent: u32,
}
