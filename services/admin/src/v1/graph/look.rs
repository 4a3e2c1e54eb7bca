//! A look at what an application may read: a token, then a person, a member of a group and an assignment. Nothing is changed.

use super::map::names;
use super::session::{PATIENCE, session, too_slow};
use super::stored;
use super::view::fault;
use crate::context::AdminContext;
use crate::problem::Problem;
use ::events::Timestamp;
use ::graph::Session;
use ::graph::pull::{PullFault, PullScope};
use ::graph::read::{Probe, ProbeOutcome, ProbeStep};
use api::{GraphTestOutcome, GraphTestStep, GraphTestStepName};
use store::{Directory, GraphPull};

/// What was seen.
pub(super) struct Looked {
    pub(super) steps: Vec<GraphTestStep>,
    /// The permissions that an administrator has to consent to.
    pub(super) missing: Vec<String>,
    /// For what comes next, where people can be read.
    pub(super) session: Option<Session>,
}

/// Looks what the application of a pull may read.
///
/// # Errors
/// 409 for a pull that is not set up; 503 where Microsoft does not answer in time; otherwise as the store.
pub(super) async fn look(context: &AdminContext, directory: &Directory, pull: &GraphPull) -> Result<Looked, Problem> {
    debug_assert_eq!(directory.id, pull.directory_id);
    let settings = stored::settings(pull)?;
    let assigned_to = pull.client_id.filter(|_| settings.scope == PullScope::Assigned);
    let session = session(context, pull).await?;
    let looked = tokio::time::timeout(PATIENCE, steps(&session, assigned_to, context.now)).await;
    let (steps, missing) = looked.map_err(|_| too_slow())?;
    let reads_people = steps.iter().any(|step| {
        step.step == GraphTestStepName::Users
            && matches!(step.outcome, GraphTestOutcome::Good | GraphTestOutcome::NothingThere)
    });
    Ok(Looked {
        steps,
        missing,
        session: reads_people.then_some(session),
    })
}

async fn steps(
    session: &Session,
    assigned_to: Option<uuid::Uuid>,
    now: Timestamp,
) -> (Vec<GraphTestStep>, Vec<String>) {
    let rest = || {
        let all = [GraphTestStepName::Users, GraphTestStepName::GroupMembers].into_iter();
        all.chain(assigned_to.map(|_| GraphTestStepName::Assignments))
    };
    let untried = |found: PullFault, mut steps: Vec<GraphTestStep>, step: GraphTestStepName| {
        steps.push(GraphTestStep {
            error: Some(fault(found)),
            ..bare(step, GraphTestOutcome::Failed)
        });
        steps.extend(
            rest()
                .filter(|other| *other != step)
                .map(|other| bare(other, GraphTestOutcome::NotTried)),
        );
        (steps, Vec::new())
    };
    // A new one, by the credential as it is: one that is kept would say nothing of it, and lacks what was consented to since.
    if let Err(error) = session.probe_token().await {
        return untried(PullFault::of_token(&error, now), Vec::new(), GraphTestStepName::Token);
    }
    let mut steps = vec![bare(GraphTestStepName::Token, GraphTestOutcome::Good)];
    match session.probe(assigned_to).await {
        Ok(probe) => {
            let missing = names(&probe.missing());
            steps.extend(probed(probe, now));
            (steps, missing)
        }
        Err(error) => untried(PullFault::of(&error, now), steps, GraphTestStepName::Users),
    }
}

const fn bare(step: GraphTestStepName, outcome: GraphTestOutcome) -> GraphTestStep {
    GraphTestStep {
        step,
        outcome,
        any_of: Vec::new(),
        error: None,
    }
}

fn probed(probe: Probe, now: Timestamp) -> impl Iterator<Item = GraphTestStep> {
    probe.steps.into_iter().map(move |(step, outcome)| {
        let step = match step {
            ProbeStep::User => GraphTestStepName::Users,
            ProbeStep::GroupMember => GraphTestStepName::GroupMembers,
            ProbeStep::Assignment => GraphTestStepName::Assignments,
        };
        match outcome {
            ProbeOutcome::Read => bare(step, GraphTestOutcome::Good),
            ProbeOutcome::NothingThere => bare(step, GraphTestOutcome::NothingThere),
            ProbeOutcome::NoApplication => bare(step, GraphTestOutcome::NoApplication),
            ProbeOutcome::Missing(any_of) => GraphTestStep {
                any_of: names(any_of),
                ..bare(step, GraphTestOutcome::PermissionMissing)
            },
            ProbeOutcome::Failed(error) => GraphTestStep {
                error: Some(fault(PullFault::of(&error, now))),
                ..bare(step, GraphTestOutcome::Failed)
            },
        }
    })
}
