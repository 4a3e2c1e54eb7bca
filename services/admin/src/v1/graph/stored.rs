//! What is stored of a pull, read.

use crate::problem::Problem;
use ::graph::Cloud;
use ::graph::pull::PullSettings;
use store::GraphPull;

/// Why what is stored cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    /// The cloud is none that this version knows.
    #[error("a pull has the cloud {0:?}, which is none")]
    Cloud(String),
    /// The form of assertions is none.
    #[error("a credential has the form of assertions {0:?}, which is none")]
    Form(String),
    /// A credential lacks a part.
    #[error("a credential has no {0}")]
    Part(&'static str),
}

/// The cloud of a pull.
///
/// # Errors
/// 500 for none.
pub(super) fn cloud(pull: &GraphPull) -> Result<Cloud, Problem> {
    let cloud = Cloud::parse(&pull.cloud);
    cloud.ok_or_else(|| Problem::internal(&Unreadable::Cloud(pull.cloud.clone())))
}

/// What is pulled, how often and by which maps.
///
/// # Errors
/// 500 for what is of another form.
pub(super) fn settings(pull: &GraphPull) -> Result<PullSettings, Problem> {
    PullSettings::read(&pull.settings).map_err(|error| Problem::internal(&error))
}
