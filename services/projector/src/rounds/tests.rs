use super::*;
use proptest::prelude::*;

/// Heavier ones go apart.
const HEAVY: u64 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Item {
    directory: u8,
    session: u64,
    weight: u64,
    n: usize,
}

impl Weighted for Item {
    fn directory(&self) -> DirectoryId {
        directory(self.directory)
    }

    fn lane(&self) -> u16 {
        u16::from(self.directory % 2)
    }

    fn session(&self) -> u64 {
        self.session
    }

    fn weight(&self) -> u64 {
        self.weight
    }

    fn goes_apart(&self) -> bool {
        self.weight > HEAVY
    }
}

fn directory(n: u8) -> DirectoryId {
    DirectoryId::from(uuid::Uuid::from_u128(u128::from(n)))
}

fn weighing(directory: u8, n: usize, weight: u64) -> Item {
    Item {
        directory,
        session: 1,
        weight,
        n,
    }
}

fn item(directory: u8, n: usize) -> Item {
    weighing(directory, n, 1)
}

fn all(rounds: &mut Rounds<Item>, max: usize) -> Vec<Item> {
    rounds.take(max, u64::MAX)
}

#[test]
fn one_command_behind_a_thousand_of_another_directory_is_in_the_next_batch() {
    let mut rounds = Rounds::default();
    rounds.extend((0..1_000).map(|n| item(0, n)));
    assert_eq!(all(&mut rounds, 128).len(), 128);
    rounds.extend([item(2, 0)]);
    let batch = all(&mut rounds, 128);
    let place = batch.iter().position(|item| item.directory == 2);
    assert_eq!(batch.len(), 128);
    assert!(place <= Some(1), "{place:?}");
}

#[test]
fn a_directory_alone_fills_the_batch() {
    let mut rounds = Rounds::default();
    rounds.extend((0..10).map(|n| item(0, n)));
    assert_eq!(all(&mut rounds, 4), [item(0, 0), item(0, 1), item(0, 2), item(0, 3)]);
    assert_eq!((all(&mut rounds, 100).len(), rounds.len()), (6, 0));
}

#[test]
fn turns_are_weighed_and_not_counted() {
    let mut rounds = Rounds::default();
    rounds.extend((0..100).map(|n| weighing(0, n, 50)));
    rounds.extend((0..1_000).map(|n| weighing(1, n, 1)));
    let batch = rounds.take(usize::MAX, 1_000);
    let given = |of: u8| -> u64 {
        batch
            .iter()
            .filter(|item| item.directory == of)
            .map(|item| item.weight)
            .sum()
    };
    assert!(given(0) + given(1) <= 1_000);
    assert!(given(0).abs_diff(given(1)) <= 100, "{} and {}", given(0), given(1));
}

#[test]
fn a_directory_that_returns_with_each_answer_keeps_its_share() {
    let mut rounds = Rounds::default();
    rounds.extend((0..1_000).map(|n| weighing(1, n, 1)));
    let (mut heavy, mut light) = (0, 0);
    for n in 0..40 {
        // One command waits at a time, as of a client that sends the next one after the answer.
        if !rounds.lines.contains_key(&directory(0)) {
            rounds.extend([weighing(0, n, 50)]);
        }
        for item in rounds.take(10, u64::MAX) {
            if item.directory == 0 {
                heavy += item.weight;
            } else {
                light += item.weight;
            }
        }
    }
    assert!(heavy <= light + 100, "{heavy} and {light}");
}

#[test]
fn a_batch_is_full_by_weight_and_the_next_begins_with_the_directory_passed_over() {
    let mut rounds = Rounds::default();
    rounds.extend([
        weighing(0, 0, 60),
        weighing(1, 1, 60),
        weighing(2, 2, 60),
        weighing(0, 3, 60),
    ]);
    assert_eq!(rounds.take(10, 120).len(), 2);
    assert_eq!(rounds.take(10, 50), [weighing(2, 2, 60)], "a heavier one stands alone");
    assert_eq!(rounds.take(10, 120), [weighing(0, 3, 60)]);
}

#[test]
fn what_goes_apart_is_in_no_batch_and_what_comes_after_it_waits() {
    let mut rounds = Rounds::default();
    rounds.extend([
        item(0, 0),
        weighing(0, 1, 500),
        item(0, 2),
        item(1, 3),
        weighing(2, 4, 500),
    ]);
    assert_eq!(all(&mut rounds, 10), [item(0, 0), item(1, 3)]);
    assert_eq!((rounds.len(), rounds.ready()), (3, 0));
    // One at a time, directories in turn.
    assert_eq!(rounds.take_apart(), Some(weighing(2, 4, 500)));
    assert_eq!(rounds.take_apart(), None);
    rounds.extend([item(2, 5)]);
    assert_eq!(all(&mut rounds, 10), [], "it waits for the one that is under way");
    rounds.done_apart();
    assert_eq!(all(&mut rounds, 10), [item(2, 5)]);
    assert_eq!(rounds.take_apart(), Some(weighing(0, 1, 500)));
    rounds.done_apart();
    assert_eq!(all(&mut rounds, 10), [item(0, 2)]);
    assert_eq!((rounds.len(), rounds.ready(), rounds.lines.len()), (0, 0, 0));
}

#[test]
fn all_of_a_slow_directory_goes_apart_until_it_is_not_slow_any_more() {
    let mut rounds = Rounds::default();
    rounds.extend([item(0, 0), item(0, 1), item(1, 2)]);
    rounds.set_slow(directory(0), true);
    assert_eq!(all(&mut rounds, 10), [item(1, 2)]);
    assert_eq!(rounds.take_apart(), Some(item(0, 0)));
    rounds.done_apart();
    rounds.set_slow(directory(0), false);
    assert_eq!((rounds.take_apart(), all(&mut rounds, 10)), (None, vec![item(0, 1)]));
}

#[test]
fn what_is_put_back_comes_before_what_waits_of_its_directory() {
    let mut rounds = Rounds::default();
    rounds.extend((0..4).map(|n| item(0, n)).chain([item(1, 4)]));
    let taken = all(&mut rounds, 4);
    let of_first: Vec<Item> = taken.into_iter().filter(|item| item.directory == 0).collect();
    rounds.put_back(of_first);
    let order: Vec<usize> = all(&mut rounds, 10).iter().map(|item| item.n).collect();
    assert_eq!(order, [0, 1, 2, 3]);
    // What an older subscription handed out comes again by itself.
    rounds.extend([Item {
        session: 2,
        ..item(0, 9)
    }]);
    rounds.put_back(vec![item(0, 8)]);
    assert_eq!(rounds.len(), 1);
}

#[test]
fn a_new_subscription_of_a_lane_replaces_what_its_older_one_handed_out_and_nothing_else() {
    let mut rounds = Rounds::default();
    rounds.extend([item(0, 0), item(1, 1), item(0, 2)]);
    let again = Item {
        session: 5,
        ..item(0, 0)
    };
    rounds.extend([again, item(0, 3)]);
    assert_eq!(rounds.len(), 2);
    assert_eq!(all(&mut rounds, 10), [item(1, 1), again]);
}

#[test]
fn what_directories_have_been_given_is_forgotten_when_it_says_nothing_any_more() {
    let mut rounds: Rounds<Item> = Rounds::default();
    for n in 0..2_000_usize {
        let id = u8::try_from(n % 250).unwrap_or_default();
        rounds.extend([item(id, n)]);
        all(&mut rounds, 10);
    }
    assert_eq!(rounds.given.len(), 0);
    // Also where somebody always waits.
    rounds.extend((0..10_000).map(|n| item(251, n)));
    for n in 0..2_000_usize {
        let id = u8::try_from(n % 250).unwrap_or_default();
        rounds.extend([item(id, n)]);
        all(&mut rounds, 3);
    }
    assert!(rounds.given.len() < 100, "{}", rounds.given.len());
}

proptest! {
    #[test]
    fn everything_is_taken_once_in_order_within_its_directory_and_nobody_waits_longer_than_a_round(
        arrivals in proptest::collection::vec(
            (proptest::collection::vec((0_u8..6, prop_oneof![8 => Just(1_u64), 1 => Just(500)]), 0..40), 1_usize..20), 1..12
        )
    ) {
        let mut rounds = Rounds::default();
        let (mut sent, mut taken): (Vec<Item>, Vec<Item>) = (Vec::new(), Vec::new());
        for (items, max) in &arrivals {
            let first = sent.len();
            sent.extend(items.iter().enumerate().map(|(n, (of, weight))| weighing(*of, first + n, *weight)));
            rounds.extend(sent[first..].to_vec());
            let (before, ready) = (rounds.len(), rounds.ready());
            prop_assert!(ready <= before);
            let in_turn: Vec<DirectoryId> = rounds.turns.values().copied().collect();
            let batch = all(&mut rounds, *max);
            prop_assert_eq!(rounds.len(), before - batch.len());
            prop_assert!(batch.iter().all(|item| !item.goes_apart()));
            // Those so near the front that one round reaches them are in the batch.
            for directory in in_turn.iter().take(*max).filter(|_| in_turn.len() <= *max) {
                prop_assert!(batch.iter().any(|item| item.directory() == *directory));
            }
            taken.extend(batch);
            if max % 2 == 0 {
                rounds.done_apart();
                taken.extend(rounds.take_apart());
            }
        }
        rounds.done_apart();
        loop {
            taken.extend(all(&mut rounds, usize::MAX));
            let Some(item) = rounds.take_apart() else { break };
            taken.push(item);
            rounds.done_apart();
        }
        prop_assert_eq!((rounds.len(), rounds.ready()), (0, 0));
        prop_assert!(rounds.turns.is_empty() && rounds.lines.is_empty() && rounds.apart.is_empty());
        for directory in 0..6 {
            let of = |items: &[Item]| -> Vec<usize> {
                items.iter().filter(|item| item.directory == directory).map(|item| item.n).collect()
            };
            prop_assert_eq!(of(&taken), of(&sent));
        }
    }
}
