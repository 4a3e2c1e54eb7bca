//! Whether a connection may read what it must: by reading one person, one member of a group, and one assignment. A token alone
//! says nothing, since permissions that are missing show only in answers.

use crate::delta::{Given, Object};
use crate::error::{GraphError, GraphErrorKind};
use crate::object_id::{ObjectId, ObjectKind};
use crate::permission::{Permission, READ_APPLICATIONS, READ_GROUPS, READ_USERS};
use crate::read::lists::List;
use crate::session::Session;
use serde_json::Value;
use uuid::Uuid;

/// So many groups are looked into for one that has a member.
const GROUPS_TRIED: usize = 10;

/// A step of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeStep {
    /// Reading a person.
    User,
    /// Reading a member of a group.
    GroupMember,
    /// Reading who is assigned to the application.
    Assignment,
}

/// What came of a step.
#[derive(Clone, Debug)]
pub enum ProbeOutcome {
    /// It was read.
    Read,
    /// It may be read, and there is nothing to read.
    NothingThere,
    /// A permission is missing: any one of these would do, the least first.
    Missing(&'static [Permission]),
    /// The application is not in the tenant.
    NoApplication,
    /// Something else failed.
    Failed(GraphError),
}

impl ProbeOutcome {
    /// Whether nothing hinders it.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Read | Self::NothingThere)
    }
}

/// What a connection may read.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Each step with what came of it, in their order.
    pub steps: Vec<(ProbeStep, ProbeOutcome)>,
}

impl Probe {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.steps.iter().all(|(_, outcome)| outcome.is_good())
    }

    /// The permissions that an administrator has to consent to: the least one of each step that lacks one.
    #[must_use]
    pub fn missing(&self) -> Vec<Permission> {
        let least = self.steps.iter().filter_map(|(_, outcome)| match outcome {
            ProbeOutcome::Missing(any_of) => any_of.first().copied(),
            _ => None,
        });
        let mut missing: Vec<_> = least.collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }
}

impl Session {
    /// Reads one person, one member of a group, and, where only those come who are assigned to an application, one assignment
    /// of it. Steps do not depend on each other.
    ///
    /// # Errors
    /// [`GraphErrorKind::Token`], [`GraphErrorKind::Throttled`] and [`GraphErrorKind::Parked`]: then no step says anything.
    pub async fn probe(&self, assigned_to: Option<Uuid>) -> Result<Probe, GraphError> {
        let mut steps = vec![
            (ProbeStep::User, outcome(self.probe_user().await, READ_USERS)?),
            (ProbeStep::GroupMember, outcome(self.probe_member().await, READ_GROUPS)?),
        ];
        if let Some(app_id) = assigned_to {
            let assignment = self.probe_assignment(app_id).await;
            steps.push((ProbeStep::Assignment, outcome(assignment, READ_APPLICATIONS)?));
        }
        Ok(Probe { steps })
    }

    async fn probe_user(&self) -> Result<ProbeOutcome, GraphError> {
        let list = few("/users", "userPrincipalName", 1, READ_USERS);
        let (people, _) = self.list_page(&list, None, 0, Object::read).await?;
        Ok(match people.first() {
            None => ProbeOutcome::NothingThere,
            Some(person) if is_limited(person) => ProbeOutcome::Missing(READ_USERS),
            Some(_) => ProbeOutcome::Read,
        })
    }

    async fn probe_member(&self) -> Result<ProbeOutcome, GraphError> {
        let list = few("/groups", "displayName", GROUPS_TRIED, READ_GROUPS);
        let (groups, _) = self.list_page(&list, None, 0, Object::read).await?;
        for group in groups {
            match self.probe_group(group.id).await? {
                ProbeOutcome::NothingThere => {}
                outcome => return Ok(outcome),
            }
        }
        Ok(ProbeOutcome::NothingThere)
    }

    async fn probe_group(&self, group: ObjectId) -> Result<ProbeOutcome, GraphError> {
        let list = few(&format!("/groups/{group}/members"), "userPrincipalName", 1, READ_GROUPS);
        let page = self.list_page(&list, None, 0, |members| {
            let kind = ObjectKind::of_type(members.get("@odata.type").and_then(Value::as_str));
            Object::read(members).map(|object| (kind, object))
        });
        let (members, _) = page.await?;
        Ok(match members.first() {
            None => ProbeOutcome::NothingThere,
            // Graph names a member that may not be read, and says nothing of it.
            Some((ObjectKind::User, member)) if is_limited(member) => ProbeOutcome::Missing(READ_USERS),
            Some(_) => ProbeOutcome::Read,
        })
    }

    async fn probe_assignment(&self, app_id: Uuid) -> Result<ProbeOutcome, GraphError> {
        let Some(application) = self.service_principal(app_id).await? else {
            return Ok(ProbeOutcome::NoApplication);
        };
        let list = Self::assignments_list(application.id);
        let (assignments, _) = self.list_page(&list, None, 0, super::Assignment::read).await?;
        Ok(if assignments.is_empty() {
            ProbeOutcome::NothingThere
        } else {
            ProbeOutcome::Read
        })
    }
}

/// A person of whom nothing is told but the id.
fn is_limited(person: &Object) -> bool {
    !matches!(person.attribute("userPrincipalName"), Given::Value(_))
}

fn few(path: &str, name: &str, top: usize, any_of: &'static [Permission]) -> List {
    List {
        path: path.to_owned(),
        query: format!("?$select=id,{name}&$top={top}"),
        cost: 1,
        any_of,
        eventual: false,
    }
}

fn outcome(
    result: Result<ProbeOutcome, GraphError>,
    any_of: &'static [Permission],
) -> Result<ProbeOutcome, GraphError> {
    let error = match result {
        Ok(outcome) => return Ok(outcome),
        Err(error) => error,
    };
    match &*error.kind {
        GraphErrorKind::Token(_) | GraphErrorKind::Throttled { .. } | GraphErrorKind::Parked { .. } => Err(error),
        GraphErrorKind::Forbidden { any_of: [] } => Ok(ProbeOutcome::Missing(any_of)),
        GraphErrorKind::Forbidden { any_of } => Ok(ProbeOutcome::Missing(any_of)),
        _ => Ok(ProbeOutcome::Failed(error)),
    }
}
