//! In which order changes go, so that names are free when somebody takes them.

/// A step of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The change of this one.
    Change(usize),
    /// This one gives its name away first, and takes another for the moment: those behind it go around in a circle.
    GiveWay(usize),
}

/// The order of changes, of which each waits for one other at most: `after[n]` is the one that must go before `n`.
pub(crate) fn order(after: &[Option<usize>]) -> Vec<Step> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Met,
        Done,
    }
    let mut marks = vec![Mark::New; after.len()];
    let mut steps = Vec::with_capacity(after.len());
    for start in 0..after.len() {
        let (mut way, mut next) = (Vec::new(), Some(start));
        while let Some(at) = next {
            match marks[at] {
                Mark::Done => break,
                Mark::Met => {
                    steps.push(Step::GiveWay(at));
                    break;
                }
                Mark::New => {
                    marks[at] = Mark::Met;
                    way.push(at);
                    next = after[at];
                }
            }
        }
        while let Some(at) = way.pop() {
            marks[at] = Mark::Done;
            steps.push(Step::Change(at));
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gives_a_name_away_goes_before_who_takes_it_and_a_circle_is_broken_once() {
        let steps = order(&[Some(2), None, Some(1), Some(3), Some(5), Some(4)]);
        assert_eq!(
            steps,
            [
                Step::Change(1),
                Step::Change(2),
                Step::Change(0),
                Step::GiveWay(3),
                Step::Change(3),
                Step::GiveWay(4),
                Step::Change(5),
                Step::Change(4),
            ]
        );
        let long: Vec<Option<usize>> = (0..100_000)
            .map(|n: usize| n.checked_add(1).filter(|n| *n < 100_000))
            .collect();
        assert_eq!(order(&long).len(), 100_000);
    }
}
