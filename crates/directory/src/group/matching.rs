//! Members of a group that the filter of a PATCH path selects (P16).

use crate::refusal::Refusal;
use events::ResourceId;
use scim::filter::Filter;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Members that filters select. Each member is made ready for that once, and how often all of them may be gone through
/// has a limit: a request may hold thousands of filters, and a group a hundred thousand members.
pub(super) struct Matching {
    ready: HashMap<ResourceId, Value>,
    left: usize,
    most: usize,
}

impl Matching {
    /// Each member may be compared so many times, or all of them together so many thousand times.
    const EACH: usize = 100;

    pub(super) fn of(members: usize) -> Self {
        let most = scim::patch::MOST_COMPARISONS.max(members.saturating_mul(Self::EACH));
        Self {
            ready: HashMap::new(),
            left: most,
            most,
        }
    }

    /// The members that a filter selects, of those given.
    ///
    /// # Errors
    /// `tooMany` when the limit is reached.
    pub(super) fn members(
        &mut self,
        filter: &Filter,
        members: &BTreeSet<ResourceId>,
        element: impl Fn(ResourceId) -> Value,
    ) -> Result<Vec<ResourceId>, Refusal> {
        let comparisons = members.len().saturating_mul(filter.terms());
        self.left = self.left.checked_sub(comparisons).ok_or_else(|| {
            Refusal::new(
                scim::ScimType::TooMany,
                format!(
                    "members: the filters of this PATCH compare more than {} values; name members by value, or send \
                     fewer operations at once",
                    self.most
                ),
            )
        })?;
        let mut is_selected =
            |id: &ResourceId| filter.matches_element(self.ready.entry(*id).or_insert_with(|| element(*id)));
        Ok(members.iter().copied().filter(|id| is_selected(id)).collect())
    }
}
