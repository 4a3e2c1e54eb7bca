use super::*;
use events::{EventBody, EventId, EventType, OrganizationId, Source, Timestamp};
use proptest::prelude::*;
use serde_json::json;

fn directory(n: u8) -> DirectoryId {
    DirectoryId::from(uuid::Uuid::from_u128(u128::from(n) + 1))
}

fn event(of: u8, sequence: i64) -> Event {
    let body = EventBody {
        kind: EventType::UserCreated,
        timestamp: Timestamp::from_millis(0),
        id: EventId::new(),
        sequence,
        organization_id: OrganizationId::new(),
        directory_id: directory(of),
        source: Source::Scim,
        data: json!({}),
    };
    Event::new(&body, None, None).unwrap()
}

fn run(of: u8, sequences: std::ops::RangeInclusive<i64>) -> Vec<Event> {
    sequences.map(|sequence| event(of, sequence)).collect()
}

fn told(events: &[Event]) -> Vec<(DirectoryId, i64)> {
    events
        .iter()
        .map(|event| (event.directory_id, event.sequence))
        .collect()
}

fn positions(events: &[Event]) -> BTreeMap<DirectoryId, i64> {
    told(events).into_iter().collect()
}

fn bounds(events: usize, portion: usize) -> OutboxBounds {
    OutboxBounds {
        events,
        portion,
        ..OutboxBounds::default()
    }
}

/// An outbox that knows that nothing of these directories is on the bus.
fn of(bounds: OutboxBounds, directories: impl IntoIterator<Item = u8>) -> Outbox<u32> {
    let mut outbox = Outbox::new(bounds);
    for n in directories {
        outbox.lines.insert(directory(n), DirectoryLine::new(Some(0), 0));
    }
    outbox
}

#[test]
fn one_event_behind_thousands_of_another_directory_is_in_the_next_portion() {
    let mut outbox = of(OutboxBounds::default(), 0..2);
    assert_eq!(outbox.commit(run(0, 1..=6_000), 0), None);
    let first = outbox.portion();
    assert_eq!(first.len(), 512);
    assert_eq!(outbox.commit(run(1, 1..=1), 1), None);
    assert!(outbox.published(&positions(&first)).is_empty());
    let second = outbox.portion();
    let place = second.iter().position(|event| event.directory_id == directory(1));
    assert!(place <= Some(AT_A_TURN), "{place:?}");
    assert_eq!(outbox.published(&positions(&second)), [1]);
    assert!(!outbox.is_settled());
}

#[test]
fn what_does_not_fit_into_memory_is_read_from_the_log_when_its_turn_comes() {
    let mut outbox = of(bounds(10, 8), [0]);
    assert_eq!(outbox.commit(run(0, 1..=25), 7), None);
    assert_eq!((outbox.events, outbox.next_read()), (10, None));
    let mut gone: Vec<i64> = Vec::new();
    let mut done = Vec::new();
    while !outbox.is_settled() {
        let portion = outbox.portion();
        gone.extend(portion.iter().map(|event| event.sequence));
        done.extend(outbox.published(&positions(&portion)));
        if let Some((read, after)) = outbox.next_read() {
            assert_eq!(read, directory(0));
            let page = run(0, after + 1..=25.min(after + 4));
            let more = page.len() == 4;
            done.extend(outbox.read(read, page, more));
        }
    }
    assert_eq!(gone, (1..=25).collect::<Vec<_>>());
    assert_eq!(done, [7]);
}

#[test]
fn a_gap_is_filled_from_the_log_before_what_follows() {
    let mut outbox = of(OutboxBounds::default(), [0]);
    assert_eq!(outbox.commit(run(0, 3..=4), 1), None);
    assert_eq!(outbox.portion(), []);
    assert_eq!(outbox.next_read(), Some((directory(0), 0)));
    assert_eq!(outbox.next_read(), None, "it is being read");
    outbox.read(directory(0), run(0, 1..=4), false);
    let portion = outbox.portion();
    assert_eq!(
        told(&portion),
        (1..=4).map(|sequence| (directory(0), sequence)).collect::<Vec<_>>()
    );
    assert_eq!(outbox.published(&positions(&portion)), [1]);
}

#[test]
fn of_a_directory_not_met_before_only_what_is_not_on_the_bus_goes() {
    let mut outbox: Outbox<u32> = Outbox::new(OutboxBounds::default());
    assert_eq!(outbox.commit(run(0, 5..=6), 1), None);
    assert_eq!(outbox.portion(), []);
    assert_eq!(outbox.take_unknown(), [directory(0)]);
    assert_eq!(outbox.take_unknown(), [], "it is being asked");
    assert!(outbox.place(directory(0), 5).is_empty());
    assert_eq!(told(&outbox.portion()), [(directory(0), 6)]);
    // Somebody else has published all of it.
    let mut outbox: Outbox<u32> = Outbox::new(OutboxBounds::default());
    assert_eq!(outbox.commit(run(0, 5..=6), 1), None);
    assert_eq!(outbox.place(directory(0), 6), [1]);
    assert!(outbox.is_settled() && outbox.portion().is_empty());
}

#[test]
fn after_a_take_over_positions_are_asked_for_again_and_nothing_is_left_out() {
    let mut outbox = of(OutboxBounds::default(), 0..2);
    assert_eq!(outbox.commit([run(0, 1..=3), run(1, 1..=1)].concat(), 1), None);
    outbox.forget_positions();
    assert_eq!((outbox.portion(), outbox.events, outbox.bytes), (vec![], 0, 0));
    assert_eq!(outbox.take_unknown().len(), 2);
    // The other projector has published two of them.
    outbox.place(directory(0), 2);
    outbox.place(directory(1), 0);
    while let Some((read, after)) = outbox.next_read() {
        let last = if read == directory(0) { 3 } else { 1 };
        let of = u8::from(read == directory(1));
        outbox.read(read, run(of, after + 1..=last), false);
    }
    let portion = outbox.portion();
    assert_eq!(told(&portion), [(directory(0), 3), (directory(1), 1)]);
    assert_eq!(outbox.published(&positions(&portion)), [1]);
}

#[test]
fn a_log_that_is_gone_keeps_nobody_waiting() {
    let mut outbox = of(bounds(1, 8), [0]);
    assert_eq!(outbox.commit(run(0, 1..=3), 1), None);
    let portion = outbox.portion();
    outbox.published(&positions(&portion));
    assert_eq!(outbox.next_read(), Some((directory(0), 1)));
    assert_eq!(outbox.read(directory(0), Vec::new(), false), [1]);
    assert_eq!(outbox.next_read(), None);
    assert!(outbox.is_settled());
}

#[test]
fn what_a_search_of_the_log_finds_goes_unless_it_is_known() {
    let mut outbox = of(OutboxBounds::default(), [0]);
    assert_eq!(outbox.commit(run(0, 1..=2), 1), None);
    assert!(!outbox.found(run(0, 1..=2), false), "it waits here already");
    assert!(outbox.found([run(0, 1..=3), run(1, 8..=9)].concat(), true));
    let gone = told(&outbox.portion());
    let expected = [(0, 1), (0, 2), (0, 3), (1, 8), (1, 9)].map(|(of, sequence)| (directory(of), sequence));
    assert_eq!(gone, expected);
    assert_eq!(outbox.next_read(), Some((directory(1), 9)), "there may be more");
    outbox.read(directory(1), Vec::new(), false);
    assert_eq!(outbox.next_read(), None);
    // What is found later is not taken for known.
    assert!(outbox.found(run(1, 10..=10), false));
    assert_eq!(told(&outbox.portion()), [(directory(1), 10)]);
}

/// What happens to an outbox.
#[derive(Clone, Debug)]
enum Step {
    /// A batch is committed: so many events of each directory.
    Commit(Vec<u8>),
    /// A portion goes to the bus.
    Publish,
    /// A page of a log is read.
    Read,
    /// The log is searched.
    Sweep,
    /// Positions are asked for.
    Ask,
    /// A lane was taken over.
    TakeOver,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => proptest::collection::vec(0_u8..12, 3).prop_map(Step::Commit),
        4 => Just(Step::Publish),
        3 => Just(Step::Read),
        1 => Just(Step::Sweep),
        2 => Just(Step::Ask),
        1 => Just(Step::TakeOver),
    ]
}

/// The logs, and what is on the bus.
#[derive(Default)]
struct World {
    log: [i64; 3],
    bus: [i64; 3],
    open: BTreeMap<u32, [i64; 3]>,
}

impl World {
    const PAGE: i64 = 5;

    fn number(directory: DirectoryId) -> usize {
        (0..3).find(|n| self::directory(*n) == directory).map_or(0, usize::from)
    }

    fn page(&self, of: usize, after: i64) -> Vec<Event> {
        run(of as u8, after + 1..=self.log[of].min(after + Self::PAGE))
    }

    fn settle(&mut self, done: Vec<u32>) {
        for batch in done {
            let wanted = self.open.remove(&batch).expect("each batch is done once");
            assert!((0..3).all(|n| self.bus[n] >= wanted[n]), "done before it is on the bus");
        }
    }

    fn step(&mut self, outbox: &mut Outbox<u32>, step: &Step, batch: u32) {
        match step {
            Step::Commit(counts) => {
                let mut events = Vec::new();
                let mut wanted = [0; 3];
                for (n, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                    let first = self.log[n] + 1;
                    self.log[n] += i64::from(*count);
                    wanted[n] = self.log[n];
                    events.extend(run(n as u8, first..=self.log[n]));
                }
                self.open.insert(batch, wanted);
                let done = outbox.commit(events, batch);
                self.settle(done.into_iter().collect());
            }
            Step::Publish => {
                let portion = outbox.portion();
                for event in &portion {
                    let of = Self::number(event.directory_id);
                    assert!(event.sequence <= self.bus[of] + 1, "the bus carries the log, in order");
                    self.bus[of] = self.bus[of].max(event.sequence);
                }
                let done = outbox.published(&positions(&portion));
                self.settle(done);
            }
            Step::Read => {
                if let Some((directory, after)) = outbox.next_read() {
                    let page = self.page(Self::number(directory), after);
                    let more = page.len() as i64 == Self::PAGE;
                    let done = outbox.read(directory, page, more);
                    self.settle(done);
                }
            }
            Step::Sweep => {
                let found: Vec<Event> = (0..3).flat_map(|n| self.page(n, self.bus[n])).collect();
                outbox.found(found, false);
            }
            Step::Ask => {
                for directory in outbox.take_unknown() {
                    let done = outbox.place(directory, self.bus[Self::number(directory)]);
                    self.settle(done);
                }
            }
            Step::TakeOver => outbox.forget_positions(),
        }
    }
}

proptest! {
    #[test]
    fn whatever_happens_the_bus_carries_each_log_in_order_and_each_batch_is_done_once_it_does(
        steps in proptest::collection::vec(step(), 1..80), events in 1_usize..30, portion in 1_usize..20
    ) {
        let mut outbox = Outbox::new(bounds(events, portion));
        let mut world = World::default();
        for (batch, step) in (0..).zip(&steps) {
            world.step(&mut outbox, step, batch);
            prop_assert!(outbox.events <= events);
            let waiting = outbox.lines.values().flat_map(|line| &line.waiting);
            prop_assert_eq!(waiting.clone().count(), outbox.events);
            prop_assert_eq!(waiting.map(|event| event.body.len()).sum::<usize>(), outbox.bytes);
        }
        // Far more turns than any of it needs.
        for _ in 0..500 {
            if world.bus == world.log && outbox.is_settled() {
                break;
            }
            for step in [Step::Ask, Step::Publish, Step::Read] {
                world.step(&mut outbox, &step, 0);
            }
        }
        while world.log != [0; 3] && !(outbox.turns.is_empty() && outbox.to_read.is_empty()) {
            world.step(&mut outbox, &Step::Read, 0);
        }
        prop_assert!(outbox.is_settled() && world.open.is_empty());
        prop_assert_eq!(world.bus, world.log);
        prop_assert!(outbox.turns.is_empty() && outbox.to_read.is_empty());
    }
}
