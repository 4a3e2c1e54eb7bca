//! What things are called of which a list has the ids only.

use crate::fault::Fault;
use crate::session::Operator;
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};

/// The one member that is read.
#[derive(Deserialize)]
struct Named {
    #[serde(alias = "user_name")]
    name: String,
}

/// The names of things by their ids. `path` is where they are in the management API. What is gone, or belongs to somebody
/// else, has none.
///
/// Each is asked for by itself: a page has few enough of them.
///
/// # Errors
/// As any request.
pub(super) async fn names(
    operator: &Operator,
    path: &str,
    ids: impl IntoIterator<Item = impl ToString>,
) -> Result<HashMap<String, String>, Fault> {
    let ids: BTreeSet<String> = ids.into_iter().map(|id| id.to_string()).collect();
    let mut names = HashMap::new();
    for id in ids {
        if let Some(named) = operator.api.find::<Named>(&format!("{path}/{id}")).await? {
            names.insert(id, named.name);
        }
    }
    Ok(names)
}
