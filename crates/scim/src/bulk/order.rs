//! In which order the operations of a bulk request are done.

use super::BulkRequest;

/// One step of a bulk request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkStep {
    /// Do an operation.
    Run {
        /// Its index.
        operation: usize,
        /// Operations that create members of this new group and come later, because they need it themselves.
        without: Vec<usize>,
    },
    /// Add to a group a member that it was created without.
    Join {
        /// The operation that created the group.
        group: usize,
        /// The operation that created the member.
        member: usize,
    },
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    /// Waits for what it refers to.
    Open,
    Done,
}

struct Plan {
    states: Vec<State>,
    /// By operation: groups that were created without what it creates.
    waiting: Vec<Vec<usize>>,
    steps: Vec<BulkStep>,
}

impl BulkRequest {
    /// The steps in order: as requested, but what is referred to comes first. Every operation is run exactly once.
    #[must_use]
    pub fn steps(&self) -> Vec<BulkStep> {
        let count = self.operations.len();
        let mut plan = Plan {
            states: vec![State::New; count],
            waiting: vec![Vec::new(); count],
            steps: Vec::with_capacity(count),
        };
        for operation in 0..count {
            self.visit(operation, &mut plan);
        }
        plan.steps
    }

    /// Recurses once for each operation of a chain at most: [`MAX_OPERATIONS`](super::MAX_OPERATIONS) deep.
    fn visit(&self, operation: usize, plan: &mut Plan) {
        if plan.states[operation] != State::New {
            return;
        }
        plan.states[operation] = State::Open;
        let mut without = Vec::new();
        for reference in self.references(operation) {
            let other = reference.operation;
            self.visit(other, plan);
            // A circle. Ids are known, so only a member that must exist is a difficulty; a group in itself is refused
            // when it is created.
            if plan.states[other] == State::Open && reference.is_member && other != operation {
                without.push(other);
                plan.waiting[other].push(operation);
            }
        }
        plan.states[operation] = State::Done;
        plan.steps.push(BulkStep::Run { operation, without });
        for group in std::mem::take(&mut plan.waiting[operation]) {
            plan.steps.push(BulkStep::Join {
                group,
                member: operation,
            });
        }
    }
}
