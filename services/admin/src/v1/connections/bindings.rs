//! `/connections/{id}/bindings`: who of the directory is who at the identity provider.

pub(in crate::v1) mod delete;
pub(in crate::v1) mod get;

use crate::context::path_id;
use crate::problem::Problem;
use ::events::{ConnectionId, ResourceId};
use api::ConnectionBinding;
use store::Binding;

/// The ids of a path to one binding.
fn ids(path: &(String, String)) -> Result<(ConnectionId, ResourceId), Problem> {
    Ok((path_id("connection", &path.0)?, path_id("user", &path.1)?))
}

fn shown(binding: Binding) -> ConnectionBinding {
    ConnectionBinding {
        user_id: binding.user_id,
        subject: binding.subject,
        created_at: binding.created_at,
        last_login_at: binding.last_login_at,
    }
}

/// 404: nobody has logged in as this user.
fn unbound(user: &str) -> Problem {
    Problem::new(
        crate::problem::ProblemKind::NotFound,
        format!("The user \"{user}\" is bound to nobody at this connection."),
    )
}
